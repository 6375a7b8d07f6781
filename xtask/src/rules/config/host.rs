//! What every host should be: named as it is, of a state version, with users who can log in.

use super::{Clue, Facts};
use crate::fleet::Configuration;
use crate::rules::finding::{Finding, Subject};

pub fn findings<'a>(facts: &Facts<'a>) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    for configuration in facts.configurations {
        findings.extend(state_version(configuration));
        if configuration.kind != "home" {
            findings.extend(host_name(facts, configuration));
            findings.extend(same_name(facts, configuration));
            findings.extend(primary_user(configuration));
            findings.extend(shells(configuration));
        }
    }
    findings
}

/// What a host's name should be: its attribute's, or that which xtask.toml says.
fn wanted_name<'a>(facts: &Facts<'a>, host: &'a Configuration) -> &'a str {
    facts.conventions.host_names.get(host.name()).map_or(host.name(), String::as_str)
}

/// Whether a host's name is what it should be. An attribute may also be the host's full name, with its domain.
fn well_named<'a>(facts: &Facts<'a>, host: &'a Configuration) -> bool {
    let (name, wanted) = (host.told.host_name.as_deref().unwrap_or_default(), wanted_name(facts, host));
    let is_first_label = || wanted.strip_prefix(name).is_some_and(|domain| domain.starts_with('.'));
    name == wanted || is_first_label()
}

fn host_name<'a>(facts: &Facts<'a>, host: &'a Configuration) -> Option<Finding<'a>> {
    if well_named(facts, host) {
        return None;
    }
    let (name, wanted) = (host.told.host_name.as_deref().unwrap_or_default(), wanted_name(facts, host));
    let text = match (name, facts.conventions.host_names.get(host.name())) {
        ("", _) => "it has no host name".to_owned(),
        (name, None) => format!("its host name is `{name}`, and not `{wanted}` as its attribute's"),
        (name, Some(_)) => format!("its host name is `{name}`, and not `{wanted}` as xtask.toml says"),
    };
    let set = format!("set `networking.hostName = \"{wanted}\"`");
    let fix = match wanted {
        "" => "take it out of `config.host_names` in xtask.toml".to_owned(),
        _ => format!("{set}, or say `{} = \"{name}\"` in `config.host_names` of xtask.toml", host.name()),
    };
    let clue = Clue::Option("networking.hostName".to_owned(), Some(name.to_owned()));
    Some(Finding::new(host.into(), clue, text, fix))
}

/// Another host with the same name. One whose name is not its own is told as that alone.
fn same_name<'a>(facts: &Facts<'a>, host: &'a Configuration) -> Option<Finding<'a>> {
    let name = host.told.host_name.as_deref().filter(|name| !name.is_empty() && well_named(facts, host))?;
    let other = |other: &&Configuration| {
        other.attr != host.attr && other.told.host_name.as_deref() == Some(name) && well_named(facts, other)
    };
    facts.configurations.iter().find(other)?;
    let clue = Clue::Option("networking.hostName".to_owned(), None);
    let text = format!("several hosts have the host name `{name}`");
    Some(Finding::new(host.into(), clue, text, "give each a name of its own: what tells machines apart goes by it"))
}

fn state_version(configuration: &Configuration) -> Option<Finding<'_>> {
    if configuration.told.state_version.is_some() {
        return None;
    }
    let option = if configuration.kind == "home" { "home.stateVersion" } else { "system.stateVersion" };
    Some(no_state_version(configuration.into(), option))
}

pub fn no_state_version<'a>(of: Subject<'a>, option: &str) -> Finding<'a> {
    let fix = format!("set `{option}` to the release that it was first installed with, and leave it");
    let clue = Clue::Option(option.to_owned(), None);
    Finding::new(of, clue, "nobody sets its state version", fix)
}

fn primary_user(host: &Configuration) -> Option<Finding<'_>> {
    let user = host.told.primary_user.as_ref().filter(|user| !host.told.users.contains_key(*user))?;
    let text = format!("the primary user `{user}` is none of its users");
    let fix = format!("declare `users.users.{user}`, or correct `system.primaryUser`");
    Some(Finding::new(host.into(), Clue::Option("system.primaryUser".to_owned(), Some(user.clone())), text, fix))
}

fn shells(host: &Configuration) -> Vec<Finding<'_>> {
    let users = host.told.users.iter().filter(|(_, user)| !user.shell_unchecked);
    let finding = |name: &String, shell: &str| {
        let text = format!("`{name}` logs in with `{shell}`, which the configuration does not enable");
        let fix = format!("set `programs.{shell}.enable = true`, or give `{name}` another shell");
        let clue = Clue::Option(format!("users.users.{name}.shell"), Some(shell.to_owned()));
        Finding::new(host.into(), clue, text, fix)
    };
    let disabled = users.filter_map(|(name, user)| {
        let shell = user.shell.as_deref()?;
        let shell = shell.rsplit('/').next().unwrap_or(shell);
        host.told.disabled_shells.iter().any(|disabled| disabled == shell).then(|| finding(name, shell))
    });
    disabled.collect()
}
