//! Step `nix-conf`: flakes are on, and root can build, through a file of our own that nix.conf includes in its last line.
//!
//! The last line, because a plain `experimental-features =` or `substituters =` further down would discard what ours adds.
//! Lines of others are never edited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::bootstrap::machine::Machine;
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, text_of};
use crate::nix::{self, Flavour, Nix, Search};

pub const STEP: Step =
    Step { name: "nix-conf", brings: "flakes, and builds as root", needed_by: NeededBy::Ci, after: &[], detect };

/// The name of our own file, beside the nix.conf that includes it.
const OUR_FILE: &str = "xtask.conf";
/// The last line of the nix.conf that includes it.
pub const INCLUDE: &str = "!include xtask.conf";
pub const NO_SANDBOX: &str = "sandbox = false";

fn detect(surroundings: &Surroundings) -> Result<State> {
    match nix::search()? {
        Search::Found(nix) if surroundings.for_whom == NeededBy::Ci => for_builds(&surroundings.machine, &nix),
        Search::Found(nix) => state(&surroundings.machine, Some(&nix), false),
        Search::Absent => state(&surroundings.machine, None, false),
        Search::Broken { .. } | Search::TooOld { .. } => Ok(State::Waiting("nix")),
    }
}

/// The state for whoever only calls this program, which turns on flakes itself: whether root can build.
fn for_builds(machine: &Machine, nix: &Nix) -> Result<State> {
    if !builders_exist(&nix.settings()?.all, machine) {
        return state(machine, Some(nix), false);
    }
    let typed = nix.settings_of_the_user()?;
    Ok(State::Satisfied(match typed.is_some_and(|settings| flakes_are_on(&settings)) {
        true => "flakes are on".to_owned(),
        false => "flakes are off for commands typed by hand: `cargo xtask bootstrap` turns them on".to_owned(),
    }))
}

/// Whether `action` leaves builds less confined than they were.
pub fn turns_sandbox_off(action: &Action) -> bool {
    let Action::Write { path, text } = action else { return false };
    let has = |text: &str| text.lines().any(|line| line == NO_SANDBOX);
    has(text) && !std::fs::read_to_string(path).is_ok_and(|before| has(&before))
}

/// What takes `setting` back after our own file gave it its value, and what to do about that.
pub fn overridden(machine: &Machine, setting: &str) -> Option<String> {
    let sets = |text: &str| text.lines().any(|line| line.split('=').next().is_some_and(|name| name.trim() == setting));
    if sets(&machine.nix_config) {
        return Some(format!("take `{setting}` out of the variable NIX_CONFIG, which wins over every nix.conf"));
    }
    let of_the_user = machine.nix_user_conf.clone().unwrap_or_else(|| machine.config_home.join("nix/nix.conf"));
    let wins = machine.uid == 0 && std::fs::read_to_string(&of_the_user).is_ok_and(|text| sets(&text));
    wins.then(|| format!("take `{setting}` out of `{}`, which wins over the machine's nix.conf", of_the_user.display()))
}

/// The state with regard to the sandbox too: `without_sandbox` once a probe build has failed because of it.
pub fn state(machine: &Machine, nix: Option<&Nix>, without_sandbox: bool) -> Result<State> {
    let flavour = nix.map(|nix| nix.flavour);
    let file = target(machine, flavour);
    let folder = file.parent().unwrap_or(Path::new("/"));
    let ours = folder.join(OUR_FILE);
    let files = Files { main: text_of(&file)?, ours: text_of(&ours)? };
    if files.ours.is_none()
        && !without_sandbox
        && let Some(settings) = nix.map(Nix::settings_of_the_user).transpose()?.flatten()
        && in_order(&settings, machine)
    {
        let how = if files.main.is_some() { "is as it was" } else { "is not needed" };
        return Ok(State::Satisfied(format!("flakes are on (`{}` {how})", file.display())));
    }
    let wanted = wanted(machine, &files, without_sandbox);
    if let Some(owner) = declared_elsewhere(machine, &file) {
        return Ok(State::Blocked {
            reason: format!("`{}` belongs to {owner}", file.display()),
            remedy: snippet(&wanted),
        });
    }
    let mut actions = Vec::new();
    if files.ours.as_deref() != Some(&wanted) {
        actions.push(Action::Write { path: ours, text: wanted });
    }
    if let Some(text) = with_include(files.main.as_deref().unwrap_or_default()) {
        actions.push(Action::Write { path: file.clone(), text });
    }
    Ok(if actions.is_empty() {
        State::Satisfied(format!("`{}` includes `{OUR_FILE}`", file.display()))
    } else {
        State::Missing(actions)
    })
}

/// The two files as they are.
#[derive(Debug, Default)]
struct Files {
    main: Option<String>,
    ours: Option<String>,
}

/// The nix.conf that this user's settings belong into.
pub fn target(machine: &Machine, flavour: Option<Flavour>) -> PathBuf {
    if machine.uid != 0 {
        return machine.nix_user_conf.clone().unwrap_or_else(|| machine.config_home.join("nix/nix.conf"));
    }
    let folder = machine.nix_conf_dir.clone().unwrap_or_else(|| machine.root.join("etc/nix"));
    let determinate =
        flavour == Some(Flavour::Determinate) || machine.root.join("usr/local/bin/determinate-nixd").exists();
    // Determinate Nix keeps nix.conf for itself and replaces it.
    folder.join(if determinate { "nix.custom.conf" } else { "nix.conf" })
}

/// Who generates the file, if anybody does.
pub fn declared_elsewhere(machine: &Machine, file: &Path) -> Option<&'static str> {
    if machine.uid == 0 && machine.nix_conf_dir.is_none() && machine.root.join("etc/NIXOS").exists() {
        return Some("NixOS");
    }
    let link = std::fs::read_link(file).ok()?;
    let generated = link.starts_with("/etc/static") || link.starts_with("/nix/store");
    generated.then_some("a Nix configuration (nix-darwin or home-manager)")
}

/// Whether the effective settings, by name, allow what this program does.
fn in_order(settings: &BTreeMap<String, String>, machine: &Machine) -> bool {
    flakes_are_on(settings) && builders_exist(settings, machine)
}

fn flakes_are_on(settings: &BTreeMap<String, String>) -> bool {
    let features = settings.get("experimental-features").map_or("", String::as_str);
    ["nix-command", "flakes"].iter().all(|wanted| features.split_whitespace().any(|name| name == *wanted))
}

/// Whether root, who builds as members of a group, has them.
fn builders_exist(settings: &BTreeMap<String, String>, machine: &Machine) -> bool {
    let group = settings.get("build-users-group").map_or("", String::as_str);
    machine.uid != 0 || group.is_empty() || machine.groups.iter().any(|name| name == group)
}

/// The text of our own file.
fn wanted(machine: &Machine, files: &Files, without_sandbox: bool) -> String {
    let mut lines = vec![
        "# Written by `cargo xtask bootstrap`; included by the last line of the file beside it.",
        "extra-experimental-features = nix-command flakes",
        "connect-timeout = 5",
    ];
    let group = build_group(files.main.as_deref().unwrap_or_default());
    if machine.uid == 0 && !group.is_empty() && !machine.groups.iter().any(|name| name == group) {
        lines.push("build-users-group =");
    }
    let found_before = files.ours.as_deref().is_some_and(|text| text.lines().any(|line| line == NO_SANDBOX));
    if without_sandbox || found_before {
        lines.push(NO_SANDBOX);
    }
    lines.join("\n") + "\n"
}

/// The group whose members build for root: what nix.conf names last, else Nix's default.
fn build_group(nix_conf: &str) -> &str {
    let value = |line: &'_ str| -> Option<(usize, usize)> {
        let (name, rest) = line.split('#').next().unwrap_or_default().split_once('=')?;
        (name.trim() == "build-users-group").then(|| (name.len() + 1, name.len() + 1 + rest.len()))
    };
    let named = nix_conf.lines().rev().find_map(|line| value(line).map(|(start, end)| line[start..end].trim()));
    named.unwrap_or("nixbld")
}

/// The text with our include in its last line, or `None` if it is there.
fn with_include(text: &str) -> Option<String> {
    let telling = |line: &&str| !line.is_empty() && !line.starts_with('#');
    if text.lines().map(str::trim).rfind(telling) == Some(INCLUDE) {
        return None;
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Some(format!("{text}{newline}{INCLUDE}\n"))
}

/// The same settings as a NixOS, nix-darwin or home-manager configuration declares them.
fn snippet(wanted: &str) -> String {
    let options = wanted.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        match (name.trim(), value.trim()) {
            (name, value @ ("true" | "false")) => format!("{name} = {value};"),
            (name, value) if value.parse::<u32>().is_ok() => format!("{name} = {value};"),
            (name, value) => format!("{name} = \"{value}\";"),
        }
    });
    format!("add to the configuration: nix.settings = {{ {} }};", options.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
#[path = "nix_conf_tests.rs"]
mod tests;
