//! Which steps are looked at, and what their states amount to: decided without touching anything.

use super::step::{Action, NeededBy, State, Step};

/// What was asked for on the command line.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only these, if any are named.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// Whether this is a CI run, where what only developers need is left out unless it is named.
    pub ci: bool,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// The step's name.
    pub name: &'static str,
    /// How things are with it now.
    pub outcome: Outcome,
}

/// How things are with a step after it was looked at, and perhaps acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was in order, and nothing was done.
    Satisfied(String),
    /// It was brought just now, and looked at again.
    Applied(String),
    /// It is missing; these actions would bring it.
    Missing(Vec<Action>),
    /// It is missing and not ours to bring.
    Blocked {
        /// What is in the way.
        reason: String,
        /// What a person does about it.
        remedy: String,
    },
    /// It is not for this machine or user.
    NotApplicable(String),
    /// It depends on a step that is not in order.
    Waiting(&'static str),
    /// Bringing it failed.
    Failed(String),
    /// Its state could not be found.
    Unchecked(String),
}

impl Outcome {
    /// Whether a command that needs this step can go on.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Satisfied(_) | Self::Applied(_) | Self::NotApplicable(_))
    }
}

impl From<State> for Outcome {
    fn from(state: State) -> Self {
        match state {
            State::Satisfied(what) => Self::Satisfied(what),
            State::Missing(actions) => Self::Missing(actions),
            State::Blocked { reason, remedy } => Self::Blocked { reason, remedy },
            State::NotApplicable(why) => Self::NotApplicable(why),
            State::Waiting(step) => Self::Waiting(step),
        }
    }
}

/// Whether a step is looked at, and if not, why it is still reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// It is looked at.
    Chosen,
    /// It is left out by `--only` or `--skip`: not reported.
    LeftOut,
    /// It is reported as not needed in CI.
    NotInCi,
}

/// Whether `step` is looked at.
#[must_use]
pub fn select(step: &Step, choice: &Choice) -> Selection {
    let named = |names: &[String]| names.iter().any(|name| name == step.name);
    if named(&choice.skip) || (!choice.only.is_empty() && !named(&choice.only)) {
        Selection::LeftOut
    } else if choice.ci && step.needed_by == NeededBy::Developer && !named(&choice.only) {
        Selection::NotInCi
    } else {
        Selection::Chosen
    }
}

/// The first step that `step` needs and that is known not to be in order.
#[must_use]
pub fn waits_for(step: &Step, reports: &[StepReport]) -> Option<&'static str> {
    let unwell = |name: &&&'static str| reports.iter().any(|report| report.name == **name && !report.outcome.is_well());
    step.after.iter().find(unwell).copied()
}

/// How a list of steps ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is in order.
    Clean,
    /// Something is missing, blocked or failed.
    Problems,
    /// The state of something could not be found.
    Unchecked,
}

/// The verdict over all reports. No steps at all is no success: nothing was looked at.
#[must_use]
pub fn verdict(reports: &[StepReport]) -> Verdict {
    let unchecked = |report: &StepReport| matches!(report.outcome, Outcome::Unchecked(_));
    if reports.is_empty() || reports.iter().any(unchecked) {
        Verdict::Unchecked
    } else if reports.iter().all(|report| report.outcome.is_well()) {
        Verdict::Clean
    } else {
        Verdict::Problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::STEPS;
    use super::*;

    fn chosen(only: &[&str], skip: &[&str], ci: bool) -> Vec<&'static str> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let choice = Choice { only: owned(only), skip: owned(skip), ci };
        STEPS.iter().filter(|step| select(step, &choice) == Selection::Chosen).map(|step| step.name).collect()
    }

    #[test]
    fn only_skip_and_ci_choose() {
        let all: [&str; 11] = [
            "git",
            "nix",
            "store-access",
            "nix-conf",
            "probe-build",
            "direnv",
            "age-key",
            "sops",
            "flake",
            "completions",
            "man",
        ];
        assert_eq!(chosen(&[], &[], false), all);
        assert_eq!(chosen(&[], &[], true), &all[..5]);
        assert_eq!(chosen(&["sops", "git"], &[], true), ["git", "sops"]);
        assert_eq!(chosen(&["git", "nix"], &["nix"], false), ["git"]);
        assert_eq!(chosen(&[], &["probe-build"], true), &all[..4]);
    }

    fn report(name: &'static str, outcome: Outcome) -> StepReport {
        StepReport { name, outcome }
    }

    #[test]
    fn a_step_waits_for_what_is_not_in_order() {
        let probe = STEPS.iter().find(|step| step.name == "probe-build").unwrap();
        let well = report("nix", Outcome::Applied(String::new()));
        assert_eq!(waits_for(probe, std::slice::from_ref(&well)), None);
        for outcome in [Outcome::Missing(Vec::new()), Outcome::Waiting("nix"), Outcome::Failed(String::new())] {
            assert_eq!(waits_for(probe, &[well.clone(), report("nix-conf", outcome)]), Some("nix-conf"));
        }
    }

    #[test]
    fn the_verdict_is_the_worst_of_all() {
        let ok = report("git", Outcome::Satisfied(String::new()));
        let not_here = report("sops", Outcome::NotApplicable(String::new()));
        let missing = report("nix", Outcome::Missing(Vec::new()));
        let unchecked = report("flake", Outcome::Unchecked(String::new()));
        assert_eq!(verdict(&[ok.clone(), not_here]), Verdict::Clean);
        assert_eq!(verdict(&[ok.clone(), missing.clone()]), Verdict::Problems);
        assert_eq!(verdict(&[missing, unchecked, ok]), Verdict::Unchecked);
        assert_eq!(verdict(&[]), Verdict::Unchecked);
    }
}
