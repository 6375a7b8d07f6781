//! What became of the jobs of one run.

use std::time::Instant;

use super::{Caches, JobName, NOT_ASKED_FOR, Table};
use crate::diff::Difference;
use crate::fleet::Span;
use crate::rules::Problem;
use crate::session::Report;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// Nothing is wrong.
    Ok,
    /// Problems were found, or something failed.
    Failed,
    /// It could not do its work; that is never a success.
    CouldNotCheck,
    /// It did not run, for a reason that is said.
    Skipped,
    /// The run ended before it was done.
    Interrupted,
}

impl JobStatus {
    /// Whether jobs that need it cannot go on.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Ok | Self::Skipped)
    }

    /// The words for it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::CouldNotCheck => "could not check",
            Self::Skipped => "skipped",
            Self::Interrupted => "not finished",
        }
    }
}

/// What became of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobResult {
    /// The job.
    pub name: JobName,
    /// How it ended.
    pub status: JobStatus,
    /// Why it could not check, or was skipped; or what it did, in a few words.
    pub reason: Option<String>,
    /// Wall seconds.
    pub seconds: f64,
    /// What it found.
    pub problems: Vec<Problem>,
    /// Whether it was to run, and did not since something else failed or the run was ended.
    pub held_up: bool,
    /// Whether it did not run again, since what it rests on is as it was when it last went well.
    pub as_before: bool,
}

impl JobResult {
    /// A job that did not run.
    #[must_use]
    pub fn skipped(name: JobName, reason: String) -> Self {
        Self { status: JobStatus::Skipped, reason: Some(reason), ..Self::of(name, Vec::new()) }
    }

    /// A job whose only results are problems; warnings do not fail it.
    #[must_use]
    pub fn of(name: JobName, problems: Vec<Problem>) -> Self {
        let status = if problems.iter().any(Problem::fails) { JobStatus::Failed } else { JobStatus::Ok };
        Self { name, status, reason: None, seconds: 0.0, problems, held_up: false, as_before: false }
    }

    /// Whether anybody wants to hear of it: a job that was not asked for is none of this run.
    #[must_use]
    pub fn is_of_this_run(&self) -> bool {
        self.status != JobStatus::Skipped || self.reason.as_deref() != Some(NOT_ASKED_FOR)
    }

    /// Whether jobs that need it cannot go on.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status.is_failure()
    }
}

/// The commit that a change is made against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseCommit {
    /// As it was asked for, or as the event calls it: a branch, a tag, a commit.
    pub name: String,
    /// The commit itself, in full.
    pub commit: String,
}

/// What became of a whole run.
#[derive(Debug)]
pub struct RunResult {
    /// Every job of the table.
    pub jobs: Vec<JobResult>,
    /// The table that the run went by.
    pub table: Table,
    /// What there is to say of binary caches.
    pub caches: Caches,
    /// What the change does to the outputs, or why that cannot be told; `None` where there is nothing to compare with.
    pub difference: Option<Result<Difference, String>>,
    /// What the run is compared with, where that is there.
    pub base: Option<BaseCommit>,
    /// What became of the outputs, if a job looked at them.
    pub fleet: Option<Report>,
    /// `locked` or `stand-in`; `None` where it did not come to that.
    pub inputs: Option<&'static str>,
    /// Which part of the fleet it was about; empty where it was all.
    pub part: String,
    /// The flags that a command needs to see what this run saw.
    pub flags: String,
    /// The Nix that was used, as it describes itself.
    pub nix: Option<String>,
    /// The commit, with `-dirty` where the working tree differs from it.
    pub revision: Option<String>,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// When it began, by the clock of `spans`.
    pub began: Instant,
    /// When which job ran; what else was at work when, `fleet` and `caches` know.
    pub spans: Vec<Span>,
    /// Wall seconds.
    pub seconds: f64,
}

impl RunResult {
    /// The worst of its jobs.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        let any = |status| self.jobs.iter().any(|job| job.status == status);
        [JobStatus::Interrupted, JobStatus::CouldNotCheck, JobStatus::Failed]
            .into_iter()
            .find(|status| any(*status))
            .unwrap_or(JobStatus::Ok)
    }

    /// Everything that was at work, and when.
    pub fn all_spans(&self) -> impl Iterator<Item = &Span> {
        let fleet = self.fleet.iter().flat_map(|fleet| &fleet.spans);
        self.spans.iter().chain(fleet).chain(&self.caches.spans)
    }

    /// Whether its results are of the stand-in.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        self.inputs == Some("stand-in")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: JobName, status: JobStatus) -> JobResult {
        JobResult { status, ..JobResult::of(name, Vec::new()) }
    }

    #[test]
    fn the_worst_job_decides() {
        use JobStatus::{CouldNotCheck, Failed, Interrupted, Ok, Skipped};
        let check = |statuses: &[JobStatus], expected: JobStatus| {
            let run = RunResult {
                difference: None,
                base: None,
                jobs: statuses.iter().map(|status| job(JobName::Lock, *status)).collect(),
                table: Table::default(),
                caches: Caches::default(),
                fleet: None,
                inputs: None,
                part: String::new(),
                flags: String::new(),
                nix: None,
                revision: None,
                started: 0,
                began: Instant::now(),
                spans: Vec::new(),
                seconds: 0.0,
            };
            assert_eq!(run.status(), expected, "{statuses:?}");
        };
        check(&[Ok, Skipped], Ok);
        check(&[Ok, Failed], Failed);
        check(&[CouldNotCheck, Failed], CouldNotCheck);
        check(&[CouldNotCheck, Interrupted, Failed], Interrupted);
    }
}
