//! Going through the steps: look, and where something is missing and may be brought, bring it and look again.

use anyhow::{Result, bail};

use super::action;
use super::machine::Machine;
use super::plan::{Choice, Outcome, Selection, StepReport, select, waits_for};
use super::step::{Action, NeededBy, STEPS, State, Step, Surroundings};
use super::steps::nix_conf;
use crate::context::{Context, Inputs};
use crate::interrupt;
use crate::report::{Console, steps};

/// Whether anything may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only look.
    Look,
    /// Look, and bring what is missing.
    Bring(Consent),
}

/// Who agreed to changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The user, beforehand, to everything.
    Given,
    /// The user is asked before each step.
    Ask,
    /// Root runs a command that cannot work otherwise: everything but a program from the network that is run unseen, and less
    /// of a sandbox than this machine was given.
    Implied,
}

impl Surroundings {
    /// What the steps of this run are detected in.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        Self {
            machine: Machine::read(),
            repository: context.repository.clone(),
            offline: context.offline,
            may_stand_in: context.inputs != Inputs::Locked && !context.ci,
            for_whom: if context.ci { NeededBy::Ci } else { NeededBy::Developer },
        }
    }
}

/// Goes through the chosen steps in order, calling `each` with every report as it is made.
///
/// # Errors
/// When it is interrupted: steps that were not looked at are not in order.
pub fn run(
    console: &Console,
    surroundings: &Surroundings,
    choice: &Choice,
    mode: Mode,
    mut each: impl FnMut(&StepReport),
) -> Result<Vec<StepReport>> {
    let mut reports = Vec::new();
    for step in &STEPS {
        let outcome = match select(step, choice) {
            Selection::LeftOut => continue,
            Selection::NotInCi => Outcome::NotApplicable("not needed in CI".to_owned()),
            Selection::Chosen => match waits_for(step, &reports) {
                Some(earlier) => Outcome::Waiting(earlier),
                None => one(console, surroundings, step, mode),
            },
        };
        // What was ended by the interrupt tells nothing of its step either.
        if interrupt::count() > 0 {
            bail!("interrupted");
        }
        let report = StepReport { name: step.name, outcome };
        each(&report);
        reports.push(report);
    }
    Ok(reports)
}

fn one(console: &Console, surroundings: &Surroundings, step: &Step, mode: Mode) -> Outcome {
    let state = match (step.detect)(surroundings) {
        Ok(state) => state,
        Err(error) => return Outcome::Unchecked(format!("{error:#}")),
    };
    let (State::Missing(actions), Mode::Bring(consent)) = (&state, mode) else { return state.into() };
    steps::about_to(console, step.name, step.brings, actions);
    match agreed(console, step, actions, consent) {
        Ok(true) => bring(console, surroundings, step, actions),
        Ok(false) => state.into(),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn agreed(console: &Console, step: &Step, actions: &[Action], consent: Consent) -> Result<bool> {
    let grave = |action: &Action| *action == Action::RunNixInstaller || nix_conf::turns_sandbox_off(action);
    match consent {
        Consent::Given => Ok(true),
        Consent::Implied if !actions.iter().any(grave) => Ok(true),
        Consent::Implied | Consent::Ask => match console.confirm(&steps::question(step.name))? {
            Some(answer) => Ok(answer),
            None => {
                steps::nobody_to_ask(console);
                Ok(false)
            }
        },
    }
}

/// Makes the changes, then looks again: only what is then in order was brought.
fn bring(console: &Console, surroundings: &Surroundings, step: &Step, actions: &[Action]) -> Outcome {
    for action in actions {
        if let Err(error) = action::apply(console, surroundings, action) {
            return Outcome::Failed(format!("{error:#}"));
        }
    }
    match (step.detect)(surroundings) {
        Ok(State::Satisfied(what)) => Outcome::Applied(what),
        Ok(State::Missing(_)) => Outcome::Failed("everything was done, and it is still missing".to_owned()),
        Ok(state) => state.into(),
        Err(error) => Outcome::Unchecked(format!("{error:#}")),
    }
}
