//! The parts of sentences that every form of the report is made of.

use crate::diff::{
    Cause, Change, Compared, Described, Difference, FileChange, FileStatus, Files, Moved, Named, Package, Packages,
};
use crate::plain_text::{without_control, without_credentials};
use crate::report::words::{bytes, count};

/// How many causes of one output are named.
const CAUSES: usize = 5;
/// How many packages of one kind of change are named.
const PACKAGES: usize = 12;
/// How many names stand in one list within a sentence.
const NAMES: usize = 8;

/// The changes in the order in which they are told, each with its sign and its word.
pub(super) const CHANGES: [(Change, &str, &str); 7] = [
    (Change::Broken, "✗", "does not evaluate now"),
    (Change::Changed, "~", "changed"),
    (Change::Added, "+", "added"),
    (Change::Removed, "-", "removed"),
    (Change::BaseDoesNotEvaluate, "?", "base does not evaluate"),
    (Change::NeitherEvaluates, "✗", "evaluates in neither"),
    (Change::Unchanged, "=", "unchanged"),
];

/// Sign and word of one output's change.
pub(super) fn change(compared: &Compared) -> (&'static str, String) {
    let known = CHANGES.iter().find(|(change, ..)| *change == compared.change);
    let (sign, word) = known.map_or(("", ""), |(_, sign, word)| (*sign, *word));
    match &compared.was {
        Some(was) if compared.is_only_renamed() => ("~", format!("renamed from {was}, otherwise unchanged")),
        Some(was) => (sign, format!("renamed from {was}, and {word}")),
        None => (sign, word.to_owned()),
    }
}

/// The outputs that are told one by one: all that are not the same under the same name.
pub(super) fn told(difference: &Difference) -> Vec<&Described> {
    let is_told = |one: &&Described| one.compared.change != Change::Unchanged || one.compared.was.is_some();
    let mut told: Vec<&Described> = difference.outputs.iter().filter(is_told).collect();
    let place = |change: Change| CHANGES.iter().position(|(other, ..)| *other == change);
    told.sort_by_key(|one| place(one.compared.change));
    told
}

/// `3 outputs: 1 changed, 2 unchanged`.
#[must_use]
pub fn verdict(difference: &Difference) -> String {
    let renamed = difference.outputs.iter().filter(|one| one.compared.is_only_renamed()).count();
    let number = |change: Change| {
        let all = difference.outputs.iter().filter(|one| one.compared.change == change).count();
        if change == Change::Unchanged { all - renamed } else { all }
    };
    let parts = CHANGES.iter().map(|(change, _, word)| (number(*change), (*word).to_owned()));
    let parts = parts.chain([(renamed, "only renamed".to_owned())]).filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, word)| format!("{number} {word}")).collect();
    format!("{}: {}", count(difference.outputs.len(), "output"), parts.join(", "))
}

/// Which two revisions, with which inputs.
pub(super) fn revisions(difference: &Difference) -> String {
    let head = difference.head.as_deref().unwrap_or("the working tree");
    format!(
        "base {} ({}) · head {} · {} inputs",
        difference.base,
        short(&difference.commit),
        short(head),
        difference.inputs
    )
}

/// A commit as people name it, with what follows its hash.
fn short(revision: &str) -> String {
    match revision.split_once('-') {
        Some((commit, rest)) => format!("{}-{rest}", short(commit)),
        None => revision.chars().take(12).collect(),
    }
}

/// `modules/a.nix`, `modules/a.nix (added)`, `a.nix (was b.nix)`.
pub(super) fn file(change: &FileChange) -> String {
    let path = change.path.display();
    match (change.status, &change.was) {
        (_, Some(was)) => format!("{path} (was {})", was.display()),
        (FileStatus::Added, _) => format!("{path} (added)"),
        (FileStatus::Removed, _) => format!("{path} (removed)"),
        _ => path.to_string(),
    }
}

/// The files that an output depends on, a clause for each way to.
pub(super) fn files(told: &Files, all: &[FileChange]) -> Vec<String> {
    let names = |indices: &mut dyn Iterator<Item = &usize>| {
        list(indices.filter_map(|&index| all.get(index)).map(file).collect(), NAMES)
    };
    match told {
        Files::NotTold(reason) => vec![format!("files that could not be told: {}", line(reason))],
        Files::NoneOfThem => {
            vec!["none of the changed files: it holds the flake's revision, or its source as a whole".to_owned()]
        }
        Files::Told(influence) => {
            let mut clauses = Vec::new();
            if !influence.files.is_empty() {
                clauses.push(names(&mut influence.files.iter()));
            }
            for group in &influence.together {
                clauses.push(format!("some of these together: {}", names(&mut group.iter())));
            }
            if !influence.undecided.is_empty() {
                let undecided = names(&mut influence.undecided.iter());
                clauses.push(format!("some of these, for which there was no time (--files-within): {undecided}"));
            }
            clauses
        }
    }
}

/// The causes that are named, and how many are not.
pub(super) fn causes(described: &Described) -> Vec<String> {
    let Some(causes) = &described.causes else { return Vec::new() };
    let mut told: Vec<String> = causes.nearest.iter().take(CAUSES).map(|one| cause(one)).collect();
    if causes.total > told.len() {
        told.push(format!("{} more", causes.total - told.len()));
    }
    told
}

fn cause(cause: &Cause) -> String {
    let was = cause.was.as_ref().map(|was| format!(" (was {was})")).unwrap_or_default();
    let sources = cause.sources.iter().map(|source| format!("source {source}"));
    let added = cause.added.iter().map(|input| format!("+{input}"));
    let removed = cause.removed.iter().map(|input| format!("-{input}"));
    let parts: Vec<String> = cause.texts.iter().cloned().chain(sources).chain(added).chain(removed).collect();
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", list(parts, NAMES)) };
    format!("{}{was}{parts}", cause.name)
}

/// `1.0 GiB → 1.1 GiB (+0.1 GiB)`.
pub(super) fn closure(described: &Described) -> Option<String> {
    Some(match described.closure {
        (Some(base), Some(head)) if base == head => format!("{}, as before", bytes(head)),
        (Some(base), Some(head)) => {
            let sign = if head > base { '+' } else { '-' };
            format!("{} → {} ({sign}{})", bytes(base), bytes(head), bytes(head.abs_diff(base)))
        }
        (None, Some(head)) => format!("{} now", bytes(head)),
        (Some(base), None) => format!("{} in the base", bytes(base)),
        (None, None) => return None,
    })
}

/// The changes of packages, a clause each: `+ vim 9.1`, `git 2.43 → 2.44`.
pub(super) fn packages(packages: &Packages) -> Vec<String> {
    let changes = &packages.changes;
    let new = |sign: &'static str| {
        move |package: &Package| {
            let versions = package.versions.join(", ");
            format!("{sign} {} {versions}", package.name).trim_end().to_owned()
        }
    };
    let moved = |moved: &Moved| match (moved.from.as_slice(), moved.to.as_slice()) {
        (from, []) => format!("- {} {}", moved.name, from.join(", ")),
        ([], to) => format!("+ {} {}", moved.name, to.join(", ")),
        (from, to) => format!("{} {} → {}", moved.name, from.join(", "), to.join(", ")),
    };
    let kinds = [
        changes.upgraded.iter().map(moved).collect(),
        changes.downgraded.iter().map(|down| format!("{} (older)", moved(down))).collect(),
        changes.added.iter().map(new("+")).collect::<Vec<_>>(),
        changes.removed.iter().map(new("-")).collect(),
    ];
    kinds.into_iter().filter(|kind| !kind.is_empty()).map(|kind| list(kind, PACKAGES)).collect()
}

/// What the packages are of.
pub(super) fn packages_of(packages: &Packages) -> &'static str {
    match packages.named {
        Named::Closure => "packages",
        Named::BuildGraph => "packages it is built from",
    }
}

/// Why an output does not evaluate, in one line for each revision.
pub(super) fn reasons(compared: &Compared) -> Vec<String> {
    let base = compared.base_reason.as_ref().map(|reason| format!("in the base: {}", line(reason)));
    let head = compared.head_reason.as_ref().map(|reason| format!("now: {}", line(reason)));
    base.into_iter().chain(head).collect()
}

/// The first line of text from outside, fit to be shown.
fn line(text: &str) -> String {
    without_credentials(&without_control(text.trim().lines().next().unwrap_or_default()))
}

/// As many of `names` as are read, and how many there are besides.
fn list(mut names: Vec<String>, most: usize) -> String {
    let besides = names.len().saturating_sub(most);
    names.truncate(most);
    if besides > 0 {
        names.push(format!("and {besides} more"));
    }
    names.join(", ")
}
