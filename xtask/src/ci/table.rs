//! The job table: the one place that says which jobs there are, in an order in which they can run.

use clap::builder::PossibleValue;

/// One named step of continuous integration: the same word is the subcommand, its file, and the job on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Which it is.
    pub name: JobName,
    /// Its word.
    pub word: &'static str,
    /// What it checks or does, in one sentence.
    pub about: &'static str,
    /// The phase it belongs to.
    pub phase: Phase,
    /// The jobs that must have succeeded before it makes sense; all earlier in the table.
    pub needs: &'static [JobName],
    /// Jobs that it can do without, and that must have succeeded where the same run has them; all earlier in the table.
    pub after: &'static [JobName],
    /// What it wants of the machine that runs it.
    pub machine: Machine,
}

/// What a job wants of the machine that runs it on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Whether one machine is enough.
    pub extent: Extent,
    /// How long it may take, set-up and compilation of this program included.
    pub minutes: u16,
    /// What its token may do besides reading the repository.
    pub permissions: &'static [Permission],
    /// Whether it is given what opens the cache: the secrets that `[cache]` of xtask.toml names, and the history in which the rules
    /// of a change's base are. A run for a fork has none of the secrets, and the job must say what it leaves undone.
    pub opens_cache: bool,
    /// Whether it compares with the base of a change: it is given the history, and as it finds no fault, nothing waits for it.
    pub compares: bool,
}

/// On how many machines a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// On one, for all outputs.
    Once,
    /// On those of each system, each for its share of the outputs.
    PerSystem,
}

/// Something that the token of a job may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// GitHub's word for what it is about, such as `packages`.
    pub scope: &'static str,
    /// `read` or `write`.
    pub access: &'static str,
    /// What for.
    pub why: &'static str,
}

impl Machine {
    /// What most jobs want.
    pub const USUAL: Self =
        Self { extent: Extent::Once, minutes: 30, permissions: &[], opens_cache: false, compares: false };
}

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// What can be told without building.
    Check,
    /// Building.
    Build,
    /// Whether what was built is what was wanted.
    Verify,
    /// What others see of it.
    Publish,
}

/// The table is written once: the enum, its words and the rows all come from it. What a job wants of its machine otherwise than
/// most stands behind `on`, what it waits for without needing it behind `after`.
macro_rules! jobs {
    ($(
        $name:ident = $word:literal, $phase:ident, needs [$($need:ident),*], $about:literal
        $(, after [$($after:ident),*])?
        $(, on { $($want:ident: $value:expr),* })?;
    )*) => {
        /// The jobs by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum JobName {
            $(#[doc = $about] $name,)*
        }

        /// Every job.
        pub const JOBS: &[Job] = &[$(Job {
            name: JobName::$name,
            word: $word,
            about: $about,
            phase: Phase::$phase,
            needs: &[$(JobName::$need),*],
            after: &[$($(JobName::$after),*)?],
            machine: Machine { $($($want: $value,)*)? ..Machine::USUAL },
        },)*];

        impl clap::ValueEnum for JobName {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$name),*]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.word()).help(self.job().about))
            }
        }
    };
}

jobs! {
    Bootstrap = "bootstrap", Check, needs [], "this machine has what the other jobs need";
    Lock = "lock", Check, needs [Bootstrap],
        "flake.lock fits flake.nix, is left alone, and its inputs come from owners on the list";
    // Before the first job that looks at outputs: what is missing for a push is said before they are built for it.
    CachePolicy = "cache-policy", Check, needs [Bootstrap],
        "it is decided whether this run pushes, and what that needs is there",
        on { opens_cache: true };
    Config = "config", Check, needs [Bootstrap],
        "hosts and homes are what every fleet's should be, and what xtask.toml expects of them";
    Activation = "activation", Check, needs [Bootstrap],
        "every host and home can be activated, users and hosts lead to the right one, and recipes name what exists";
    Autowiring = "autowiring", Check, needs [Bootstrap],
        "files and flake attributes fit each other, by the layout of the repository";
    // It evaluates every configuration once more: 1.7 s for 100 hosts with stand-in inputs (two cores, of which 0.2 s for starting),
    // and as long as the evaluation itself with real ones. So CI gives it a minute and takes a sample where that is too short.
    Independence = "independence", Check, needs [Bootstrap],
        "no configuration depends on the files of its siblings";
    Secrets = "secrets", Check, needs [Bootstrap],
        "secrets are encrypted, for whom .sops.yaml says and nobody else, and what hosts declare is there";
    CacheConfig = "cache-config", Check, needs [Bootstrap],
        "whatever is written about binary caches agrees with nixConfig of flake.nix";
    Diff = "diff", Check, needs [Bootstrap],
        "it is told what the change does to each output, where there is a base to compare with",
        on { compares: true };
    Build = "build", Build, needs [Bootstrap],
        "every output evaluates, and those this machine has a builder for are built",
        after [CachePolicy],
        on { extent: Extent::PerSystem, minutes: 120 };
    CacheAnalytics = "cache-analytics", Verify, needs [Build],
        "as much of what outputs need was in caches as xtask.toml wants",
        on { extent: Extent::PerSystem, minutes: 15 };
    CachePush = "cache-push", Publish, needs [CachePolicy, Build],
        "what is built is in the cache, where the policy pushes it",
        on { extent: Extent::PerSystem, minutes: 60, opens_cache: true };
    CacheVerify = "cache-verify", Publish, needs [CachePolicy, Build, CachePush],
        "what was pushed is in the cache: whole, signed, each file there",
        on { extent: Extent::PerSystem, minutes: 15, opens_cache: true };
}

impl JobName {
    /// The job's row of the table.
    #[must_use]
    pub fn job(self) -> &'static Job {
        // The enum and the rows are one list.
        &JOBS[self as usize]
    }

    /// The word, as typed and printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.job().word
    }
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Check, Self::Build, Self::Verify, Self::Publish];

    /// The word, as printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Build => "build",
            Self::Verify => "verify",
            Self::Publish => "publish",
        }
    }
}

#[cfg(test)]
impl Job {
    /// A row without words and needs, for tests of what is done with tables.
    pub const fn bare(name: JobName, phase: Phase) -> Self {
        Self { name, word: "", about: "", phase, needs: &[], after: &[], machine: Machine::USUAL }
    }
}

#[cfg(test)]
mod tests {
    use super::super::workflow::{ALL, GATE, PLAN};
    use super::*;
    use clap::ValueEnum as _;

    /// What is wrong with a table, if anything.
    fn fault(jobs: &[Job]) -> Option<String> {
        for (at, job) in jobs.iter().enumerate() {
            let earlier = &jobs[..at];
            if earlier.iter().any(|other| other.name == job.name) {
                return Some(format!("`{}` is there twice", job.name.word()));
            }
            if earlier.iter().any(|other| other.word == job.word && !job.word.is_empty()) {
                return Some(format!("the word `{}` is there twice", job.word));
            }
            if [ALL, GATE, PLAN].contains(&job.word) {
                return Some(format!("`{}` is a job of the workflow itself", job.word));
            }
            if let Some(need) =
                job.needs.iter().chain(job.after).find(|need| !earlier.iter().any(|other| other.name == **need))
            {
                return Some(format!("`{}` needs `{}`, which is not earlier", job.name.word(), need.word()));
            }
            if earlier.last().is_some_and(|before| before.phase > job.phase) {
                return Some(format!("`{}` is of an earlier phase than the job before it", job.name.word()));
            }
        }
        None
    }

    #[test]
    fn the_table_is_its_own_topological_order() {
        assert_eq!(fault(JOBS), None);
    }

    #[test]
    fn every_word_has_its_row() {
        for job in JOBS {
            assert_eq!(serde_json::to_value(job.name).unwrap(), job.name.word());
            assert_eq!(JobName::from_str(job.name.word(), false), Ok(job.name));
        }
    }

    #[test]
    fn a_wrong_table_is_seen() {
        let job = |name: JobName, phase, needs| Job { needs, ..Job::bare(name, phase) };
        let forward = [job(JobName::Lock, Phase::Check, &[JobName::Build][..]), job(JobName::Build, Phase::Build, &[])];
        assert_eq!(fault(&forward).as_deref(), Some("`lock` needs `build`, which is not earlier"));
        let twice = [job(JobName::Lock, Phase::Check, &[][..]), job(JobName::Lock, Phase::Check, &[])];
        assert_eq!(fault(&twice).as_deref(), Some("`lock` is there twice"));
        let disorder = [job(JobName::Build, Phase::Build, &[][..]), job(JobName::Lock, Phase::Check, &[])];
        assert!(fault(&disorder).is_some());
        let word = |name: JobName, word| Job { word, ..Job::bare(name, Phase::Check) };
        let same = [word(JobName::Lock, "a"), word(JobName::Build, "a")];
        assert_eq!(fault(&same).as_deref(), Some("the word `a` is there twice"));
        assert_eq!(fault(&[word(JobName::Lock, "plan")]).as_deref(), Some("`plan` is a job of the workflow itself"));
    }
}
