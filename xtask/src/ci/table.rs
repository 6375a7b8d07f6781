//! The job table: the one place that says which jobs there are, in an order in which they can run.

use clap::builder::PossibleValue;

/// One named step of continuous integration: the same word is the subcommand, its file, and the job on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its word.
    pub name: JobName,
    /// What it checks or does, in one sentence.
    pub about: &'static str,
    /// The phase it belongs to.
    pub phase: Phase,
    /// The jobs that must have succeeded before it makes sense; all earlier in the table.
    pub needs: &'static [JobName],
}

/// The words of the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobName {
    /// The machine.
    Bootstrap,
    /// The lock file.
    Lock,
    /// Every output.
    Build,
}

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// What can be told without building.
    Check,
    /// Building.
    Build,
}

/// Every job.
pub const JOBS: &[Job] = &[
    Job {
        name: JobName::Bootstrap,
        about: "this machine has what the other jobs need",
        phase: Phase::Check,
        needs: &[],
    },
    Job {
        name: JobName::Lock,
        about: "flake.lock fits flake.nix, is left alone, and its inputs come from owners on the list",
        phase: Phase::Check,
        needs: &[JobName::Bootstrap],
    },
    Job {
        name: JobName::Build,
        about: "every output evaluates, and those this machine has a builder for are built",
        phase: Phase::Build,
        needs: &[JobName::Bootstrap],
    },
];

impl JobName {
    /// The word, as typed and printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Bootstrap => "bootstrap",
            Self::Build => "build",
        }
    }

    /// The job's row of the table.
    #[must_use]
    pub fn job(self) -> Option<&'static Job> {
        JOBS.iter().find(|job| job.name == self)
    }
}

impl clap::ValueEnum for JobName {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Bootstrap, Self::Lock, Self::Build]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let about = self.job().map_or("", |job| job.about);
        Some(PossibleValue::new(self.word()).help(about))
    }
}

impl Phase {
    /// The word, as printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Build => "build",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    /// What is wrong with a table, if anything.
    fn fault(jobs: &[Job]) -> Option<String> {
        for (at, job) in jobs.iter().enumerate() {
            let earlier = &jobs[..at];
            if earlier.iter().any(|other| other.name == job.name) {
                return Some(format!("`{}` is there twice", job.name.word()));
            }
            if let Some(need) = job.needs.iter().find(|need| !earlier.iter().any(|other| other.name == **need)) {
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
        let words: Vec<JobName> = JOBS.iter().map(|job| job.name).collect();
        assert_eq!(JobName::value_variants(), words);
        for name in words {
            assert_eq!(serde_json::to_value(name).unwrap(), name.word());
        }
    }

    #[test]
    fn a_wrong_table_is_seen() {
        let job = |name, phase, needs| Job { name, about: "", phase, needs };
        let forward = [job(JobName::Lock, Phase::Check, &[JobName::Build][..]), job(JobName::Build, Phase::Build, &[])];
        assert_eq!(fault(&forward).as_deref(), Some("`lock` needs `build`, which is not earlier"));
        let twice = [job(JobName::Lock, Phase::Check, &[][..]), job(JobName::Lock, Phase::Check, &[])];
        assert_eq!(fault(&twice).as_deref(), Some("`lock` is there twice"));
        let disorder = [job(JobName::Build, Phase::Build, &[][..]), job(JobName::Lock, Phase::Check, &[])];
        assert!(fault(&disorder).is_some());
    }
}
