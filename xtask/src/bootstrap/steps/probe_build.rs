//! Step `probe-build`: something is really built, since every other sign of a working Nix has been seen on broken ones.

use anyhow::Result;

use super::{nix_conf, store_access};
use crate::bootstrap::machine::Machine;
use crate::bootstrap::plan::{Outcome, StepReport};
use crate::bootstrap::step::{NeededBy, State, Step, Surroundings};
use crate::nix::{self, Failure, Nix, Probe, Search, Trouble};

pub const STEP: Step = Step {
    name: "probe-build",
    brings: "builds that work",
    needed_by: NeededBy::Ci,
    after: &["nix", "store-access", "nix-conf"],
    detect,
};

fn detect(surroundings: &Surroundings) -> Result<State> {
    let Search::Found(nix) = nix::search()? else { return Ok(State::Waiting("nix")) };
    match nix.probe_build()? {
        Probe::Built => Ok(State::Satisfied("built just now".to_owned())),
        Probe::Failed(failure) if failure.trouble == Trouble::Sandbox => without_sandbox(&failure, &nix, surroundings),
        Probe::Failed(failure) => failed(&failure, &nix, &surroundings.machine),
    }
}

/// What was found where the sandbox is what fails, and this run can do without.
const WITHOUT: &str = "built just now, without the sandbox, which cannot be set up here";

/// Whether that is how the step ended.
pub fn was_without_sandbox(report: &StepReport) -> bool {
    report.name == STEP.name && matches!(&report.outcome, Outcome::Satisfied(found) if found == WITHOUT)
}

/// The sandbox is only given up where that helps: root, who may, does without for one run; for good, somebody has to agree.
fn without_sandbox(failure: &Failure, nix: &Nix, surroundings: &Surroundings) -> Result<State> {
    let machine = &surroundings.machine;
    match nix.clone().with_setting(nix_conf::NO_SANDBOX).probe_build()? {
        Probe::Built if machine.uid == 0 && surroundings.for_whom == NeededBy::Ci => {
            Ok(State::Satisfied(WITHOUT.to_owned()))
        }
        Probe::Built => match nix_conf::state(machine, Some(nix), true)? {
            State::Satisfied(_) => {
                let remedy = nix_conf::overridden(machine, "sandbox");
                Ok(blocked(failure, remedy.as_deref().unwrap_or("add `sandbox = false` to nix.conf, as its last line")))
            }
            state => Ok(state),
        },
        // A daemon that does not take this user's word.
        Probe::Failed(again) if again.trouble == Trouble::Sandbox && machine.uid != 0 => {
            Ok(blocked(failure, "add `sandbox = false` to the daemon's nix.conf"))
        }
        Probe::Failed(again) if again.trouble == Trouble::Sandbox => Ok(blocked(failure, nix::PROBE_BY_HAND)),
        Probe::Failed(again) => failed(&again, nix, machine),
    }
}

fn failed(failure: &Failure, nix: &Nix, machine: &Machine) -> Result<State> {
    match failure.trouble {
        Trouble::NoBuildUsers => {
            // What that step writes is there already, if something takes it back.
            let is_written = matches!(nix_conf::state(machine, Some(nix), false)?, State::Satisfied(_));
            let overridden = nix_conf::overridden(machine, "build-users-group").filter(|_| is_written);
            Ok(blocked(failure, overridden.as_deref().unwrap_or("cargo xtask bootstrap --only nix-conf")))
        }
        Trouble::Sandbox | Trouble::Other => Ok(blocked(failure, nix::PROBE_BY_HAND)),
        _ => Ok(store_access::closed(failure, machine)),
    }
}

fn blocked(failure: &Failure, remedy: &str) -> State {
    State::Blocked { reason: format!("the probe build failed: {}", failure.said), remedy: remedy.to_owned() }
}
