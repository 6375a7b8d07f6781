//! The names that xtask.toml pins: what must be there, and what must not.

use std::collections::BTreeSet;

use super::Facts;
use crate::config::FILE;
use crate::fleet::{AttrPath, Place, glob};
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
        let key = set.to_string();
        for name in expected.iter().filter(|name| !declared.contains(*name)) {
            let fault = format!("xtask.toml expects `{}`, which the flake does not declare", attr(name));
            let fix = format!("declare it, or take it out of `autowiring.expected.{key}`");
            problems.push(Problem::new(place(facts.config_text, &key, Some(name)), fault, fix));
        }
        for name in declared.iter().filter(|name| !expected.contains(name)) {
            let fault = format!("xtask.toml does not expect `{}`, which the flake declares", attr(name));
            let fix = format!("remove it, or add it to `autowiring.expected.{key}`");
            problems.push(Problem::new(place(facts.config_text, &key, None), fault, fix));
        }
    }
    for pattern in facts.unexpected {
        let fits = |attr: &&AttrPath| {
            let (wanted, given) = (pattern.components(), attr.components());
            wanted.len() <= given.len() && wanted.iter().zip(given).all(|(wanted, part)| glob(wanted, part))
        };
        let written = as_written(pattern);
        for attr in facts.declared.iter().filter(fits) {
            let fault = format!("`{attr}` must not be there: xtask.toml forbids `{written}`");
            let fix = "remove it, or take the pattern out of `autowiring.unexpected`";
            problems.push(Problem::new(place(facts.config_text, "unexpected", Some(&written)), fault, fix));
        }
    }
    problems
}

/// The line of xtask.toml that has `element` in the list `key`; that of the list, if none says it or it is about no element.
fn place(text: &str, key: &str, element: Option<&str>) -> Option<Place> {
    let lines = || (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with('#'));
    let (first, _) = lines().find(|(_, line)| sets(line, key))?;
    let quotes = |element: &str| [format!("\"{element}\""), format!("'{element}'")];
    let says = |line: &str| element.is_some_and(|element| quotes(element).iter().any(|quoted| line.contains(quoted)));
    let line = lines().find(|(number, line)| *number >= first && says(line));
    Some(Place { file: FILE.into(), line: line.map_or(first, |(number, _)| number) })
}

/// Whether a line gives `key` a value, bare or quoted, below another key or in a table on one line.
fn sets(line: &str, key: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let is_key = |left: &str| {
        let before = left.trim_end().trim_end_matches(['"', '\'']).strip_suffix(key);
        before.is_some_and(|before| !before.ends_with(part))
    };
    line.match_indices('=').any(|(at, _)| is_key(&line[..at]))
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
            config_text: "",
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

    #[test]
    fn what_is_pinned_otherwise_is_placed_where_it_is_pinned() {
        let check = |text: &str, key: &str, element: Option<&str>, expected: u32| {
            let found = place(text, key, element).unwrap();
            assert_eq!(found.to_string(), format!("xtask.toml:{expected}"), "{text} {key} {element:?}");
        };
        let set = "nixosConfigurations";
        let table = "unexpected = ['nixosConfigurations.a', 'web']\n# nixosConfigurations = ['web']\n[autowiring.expected]\n\
                     nixosConfigurations = [\n  # \"web\"\n  \"db\",\n  'web',\n]\n\"packages.x86_64-linux\" = []";
        check(table, set, Some("db"), 6);
        check(table, set, Some("web"), 7);
        // A name that TOML may write otherwise, and one that is not in the list.
        check(table, set, Some("d"), 4);
        check(table, set, None, 4);
        check(table, "packages.x86_64-linux", None, 9);
        check(table, "unexpected", Some("nixosConfigurations.a"), 1);
        check("a = 1\nexpected.nixosConfigurations=['web']", set, Some("web"), 2);
        let table = "my-packages = 1\nmypackages = 1\nexpected = { checks = [], packages = ['a'] }";
        check(table, "packages", None, 3);
        assert_eq!(place("packages", "packages", None), None);
    }

    #[test]
    fn each_fault_of_a_pinned_name_has_its_line() {
        let config_text = "unexpected = [\n  \"checks\",\n]\n[expected]\npackages = [\n  'a',\n]";
        let attrs = |texts: &[&str]| texts.iter().map(|text| AttrPath::parse(text).unwrap()).collect::<Vec<_>>();
        let names = ["a".to_owned()];
        let problems = missing_or_unexpected(&Facts {
            layout: None,
            files: &[],
            texts: &BTreeMap::new(),
            declared: &attrs(&["packages.b", "checks.c"]),
            unknown: &[],
            expected: &[(AttrPath::new(["packages"]), &names)],
            unexpected: &attrs(&["checks"]),
            config_text,
        });
        let lines: Vec<_> = problems.iter().map(|problem| problem.place.as_ref().unwrap().line).collect();
        assert_eq!(lines, [6, 5, 2]);
    }
}
