//! Packages: names and versions in store paths, and how those of two closures differ.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What the outputs of one derivation other than `out` are called.
const OUTPUTS: [&str; 16] = [
    "bin", "data", "debug", "dev", "devdoc", "dist", "doc", "info", "lib", "man", "modules", "out", "py", "static",
    "terminfo", "tools",
];

/// A package, of which a closure may have several versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its versions; none where its paths name none.
    pub versions: Vec<String>,
}

/// A package of which a closure has other versions now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moved {
    /// Its name.
    pub name: String,
    /// The versions that only the base has.
    pub from: Vec<String>,
    /// The versions that only the head has.
    pub to: Vec<String>,
}

/// How the packages of two closures differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PackageChanges {
    /// Only in the head.
    pub added: Vec<Package>,
    /// Only in the base.
    pub removed: Vec<Package>,
    /// With a newer version, or one more.
    pub upgraded: Vec<Moved>,
    /// With an older version, or one less.
    pub downgraded: Vec<Moved>,
}

/// How the packages named by `base` differ from those named by `head`: names of store paths, without their hashes.
#[must_use]
pub fn package_changes<'a>(base: impl Iterator<Item = &'a str>, head: impl Iterator<Item = &'a str>) -> PackageChanges {
    let (base, head) = (packages(base), packages(head));
    let mut changes = PackageChanges::default();
    for (name, versions) in &head {
        match base.get(name) {
            None => changes.added.push(package(name, versions)),
            Some(old) if old != versions => {
                let only = |of: &Versions, other: &Versions| sorted(of.difference(other).copied());
                let moved = Moved { name: (*name).to_owned(), from: only(old, versions), to: only(versions, old) };
                let newest = |versions: &Versions| sorted(versions.iter().copied()).pop().unwrap_or_default();
                let older = match compare_versions(&newest(versions), &newest(old)) {
                    Ordering::Equal => moved.to.is_empty(),
                    order => order == Ordering::Less,
                };
                if older { &mut changes.downgraded } else { &mut changes.upgraded }.push(moved);
            }
            Some(_) => {}
        }
    }
    let removed = base.iter().filter(|(name, _)| !head.contains_key(*name));
    changes.removed.extend(removed.map(|(name, versions)| package(name, versions)));
    changes
}

type Versions<'a> = BTreeSet<&'a str>;

fn packages<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, Versions<'a>> {
    let mut packages: BTreeMap<&str, Versions<'_>> = BTreeMap::new();
    for (name, version) in names.map(split) {
        packages.entry(name).or_default().extend(version);
    }
    packages
}

fn package(name: &str, versions: &Versions<'_>) -> Package {
    Package { name: name.to_owned(), versions: sorted(versions.iter().copied()) }
}

fn sorted<'a>(versions: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut versions: Vec<String> = versions.map(str::to_owned).collect();
    versions.sort_by(|a, b| compare_versions(a, b));
    versions
}

/// Name and version: a version begins after the first dash that no letter follows, as `builtins.parseDrvName` has it. What an
/// output is called after the version belongs to neither.
fn split(path_name: &str) -> (&str, Option<&str>) {
    let without_output = match path_name.rsplit_once('-') {
        Some((rest, output)) if OUTPUTS.contains(&output) && version_at(rest).is_some() => rest,
        _ => path_name,
    };
    match version_at(without_output) {
        Some(at) => (&without_output[..at], Some(&without_output[at + 1..])),
        None => (path_name, None),
    }
}

/// Where the dash before the version is.
fn version_at(name: &str) -> Option<usize> {
    let mut dashes = name.match_indices('-').map(|(at, _)| at);
    dashes.find(|at| name[at + 1..].chars().next().is_some_and(|next| !next.is_ascii_alphabetic()))
}

/// Which version is the newer one, as `builtins.compareVersions` has it.
fn compare_versions(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (parts(one).into_iter(), parts(other).into_iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => {
                let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
                if is_older(one, other) {
                    return Ordering::Less;
                }
                if is_older(other, one) {
                    return Ordering::Greater;
                }
            }
        }
    }
}

/// Runs of digits and of anything else, which dots and dashes part.
fn parts(version: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for word in version.split(['.', '-']).filter(|word| !word.is_empty()) {
        let mut from = 0;
        let is_digit = |at: usize| word.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        for (at, _) in word.char_indices().skip(1) {
            if is_digit(at) != is_digit(at - 1) {
                parts.push(&word[from..at]);
                from = at;
            }
        }
        parts.push(&word[from..]);
    }
    parts
}

fn is_older(one: &str, other: &str) -> bool {
    match (one.parse::<u64>().ok(), other.parse::<u64>().ok()) {
        (Some(one), Some(other)) => one < other,
        _ if other == "pre" => false,
        _ if one == "pre" => true,
        (None, Some(_)) => true,
        (Some(_), None) => false,
        (None, None) => one < other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        let check = |text: &str, expected: (&str, Option<&str>)| assert_eq!(split(text), expected, "{text}");
        check("hello-2.12", ("hello", Some("2.12")));
        check("openssl-3.0.1-bin", ("openssl", Some("3.0.1")));
        check("python3.11-requests-2.31", ("python3.11-requests", Some("2.31")));
        check("gtk+3-3.24.1-dev", ("gtk+3", Some("3.24.1")));
        check("linux-6.1-modules", ("linux", Some("6.1")));
        check("unit-nginx.service", ("unit-nginx.service", None));
        check("system-path", ("system-path", None));
        check("my-tools", ("my-tools", None));
        check("x-", ("x-", None));
    }

    #[test]
    fn versions_in_order() {
        // The examples of the Nix manual, and pairs of which one is a part of the other.
        for (one, other, expected) in [
            ("1.0", "2.3", Ordering::Less),
            ("2.1", "2.3", Ordering::Less),
            ("2.3", "2.3", Ordering::Equal),
            ("2.5", "2.3", Ordering::Greater),
            ("3.1", "2.3", Ordering::Greater),
            ("2.3.1", "2.3", Ordering::Greater),
            ("2.3.1", "2.3a", Ordering::Greater),
            ("2.3pre1", "2.3", Ordering::Less),
            ("2.3pre3", "2.3pre12", Ordering::Less),
            ("2.3a", "2.3c", Ordering::Less),
            ("2.3pre1", "2.3c", Ordering::Less),
            ("2.3pre1", "2.3q", Ordering::Less),
            ("2.3ü1", "2.3ü2", Ordering::Less),
        ] {
            assert_eq!(compare_versions(one, other), expected, "{one} {other}");
            assert_eq!(compare_versions(other, one), expected.reverse(), "{other} {one}");
        }
    }

    fn check(base: &[&str], head: &[&str], expected: &[&str]) {
        let changes = package_changes(base.iter().copied(), head.iter().copied());
        let package = |sign: &str, package: &Package| format!("{sign} {} {}", package.name, package.versions.join(","));
        let moved = |sign: &str, moved: &Moved| {
            format!("{sign} {} {}>{}", moved.name, moved.from.join(","), moved.to.join(","))
        };
        let mut found: Vec<String> = changes.added.iter().map(|added| package("+", added)).collect();
        found.extend(changes.removed.iter().map(|removed| package("-", removed)));
        found.extend(changes.upgraded.iter().map(|up| moved("up", up)));
        found.extend(changes.downgraded.iter().map(|down| moved("down", down)));
        assert_eq!(found, expected);
    }

    #[test]
    fn changes_of_packages() {
        check(&["a-1", "b-1"], &["a-1", "c"], &["+ c ", "- b 1"]);
        check(&["a-1.9"], &["a-1.10"], &["up a 1.9>1.10"]);
        check(&["a-1.10", "a-1.10-dev"], &["a-1.9"], &["down a 1.10>1.9"]);
        check(&["a-1"], &["a-1", "a-2"], &["up a >2"]);
        check(&["a-1", "a-2"], &["a-2"], &["down a 1>"]);
        check(&["a-1", "a-2"], &["a-2", "a-3"], &["up a 1>3"]);
        check(&["a-2", "a-1"], &["a-1", "a-2-man"], &[]);
    }
}
