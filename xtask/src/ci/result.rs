//! What became of the jobs of one run.

use super::JobName;
use crate::rules::Problem;
use crate::session::Report;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
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

/// What became of one job.
#[derive(Debug)]
pub struct JobResult {
    /// The job.
    pub name: JobName,
    /// How it ended.
    pub status: JobStatus,
    /// Why it could not check, or was skipped.
    pub reason: Option<String>,
    /// Wall seconds.
    pub seconds: f64,
    /// What it found.
    pub problems: Vec<Problem>,
    /// What it did per output, if it is about outputs.
    pub report: Option<Report>,
}

impl JobResult {
    /// A job that did not run.
    #[must_use]
    pub fn skipped(name: JobName, reason: String) -> Self {
        Self {
            name,
            status: JobStatus::Skipped,
            reason: Some(reason),
            seconds: 0.0,
            problems: Vec::new(),
            report: None,
        }
    }
}

/// What became of a whole run.
#[derive(Debug)]
pub struct RunResult {
    /// Every job of the table.
    pub jobs: Vec<JobResult>,
    /// `locked` or `stand-in`.
    pub inputs: &'static str,
    /// The Nix that was used, as it describes itself.
    pub nix: String,
    /// The commit, with `-dirty` where the working tree differs from it.
    pub revision: Option<String>,
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

    /// Whether its results are of the stand-in.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        self.inputs == "stand-in"
    }
}
