//! Taking back what steps wrote for a person's comfort: their own files, and their lines in the files of others.

use anyhow::Result;

use super::action;
use super::plan::Choice;
use super::step::{Action, Surroundings};
use super::steps::{completions, man};
use crate::report::Console;

/// The steps that can be taken back, and what does it.
type Undo = fn(&Surroundings) -> Result<Vec<Action>>;
const STEPS: [(&str, Undo); 2] = [(completions::STEP.name, completions::undo), (man::STEP.name, man::undo)];

/// What takes the chosen steps back; it is done if `really`.
///
/// # Errors
/// When it cannot be told what was written, or something cannot be removed.
pub fn undo(console: &Console, surroundings: &Surroundings, choice: &Choice, really: bool) -> Result<Vec<Action>> {
    let named = |names: &[String], name: &str| names.iter().any(|other| other == name);
    let mut done = Vec::new();
    for (name, undo) in STEPS {
        if named(&choice.skip, name) || (!choice.only.is_empty() && !named(&choice.only, name)) {
            continue;
        }
        for step in undo(surroundings)? {
            if really {
                action::apply(console, surroundings, &step)?;
            }
            done.push(step);
        }
    }
    Ok(done)
}
