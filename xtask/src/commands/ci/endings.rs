//! What a job comes to that could not do its work: interrupted, out of time, called off, or in want of something.

use std::io::{self, ErrorKind};

use crate::ci::{Job, JobName, JobResult, JobStatus, Work};
use crate::interrupt;
use crate::report::overdue;
use crate::rules::Problem;
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

/// What a job of xtask.toml comes to whose `command` did not come to its end because of `error`; `said` is what it said last.
pub fn stopped(job: &Job, error: &anyhow::Error, command: &str, said: &str) -> JobResult {
    let result = unable(job.name, error);
    let missing =
        error.root_cause().downcast_ref().is_some_and(|error: &io::Error| error.kind() == ErrorKind::NotFound);
    let (fault, fix) = match (&job.work, deadline::current().over()) {
        (_, Some(over @ Over::TimedOut(_))) if result.status == JobStatus::Failed => {
            let table = format!("[ci.jobs.{}]", job.word());
            (
                format!("{command} {}{said}", over.words()),
                format!("raise `timeout` of {table}, or see what it waits for"),
            )
        }
        (Work::Command(words), None) if missing && result.status == JobStatus::CouldNotCheck => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            (format!("no program `{program}`"), "install it, or correct `command`".to_owned())
        }
        _ => return result,
    };
    JobResult { problems: vec![Problem::new(job.place.clone(), fault, fix)], ..result }
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
