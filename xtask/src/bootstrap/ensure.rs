//! What every command that builds calls first: a Nix that can build, at no cost where one is known to.
//!
//! That a Nix can build is known by a file in the state folder, which holds what the answer depends on. Where it does not fit,
//! the steps that CI needs are looked at, once.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hmac_sha256::Hash;

use super::machine::Machine;
use super::plan::{Choice, StepReport, Verdict, verdict};
use super::run::{Consent, Mode, run};
use super::step::{NeededBy, Surroundings};
use super::steps::{nix_conf, probe_build};
use crate::context::Context;
use crate::files;
use crate::nix::{self, Nix, Search};
use crate::report::{Console, steps};

/// The variables that decide which store and settings a Nix uses.
const VARIABLES: [&str; 8] = [
    "NIX_CONFIG",
    "NIX_CONF_DIR",
    "NIX_USER_CONF_FILES",
    "NIX_REMOTE",
    "NIX_STORE_DIR",
    "NIX_STATE_DIR",
    "NIX_LOG_DIR",
    "XDG_CONFIG_HOME",
];

/// A Nix that can build, and the steps that were looked at to know it.
#[derive(Debug)]
pub struct Ready {
    /// The Nix.
    pub nix: Nix,
    /// How each step stands; none where this Nix has built before, and nothing that decides it has changed.
    pub looked_at: Vec<StepReport>,
}

/// A Nix that can build. Root gets what is missing without a question, since the command that was called cannot work without;
/// anybody else is asked, on a terminal.
///
/// # Errors
/// When there is none, or it cannot build, and it could not be brought; the error names the one command that brings it.
pub fn ensure_nix(context: &Context) -> Result<Ready> {
    let machine = Machine::read();
    let stamp = context.state.join("can-build");
    let console = &context.console;
    if let Search::Found(nix) = nix::search()?
        && let Ok(known) = std::fs::read_to_string(&stamp)
        && let Some(how) = known.strip_prefix(&fingerprint(&nix, &machine))
        && (how.is_empty() || how == UNCONFINED)
    {
        return Ok(Ready { nix: unconfined(console, nix, how == UNCONFINED), looked_at: Vec::new() });
    }
    let surroundings = Surroundings { machine, for_whom: NeededBy::Ci, ..Surroundings::of(context) };
    let choice = Choice { ci: true, ..Choice::default() };
    let mut reports = run(console, &surroundings, &choice, Mode::Look, |_| {})?;
    if verdict(&reports) != Verdict::Clean {
        let root = surroundings.machine.uid == 0;
        if !root && (context.ci || !console.interactive()) {
            bail!(steps::not_ready(&reports));
        }
        steps::unasked(console);
        let consent = if root { Consent::Implied } else { Consent::Ask };
        reports = run(console, &surroundings, &choice, Mode::Bring(consent), |report| steps::step(console, report))?;
    }
    // Read anew: a package may have brought a group of builders.
    let machine = Machine::read();
    match (verdict(&reports), nix::search()?) {
        (Verdict::Clean, Search::Found(nix)) => {
            let off = reports.iter().any(probe_build::was_without_sandbox);
            remember(&stamp, &format!("{}{}", fingerprint(&nix, &machine), if off { UNCONFINED } else { "" }))?;
            Ok(Ready { nix: unconfined(console, nix, off), looked_at: reports })
        }
        _ => bail!(steps::not_ready(&reports)),
    }
}

/// What the file that says how a Nix can build ends with where it can build without its sandbox alone.
const UNCONFINED: &str = " without sandbox";

/// The Nix with its sandbox `off` for this program's calls: nothing on the machine is changed for anybody else.
fn unconfined(console: &Console, nix: Nix, off: bool) -> Nix {
    if !off {
        return nix;
    }
    steps::without_sandbox(console);
    nix.with_setting(nix_conf::NO_SANDBOX)
}

/// The state of every step; for CI, those that only people need are not applicable. Nothing is printed or changed.
///
/// # Errors
/// When it is interrupted.
pub fn check(context: &Context, for_whom: NeededBy) -> Result<Vec<StepReport>> {
    let choice = Choice { ci: for_whom == NeededBy::Ci, ..Choice::default() };
    run(&context.console, &Surroundings { for_whom, ..Surroundings::of(context) }, &choice, Mode::Look, |_| {})
}

/// What the answer depends on: the Nix, its configuration files, the user, and the store that the environment chooses.
fn fingerprint(nix: &Nix, machine: &Machine) -> String {
    let mut hash = Hash::new();
    let mut add = |name: &str, value: &[u8]| {
        hash.update(name.as_bytes());
        hash.update(value.len().to_le_bytes());
        hash.update(value);
    };
    add(&nix.description, nix.bin.as_os_str().as_encoded_bytes());
    add("user", &machine.uid.to_le_bytes());
    add("groups", machine.groups.join(",").as_bytes());
    for variable in VARIABLES {
        add(variable, std::env::var_os(variable).unwrap_or_default().as_encoded_bytes());
    }
    for file in configuration_files(machine) {
        // A file that is not there, or not for this user, counts as empty.
        add(&file.to_string_lossy(), &std::fs::read(&file).unwrap_or_default());
    }
    files::hex(&hash.finalize())
}

fn configuration_files(machine: &Machine) -> Vec<PathBuf> {
    let system = machine.nix_conf_dir.clone().unwrap_or_else(|| machine.root.join("etc/nix"));
    let user = machine.config_home.join("nix");
    let names = ["nix.conf", "nix.custom.conf", "xtask.conf"];
    [system, user]
        .iter()
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .chain(machine.nix_user_conf.clone())
        .collect()
}

fn remember(stamp: &Path, text: &str) -> Result<()> {
    let what = || format!("write `{}`", stamp.display());
    std::fs::create_dir_all(stamp.parent().with_context(what)?).with_context(what)?;
    std::fs::write(stamp, text).with_context(what)
}
