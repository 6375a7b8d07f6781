//! The names that xtask.toml pins: what must be there, and what must not.

use std::collections::BTreeSet;

use super::Facts;
use crate::fleet::{AttrPath, glob};
use crate::rules::Problem;

/// What is missing from a pinned set, what is there beyond it, and what must not be there at all.
pub fn missing_or_unexpected(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (set, expected) in facts.expected {
        let hidden = |unknown: &AttrPath| set.components().starts_with(unknown.components());
        if facts.unknown.iter().any(hidden) {
            continue;
        }
        let below = |attr: &AttrPath| {
            attr.components().split_last().filter(|(_, above)| *above == set.components()).map(|(name, _)| name.clone())
        };
        let declared: BTreeSet<String> = facts.declared.iter().filter_map(below).collect();
        let attr = |name: &str| AttrPath::new(set.components().iter().cloned().chain([name.to_owned()]));
        for name in expected.iter().filter(|name| !declared.contains(*name)) {
            let fault = format!("xtask.toml expects `{}`, which the flake does not declare", attr(name));
            problems.push(Problem::new(
                None,
                fault,
                format!("declare it, or take it out of `autowiring.expected.{set}`"),
            ));
        }
        for name in declared.iter().filter(|name| !expected.contains(name)) {
            let fault = format!("xtask.toml does not expect `{}`, which the flake declares", attr(name));
            problems.push(Problem::new(None, fault, format!("remove it, or add it to `autowiring.expected.{set}`")));
        }
    }
    for pattern in facts.unexpected {
        let fits = |attr: &&AttrPath| {
            let (wanted, given) = (pattern.components(), attr.components());
            wanted.len() <= given.len() && wanted.iter().zip(given).all(|(wanted, part)| glob(wanted, part))
        };
        for attr in facts.declared.iter().filter(fits) {
            let fault = format!("`{attr}` must not be there: xtask.toml forbids `{pattern}`");
            problems.push(Problem::new(None, fault, "remove it, or take the pattern out of `autowiring.unexpected`"));
        }
    }
    problems
}
