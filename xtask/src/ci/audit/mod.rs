//! What hand-written workflows build, and build twice: which job builds which outputs of the flake, which jobs are covered by
//! others, what that costs, and what a run without them would cost.
//!
//! Decisions: it reads workflows, not the flake, so it works on any checkout in no time; what a command builds is told by what is
//! known of the command; and what is not known of one is listed, so that nothing is called redundant by oversight.

mod command;
mod expression;
mod installable;
mod leg;
mod matrix;
mod overlap;
mod plan;
mod reader;
mod runner;
pub mod shell;
mod target;
#[cfg(test)]
mod tests;
mod tools;
mod words;

use std::path::{Path, PathBuf};

pub use command::Meaning;
pub use leg::{Act, Leg};
pub use overlap::Verdict;
pub use plan::{Cost, Plan, Timing};
pub use target::Target;

use super::matching::matched;
use super::run::Run;
use crate::config::CiConfig;
use crate::fleet::Kind;
use crate::rules::workflow::File;
use crate::rules::yaml::{self, Node};

/// What an audit looks at.
pub struct Facts<'a> {
    /// The workflows, and the actions that they may call.
    pub files: &'a [File],
    /// The kinds of outputs of the flake.
    pub kinds: &'a [Kind],
    /// Which runners are of which system.
    pub config: &'a CiConfig,
    /// Runs of the workflows.
    pub runs: &'a [Run],
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Every job, one for each leg of its matrix.
    pub legs: Vec<Leg>,
    /// What is to be said of each.
    pub verdicts: Vec<Verdict>,
    /// What runs tell of each.
    pub timings: Vec<Option<Timing>>,
    /// Every output, or set of them, that is built.
    pub targets: Vec<Target>,
    /// What there is to win.
    pub plan: Plan,
    /// The names of jobs in runs that no workflow has.
    pub unmatched: Vec<String>,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: u32,
    /// Why.
    pub reason: String,
}

/// The jobs of the workflows, one for each leg of a matrix.
///
/// # Errors
/// When a file is not YAML, or a workflow has no jobs.
pub fn legs(files: &[File], kinds: &[Kind], config: &CiConfig) -> Result<Vec<Leg>, NotRead> {
    let mut read: Vec<(&Path, &str, Node)> = Vec::new();
    for file in files {
        let fault = |line, reason: &str| NotRead { file: file.path.clone(), line, reason: reason.to_owned() };
        let yaml = yaml::parse(&file.text).map_err(|error| fault(error.line, error.reason))?;
        let root = yaml.documents.into_iter().next().ok_or_else(|| fault(1, "the file is empty"))?;
        let is_action = root.get("runs").is_some();
        if !is_action && root.get("jobs").map(Node::entries).unwrap_or_default().is_empty() {
            return Err(fault(root.line, "it is no workflow: it has no jobs"));
        }
        read.push((&file.path, &file.text, root));
    }
    let all: Vec<(&Path, &str, &Node)> = read.iter().map(|(file, text, root)| (*file, *text, root)).collect();
    let (actions, workflows): (Vec<_>, Vec<_>) = all.into_iter().partition(|(.., root)| root.get("runs").is_some());
    let legs = workflows
        .iter()
        .flat_map(|(file, text, root)| reader::Reader { file, text, root, actions: &actions, kinds, config }.legs());
    Ok(legs.collect())
}

/// Audits the workflows.
///
/// # Errors
/// As [`legs`].
pub fn audit(facts: &Facts<'_>) -> Result<Audit, NotRead> {
    let legs = legs(facts.files, facts.kinds, facts.config)?;
    let timings = plan::timings(&legs, facts.runs);
    let seconds: Vec<Option<f64>> = timings.iter().map(|timing| timing.map(|timing| timing.machine)).collect();
    let verdicts = overlap::verdicts(&legs, &seconds);
    let mut targets: Vec<Target> = Vec::new();
    for target in legs.iter().flat_map(|leg| leg.builds(false)) {
        if !targets.contains(target) {
            targets.push(target.clone());
        }
    }
    // What is named goes before sets of it.
    targets.sort_by_key(Target::is_set);
    let names: Vec<&str> = legs.iter().map(|leg| leg.name.as_str()).collect();
    let mut unmatched: Vec<String> = Vec::new();
    for job in facts.runs.iter().flat_map(|run| matched(&names, run).others) {
        if !unmatched.contains(&job.name) {
            unmatched.push(job.name.clone());
        }
    }
    let plan = plan::plan(&legs, &verdicts, &timings, facts.runs);
    Ok(Audit { legs, verdicts, timings, targets, plan, unmatched })
}

impl Audit {
    /// What could not be understood, each command once.
    #[must_use]
    pub fn unknown(&self) -> Vec<&Act> {
        let mut found: Vec<&Act> = Vec::new();
        for act in self.legs.iter().flat_map(Leg::unknown) {
            if !found.iter().any(|known| known.place == act.place && known.text == act.text) {
                found.push(act);
            }
        }
        found
    }
}
