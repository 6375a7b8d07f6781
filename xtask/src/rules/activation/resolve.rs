//! What a user activates on a host.

use super::{Facts, Problem};
use crate::fleet::Output;

/// Something that can be activated, and what it goes by.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    output: &'a Output,
    host_name: Option<&'a str>,
}

/// Who activates, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The user's name.
    pub user: String,
    /// The host's name, with its domain or without.
    pub host: String,
    /// The kind of its own configuration, where it is known.
    pub kind: Option<&'static str>,
}

/// Whether a candidate is what a user activates on a host, both named.
type Row = fn(&Facts<'_>, &Candidate<'_>, &str, &str) -> bool;

/// The rows of the table: the first that something fits says what is activated. A home goes before the system, which only an
/// administrator can activate.
const ROWS: [Row; 6] = [
    |_, candidate, user, host| candidate.is("home", &format!("{user}@{host}")),
    |_, candidate, user, _| candidate.is("home", user),
    |_, candidate, _, host| candidate.is_host() && candidate.output.attr.name() == host,
    |_, candidate, _, host| candidate.is_host() && candidate.host_name == Some(host),
    |_, candidate, _, host| {
        candidate.is_host() && candidate.is(&candidate.output.kind, &format!("{host}-{}", candidate.output.kind))
    },
    |facts, candidate, _, host| {
        candidate.is_host() && facts.aliases.get(host).is_some_and(|name| name == candidate.output.attr.name())
    },
];

impl Candidate<'_> {
    fn is(&self, kind: &str, name: &str) -> bool {
        self.output.kind == kind && self.output.attr.name() == name
    }

    fn is_host(&self) -> bool {
        self.output.kind != "home"
    }
}

/// What `machine` activates; nothing if the flake has nothing for it.
#[must_use]
pub fn resolve<'a>(facts: &Facts<'a>, machine: &Machine) -> Option<&'a Output> {
    let fits = |output: &&Output| match output.kind.as_str() {
        "home" => true,
        kind @ ("nixos" | "darwin") => machine.kind.is_none_or(|own| own == kind),
        _ => false,
    };
    let candidate = |output: &'a Output| {
        let evaluated = facts.targets.iter().find(|target| target.of.attr == output.attr);
        Candidate { output, host_name: evaluated.and_then(|target| target.of.told.host_name.as_deref()) }
    };
    let candidates: Vec<Candidate<'a>> = facts.declared.iter().filter(fits).map(candidate).collect();
    let short = machine.host.split('.').next().unwrap_or_default();
    let names = [machine.host.as_str(), short];
    let found = ROWS.iter().find_map(|row| {
        let fits = |name: &&str| candidates.iter().find(|candidate| row(facts, candidate, &machine.user, name));
        names.iter().find_map(fits)
    });
    found.map(|candidate| candidate.output)
}

/// What xtask.toml says of users on hosts, and what they would activate.
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let wrong = facts.pins.iter().filter_map(|(who, wanted)| {
        let place = || facts.in_config(&format!("\"{who}\""));
        let Some((user, host)) = who.split_once('@') else {
            return Some(Problem::new(place(), format!("`{who}` is no user on a host"), "write it as `user@host`"));
        };
        let machine = Machine { user: user.to_owned(), host: host.to_owned(), kind: None };
        let actual = resolve(facts, &machine).map(|output| format!("{}:{}", output.kind, output.attr.name()));
        let fault = match actual {
            Some(actual) if actual == *wanted => return None,
            Some(actual) => format!("`{who}` would activate `{actual}`, and not `{wanted}`"),
            None => format!("`{who}` would activate nothing, and not `{wanted}`"),
        };
        Some(Problem::new(place(), fault, "correct it in `activation.targets`, or add what is missing"))
    });
    wrong.collect()
}
