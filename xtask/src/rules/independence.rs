//! A configuration's derivation does not change when its siblings' files are removed; if it does, which files it depends on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Problem;
use crate::fleet::layout::{Entry, Form, Layout, Part, Preset, Role};
use crate::fleet::{AttrPath, Place};

/// How many siblings are named of those that a configuration depends on.
const NAMED: usize = 3;

/// A configuration with a file of its own, and the files of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it is in the flake.
    pub attr: AttrPath,
    /// Its own file.
    pub file: PathBuf,
    /// The siblings: the file that a person opens first, and all of its files.
    pub siblings: Vec<(PathBuf, Vec<PathBuf>)>,
}

/// The configurations among `attrs` that have a file in the layout; one without is wired by hand, which is told elsewhere.
#[must_use]
pub fn subjects<'a>(layout: &Layout, entries: &[Entry], attrs: impl Iterator<Item = &'a AttrPath>) -> Vec<Subject> {
    // A folder that is no configuration holds parts of some.
    let is_configuration =
        |entry: &&Entry| layout.wirings[entry.wiring].role == Role::Configuration && entry.form != Form::Folder(None);
    let entries: Vec<&Entry> = entries.iter().filter(is_configuration).collect();
    attrs.filter_map(|attr| subject(layout, &entries, attr)).filter(|subject| !subject.siblings.is_empty()).collect()
}

/// The folders of configurations, which are there even when they are empty: what is looked at is what is in them.
#[must_use]
pub fn folders(layout: &Layout) -> Vec<PathBuf> {
    let plain = layout.wirings.iter().filter(|wiring| {
        wiring.role == Role::Configuration && wiring.folder.iter().all(|part| matches!(part, Part::Named(_)))
    });
    plain.map(|wiring| PathBuf::from(wiring.folder_text(&layout.root))).collect()
}

fn subject(layout: &Layout, entries: &[&Entry], attr: &AttrPath) -> Option<Subject> {
    let is_own = |entry: &Entry| {
        let wiring = &layout.wirings[entry.wiring];
        wiring.name_of(attr).is_some_and(|name| entry.becomes(wiring, name))
    };
    let main = entries.iter().find(|entry| is_own(entry))?;
    let own = entries.iter().filter(|entry| is_own(entry) || is_part(layout, entry, attr));
    let own: BTreeSet<&PathBuf> = own.flat_map(|entry| &entry.files).collect();
    let siblings = entries.iter().filter_map(|entry| {
        let files: Vec<PathBuf> = entry.files.iter().filter(|file| !own.contains(file)).cloned().collect();
        let first = files.iter().find(|file| file.as_path() == entry.main_file()).or(files.first())?.clone();
        Some((first, files))
    });
    Some(Subject { attr: attr.clone(), file: main.main_file().to_owned(), siblings: siblings.collect() })
}

/// Whether the layout itself makes `entry` a part of the configuration at `attr`: snowfall-lib gives a host its homes, ez-configs
/// any home that the host names, and a home the packages of its host.
fn is_part(layout: &Layout, entry: &Entry, attr: &AttrPath) -> bool {
    let is_home = |set: &str| set == "homeConfigurations";
    let components = attr.components();
    let of_home = components.iter().any(|set| is_home(set));
    let wiring = &layout.wirings[entry.wiring];
    let entry_is_home = wiring.attribute_text("").contains("homeConfigurations");
    let host = |name: &str| name.split_once('@').map(|(_, host)| host.to_owned());
    match layout.preset {
        Some(Preset::SnowfallLib) if !of_home => {
            entry_is_home && host(&entry.name).is_none_or(|host| host == attr.name())
        }
        Some(Preset::EzConfigs) if !of_home => entry_is_home,
        Some(Preset::EzConfigs) => !entry_is_home && host(attr.name()).is_some_and(|host| host == entry.name),
        _ => false,
    }
}

/// How a configuration came out without its siblings' files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependence<'a> {
    /// Whose.
    pub subject: &'a Subject,
    /// The siblings that were found to matter, by their index.
    pub culprits: Vec<usize>,
    /// Whether each of them matters by itself, or only all of them together.
    pub together: bool,
    /// Whether there may be more of them.
    pub more: bool,
    /// Why it does not evaluate without its siblings, if it does not.
    pub failure: Option<String>,
}

/// The problem with a configuration that is not independent.
#[must_use]
pub fn problem(dependence: &Dependence<'_>) -> Problem {
    let Dependence { subject, culprits, together, more, failure } = dependence;
    let name = |index: &usize| subject.siblings.get(*index).map(|(file, _)| format!("`{}`", file.display()));
    let mut names: Vec<String> = culprits.iter().filter_map(name).collect();
    let hidden = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if hidden > 0 {
        names.push(format!("{hidden} others"));
    } else if *more {
        names.push("others".to_owned());
    }
    let separator = if *together { " or " } else { " and " };
    let outcome = match failure.as_deref().and_then(|failure| failure.lines().next()) {
        Some(failure) => format!("does not evaluate: {failure}"),
        None => "has another derivation".to_owned(),
    };
    let fault = format!("`{}` depends on {}: without what is there it {outcome}", subject.attr, names.join(separator));
    let place = Some(Place { file: subject.file.clone(), line: 1 });
    Problem::new(place, fault, "move what they share into a module that each of them imports")
}

/// The search for the siblings that matter: which to leave out next, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Siblings that are not known to matter by themselves.
    rest: Vec<usize>,
    /// Some of them, which together matter.
    suspects: Vec<usize>,
    /// What is tried now.
    trial: Trial,
    found: Vec<usize>,
    together: bool,
    more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    FirstHalf,
    SecondHalf,
    Rest,
    Over,
}

impl Search {
    /// Leaving out all of `count` siblings matters; which of them?
    #[must_use]
    pub fn new(count: usize) -> Self {
        let all: Vec<usize> = (0..count).collect();
        let (rest, trial, found) = (all.clone(), Trial::FirstHalf, Vec::new());
        let mut search = Self { rest, suspects: all, trial, found, together: false, more: false };
        search.narrow();
        search
    }

    /// The siblings to leave out next; none when the search is over.
    #[must_use]
    pub fn trial(&self) -> Option<&[usize]> {
        let (first, second) = self.suspects.split_at(self.suspects.len() / 2);
        match self.trial {
            Trial::FirstHalf => Some(first),
            Trial::SecondHalf => Some(second),
            Trial::Rest => Some(&self.rest),
            Trial::Over => None,
        }
    }

    /// Takes in whether leaving out the trial's siblings matters.
    pub fn learn(&mut self, matters: bool) {
        let half = self.suspects.len() / 2;
        match (self.trial, matters) {
            (Trial::FirstHalf, true) => {
                self.suspects.truncate(half);
                self.narrow();
            }
            (Trial::FirstHalf, false) => self.trial = Trial::SecondHalf,
            (Trial::SecondHalf, true) => {
                self.suspects.drain(..half);
                self.narrow();
            }
            // Any of them will do: the configuration looks whether one is there.
            (Trial::SecondHalf, false) => {
                if self.found.is_empty() {
                    self.found.clone_from(&self.suspects);
                    self.together = true;
                } else {
                    self.more = true;
                }
                self.trial = Trial::Over;
            }
            (Trial::Rest, true) if self.found.len() < NAMED => {
                self.suspects.clone_from(&self.rest);
                self.narrow();
            }
            (Trial::Rest, matters) => {
                self.more = matters;
                self.trial = Trial::Over;
            }
            (Trial::Over, _) => {}
        }
    }

    /// What was found, as it stands for `subject`.
    #[must_use]
    pub fn dependence(self, subject: &Subject, failure: Option<String>) -> Dependence<'_> {
        let Self { found, together, more, .. } = self;
        Dependence { subject, culprits: found, together, more, failure }
    }

    /// The next trial for the suspects; a single one is found.
    fn narrow(&mut self) {
        self.trial = Trial::FirstHalf;
        if let [only] = self.suspects.as_slice() {
            self.found.push(*only);
            self.rest.retain(|index| index != only);
            self.trial = if self.rest.is_empty() { Trial::Over } else { Trial::Rest };
        }
    }
}

/// The order in which a sample is taken: it looks random, is the same for the same tree, and another for the next one.
#[must_use]
pub fn lot(tree: &str, attr: &AttrPath) -> u64 {
    // FNV-1a: nothing hangs on its strength.
    let text = format!("{tree} {attr}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where leaving out `trial` matters if `matters` says so.
    fn check(count: usize, matters: fn(&[usize]) -> bool, found: &[usize], together: bool, more: bool) {
        let mut search = Search::new(count);
        let mut steps = 0;
        while let Some(trial) = search.trial() {
            let matters = matters(trial);
            search.learn(matters);
            steps += 1;
            assert!(steps < 60, "the search does not end");
        }
        let mut sorted = search.found.clone();
        sorted.sort_unstable();
        assert_eq!((sorted.as_slice(), search.together, search.more), (found, together, more));
    }

    #[test]
    fn every_sibling_that_matters_is_found() {
        check(1, |trial| trial.contains(&0), &[0], false, false);
        check(9, |trial| trial.contains(&4), &[4], false, false);
        check(9, |trial| trial.contains(&0) || trial.contains(&8), &[0, 8], false, false);
        check(99, |trial| !trial.is_empty(), &[0, 1, 2], false, true);
    }

    #[test]
    fn siblings_that_matter_only_together() {
        check(2, |trial| trial.len() == 2, &[0, 1], true, false);
        check(8, |trial| trial.contains(&1) && trial.contains(&6), &[0, 1, 2, 3, 4, 5, 6, 7], true, false);
    }
}
