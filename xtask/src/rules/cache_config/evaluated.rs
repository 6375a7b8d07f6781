//! What `nix.settings` of hosts and homes come to. A host's lists hold the upstream cache by default, so a list without it was
//! forced; a home has no defaults, and its plain list is what discards the host's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::agreement::{Fault, Policy, deviation, discarding, form};
use super::entry::{List, is_upstream};
use super::settings::{Block, Setting, setting};
use crate::fleet::Configuration;
use crate::rules::finding::{Finding, grouped};
use crate::rules::source::{Clue, Sources};
use crate::rules::{Problem, Severity};

/// What one host or home comes to.
#[derive(Debug)]
pub struct Evaluated<'a> {
    of: &'a Configuration,
    /// Its attribute path.
    pub attr: String,
    /// What it says.
    pub block: Block,
}

/// What each host and home, and each home inside of a host, says.
#[must_use]
pub fn blocks(configurations: &[Configuration]) -> Vec<Evaluated<'_>> {
    let mut found = Vec::new();
    for of in configurations {
        let attr = of.attr.to_string();
        found.push(Evaluated { of, attr: attr.clone(), block: block(&of.told.caches, "", of.kind == "home") });
        for (user, home) in &of.told.homes {
            let set = format!("home-manager.users.{user}.");
            found.push(Evaluated { of, attr: attr.clone(), block: block(&home.caches, &set, true) });
        }
    }
    found
}

fn block(caches: &BTreeMap<String, Vec<String>>, set: &str, of_home: bool) -> Block {
    let settings = caches.iter().filter_map(|(name, words)| {
        let own = setting(name, 0)?;
        let replaces = own.replaces && (of_home || !words.iter().any(|word| is_upstream(word)));
        // The upstream cache is a default, and written by nobody here.
        let entries = words.iter().filter(|word| !is_upstream(word)).map(|word| (word.clone(), 0)).collect();
        Some(Setting { name: format!("{set}nix.settings.{name}"), replaces, entries, ..own })
    });
    Block { file: PathBuf::new(), settings: settings.collect(), whole: true }
}

/// What is wrong with them: held against `source`, if there is one.
#[must_use]
pub fn problems(of: &[Evaluated<'_>], source: Option<&Block>, policy: Policy<'_>, sources: &Sources) -> Vec<Problem> {
    let mut findings = Vec::new();
    for one in of {
        let deviations = source.map(|source| deviation(source, &one.block, policy)).unwrap_or_default();
        let told = form(&one.block, policy).into_iter().chain(discarded(one)).chain(deviations);
        findings.extend(told.map(|fault| finding(one, fault)));
    }
    grouped(findings, sources)
}

/// What a host's forced list discards is the upstream cache; it is mended by not forcing it.
fn discarded<'a>(one: &'a Evaluated<'_>) -> impl Iterator<Item = Fault> + 'a {
    let of_host = |fault: &Fault| one.of.kind != "home" && !fault.setting.starts_with("home-manager.");
    discarding(&one.block).into_iter().map(move |fault| {
        if !of_host(&fault) {
            return fault;
        }
        let keys = one.block.settings.iter().any(|own| own.name == fault.setting && own.list == List::Keys);
        let what = if keys { "the key of `https://cache.nixos.org`" } else { "`https://cache.nixos.org`" };
        let text = format!("`{}` discards {what}, which every host has", fault.setting);
        Fault { text, fix: "add to the list without `lib.mkForce`".to_owned(), ..fault }
    })
}

fn finding<'a>(one: &Evaluated<'a>, fault: Fault) -> Finding<'a> {
    // A forced list is said so where it is forced; an entry is written in one file, if it is anybody's own.
    let clue = match fault.entry {
        Some(entry) => Clue::Words(entry),
        None => Clue::Option(fault.setting, Some("mkForce".to_owned())),
    };
    let severity = if fault.fails { Severity::Problem } else { Severity::Warning };
    Finding { severity, ..Finding::new(one.of.into(), clue, fault.text, fault.fix) }
}
