//! The entries of one folder against the attributes of its sets.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Facts, first_line};
use crate::fleet::layout::{Entry, Form, Layout, Wiring};
use crate::rules::Problem;

/// How alike a file's and an attribute's name must be to be taken for one that is misspelt. Whether just this much counts is chance,
/// and no test says so.
const ALIKE: f64 = 0.85;

/// What is wrong with the entries of one wiring, and the indices of what still lacks an attribute or a file: an entry, or a name.
pub fn problems<'a>(
    facts: &Facts<'a>,
    layout: &Layout,
    wiring: &'a Wiring,
    entries: &[&'a Entry],
) -> (Vec<Problem>, Vec<Lacking<'a>>) {
    let mut problems = Vec::new();
    let names = facts.names(wiring);
    let mut by_name: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_name.entry(entry.attribute(wiring)).or_default().push(entry);
    }
    let mut lacking = Vec::new();
    let told = alike_but_for_case(wiring, &by_name, &mut problems);
    for (name, same) in &by_name {
        let Some(entry) = same.first() else { continue };
        let has_attribute = names.as_ref().map(|names| names.iter().any(|given| entry.becomes(wiring, given)));
        let problem = if let [first, second, ..] = same.as_slice() {
            Some(twice(first, second))
        } else {
            alone(facts, layout, wiring, entry, has_attribute)
        };
        let excused = told.contains(name) || problem.is_some();
        problems.extend(problem);
        // A folder without the file that counts holds parts of others, or was told of.
        if !excused && has_attribute == Some(false) && entry.form != Form::Folder(None) {
            lacking.push(Lacking::Attribute(wiring, entry));
        }
    }
    let is_wired = |name: &&str| entries.iter().any(|entry| entry.becomes(wiring, name));
    if wiring.exhaustive {
        let without = names.into_iter().flatten().filter(|name| !is_wired(name));
        lacking.extend(without.map(|name| Lacking::File(wiring, name)));
    }
    (problems, lacking)
}

/// One of the two sides of a wire that has no other.
#[derive(Debug, Clone, Copy)]
pub enum Lacking<'a> {
    /// A file, and nothing in the flake.
    Attribute(&'a Wiring, &'a Entry),
    /// A name in the flake, and no file.
    File(&'a Wiring, &'a str),
}

/// Files without an attribute and attributes without a file; a misspelt name is both at once, and one problem.
pub fn lacking(facts: &Facts<'_>, layout: &Layout, entries: &[Entry], lacking: &[Lacking<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut paired: Vec<(&Wiring, &str)> = Vec::new();
    for lack in lacking {
        let Lacking::Attribute(wiring, entry) = lack else { continue };
        let own = entry.attribute(wiring);
        let candidates = lacking.iter().filter_map(|other| match other {
            Lacking::File(of, name) if of == wiring && !paired.contains(&(of, name)) => Some(*name),
            _ => None,
        });
        let likeness = |name: &str| strsim::jaro_winkler(&own, name);
        let nearest =
            candidates.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > ALIKE);
        let file = entry.main_file();
        let path = entry.path.display();
        let attribute = wiring.attribute_text(&own);
        problems.push(match nearest {
            Some(name) => {
                paired.push((wiring, name));
                let fault = format!("`{path}` and `{}` differ in their names", wiring.attribute_text(name));
                Problem::new(first_line(file), fault, "give the file and the attribute one name")
            }
            None => {
                let fault = format!("`{path}` is wired to nothing: the flake has no `{attribute}`");
                let folder = wiring.folder_text(&layout.root);
                let fix = format!("declare `{attribute}`, or move the file out of `{folder}`");
                Problem::new(first_line(file), fault, fix)
            }
        });
    }
    let elsewhere = |wiring: &Wiring, name: &str| {
        // Two folders may fill one set, as those of two systems do.
        let mut others = layout
            .wirings
            .iter()
            .enumerate()
            .filter(|(_, other)| other.sets.iter().any(|set| wiring.sets.contains(set)));
        others.any(|(index, other)| entries.iter().any(|entry| entry.wiring == index && entry.becomes(other, name)))
    };
    for lack in lacking {
        let Lacking::File(wiring, name) = lack else { continue };
        if paired.contains(&(wiring, name)) || elsewhere(wiring, name) {
            continue;
        }
        let folder = wiring.folder_text(&layout.root);
        let fault = format!("`{}` has no file: there is no `{name}` in `{folder}`", wiring.attribute_text(name));
        let fix = format!("move what it is made of to `{folder}/{}`, or drop the attribute", file_text(wiring, name));
        problems.push(Problem::new(facts.line_that_says(name), fault, fix));
    }
    problems
}

fn file_text(wiring: &Wiring, name: &str) -> String {
    let name = name.split('@').next().filter(|_| wiring.naming != crate::fleet::layout::Naming::Same).unwrap_or(name);
    match wiring.entries.mains.first().filter(|_| !wiring.entries.files) {
        Some(main) => format!("{name}/{main}"),
        None => format!("{name}.nix"),
    }
}

/// Groups of names that some file systems cannot tell apart; the names in them.
fn alike_but_for_case(
    wiring: &Wiring,
    by_name: &BTreeMap<String, Vec<&Entry>>,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entries in by_name.values() {
        let Some(entry) = entries.first() else { continue };
        groups.entry(entry.attribute(wiring).to_lowercase()).or_default().push(entry);
    }
    let mut told = Vec::new();
    for group in groups.values().filter(|group| group.len() > 1) {
        let paths: Vec<String> = group.iter().map(|entry| format!("`{}`", entry.path.display())).collect();
        let fault = format!("{} differ only in case, and are one file on some systems", paths.join(" and "));
        let place = group.last().and_then(|entry| first_line(entry.main_file()));
        problems.push(Problem::new(place, fault, "rename one of them"));
        told.extend(group.iter().map(|entry| entry.attribute(wiring)));
    }
    told
}

fn twice(first: &Entry, second: &Entry) -> Problem {
    let fault =
        format!("`{}` stands beside `{}`: only one of them is wired", first.path.display(), second.path.display());
    Problem::new(first_line(second.main_file()), fault, "keep one of them")
}

/// What is wrong with an entry by itself.
fn alone(
    facts: &Facts<'_>,
    layout: &Layout,
    wiring: &Wiring,
    entry: &Entry,
    has_attribute: Option<bool>,
) -> Option<Problem> {
    let path = entry.path.display();
    let file = entry.main_file();
    let attribute = wiring.attribute_text(&entry.attribute(wiring));
    if entry.name.starts_with('.') {
        let fault = match has_attribute {
            Some(true) => format!("`{path}` is hidden, and wired as `{attribute}`"),
            _ => format!("`{path}` is hidden, and not wired"),
        };
        return Some(Problem::new(first_line(file), fault, "rename it without the dot, or remove it"));
    }
    match &entry.form {
        Form::Link if has_attribute == Some(false) => {
            let fault = format!("`{path}` is a symbolic link, which is not wired: the flake has no `{attribute}`");
            Some(Problem::new(first_line(file), fault, "put a file in its place that imports what the link leads to"))
        }
        Form::Folder(None) if !is_mentioned(facts, &entry.path) => {
            let mains: Vec<String> = wiring.entries.mains.iter().map(|main| format!("`{main}`")).collect();
            let fault = format!("the folder `{path}` has no {}, so it is not wired", mains.join(" nor "));
            let main = wiring.entries.mains.first().map_or("default.nix", String::as_str);
            let fix = format!("add `{path}/{main}`, or move the folder out of `{}`", wiring.folder_text(&layout.root));
            Some(Problem::new(first_line(file), fault, fix))
        }
        _ => None,
    }
}

/// Whether a file outside of `folder` names it: then it holds parts that others import, and no entry of its own.
fn is_mentioned(facts: &Facts<'_>, folder: &Path) -> bool {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { return false };
    let mention = format!("/{name}/");
    facts.texts.iter().any(|(file, text)| !file.starts_with(folder) && text.contains(&mention))
}

#[cfg(test)]
mod tests;
