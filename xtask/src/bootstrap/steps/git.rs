//! Step `git`: flakes are read from git's index, and older versions of Nix run git for it.

use anyhow::Result;

use crate::bootstrap::step::{NeededBy, State, Step, Surroundings, install_packages};
use crate::git;

pub const STEP: Step =
    Step { name: "git", brings: "git, which flakes are read with", needed_by: NeededBy::Ci, after: &[], detect };

fn detect(surroundings: &Surroundings) -> Result<State> {
    match git::version()? {
        Some(version) => Ok(State::Satisfied(version)),
        None => Ok(install_packages(
            &surroundings.machine,
            &["git", "ca-certificates"],
            "install git with the package manager",
        )),
    }
}
