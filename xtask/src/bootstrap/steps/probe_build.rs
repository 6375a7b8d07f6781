//! Step `probe-build`: something is really built, since every other sign of a working Nix has been seen on broken ones.

use anyhow::Result;

use super::{nix_conf, store_access};
use crate::bootstrap::machine::Machine;
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
        Probe::Failed(failure) => failed(&failure, &nix, &surroundings.machine),
    }
}

fn failed(failure: &Failure, nix: &Nix, machine: &Machine) -> Result<State> {
    match failure.trouble {
        Trouble::Sandbox => match nix_conf::state(machine, Some(nix), true)? {
            // The sandbox is off in the file, and yet it is what failed: a daemon that does not take this user's word.
            State::Satisfied(_) => Ok(blocked(failure, "add `sandbox = false` to the daemon's nix.conf")),
            state => Ok(state),
        },
        Trouble::NoBuildUsers => Ok(blocked(failure, "cargo xtask bootstrap --only nix-conf")),
        Trouble::Other => Ok(blocked(failure, nix::PROBE_BY_HAND)),
        _ => Ok(store_access::closed(failure, machine)),
    }
}

fn blocked(failure: &Failure, remedy: &str) -> State {
    State::Blocked { reason: format!("the probe build failed: {}", failure.said), remedy: remedy.to_owned() }
}
