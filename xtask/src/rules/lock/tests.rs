//! Cases of the lock rule: what fits, and each way in which a lock file does not.

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
    check_all(FLAKE, None, &[], &["flake.nix:4: flake.nix declares inputs, and there is no flake.lock that pins them"]);
}

#[test]
fn an_input_too_many_or_too_few() {
    let without = r#"{"nixpkgs": {"url": "github:NixOS/nixpkgs/nixos-unstable"}}"#;
    check(without, LOCK, &["flake.lock:3: flake.lock pins the input `home-manager`, which flake.nix does not declare"]);
    let more = FLAKE.replacen('{', r#"{"disko": {"url": "github:nix-community/disko"}, "#, 1);
    check(&more, LOCK, &[": flake.nix declares the input `disko`, which flake.lock does not pin"]);
}

#[test]
fn another_reference() {
    let other = FLAKE.replace("nixos-unstable", "nixos-25.11");
    check(&other, LOCK, &["flake.nix:3: the reference of the input `nixpkgs` is not the one that flake.lock pins"]);
    let nested = FLAKE.replace(r#"{"follows": "nixpkgs"}"#, r#"{"url": "github:NixOS/nixpkgs/nixos-25.11"}"#);
    let fault = "flake.nix:4: the reference of `home-manager.inputs.nixpkgs` is not the one that flake.lock pins";
    let unfollowed = LOCK.replace(r#"["nixpkgs"]"#, r#""nixpkgs""#);
    check(&nested, &unfollowed, &[fault]);
    check(&nested, LOCK, &[fault]);
    check(&nested.replace("25.11", "unstable"), &unfollowed, &[]);
}

#[test]
fn another_follows() {
    let other = LOCK.replace(r#"["nixpkgs"]"#, r#""nixpkgs""#);
    check(
        FLAKE,
        &other,
        &["flake.nix:4: `home-manager.inputs.nixpkgs` follows `nixpkgs` in flake.nix, and not in flake.lock"],
    );
    let unfollowing = FLAKE.replace(r#", "inputs": {"nixpkgs": {"follows": "nixpkgs"}}"#, "");
    let fault = "flake.nix:4: `home-manager.inputs.nixpkgs` follows `nixpkgs` in flake.lock, and not in flake.nix";
    check(&unfollowing, LOCK, &[fault]);
    // What the input's own flake lets follow is no wish of this one.
    let inner = LOCK.replace(r#"["nixpkgs"]"#, r#"["home-manager", "other"]"#);
    check(&unfollowing, &inner, &[]);
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
        "flake.lock:3: the input `home-manager` comes from `nix-community/home-manager`, which is not on the list of owners",
    ];
    check_all(FLAKE, Some(LOCK), &["NixOS"], &expected);
}

#[test]
fn what_the_lock_pins_is_not_asked_for_anew() {
    let lock = FlakeLock::parse(LOCK).unwrap();
    let declared: serde_json::Map<String, Value> = serde_json::from_str(FLAKE).unwrap();
    assert!(pins(&lock, "nixpkgs", &declared["nixpkgs"]));
    assert!(!pins(&lock, "disko", &declared["nixpkgs"]));
    assert!(!pins(&lock, "nixpkgs", &declared["home-manager"]));
}
