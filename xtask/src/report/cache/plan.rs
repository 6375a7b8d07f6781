//! A plan as a table: what goes for whom, what stays and why, and the biggest of what goes.

use std::collections::BTreeMap;

use cache_protocol::{Decision, Plan, PlannedPath};

use crate::report::words::{bytes, count, store_name};

/// How many of the biggest paths are named.
const BIGGEST: usize = 10;

/// An output that is wanted in the cache, and is not in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbuilt {
    /// The output.
    pub name: String,
    /// Why it is not, as the plan says it: "of another system", "not built".
    pub reason: String,
}

/// The plan; `every` path of it instead of the biggest.
#[must_use]
pub fn plan(plan: &Plan, unbuilt: &[Unbuilt], every: bool) -> String {
    let mut text = headline(plan);
    text.push_str(&roots(plan));
    text.push_str(&staying(plan));
    text.push_str(&paths(plan, every));
    for (reason, names) in by_reason(unbuilt) {
        text.push_str(&format!("{} {reason}: {}\n", count(names.len(), "output"), few(&names)));
    }
    text
}

fn going(plan: &Plan) -> impl Iterator<Item = &PlannedPath> {
    plan.paths.iter().filter(|path| path.decision == Decision::Push)
}

fn headline(plan: &Plan) -> String {
    let (number, size) = going(plan).fold((0, 0), |(number, size), path| (number + 1, size + path.nar_size));
    match number {
        0 => format!("nothing to push to {}\n", plan.cache),
        _ => format!("to push to {}: {}, {}\n", plan.cache, count(number, "path"), bytes(size)),
    }
}

/// What goes, output by output.
fn roots(plan: &Plan) -> String {
    let mut roots: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for path in going(plan) {
        let root = roots.entry(&path.root).or_default();
        *root = (root.0 + 1, root.1 + path.nar_size);
    }
    let width = roots.keys().map(|name| name.len()).max().unwrap_or(0);
    let line = |(name, (number, size)): (&&str, &(usize, u64))| {
        format!("  {name:width$}  {:>10}  {:>10}\n", count(*number, "path"), bytes(*size))
    };
    roots.iter().map(line).collect()
}

/// What stays, reason by reason.
fn staying(plan: &Plan) -> String {
    let mut reasons: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for path in &plan.paths {
        let reason = match &path.decision {
            Decision::Push => continue,
            Decision::Present => "in the cache already".to_owned(),
            Decision::Upstream(key) => format!("signed by {key}, which everybody has"),
            Decision::Excluded(pattern) => format!("excluded by `{pattern}`"),
            Decision::OverBudget => "over the budget".to_owned(),
        };
        let stay = reasons.entry(reason).or_default();
        *stay = (stay.0 + 1, stay.1 + path.nar_size);
    }
    let line = |(reason, (number, size)): (&String, &(usize, u64))| {
        format!("stays: {}, {}, {reason}\n", count(*number, "path"), bytes(*size))
    };
    reasons.iter().map(line).collect()
}

fn paths(plan: &Plan, every: bool) -> String {
    let mut sorted: Vec<&PlannedPath> = going(plan).collect();
    if !every {
        sorted.sort_by_key(|path| std::cmp::Reverse(path.nar_size));
        sorted.truncate(BIGGEST);
    }
    let mut text = String::new();
    if !every && sorted.len() > 1 {
        text.push_str("biggest:\n");
    }
    for path in sorted {
        let shown = if every { path.path.as_str() } else { store_name(&path.path) };
        text.push_str(&format!("  {:>10}  {shown}\n", bytes(path.nar_size)));
    }
    for path in going(plan) {
        if let Some((pattern, referrer)) = &path.kept_for {
            text.push_str(&format!("goes although `{pattern}` excludes it: {}, needed by {referrer}\n", path.path));
        }
    }
    text
}

fn by_reason(unbuilt: &[Unbuilt]) -> BTreeMap<&str, Vec<&str>> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for output in unbuilt {
        reasons.entry(&output.reason).or_default().push(&output.name);
    }
    reasons
}

/// The first of many names.
fn few(names: &[&str]) -> String {
    match names {
        [first, second, third, rest @ ..] if rest.len() > 1 => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn path(name: &str, nar_size: u64, decision: Decision) -> PlannedPath {
        PlannedPath {
            path: format!("/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-{name}"),
            nar_size,
            decision,
            root: "nixosConfigurations.web".to_owned(),
            priority: 0,
            kept_for: None,
        }
    }

    #[test]
    fn what_a_person_reads() {
        let mut needed = path("flake-source", 512, Decision::Push);
        needed.kept_for =
            Some(("-source$".to_owned(), "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-system".to_owned()));
        let plan_of = Plan {
            cache: "https://fleet.cachix.org".to_owned(),
            paths: vec![
                path("system", 40_000, Decision::Push),
                needed,
                path("glibc", 30_000_000, Decision::Upstream("cache.nixos.org-1".to_owned())),
                path("old", 700, Decision::Present),
                path("model", 9_000_000_000, Decision::OverBudget),
                path("docs", 9, Decision::Excluded("-docs".to_owned())),
            ],
            ..Plan::default()
        };
        let unbuilt = ["a", "b", "c", "d", "e"]
            .map(|name| Unbuilt { name: name.to_owned(), reason: "not built here: of another system".to_owned() });
        expect![[r#"
            to push to https://fleet.cachix.org: 2 paths, 39.6 KiB
              nixosConfigurations.web     2 paths    39.6 KiB
            stays: 1 path, 9 B, excluded by `-docs`
            stays: 1 path, 700 B, in the cache already
            stays: 1 path, 8.4 GiB, over the budget
            stays: 1 path, 28.6 MiB, signed by cache.nixos.org-1, which everybody has
            biggest:
                39.1 KiB  system
                   512 B  flake-source
            goes although `-source$` excludes it: /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-flake-source, needed by /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-system
            5 outputs not built here: of another system: a, b, c and 2 more
        "#]]
        .assert_eq(&plan(&plan_of, &unbuilt, false));
        let nothing = Plan { cache: "file:///c".to_owned(), ..Plan::default() };
        assert_eq!(plan(&nothing, &[], false), "nothing to push to file:///c\n");
    }
}
