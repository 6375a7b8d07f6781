//! What the lock file holds beyond what flake.nix asks for: nodes that nothing uses, and a nixpkgs for every input.

use std::collections::BTreeSet;

use super::{Facts, Problem, UPDATE};
use crate::flake_lock::{FlakeLock, InputReference, Node};

/// Nodes that no input leads to.
pub fn unused(facts: &Facts<'_>, lock: &FlakeLock) -> Vec<Problem> {
    let mut used = BTreeSet::from([lock.root.as_str()]);
    let mut ahead = vec![lock.root.as_str()];
    while let Some(name) = ahead.pop() {
        for input in lock.nodes.get(name).into_iter().flat_map(|node| node.inputs.values()) {
            if let InputReference::Node(node) = input
                && used.insert(node)
            {
                ahead.push(node);
            }
        }
    }
    let unused = lock.nodes.keys().filter(|name| !used.contains(name.as_str()));
    unused
        .map(|name| {
            let fault = format!("flake.lock holds the node `{name}`, which no input leads to");
            Problem::new(facts.in_lock(name), fault, UPDATE)
        })
        .collect()
}

/// Inputs with a nixpkgs of their own beside the flake's: each is fetched, evaluated, and may disagree with the others.
pub fn duplicates(facts: &Facts<'_>, lock: &FlakeLock) -> Vec<Problem> {
    let Some(own) = lock.direct_inputs().find(|(_, node)| node.is_some_and(is_nixpkgs)).map(|(name, _)| name) else {
        return Vec::new();
    };
    let chosen: Vec<&Node> = lock.direct_inputs().filter_map(|(_, node)| node).collect();
    let mut problems = Vec::new();
    for (name, node) in lock.direct_inputs().filter_map(|(name, node)| Some((name, node?))) {
        for (inner, reference) in &node.inputs {
            let InputReference::Node(target) = reference else { continue };
            let further = |node: &&Node| is_nixpkgs(node) && !chosen.iter().any(|own| std::ptr::eq(*own, *node));
            if lock.nodes.get(target).filter(further).is_some() {
                let fault = format!("the input `{name}` brings a nixpkgs of its own, `{target}` in flake.lock");
                let fix = format!("let it follow: `inputs.{name}.inputs.{inner}.follows = \"{own}\";`");
                problems.push(Problem::warning(facts.in_flake(name), fault, fix));
            }
        }
    }
    problems
}

fn is_nixpkgs(node: &Node) -> bool {
    node.locked("repo").is_some_and(|repo| repo.eq_ignore_ascii_case("nixpkgs"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_lock;

    const NIXPKGS: &str = r#"{"locked": {"owner": "NixOS", "repo": "nixpkgs"}}"#;

    #[test]
    fn a_node_that_nothing_uses() {
        check_lock(
            &format!(
                "\"a\": {NIXPKGS},\n\"b\": {{\"inputs\": {{\"c\": \"c\"}}}},\n\"c\": {{}}, \"root\": {{\"inputs\": {{\"a\": \"a\"}}}}"
            ),
            &[
                "flake.lock:2: flake.lock holds the node `b`, which no input leads to",
                "flake.lock:3: flake.lock holds the node `c`, which no input leads to",
            ],
            super::unused,
        );
        check_lock(&format!(r#""a": {NIXPKGS}, "root": {{"inputs": {{"a": "a"}}}}"#), &[], super::unused);
    }

    #[test]
    fn a_nixpkgs_too_many() {
        let lock = |inner: &str| {
            format!(
                r#""nixpkgs": {NIXPKGS}, "nixpkgs_2": {NIXPKGS}, "home": {{"inputs": {{"nixpkgs": {inner}}}}},
                   "root": {{"inputs": {{"home": "home", "nixpkgs": "nixpkgs"}}}}"#
            )
        };
        let fault = ": the input `home` brings a nixpkgs of its own, `nixpkgs_2` in flake.lock";
        check_lock(&lock(r#""nixpkgs_2""#), &[fault], super::duplicates);
        check_lock(&lock(r#"["nixpkgs"]"#), &[], super::duplicates);
        check_lock(&lock(r#""nixpkgs""#), &[], super::duplicates);
        // What is no nixpkgs may stand there as often as it likes.
        let utils = r#"{"locked": {"owner": "numtide", "repo": "flake-utils"}}"#;
        let other = format!(
            r#""a": {NIXPKGS}, "b": {utils}, "c": {utils}, "home": {{"inputs": {{"utils": "c"}}}},
               "root": {{"inputs": {{"home": "home", "nixpkgs": "a", "utils": "b"}}}}"#
        );
        check_lock(&other, &[], super::duplicates);
        // Two of the flake's own choice are a choice.
        let stable = format!(
            r#""a": {NIXPKGS}, "b": {NIXPKGS}, "root": {{"inputs": {{"nixpkgs": "a", "nixpkgs-stable": "b"}}}}"#
        );
        check_lock(&stable, &[], super::duplicates);
    }
}
