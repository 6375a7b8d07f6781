//! What runs on one machine: a job of a workflow, or one leg of its matrix, step by step.

use std::path::PathBuf;

use super::command::Meaning;
use super::target::Target;
use crate::fleet::Place;

/// A job, or one leg of its matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The file of its workflow.
    pub file: PathBuf,
    /// The name of its workflow.
    pub workflow: String,
    /// What starts its workflow, in one text.
    pub events: String,
    /// The job by its key in the workflow.
    pub job: String,
    /// The name that GitHub shows; `*` stands for what only a run tells.
    pub name: String,
    /// The line of the job.
    pub line: u32,
    /// Its condition, in which `JOB` stands for its own key.
    pub condition: String,
    /// Whether the run succeeds when it fails; nothing if only a run tells.
    pub lenient: Option<bool>,
    /// The keys of the jobs that it waits for.
    pub needs: Vec<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name that GitHub shows.
    pub name: String,
    /// What tells whether another job has the same step: the action, or the script.
    pub identity: String,
    /// Whether it only makes the machine ready.
    pub prepares: bool,
    /// Whether it uses what an earlier step left in `result`.
    pub uses_result: bool,
    /// What it does.
    pub acts: Vec<Act>,
}

/// A command of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Its line.
    pub place: Place,
    /// Its words.
    pub text: String,
    /// Whether it always runs, and its failure fails the job.
    pub sure: bool,
    /// What it does.
    pub meaning: Meaning,
}

impl Step {
    /// Whether it builds outputs.
    #[must_use]
    pub fn builds(&self) -> bool {
        self.acts.iter().any(|act| matches!(act.meaning, Meaning::Builds(_)))
    }

    /// Whether it does anything else that would be missed.
    #[must_use]
    pub fn works(&self) -> bool {
        let works = |act: &Act| matches!(act.meaning, Meaning::Works | Meaning::Evaluates(_));
        !self.prepares && self.acts.iter().any(works)
    }
}

impl Leg {
    /// What it builds; only what it builds for sure, if that is asked.
    pub fn builds(&self, sure: bool) -> impl Iterator<Item = &Target> {
        let acts = self.steps.iter().flat_map(|step| &step.acts).filter(move |act| act.sure || !sure);
        acts.filter_map(|act| if let Meaning::Builds(targets) = &act.meaning { Some(targets) } else { None }).flatten()
    }

    /// What it evaluates and does not build.
    pub fn evaluates(&self) -> impl Iterator<Item = &Target> {
        let acts = self.steps.iter().flat_map(|step| &step.acts);
        acts.filter_map(|act| if let Meaning::Evaluates(targets) = &act.meaning { Some(targets) } else { None })
            .flatten()
    }

    /// What of it is not understood.
    pub fn unknown(&self) -> impl Iterator<Item = &Act> {
        let acts = self.steps.iter().flat_map(|step| &step.acts);
        acts.filter(|act| matches!(act.meaning, Meaning::Unknown(_)))
    }
}
