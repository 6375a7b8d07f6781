//! What `nix.settings` of hosts and homes come to. A host's lists hold the upstream cache by default, so a list without it was
//! forced; a home has no defaults, and its plain list is what discards the host's. A host lists all caches; a home adds to those of
//! its machine, so it need not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::agreement::{Fault, Policy, deviation, discarding, form};
use super::entry::{List, is_upstream};
use super::settings::{Block, Setting, setting};
use crate::fleet::Configuration;
use crate::rules::finding::{Finding, Subject, grouped};
use crate::rules::source::{Clue, Sources};
use crate::rules::{Problem, Severity};

/// What one host or home comes to.
#[derive(Debug)]
pub struct Evaluated<'a> {
    of: &'a Configuration,
    /// The user, if it is a home inside of a host.
    user: Option<&'a str>,
    /// What it says.
    pub block: Block,
}

impl Evaluated<'_> {
    fn is_home(&self) -> bool {
        self.user.is_some() || self.of.kind == "home"
    }

    /// Where it is in the flake.
    #[must_use]
    pub fn attr(&self) -> String {
        self.of.attr.to_string()
    }
}

/// What each host and home, and each home inside of a host, says.
#[must_use]
pub fn blocks(configurations: &[Configuration]) -> Vec<Evaluated<'_>> {
    let mut found = Vec::new();
    for of in configurations {
        found.push(Evaluated { of, user: None, block: block(&of.told.caches, of.kind == "home") });
        let homes = of.told.homes.iter();
        found.extend(homes.map(|(user, home)| Evaluated { of, user: Some(user), block: block(&home.caches, true) }));
    }
    found
}

fn block(caches: &BTreeMap<String, Vec<String>>, of_home: bool) -> Block {
    let settings = caches.iter().filter_map(|(name, words)| {
        let own = setting(name, 0)?;
        let replaces = own.replaces && (of_home || !words.iter().any(|word| is_upstream(word)));
        // The upstream cache is a default, and written by nobody here.
        let entries = words.iter().filter(|word| !is_upstream(word)).map(|word| (word.clone(), 0)).collect();
        Some(Setting { name: format!("nix.settings.{name}"), replaces, entries, ..own })
    });
    Block { file: PathBuf::new(), settings: settings.collect(), whole: !of_home }
}

/// What is wrong with them: held against `source`, if there is one.
#[must_use]
pub fn problems(of: &[Evaluated<'_>], source: Option<&Block>, policy: Policy<'_>, sources: &Sources) -> Vec<Problem> {
    let mut findings = Vec::new();
    for one in of {
        let deviations = source.map(|source| deviation(source, &one.block, policy)).unwrap_or_default();
        for fault in form(&one.block, policy).into_iter().chain(deviations) {
            // An entry is written in one file, if it is anybody's own.
            let clue = fault.entry.clone().map_or(Clue::Nothing, Clue::Words);
            findings.push(finding(one, clue, fault));
        }
        findings.extend(discarding(&one.block).into_iter().map(|fault| discarded(one, fault)));
    }
    grouped(findings, sources)
}

/// What a host's forced list discards is the upstream cache; it is mended by not forcing it.
fn discarded<'a>(one: &Evaluated<'a>, fault: Fault) -> Finding<'a> {
    let own = one.block.settings.iter().find(|own| own.name == fault.setting);
    if one.is_home() {
        let entry = own.and_then(|own| own.entries.first()).map(|(entry, _)| entry.clone());
        return finding(one, Clue::Option(fault.setting.clone(), entry), fault);
    }
    let of_keys = own.is_some_and(|own| own.list == List::Keys);
    let what = if of_keys { "the key of `https://cache.nixos.org`" } else { "`https://cache.nixos.org`" };
    let text = format!("`{}` discards {what}, which every host has", fault.setting);
    let clue = Clue::Option(fault.setting.clone(), Some("mkForce".to_owned()));
    finding(one, clue, Fault { text, fix: "add to the list without `lib.mkForce`".to_owned(), ..fault })
}

fn finding<'a>(one: &Evaluated<'a>, clue: Clue, fault: Fault) -> Finding<'a> {
    let severity = if fault.fails { Severity::Problem } else { Severity::Warning };
    let of = one.user.map_or_else(|| Subject::from(one.of), |user| Subject::home_within(one.of, user));
    Finding { severity, ..Finding::new(of, clue, fault.text, fault.fix) }
}

#[cfg(test)]
mod tests;
