//! What a job comes to that could not do its work: interrupted, out of time, called off, or in want of something.

use crate::ci::{JobName, JobResult, JobStatus};
use crate::interrupt;
use crate::report::overdue;
use crate::session::Report;
use crate::supervise::deadline::{self, Over};

/// Nobody could evaluate the outputs: each job that looks at them comes to the same.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// What that is for a job.
    pub status: JobStatus,
    /// Why.
    pub reason: String,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unknown {}

/// What a job comes to that could not do its work because of `error`.
pub fn unable(name: JobName, error: &anyhow::Error) -> JobResult {
    if let Some(Unknown { status, reason }) = error.downcast_ref() {
        return JobResult { status: *status, reason: Some(reason.clone()), ..JobResult::of(name, Vec::new()) };
    }
    let (status, reason) = match deadline::current().over() {
        _ if interrupt::count() > 0 => (JobStatus::Interrupted, format!("{error:#}")),
        Some(over @ Over::TimedOut(_)) => (JobStatus::Failed, format!("{}: {error:#}", over.words())),
        Some(over @ Over::CalledOff) => (JobStatus::Skipped, over.words()),
        None => (JobStatus::CouldNotCheck, format!("{error:#}")),
    };
    JobResult { status, reason: Some(reason), ..JobResult::of(name, Vec::new()) }
}

/// What a job comes to that looks at outputs of which not all could be looked at.
pub fn not_done(name: JobName, fleet: &Report) -> Option<JobResult> {
    let (status, reason) = match (fleet.over, fleet.trouble.clone().or_else(|| fleet.nothing_done())) {
        _ if fleet.interrupted && interrupt::count() > 0 => (JobStatus::Interrupted, None),
        (Some(over @ Over::TimedOut(_)), _) => (JobStatus::Failed, Some(overdue::over(over, &fleet.at_work))),
        (Some(over @ Over::CalledOff), _) => (JobStatus::Skipped, Some(over.words())),
        (None, Some(reason)) => (JobStatus::CouldNotCheck, Some(reason)),
        (None, None) => return None,
    };
    Some(JobResult { status, reason, ..JobResult::of(name, Vec::new()) })
}
