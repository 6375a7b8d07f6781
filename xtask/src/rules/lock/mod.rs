//! flake.lock fits flake.nix, and what it pins comes from owners on the list.
//!
//! Nix itself would fetch before it says that a lock is stale; comparing the two files tells the same offline.

mod age;
mod nodes;
mod origin;

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
        let differences = differences(lock, name, declared).into_iter();
        problems.extend(differences.map(|(fault, fix)| Problem::new(facts.in_flake(name), fault, fix)));
    }
    for (name, _) in lock.direct_inputs().filter(|(name, _)| !facts.declared.contains_key(*name)) {
        let fault = format!("flake.lock pins the input `{name}`, which flake.nix does not declare");
        problems.push(Problem::new(facts.in_lock(name), fault, UPDATE));
    }
    problems.extend(lock.pinned().filter_map(|(name, node)| origin::unlisted(facts, name, node)));
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

/// Whether the lock file pins what flake.nix declares as the input `name`; Nix asks anew what any other is now.
#[must_use]
pub fn pins(lock: &FlakeLock, name: &str, declared: &Value) -> bool {
    differences(lock, name, declared).is_empty()
}

/// How one declared input differs from what is locked for it: each time the fault and its fix.
fn differences(lock: &FlakeLock, name: &str, declared: &Value) -> Vec<(String, &'static str)> {
    if name == "self" {
        return Vec::new();
    }
    let root = lock.nodes.get(&lock.root);
    let Some(locked) = root.and_then(|root| root.inputs.get(name)) else {
        return vec![(format!("flake.nix declares the input `{name}`, which flake.lock does not pin"), UPDATE)];
    };
    if let Some(follows) = declared.get("follows").and_then(Value::as_str) {
        let fits = matches!(locked, InputReference::Follows(path) if path.join("/") == follows);
        let fault = format!("the input `{name}` follows `{follows}` in flake.nix, and not in flake.lock");
        return if fits { Vec::new() } else { vec![(fault, UPDATE)] };
    }
    let InputReference::Node(node) = locked else {
        return vec![(format!("the input `{name}` follows another in flake.lock, and not in flake.nix"), UPDATE)];
    };
    let Some(node) = lock.nodes.get(node) else {
        let fault = format!("flake.lock names the node `{node}` for the input `{name}`, and has none of that name");
        return vec![(fault, UPDATE)];
    };
    let mut found = Vec::new();
    match declared_reference(name, declared) {
        None => found.push((
            format!("the reference of the input `{name}` is of a form that cannot be compared with flake.lock"),
            "write it as `github:…`, `gitlab:…`, `sourcehut:…`, `git+…`, `path:…` or the URL of a tarball",
        )),
        Some(asked) if node.original.as_ref().is_some_and(|original| *original == asked) => {}
        Some(_) => {
            found.push((format!("the reference of the input `{name}` is not the one that flake.lock pins"), UPDATE));
        }
    }
    let nested = declared.get("inputs").and_then(Value::as_object).into_iter().flatten();
    for (inner, declared) in nested {
        if let Some(fault) = nested_difference(lock, node, name, inner, declared) {
            found.push((fault, UPDATE));
        }
    }
    let declares = |inner: &str| declared.get("inputs").and_then(|inputs| inputs.get(inner)).is_some();
    for (inner, locked) in node.inputs.iter().filter(|(inner, _)| !declares(inner)) {
        // What an input's own flake.nix lets follow is below that input; anything else is this flake's wish, or was.
        let InputReference::Follows(path) = locked else { continue };
        if path.first().is_some_and(|first| first != name) {
            let follows = path.join("/");
            found.push((
                format!("`{name}.inputs.{inner}` follows `{follows}` in flake.lock, and not in flake.nix"),
                "let it follow in flake.nix, or run `nix flake lock` and commit flake.lock",
            ));
        }
    }
    found
}

/// How an input that flake.nix declares for its input `name` differs from what is locked below the `node` of that.
fn nested_difference(lock: &FlakeLock, node: &Node, name: &str, inner: &str, declared: &Value) -> Option<String> {
    let locked = node.inputs.get(inner);
    if let Some(follows) = declared.get("follows").and_then(Value::as_str) {
        let fits = match locked {
            Some(InputReference::Follows(path)) => path.join("/") == follows,
            // An empty `follows` takes the input away.
            None => true,
            Some(InputReference::Node(_)) => false,
        };
        let fault = || format!("`{name}.inputs.{inner}` follows `{follows}` in flake.nix, and not in flake.lock");
        return (!fits).then(fault);
    }
    declared.get("url").or_else(|| declared.get("type"))?;
    let fits = match locked {
        Some(InputReference::Node(inner_node)) => {
            let original = lock.nodes.get(inner_node).and_then(|node| node.original.as_ref());
            original.is_some() && original == declared_reference(inner, declared).as_ref()
        }
        Some(InputReference::Follows(_)) => false,
        // An input that the flake at `name` does not have.
        None => true,
    };
    (!fits).then(|| format!("the reference of `{name}.inputs.{inner}` is not the one that flake.lock pins"))
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
mod tests;
