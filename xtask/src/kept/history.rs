//! What earlier runs of `ci` took and came to, kept below the state folder: a line of JSON a run.
//!
//! Written whole or not at all; a line that is damaged, or of another schema, is as good as none.

mod failed;
mod run;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub use failed::{AFFECTED, Failed, LAST_FAILED};
pub use run::{OutputRun, Run};

use super::lines;
use crate::ci::{JobStatus, RunResult};
use crate::fleet::AttrPath;

/// How many runs are kept.
const KEPT: usize = 200;
/// How many of the newest are kept with what became of each output.
const DETAILED: usize = 5;
/// From how many of the newest runs the usual time of a job is told.
const RECENT: usize = 10;

/// Earlier runs, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The runs.
    pub runs: Vec<Run>,
}

fn file(state: &Path) -> PathBuf {
    state.join("history.jsonl")
}

impl History {
    /// What is kept below the folder `state`.
    #[must_use]
    pub fn read(state: &Path) -> Self {
        Self { runs: lines::read(&file(state)).into_iter().filter(Run::is_readable).collect() }
    }

    /// Adds `result` to what is kept below the folder `state`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(state: &Path, result: &RunResult) -> Result<()> {
        // Whoever wrote meanwhile is not forgotten: what is there now is what is added to.
        let mut runs = Self::read(state).runs;
        runs.push(Run::of(result));
        let kept = kept(&runs);
        lines::write(&file(state), kept.iter().map(Cow::as_ref)).context("keep what this run took")
    }

    /// The seconds that `job` usually takes for `part` of the fleet: the median of those recent runs with `inputs` in which it went
    /// well; of those with the inputs of the newest run where none are named.
    #[must_use]
    pub fn usual_seconds(&self, job: &str, part: &str, inputs: Option<&str>) -> Option<f64> {
        let inputs = inputs.or_else(|| self.runs.last()?.inputs.as_deref());
        let alike = self.runs.iter().rev().filter(|run| run.part == part);
        let alike = alike.filter(|run| inputs.is_none() || run.inputs.as_deref() == inputs);
        let done =
            alike.filter_map(|run| run.jobs.get(job)).filter(|job| job.status == JobStatus::Ok && !job.as_before);
        median(done.take(RECENT).map(|job| job.seconds).collect())
    }

    /// The seconds that a run like that of `result` usually takes: of the same jobs, with the same inputs, that went as well.
    #[must_use]
    pub fn usual_run(&self, result: &RunResult) -> Option<f64> {
        let this = Run::of(result);
        let alike = self.runs.iter().rev().filter(|run| run.is_like(&this));
        median(alike.take(RECENT).map(|run| run.seconds).collect())
    }

    /// What became of the output `attr` when it was last looked at with `inputs`.
    #[must_use]
    pub fn last(&self, attr: &AttrPath, inputs: Option<&str>) -> Option<&OutputRun> {
        self.looks_at(attr, inputs).next()
    }

    /// In bytes, how large the closure of the output `attr` was when it was last known with `inputs`: runs that only evaluate do not
    /// look.
    #[must_use]
    pub fn last_size(&self, attr: &AttrPath, inputs: Option<&str>) -> Option<u64> {
        self.looks_at(attr, inputs).filter_map(|output| output.closure_bytes).next()
    }

    /// What became of the output `attr` in each run with `inputs` that looked at it, newest first.
    fn looks_at(&self, attr: &AttrPath, inputs: Option<&str>) -> impl Iterator<Item = &OutputRun> {
        let attr = attr.to_string();
        let alike = self.runs.iter().rev().filter(move |run| run.inputs.as_deref() == inputs);
        alike.filter_map(move |run| run.outputs.get(&attr))
    }

    /// The runs of `commit` with `inputs`, oldest first.
    pub fn of_commit(&self, commit: &str, inputs: Option<&str>) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.revision.as_deref() == Some(commit) && run.inputs.as_deref() == inputs)
    }
}

/// `runs` as they are kept: the newest, and of the newest of those all there is to know.
fn kept(runs: &[Run]) -> Vec<Cow<'_, Run>> {
    let newest = lines::newest(runs, KEPT);
    let coarse = newest.len().saturating_sub(DETAILED);
    let detail = |(index, run)| if index < coarse { Cow::Owned(Run::coarser(run)) } else { Cow::Borrowed(run) };
    newest.iter().enumerate().map(detail).collect()
}

/// The middle of `numbers`; the lower one of two.
fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().checked_sub(1)? / 2).copied()
}
