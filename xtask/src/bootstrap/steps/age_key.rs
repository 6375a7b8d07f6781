//! Step `age-key`: the key that this user decrypts secrets with, where sops looks for it.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result};

use crate::age;
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, install_packages};

pub const STEP: Step = Step {
    name: "age-key",
    brings: "an age key, readable by its owner alone",
    needed_by: NeededBy::Developer,
    after: &[],
    detect,
};

fn detect(surroundings: &Surroundings) -> Result<State> {
    let machine = &surroundings.machine;
    if machine.sops_age_key {
        return Ok(State::Satisfied("given in the environment".to_owned()));
    }
    let path = machine.age_key_file();
    if age::lies_within(&path, &surroundings.repository)? {
        return Ok(State::Blocked {
            reason: format!("the key `{}` would lie inside the repository", path.display()),
            remedy: "set SOPS_AGE_KEY_FILE to a file outside the repository".to_owned(),
        });
    }
    let tool = age::is_installed()?;
    let install = || install_packages(machine, &["age"], "install age with the package manager");
    if path.symlink_metadata().is_err() {
        let make = Action::MakeAgeKey(path);
        return Ok(match (tool, install()) {
            (true, _) => State::Missing(vec![make]),
            (false, State::Missing(actions)) => State::Missing(actions.into_iter().chain([make]).collect()),
            (false, other) => other,
        });
    }
    let metadata = path.metadata().with_context(|| format!("look at `{}`", path.display()))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Ok(State::Missing(vec![Action::Restrict { path, mode: 0o600 }]));
    }
    if !tool {
        return Ok(install());
    }
    Ok(match age::public_keys(&path)? {
        Some(keys) => State::Satisfied(format!("`{}` holds {}", path.display(), keys.join(", "))),
        None => State::Blocked {
            reason: format!("`{}` holds no age key, and is never overwritten", path.display()),
            remedy: format!("move `{}` away", path.display()),
        },
    })
}
