//! The job table: the one place that says which jobs there are, in an order in which they can run: those that are built in, and what
//! `[ci.jobs]` of xtask.toml adds and takes away.

mod added;
mod built_in;
mod name;
mod row;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use added::VERBS;
pub use name::JobName;

use crate::config::Runner;
use crate::fleet::Place;

/// One named step of continuous integration: the same word is the argument of `cargo xtask ci`, and the job on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which it is.
    pub name: JobName,
    /// What it checks or does, in one sentence.
    pub about: Cow<'static, str>,
    /// The phase it belongs to.
    pub phase: Phase,
    /// The jobs that must have succeeded before it makes sense; all earlier in the table.
    pub needs: Vec<JobName>,
    /// Jobs that it can do without, and that must have succeeded where the same run has them; all earlier in the table.
    pub after: Vec<JobName>,
    /// What it wants of the machine that runs it.
    pub machine: Machine,
    /// The files of the repository that its result depends on.
    pub inputs: Inputs,
    /// Files that it leaves, as globs relative to the repository; GitHub keeps them beside the reports.
    pub artifacts: Vec<String>,
    /// What it does.
    pub work: Work,
    /// Where xtask.toml adds it, if it does.
    pub place: Option<Place>,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// What this program has a function for.
    BuiltIn,
    /// It runs an app of the flake: the attribute, as behind `nix run .#`.
    App(String),
    /// It runs a command, each word by itself, in the flake's development shell.
    Shell(Vec<String>),
    /// It runs a command, each word by itself.
    Command(Vec<String>),
}

/// The files of the repository that a job's result depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inputs {
    /// Any of them, as of whatever evaluates the flake.
    Everything,
    /// Those that one of these globs fits: relative to the repository, `*` and `**` as in `.gitignore`.
    Globs(Vec<String>),
}

/// What a job wants of the machine that runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Whether one machine is enough.
    pub extent: Extent,
    /// The runner of GitHub for a job on one machine, if it is not the usual one.
    pub runner: Option<Runner>,
    /// How long the job itself may take once it began; what sets its machine up has time of its own.
    pub timeout: Duration,
    /// What its token on GitHub may do besides reading the repository.
    pub permissions: Vec<Permission>,
    /// Whether it is given what opens the cache: the secrets that `[cache]` of xtask.toml names, and the history in which the rules
    /// of a change's base are. A run for a fork has none of the secrets, and the job must say what it leaves undone.
    pub opens_cache: bool,
    /// Whether it compares with the base of a change: it is given the history, and as it finds no fault, nothing waits for it.
    pub compares: bool,
    /// The names of further secrets that it is given on GitHub, as environment variables of the same names.
    pub secrets: Vec<String>,
}

/// On how many machines a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// On one, for all outputs.
    Once,
    /// On those of each system: what is built in on each of them, for its share of the outputs; a job of one's own on the first.
    PerSystem,
}

/// Something that the token of a job may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// GitHub's word for what it is about, such as `packages`.
    pub scope: &'static str,
    /// `read` or `write`.
    pub access: &'static str,
    /// What for.
    pub why: Cow<'static, str>,
}

impl Machine {
    /// What most jobs want.
    pub const USUAL: Self = Self {
        extent: Extent::Once,
        runner: None,
        timeout: Duration::from_secs(30 * 60),
        permissions: Vec::new(),
        opens_cache: false,
        compares: false,
        secrets: Vec::new(),
    };
}

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

impl Job {
    /// A row without words and needs, of a job on one usual machine.
    pub const fn bare(name: JobName, phase: Phase) -> Self {
        Self {
            name,
            about: Cow::Borrowed(""),
            phase,
            needs: Vec::new(),
            after: Vec::new(),
            machine: Machine::USUAL,
            inputs: Inputs::Everything,
            artifacts: Vec::new(),
            work: Work::BuiltIn,
            place: None,
        }
    }

    /// Its word, as typed and printed.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.name.word()
    }
}

/// The jobs of a repository. They stand in an order in which they can run: by phase, and each behind what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    jobs: Vec<Job>,
    off: Vec<SwitchedOff>,
}

/// A job that xtask.toml switches off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchedOff {
    /// The job.
    pub job: Job,
    /// The line of xtask.toml that does so, from 1.
    pub line: usize,
}

/// The jobs that are built in.
impl Default for Table {
    fn default() -> Self {
        Self { jobs: built_in::rows(), off: Vec::new() }
    }
}

impl Table {
    /// The table of these rows.
    #[cfg(test)]
    pub fn from_rows(jobs: Vec<Job>) -> Self {
        Self { jobs, off: Vec::new() }
    }

    /// The jobs, but for those that are switched off.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// The jobs that are switched off.
    #[must_use]
    pub fn off(&self) -> &[SwitchedOff] {
        &self.off
    }

    /// The row of `name`, if it is not switched off.
    #[must_use]
    pub fn get(&self, name: JobName) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    /// The row of `name`, switched off or not.
    #[must_use]
    pub fn row(&self, name: JobName) -> Option<&Job> {
        self.get(name).or_else(|| self.off.iter().map(|off| &off.job).find(|job| job.name == name))
    }

    /// The job that somebody calls `word`.
    ///
    /// # Errors
    /// When there is none, with those that there are; when it is switched off.
    pub fn named(&self, word: &str) -> Result<&Job, String> {
        if let Some(job) = self.jobs.iter().find(|job| job.word() == word) {
            return Ok(job);
        }
        if let Some(off) = self.off.iter().find(|off| off.job.word() == word) {
            let line = off.line;
            return Err(format!("the job `{word}` is switched off: xtask.toml:{line} says `enabled = false`"));
        }
        if VERBS.contains(&word) {
            return Err(format!("`{word}` is no job: `cargo xtask ci {word}` has it, without other jobs"));
        }
        Err(self.unknown(word))
    }
}

/// The word that somebody who wrote `word` may have meant.
fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    /// Below this likeness, a guess would confuse more than help: `deploy` is no `independence`.
    const ALIKE: f64 = 0.75;
    let likeness = |other: &&&str| strsim::jaro_winkler(other, word);
    let alike = words.iter().filter(|other| likeness(other) >= ALIKE);
    alike.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).copied()
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
