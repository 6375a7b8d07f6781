//! Decisions, rule by rule. A store is written as `app:5 -> lib doc; lib:3 @key-1; doc`: size, signer, references.

mod content;
mod modes;
mod property;

use std::collections::HashSet;
use std::fmt::Write;

use cache_protocol::{Closure, Content, Decision, Fault, PathInfo, Plan, Priority, Root};
use sha2::{Digest, Sha256};

use super::{Facts, Wanted, hashes_to_ask, plan};
use crate::{base32, store_path};

fn path(name: &str) -> String {
    format!("/nix/store/{}-{name}", base32::encode(&Sha256::digest(name)[..20]))
}

fn paths(names: &str) -> Vec<String> {
    names.split_whitespace().map(path).collect()
}

fn infos(store: &str) -> Vec<PathInfo> {
    store.split(';').map(info).collect()
}

fn info(line: &str) -> PathInfo {
    let (head, references) = line.split_once("->").unwrap_or((line, ""));
    let mut words = head.split_whitespace();
    let (name, size) = words.next().unwrap().split_once(':').unwrap_or((head.trim(), "1"));
    let name = name.split_whitespace().next().unwrap();
    PathInfo {
        path: path(name),
        nar_hash: String::new(),
        nar_size: size.parse().unwrap(),
        references: paths(references),
        deriver: None,
        signatures: words.map(|key| format!("{}:AAAA", key.strip_prefix('@').unwrap())).collect(),
        ca: None,
        ultimate: false,
    }
}

/// What is asked; by default all of `app`, of a cache that has nothing.
#[derive(Clone)]
struct Case {
    store: &'static str,
    wanted: Vec<Wanted>,
    present: &'static str,
    again: &'static str,
    content: Content,
}

fn wanted(names: &str, closure: Closure) -> Wanted {
    let name = names.split_whitespace().next().unwrap_or("nothing").to_owned();
    Wanted { root: Root { name, paths: paths(names), drv: None, closure }, built_from: Vec::new() }
}

fn store(store: &'static str) -> Case {
    let content = Content { upstream: vec!["up-1".to_owned()], ..Content::default() };
    Case { store, wanted: vec![wanted("app", Closure::Runtime)], present: "", again: "", content }
}

impl Case {
    fn wanting(self, names: &str, closure: Closure) -> Self {
        Self { wanted: vec![wanted(names, closure)], ..self }
    }

    fn also(mut self, names: &str, closure: Closure) -> Self {
        self.wanted.push(wanted(names, closure));
        self
    }

    fn built_from(mut self, names: &str) -> Self {
        self.wanted[0].built_from = paths(names);
        self
    }

    fn present(self, present: &'static str) -> Self {
        Self { present, ..self }
    }

    fn again(self, again: &'static str) -> Self {
        Self { again, ..self }
    }

    fn exclude(mut self, expression: &str) -> Self {
        self.content.exclude.push(expression.to_owned());
        self
    }

    fn strict(mut self) -> Self {
        self.content.strict = true;
        self
    }

    fn priority(mut self, pattern: &str, priority: i32) -> Self {
        self.content.priorities.push(Priority { pattern: pattern.to_owned(), priority });
        self
    }

    fn budget(mut self, budget: u64) -> Self {
        self.content.budget = Some(budget);
        self
    }

    fn plan(&self) -> Result<Plan, Fault> {
        let (infos, again) = (infos(self.store), paths(self.again));
        let present: HashSet<String> = paths(self.present).into_iter().collect();
        let asked = hashes_to_ask(&infos, &self.content).into_iter();
        let has = |hash: &str| present.iter().any(|path| store_path::hash(path) == Some(hash));
        let missing = asked.filter(|hash| !has(hash)).collect();
        let facts = Facts { cache: "file:///c", wanted: &self.wanted, infos: &infos, missing: &missing, again: &again };
        plan(&facts, &self.content)
    }
}

fn name(path: &str) -> &str {
    store_path::name(path).unwrap()
}

/// One decision after the other, in their order.
fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.paths {
        let decision = match &planned.decision {
            Decision::Push => "push".to_owned(),
            Decision::Present => "present".to_owned(),
            Decision::Upstream(key) => format!("upstream({key})"),
            Decision::Excluded(expression) => format!("excluded({expression})"),
            Decision::OverBudget => "over".to_owned(),
        };
        let comma = if text.is_empty() { "" } else { ", " };
        write!(text, "{comma}{decision} {}", name(&planned.path)).unwrap();
        if let Some((expression, referrer)) = &planned.kept_for {
            write!(text, " [{expression} for {}]", name(referrer)).unwrap();
        }
    }
    text
}

fn check(case: &Case, expected: &str) {
    let text = case.plan().map_or_else(|fault| format!("{:?}: {}", fault.kind, fault.what), |plan| shown(&plan));
    assert_eq!(text, expected, "{}", case.store);
}
