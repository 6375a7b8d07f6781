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
            let fault = format!("`{attr}` must not be there: xtask.toml forbids `{}`", as_written(pattern));
            problems.push(Problem::new(None, fault, "remove it, or take the pattern out of `autowiring.unexpected`"));
        }
    }
    problems
}

/// A pattern as xtask.toml says it, with bare stars.
fn as_written(pattern: &AttrPath) -> String {
    let part = |part: &String| if part.contains('*') { part.clone() } else { AttrPath::new([part]).to_string() };
    pattern.components().iter().map(part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What is found where `set` must have these names and nothing may fit a pattern, of what is declared and what could not be had.
    #[track_caller]
    fn check(expected: &[(&str, &[&str])], forbidden: &[&str], declared: &[&str], unknown: &[&str], found: &[&str]) {
        let attrs = |texts: &[&str]| texts.iter().map(|text| AttrPath::parse(text).unwrap()).collect::<Vec<_>>();
        let names: Vec<Vec<String>> =
            expected.iter().map(|(_, names)| names.iter().map(|name| (*name).to_owned()).collect()).collect();
        let sets = attrs(&expected.iter().map(|(set, _)| *set).collect::<Vec<_>>());
        let expected: Vec<(AttrPath, &[String])> =
            sets.into_iter().zip(&names).map(|(set, names)| (set, names.as_slice())).collect();
        let problems = missing_or_unexpected(&Facts {
            layout: None,
            files: &[],
            texts: &BTreeMap::new(),
            declared: &attrs(declared),
            unknown: &attrs(unknown),
            expected: &expected,
            unexpected: &attrs(forbidden),
        });
        assert_eq!(problems.into_iter().map(|problem| problem.fault).collect::<Vec<_>>(), found);
    }

    #[test]
    fn a_set_that_is_pinned_has_these_names_and_no_others() {
        let pinned: &[(&str, &[&str])] = &[("nixosConfigurations", &["db", "web"])];
        let [db, web] = ["nixosConfigurations.db", "nixosConfigurations.web"];
        check(pinned, &[], &[db, web, "darwinConfigurations.mac", "nixosConfigurations"], &[], &[]);
        let missing = "xtask.toml expects `nixosConfigurations.web`, which the flake does not declare";
        check(pinned, &[], &[db, "a.nixosConfigurations.web"], &[], &[missing]);
        let further = "xtask.toml does not expect `nixosConfigurations.new`, which the flake declares";
        check(pinned, &[], &[db, web, "nixosConfigurations.new"], &[], &[further]);
        // What could not be had is told of elsewhere; another set is no excuse.
        check(pinned, &[], &[], &["nixosConfigurations"], &[]);
        check(pinned, &[], &[db], &["darwinConfigurations"], &[missing]);
    }

    #[test]
    fn what_is_forbidden_is_named_with_what_forbids_it() {
        let declared = ["packages.x86_64-linux.old", "packages.x86_64-linux.new", "packages"];
        let old = "`packages.x86_64-linux.old` must not be there: xtask.toml forbids `packages.*.old`";
        check(&[], &["packages.*.old"], &declared, &[], &[old]);
        check(&[], &["packages.*.old.x", "checks"], &declared, &[], &[]);
        let whole = |attr: &str| format!("`{attr}` must not be there: xtask.toml forbids `packages`");
        let whole = declared.map(whole);
        check(&[], &["packages"], &declared, &[], &whole.each_ref().map(String::as_str));
    }
}
