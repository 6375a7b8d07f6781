//! What a run tells those who watch it, and what it leaves at its end.

use std::time::{Duration, Instant};

use super::build::Running;
use crate::fleet::{AtWork, OutputResult, Span};
use crate::supervise::deadline::Over;

/// What a run did.
#[derive(Debug)]
pub struct Outcome {
    /// One result for each task, in their order.
    pub results: Vec<OutputResult>,
    /// Whether it was ended before everything was done.
    pub interrupted: bool,
    /// Why, where its deadline ended it.
    pub over: Option<Over>,
    /// What it was at then.
    pub at_work: Vec<AtWork>,
    /// What ended it in the middle, such as a process that could not be started; what was known by then stands.
    pub trouble: Option<anyhow::Error>,
    /// The most memory in MiB seen over all evaluation processes at once.
    pub peak_mib: u64,
    /// When what was evaluated, built and fetched.
    pub spans: Vec<Span>,
}

/// What a watcher is shown while a run goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// An output is done.
    Done(&'a OutputResult),
    /// A line of a build's log.
    Log {
        /// The derivation.
        drv: &'a str,
        /// The line.
        line: &'a str,
    },
    /// A substituter did not tell what it has.
    Trouble {
        /// The substituter.
        substituter: &'a str,
        /// Why not.
        reason: &'a str,
    },
    /// The flake is being asked for its outputs, for so long by now; its inputs are fetched meanwhile.
    Discovering(Duration),
    /// The state of things, a few times a second.
    Now(Now<'a>),
}

/// The state of a run.
#[derive(Debug)]
pub struct Now<'a> {
    /// Outputs in all.
    pub total: usize,
    /// Outputs that are done.
    pub done: usize,
    /// Outputs that failed.
    pub failed: usize,
    /// Outputs still to evaluate.
    pub to_evaluate: usize,
    /// What is being evaluated, and since when.
    pub evaluating: Vec<(&'a str, Instant)>,
    /// Since when substituters are being asked what they have.
    pub asking: Option<Instant>,
    /// What is being built and fetched.
    pub building: Vec<Running>,
    /// Since the run began.
    pub elapsed: Duration,
}
