//! What is wrong with one host or home; the same fault of several is one problem, since a shared module is where it is mended.

use crate::fleet::{Configuration, Output, Place};
use crate::rules::source::{Clue, Sources};
use crate::rules::{Problem, Severity};

/// What is wrong with one host or home.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    pub of: Subject<'a>,
    pub severity: Severity,
    pub clue: Clue,
    /// The place that Nix told, if it did.
    pub told: Option<Place>,
    pub text: String,
    pub fix: String,
}

/// The host or home that something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject<'a> {
    attr: String,
    kind: &'a str,
    name: &'a str,
}

impl<'a> From<&'a Configuration> for Subject<'a> {
    fn from(configuration: &'a Configuration) -> Self {
        Self { attr: configuration.attr.to_string(), kind: &configuration.kind, name: configuration.name() }
    }
}

impl<'a> From<&'a Output> for Subject<'a> {
    fn from(output: &'a Output) -> Self {
        Self { attr: output.attr.to_string(), kind: &output.kind, name: output.attr.name() }
    }
}

impl<'a> Subject<'a> {
    /// The home of `user` inside of a host.
    pub fn home_within(host: &'a Configuration, user: &str) -> Self {
        Self { attr: format!("{}.config.home-manager.users.{user}", host.attr), ..Self::from(host) }
    }
}

impl<'a> Finding<'a> {
    pub fn new(of: Subject<'a>, clue: Clue, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { of, severity: Severity::Problem, clue, told: None, text: text.into(), fix: fix.into() }
    }

    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

/// One problem a fault, in the order in which they were found.
pub fn grouped(findings: Vec<Finding<'_>>, sources: &Sources) -> Vec<Problem> {
    let mut groups: Vec<(Finding<'_>, Vec<Subject<'_>>)> = Vec::new();
    for finding in findings {
        let same = |(first, _): &&mut (Finding<'_>, Vec<Subject<'_>>)| {
            (first.severity, &first.text, &first.fix) == (finding.severity, &finding.text, &finding.fix)
        };
        match groups.iter_mut().find(same) {
            Some((_, subjects)) => {
                // A home that stands in two places is one.
                let of = finding.of;
                if !subjects.iter().any(|subject| (subject.kind, subject.name) == (of.kind, of.name)) {
                    subjects.push(of);
                }
            }
            None => {
                let of = finding.of.clone();
                groups.push((finding, vec![of]));
            }
        }
    }
    let problem = |(finding, subjects): (Finding<'_>, Vec<Subject<'_>>)| {
        let of: Vec<(&str, &str)> = subjects.iter().map(|subject| (subject.kind, subject.name)).collect();
        let attrs: Vec<String> = subjects.iter().map(|subject| format!("`{}`", subject.attr)).collect();
        let place = finding.told.or_else(|| sources.place(&of, &finding.clue));
        let fault = format!("{}: {}", attrs.join(", "), finding.text);
        Problem { severity: finding.severity, place, fault, fix: finding.fix }
    };
    groups.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::AttrPath;

    #[test]
    fn one_fault_of_several_is_one_problem() {
        let configuration = |set: &[&str], kind: &str| Configuration {
            attr: AttrPath::new(set.iter().copied()),
            kind: kind.to_owned(),
            system: String::new(),
            drv: None,
            told: Default::default(),
        };
        let host = configuration(&["nixosConfigurations", "web"], "nixos");
        let home = configuration(&["homeConfigurations", "ada@web"], "home");
        let again = configuration(&["legacyPackages", "x86_64-linux", "homeConfigurations", "ada@web"], "home");
        let finding = |of: Subject<'static>, text: &str| Finding::new(of, Clue::Nothing, text, "mend it");
        // The tests' configurations live as long as any subject of them.
        let [host, home, again] = [host, home, again].map(|one| &*Box::leak(Box::new(one)));
        let within = Subject::home_within(host, "ada");
        let findings = vec![
            finding(host.into(), "old"),
            finding(within, "bad"),
            finding(home.into(), "bad"),
            finding(again.into(), "bad"),
            finding(home.into(), "bad").warning(),
        ];
        let found = grouped(findings, &Sources::default());
        let faults: Vec<String> = found.into_iter().map(|problem| problem.fault).collect();
        let expected = [
            "`nixosConfigurations.web`: old",
            "`nixosConfigurations.web.config.home-manager.users.ada`, `homeConfigurations.\"ada@web\"`: bad",
            "`homeConfigurations.\"ada@web\"`: bad",
        ];
        assert_eq!(faults, expected);
    }
}
