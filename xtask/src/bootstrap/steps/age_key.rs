//! Step `age-key`: the key that this user decrypts secrets with, where sops looks for it.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result};

use crate::age;
use crate::bootstrap::machine::{Machine, Platform};
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
    let path = key_file(machine);
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

/// Where sops looks for age keys.
fn key_file(machine: &Machine) -> std::path::PathBuf {
    match (&machine.sops_age_key_file, machine.platform) {
        (Some(named), _) => named.clone(),
        (None, Platform::Linux) => machine.config_home.join("sops/age/keys.txt"),
        (None, Platform::MacOs) => machine.home.join("Library/Application Support/sops/age/keys.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_where_sops_looks() {
        let linux = Machine::example(std::path::Path::new("/m"));
        let check = |machine: &Machine, expected: &str| assert_eq!(key_file(machine), std::path::Path::new(expected));
        check(&linux, "/m/root/.config/sops/age/keys.txt");
        check(
            &Machine { platform: Platform::MacOs, ..linux.clone() },
            "/m/root/Library/Application Support/sops/age/keys.txt",
        );
        check(&Machine { sops_age_key_file: Some("/k".into()), ..linux }, "/k");
    }
}
