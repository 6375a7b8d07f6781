//! Hosts and homes are what every fleet's should be, and what xtask.toml expects of them.

mod expectation;
mod home;
mod host;
mod said;

use std::collections::BTreeSet;

pub use said::is_told;
use said::places_of_expectations;

use super::finding::{Finding, grouped};
use super::source::{Clue, Sources};
use super::{Problem, source};
use crate::config::{ConventionConfig, Expectation};
use crate::fleet::{Configuration, Output, OutputResult, Place};

/// What the rule looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Every output that was looked at, failed ones and sets that could not be listed too.
    pub results: &'a [OutputResult],
    /// The hosts and homes among them that evaluate.
    pub configurations: &'a [Configuration],
    /// Every output that the flake declares.
    pub declared: &'a [Output],
    /// How the fleet deviates from conventions.
    pub conventions: &'a ConventionConfig,
    /// What its owner expects beyond them.
    pub expectations: &'a [Expectation],
    /// The text of xtask.toml, for places.
    pub config_text: &'a str,
    /// The repository's Nix files, for places.
    pub sources: &'a Sources,
}

/// A host or a home, as far as its place in the flake tells.
#[derive(Debug, Clone, Copy)]
struct Declared<'a> {
    kind: &'a str,
    name: &'a str,
    /// What its evaluation told, if it succeeded.
    evaluated: Option<&'a Configuration>,
}

/// Every way in which hosts and homes are not what they should be.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let mut findings = unread(facts);
    findings.extend(said::findings(facts));
    findings.extend(host::findings(facts));
    findings.extend(home::findings(facts));
    findings.extend(systems(facts));
    findings.extend(expectation::findings(facts));
    let mut problems = grouped(findings, facts.sources);
    problems.extend(unknown_hosts(facts));
    problems.extend(expectation::selecting_nothing(facts));
    problems
}

/// Configurations of which nothing can be told although they evaluate.
fn unread<'a>(facts: &Facts<'a>) -> Vec<Finding<'a>> {
    let unread = facts.results.iter().filter_map(|result| {
        let reason = result.evaluated.as_ref()?.facts_error.as_ref()?;
        let text = format!("its facts cannot be read: {}", reason.trim());
        let fix = "mend what the error names: an option that is checked, or one that xtask.toml expects something of";
        Some(Finding::new((&result.output).into(), Clue::Nothing, text, fix))
    });
    unread.collect()
}

/// Hosts and homes for systems that the flake knows nothing of; a flake that declares nothing per system says none.
fn systems<'a>(facts: &Facts<'a>) -> Vec<Finding<'a>> {
    let declared = facts.declared.iter().filter(|output| !is_configuration(output));
    let declared: BTreeSet<&String> = declared.filter_map(|output| output.system.as_ref()).collect();
    let systems: BTreeSet<&String> = declared.iter().copied().chain(&facts.conventions.systems).collect();
    let known = |system: &String| declared.is_empty() || systems.contains(system);
    let foreign = facts.configurations.iter();
    let foreign = foreign.filter(|configuration| !known(&configuration.system)).map(|configuration| {
        let system = &configuration.system;
        let all: Vec<&str> = systems.iter().map(|system| system.as_str()).collect();
        let text = format!("it is for `{system}`, which is none of the flake's systems ({})", all.join(", "));
        let fix = format!("correct its platform, or add \"{system}\" to `config.systems` in xtask.toml");
        let clue = Clue::Option("nixpkgs.hostPlatform".to_owned(), Some(system.clone()));
        Finding::new(configuration.into(), clue, text, fix)
    });
    foreign.collect()
}

/// Whether an output is a host or a home.
fn is_configuration(output: &Output) -> bool {
    matches!(output.kind.as_str(), "nixos" | "darwin" | "home")
}

/// Names of hosts in xtask.toml that no host has.
fn unknown_hosts(facts: &Facts<'_>) -> Vec<Problem> {
    let conventions = facts.conventions;
    let named = conventions.host_names.keys().map(|host| ("host_names", host));
    let named = named.chain(conventions.aliases.values().map(|host| ("aliases", host)));
    let unknown =
        named.filter(|(_, name)| facts.all_hosts_known() && !facts.hosts().iter().any(|host| host.name == *name));
    let problem = |(key, name): (&str, &String)| {
        let line = source::line_of(facts.config_text, &format!("{key}.{name}"));
        let place = line.map(|line| Place { file: crate::config::FILE.into(), line });
        let fault = format!("`config.{key}` names the host `{name}`, and there is none");
        Problem::new(place, fault, "correct the name, or take it out")
    };
    unknown.map(problem).collect()
}

impl<'a> Facts<'a> {
    /// Every host.
    fn hosts(&self) -> Vec<Declared<'a>> {
        let is_host = |result: &&OutputResult| matches!(result.output.kind.as_str(), "nixos" | "darwin");
        let declared = |result: &'a OutputResult| {
            let attr = &result.output.attr;
            let evaluated = self.configurations.iter().find(|configuration| configuration.attr == *attr);
            Declared { kind: &result.output.kind, name: attr.name(), evaluated }
        };
        self.results.iter().filter(is_host).map(declared).collect()
    }

    /// Whether no set that may hold hosts failed to be listed.
    fn all_hosts_known(&self) -> bool {
        !self.results.iter().any(|result| matches!(result.output.kind.as_str(), "set" | "flake"))
    }
}

#[cfg(test)]
mod tests;
