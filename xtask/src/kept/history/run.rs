//! One earlier run: what is kept of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ci::{JobStatus, RunResult};
use crate::fleet::{OutputResult, Status};

/// The form of what is kept.
const SCHEMA: u32 = 1;

/// One earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The form of this line.
    pub(super) schema: u32,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// Wall seconds.
    pub seconds: f64,
    /// How it ended.
    pub status: JobStatus,
    /// `locked` or `stand-in`.
    pub inputs: Option<String>,
    /// The commit.
    pub revision: Option<String>,
    /// Which part of the fleet it was about; empty where it was all.
    #[serde(default)]
    pub part: String,
    /// Its jobs that ran, by word.
    pub jobs: BTreeMap<String, JobRun>,
    /// Those that were to run and did not, since something else failed or the run was ended, by word.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub held_up: BTreeSet<String>,
    /// How many outputs were looked at.
    pub total: usize,
    /// How many of those failed.
    pub failed: usize,
    /// How many of those were there, or in a cache, and not built.
    pub unbuilt: usize,
    /// What became of each, by attribute path; of the newest runs only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, OutputRun>,
}

/// One job of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRun {
    /// How it ended.
    pub status: JobStatus,
    /// Wall seconds.
    pub seconds: f64,
    /// Whether it did not run again, which says nothing of how long it takes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_before: bool,
}

/// One output in an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputRun {
    /// How far it came.
    pub status: Status,
    /// Bytes of its closure, if it was in the store.
    pub closure_bytes: Option<u64>,
}

impl Run {
    /// What is kept of `result`.
    #[must_use]
    pub fn of(result: &RunResult) -> Self {
        let results: &[OutputResult] = result.fleet.as_ref().map_or(&[], |fleet| &fleet.results);
        let count = |wanted: fn(Status) -> bool| results.iter().filter(|result| wanted(result.status)).count();
        let ran = result.jobs.iter().filter(|job| job.status != JobStatus::Skipped);
        let output = |result: &OutputResult| OutputRun { status: result.status, closure_bytes: result.closure_bytes };
        Self {
            schema: SCHEMA,
            started: result.started,
            seconds: result.seconds,
            status: result.status(),
            inputs: result.inputs.map(str::to_owned),
            revision: result.revision.clone(),
            part: result.part.clone(),
            jobs: ran
                .map(|job| {
                    (
                        job.name.word().to_owned(),
                        JobRun { status: job.status, seconds: job.seconds, as_before: job.as_before },
                    )
                })
                .collect(),
            held_up: result.jobs.iter().filter(|job| job.held_up).map(|job| job.name.word().to_owned()).collect(),
            total: results.len(),
            failed: count(Status::is_failure),
            unbuilt: count(|status| matches!(status, Status::Present | Status::Cached)),
            outputs: results.iter().map(|result| (result.output.attr.to_string(), output(result))).collect(),
        }
    }

    /// The same without what became of each output.
    pub(super) fn coarser(&self) -> Self {
        Self { outputs: BTreeMap::new(), ..self.clone() }
    }

    /// Whether it is of this schema, and holds numbers that can be told.
    pub(super) fn is_readable(&self) -> bool {
        let seconds = std::iter::once(self.seconds).chain(self.jobs.values().map(|job| job.seconds));
        self.schema == SCHEMA && seconds.into_iter().all(|seconds| seconds.is_finite() && seconds >= 0.0)
    }

    /// Whether it ran the jobs of `other`, for that part of the fleet, with its inputs, and ended as it did.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.inputs == other.inputs
            && self.part == other.part
            && self.status == other.status
            && self.jobs.keys().eq(other.jobs.keys())
    }
}
