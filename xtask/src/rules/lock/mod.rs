//! flake.lock fits flake.nix, and what it pins comes from owners on the list.
//!
//! Nix itself would fetch before it says that a lock is stale; comparing the two files tells the same offline.

mod age;
mod nodes;

use std::path::PathBuf;

use serde_json::Value;

use super::Problem;
use crate::flake_lock::{FlakeLock, InputReference, Node};
use crate::flake_reference::declared_reference;
use crate::fleet::Place;

/// What the rule looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The `inputs` of flake.nix as JSON.
    pub declared: &'a serde_json::Map<String, Value>,
    /// The text of flake.nix, for places.
    pub flake_text: &'a str,
    /// flake.lock.
    pub lock: Option<&'a FlakeLock>,
    /// The text of flake.lock, for places.
    pub lock_text: &'a str,
    /// Whether git knows flake.lock; what it does not know is invisible to a flake.
    pub tracked: bool,
    /// The owners that inputs may come from, as `owner` or `owner/repository`; none allows all.
    pub allowed_owners: &'a [String],
    /// How many days old the flake's own inputs may be; none only warns.
    pub max_age_days: Option<u64>,
    /// The time, in seconds since 1970.
    pub now: u64,
}

const UPDATE: &str = "run `nix flake lock`, and commit flake.lock";

/// Every way in which the lock file does not fit.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let Some(lock) = facts.lock else {
        return missing_lock(facts).into_iter().collect();
    };
    let mut problems = Vec::new();
    if !facts.tracked {
        let fault = "git does not track flake.lock, so the flake is evaluated without it".to_owned();
        problems.push(Problem::new(None, fault, "run `git add --intent-to-add flake.lock`"));
    }
    for (name, declared) in facts.declared {
        problems.extend(stale_input(facts, lock, name, declared));
    }
    for (name, _) in lock.direct_inputs().filter(|(name, _)| !facts.declared.contains_key(*name)) {
        let fault = format!("flake.lock pins the input `{name}`, which flake.nix does not declare");
        problems.push(Problem::new(facts.in_lock(name), fault, UPDATE));
    }
    problems.extend(lock.pinned().filter_map(|(name, node)| unlisted_owner(facts, name, node)));
    problems.extend(nodes::unused(facts, lock));
    problems.extend(nodes::duplicates(facts, lock));
    problems.extend(age::stale(facts, lock));
    problems.extend(age::ended(facts, lock));
    problems
}

/// The lock file is other than it was before the checks ran, which only read it.
#[must_use]
pub fn rewritten() -> Problem {
    let fix = "look at `git diff flake.lock`, keep or drop the change, and run again";
    Problem::new(None, "flake.lock changed while the checks ran", fix)
}

fn missing_lock(facts: &Facts<'_>) -> Option<Problem> {
    let first = facts.declared.keys().find(|name| *name != "self")?;
    let fault = "flake.nix declares inputs, and there is no flake.lock that pins them".to_owned();
    Some(Problem::new(facts.in_flake(first), fault, UPDATE))
}

/// How one declared input differs from what is locked for it.
fn stale_input(facts: &Facts<'_>, lock: &FlakeLock, name: &str, declared: &Value) -> Vec<Problem> {
    if name == "self" {
        return Vec::new();
    }
    let problem = |fault: String| Problem::new(facts.in_flake(name), fault, UPDATE);
    let root = lock.nodes.get(&lock.root);
    let Some(locked) = root.and_then(|root| root.inputs.get(name)) else {
        return vec![problem(format!("flake.nix declares the input `{name}`, which flake.lock does not pin"))];
    };
    if let Some(follows) = declared.get("follows").and_then(Value::as_str) {
        let fits = matches!(locked, InputReference::Follows(path) if path.join("/") == follows);
        let fault = format!("the input `{name}` follows `{follows}` in flake.nix, and not in flake.lock");
        return if fits { Vec::new() } else { vec![problem(fault)] };
    }
    let InputReference::Node(node) = locked else {
        return vec![problem(format!("the input `{name}` follows another in flake.lock, and not in flake.nix"))];
    };
    let Some(node) = lock.nodes.get(node) else {
        return vec![problem(format!(
            "flake.lock names the node `{node}` for the input `{name}`, and has none of that name"
        ))];
    };
    let mut problems = Vec::new();
    match declared_reference(name, declared) {
        None => problems.push(Problem::new(
            facts.in_flake(name),
            format!("the reference of the input `{name}` is of a form that cannot be compared with flake.lock"),
            "write it as `github:…`, `gitlab:…`, `sourcehut:…`, `git+…`, `path:…` or the URL of a tarball",
        )),
        Some(asked) if node.original.as_ref().is_some_and(|original| *original == asked) => {}
        Some(_) => {
            problems.push(problem(format!("the reference of the input `{name}` is not the one that flake.lock pins")))
        }
    }
    let nested = declared.get("inputs").and_then(Value::as_object).into_iter().flatten();
    for (inner, follows) in nested.filter_map(|(inner, value)| Some((inner, value.get("follows")?.as_str()?))) {
        let fits = match node.inputs.get(inner) {
            Some(InputReference::Follows(path)) => path.join("/") == follows,
            // An empty `follows` takes the input away.
            None => true,
            Some(InputReference::Node(_)) => false,
        };
        if !fits {
            problems.push(problem(format!(
                "`{name}.inputs.{inner}` follows `{follows}` in flake.nix, and not in flake.lock"
            )));
        }
    }
    problems
}

fn unlisted_owner(facts: &Facts<'_>, name: &str, node: &Node) -> Option<Problem> {
    let owner = node.locked("owner")?;
    let repository = format!("{owner}/{}", node.locked("repo").unwrap_or_default());
    let same = |allowed: &String| allowed.eq_ignore_ascii_case(owner) || allowed.eq_ignore_ascii_case(&repository);
    if facts.allowed_owners.is_empty() || facts.allowed_owners.iter().any(same) {
        return None;
    }
    Some(Problem::new(
        facts.in_lock(name),
        format!("the input `{name}` comes from `{repository}`, whose owner is not on the list"),
        format!("add \"{repository}\" to `lock.allowed_owners` in xtask.toml, or drop the input"),
    ))
}

impl Facts<'_> {
    /// The line of flake.nix that declares an input.
    fn in_flake(&self, name: &str) -> Option<Place> {
        let starts = [format!("inputs.{name}."), format!("inputs.{name} "), format!("{name}."), format!("{name} =")];
        line_of(self.flake_text, |line| starts.iter().any(|start| line.starts_with(start)))
            .map(|line| Place { file: PathBuf::from("flake.nix"), line })
    }

    /// The line of flake.lock that begins a node.
    fn in_lock(&self, name: &str) -> Option<Place> {
        let start = format!("\"{name}\": {{");
        line_of(self.lock_text, |line| line.starts_with(&start))
            .map(|line| Place { file: PathBuf::from("flake.lock"), line })
    }
}

fn line_of(text: &str, wanted: impl Fn(&str) -> bool) -> Option<u32> {
    text.lines().position(|line| wanted(line.trim())).and_then(|at| u32::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAKE: &str = r#"{"nixpkgs": {"url": "github:NixOS/nixpkgs/nixos-unstable"},
        "home-manager": {"url": "github:nix-community/home-manager", "inputs": {"nixpkgs": {"follows": "nixpkgs"}}}}"#;
    const LOCK: &str = r#"{
  "nodes": {
    "home-manager": {
      "inputs": {"nixpkgs": ["nixpkgs"]},
      "locked": {"type": "github", "owner": "nix-community", "repo": "home-manager"},
      "original": {"type": "github", "owner": "nix-community", "repo": "home-manager"}
    },
    "nixpkgs": {
      "locked": {"type": "github", "owner": "NixOS", "repo": "nixpkgs"},
      "original": {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-unstable"}
    },
    "root": {"inputs": {"home-manager": "home-manager", "nixpkgs": "nixpkgs"}}
  },
  "root": "root",
  "version": 7
}"#;

    /// A day in November 2026.
    pub const NOW: u64 = 1_795_219_200;

    /// What `rule` finds in a lock file with these nodes.
    #[track_caller]
    pub fn check_lock(nodes: &str, expected: &[&str], rule: fn(&Facts<'_>, &FlakeLock) -> Vec<Problem>) {
        check_lock_with(nodes, |_| {}, expected, rule);
    }

    /// As [`check_lock`], with other facts.
    #[track_caller]
    pub fn check_lock_with(
        nodes: &str,
        change: fn(&mut Facts<'_>),
        expected: &[&str],
        rule: fn(&Facts<'_>, &FlakeLock) -> Vec<Problem>,
    ) {
        let text = format!("{{\"version\": 7, \"root\": \"root\", \"nodes\": {{{nodes}}}}}");
        let lock = FlakeLock::parse(&text).unwrap();
        let declared = serde_json::Map::new();
        let mut facts = Facts {
            declared: &declared,
            flake_text: "",
            lock: Some(&lock),
            lock_text: nodes,
            tracked: true,
            allowed_owners: &[],
            max_age_days: None,
            now: NOW,
        };
        change(&mut facts);
        assert_eq!(told(rule(&facts, &lock)), expected);
    }

    fn told(problems: Vec<Problem>) -> Vec<String> {
        let place = |problem: &Problem| problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
        problems.into_iter().map(|problem| format!("{}: {}", place(&problem), problem.fault)).collect()
    }

    fn check_all(flake: &str, lock: Option<&str>, owners: &[&str], expected: &[&str]) {
        let declared: serde_json::Map<String, Value> = serde_json::from_str(flake).unwrap();
        let parsed = lock.map(|text| FlakeLock::parse(text).unwrap());
        let owners: Vec<String> = owners.iter().map(|owner| (*owner).to_owned()).collect();
        let facts = Facts {
            declared: &declared,
            flake_text: "{\n  inputs = {\n    nixpkgs.url = \"\";\n    home-manager.url = \"\";\n",
            lock: parsed.as_ref(),
            lock_text: lock.unwrap_or_default(),
            tracked: true,
            allowed_owners: &owners,
            max_age_days: None,
            now: NOW,
        };
        assert_eq!(told(problems(&facts)), expected);
    }

    fn check(flake: &str, lock: &str, expected: &[&str]) {
        check_all(flake, Some(lock), &[], expected);
    }

    #[test]
    fn a_lock_that_fits() {
        check(FLAKE, LOCK, &[]);
        check_all("{}", None, &[], &[]);
    }

    #[test]
    fn no_lock_at_all() {
        check_all(
            FLAKE,
            None,
            &[],
            &["flake.nix:4: flake.nix declares inputs, and there is no flake.lock that pins them"],
        );
    }

    #[test]
    fn an_input_too_many_or_too_few() {
        let without = r#"{"nixpkgs": {"url": "github:NixOS/nixpkgs/nixos-unstable"}}"#;
        check(
            without,
            LOCK,
            &["flake.lock:3: flake.lock pins the input `home-manager`, which flake.nix does not declare"],
        );
        let more = FLAKE.replacen('{', r#"{"disko": {"url": "github:nix-community/disko"}, "#, 1);
        check(&more, LOCK, &[": flake.nix declares the input `disko`, which flake.lock does not pin"]);
    }

    #[test]
    fn another_reference() {
        let other = FLAKE.replace("nixos-unstable", "nixos-25.11");
        check(&other, LOCK, &["flake.nix:3: the reference of the input `nixpkgs` is not the one that flake.lock pins"]);
    }

    #[test]
    fn another_follows() {
        let other = LOCK.replace(r#"["nixpkgs"]"#, r#""nixpkgs""#);
        check(
            FLAKE,
            &other,
            &["flake.nix:4: `home-manager.inputs.nixpkgs` follows `nixpkgs` in flake.nix, and not in flake.lock"],
        );
        let follows = FLAKE.replace(r#"{"url": "github:NixOS/nixpkgs/nixos-unstable"}"#, r#"{"follows": "a/b"}"#);
        check(&follows, LOCK, &["flake.nix:3: the input `nixpkgs` follows `a/b` in flake.nix, and not in flake.lock"]);
        let followed = LOCK.replace(r#""nixpkgs": "nixpkgs"}"#, r#""nixpkgs": ["x"]}"#);
        check(
            FLAKE,
            &followed,
            &[
                "flake.nix:3: the input `nixpkgs` follows another in flake.lock, and not in flake.nix",
                "flake.lock:8: flake.lock holds the node `nixpkgs`, which no input leads to",
            ],
        );
    }

    #[test]
    fn owners_that_are_not_listed() {
        check_all(FLAKE, Some(LOCK), &["nixos", "nix-community/home-manager"], &[]);
        let expected = [
            "flake.lock:3: the input `home-manager` comes from `nix-community/home-manager`, whose owner is not on the list",
        ];
        check_all(FLAKE, Some(LOCK), &["NixOS"], &expected);
    }
}
