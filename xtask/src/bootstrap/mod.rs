//! From a fresh machine to a working one, in steps: detect, plan, apply, verify.
//!
//! Architecture invariant: a step's state is found without changing the machine (the probe build's own output aside), every change
//! is an [`Action`] that can be shown before it is made, and after it is made the state is found again.

mod action;
pub mod caches;
mod ensure;
mod machine;
mod plan;
mod run;
mod step;
mod steps;
mod undo;

pub use ensure::{check, ensure_nix};
pub use machine::{Machine, Platform};
pub use plan::{Choice, Outcome, StepReport, Verdict, verdict};
pub use run::{Consent, Mode, run};
pub use step::{Action, NeededBy, STEPS, Surroundings};
pub use undo::undo;
