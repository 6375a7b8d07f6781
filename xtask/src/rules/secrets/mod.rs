//! Secrets are encrypted, for whom `.sops.yaml` says and nobody else, and what configurations declare is there; told without a key.
//!
//! What only a key can tell (whether a value belongs to its place, whether the MAC fits) is left to `secrets roundtrip` and to sops.

mod coverage;
mod declared;
mod document;
mod drift;
mod encrypted;
mod flat;
mod leaks;
mod metadata;
mod policy;
mod recipients;
mod stanza;

use std::path::{Path, PathBuf};

pub use declared::{Declaration, KeyPath, SopsFile};
pub use document::{Document, Format, Leaf, read};
pub use leaks::{Leak, leaks, search};

pub use metadata::Metadata;
pub use policy::{Policy, Rule, nearest};

use super::{Problem, yaml};
use crate::fleet::Place;

/// What the rule looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Every file of the repository that has text.
    pub files: &'a [File],
    /// What configurations declare.
    pub declarations: &'a [Declaration],
    /// The private keys that configurations name.
    pub key_paths: &'a [KeyPath],
    /// The folder of the Nix store.
    pub store: &'a str,
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// Whether git knows it.
    pub tracked: bool,
    /// Its text, with what is not UTF-8 replaced.
    pub text: String,
}

/// A file that is encrypted.
#[derive(Debug)]
pub struct Encrypted<'a> {
    /// Its path, relative to the repository.
    pub path: &'a Path,
    /// How SOPS reads it.
    pub format: Format,
    /// What is in it.
    pub document: Document,
}

/// The files of a repository, told apart.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// Every `.sops.yaml` that can be read.
    pub policies: Vec<Policy>,
    /// Every encrypted file that can be read.
    pub encrypted: Vec<Encrypted<'a>>,
    /// Files that should be encrypted by their name.
    pub plain: Vec<&'a File>,
    /// What is wrong with those that cannot be read.
    pub unreadable: Vec<Problem>,
    /// Whether a `.sops.yaml` is among them: what it says of a file is not known.
    pub lacks_policy: bool,
}

/// Every way in which the repository's secrets are not in order.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let sorted = sort(facts.files);
    let mut problems = sorted.unreadable.clone();
    problems.extend(sorted.plain.iter().map(|file| not_encrypted(file)));
    for file in &sorted.encrypted {
        problems.extend(encrypted::problems(file));
        problems.extend(recipients::problems(file, &sorted.policies));
        if !sorted.lacks_policy {
            problems.extend(drift::problems(file, &sorted.policies));
        }
    }
    problems.extend(coverage::problems(facts, &sorted));
    problems.extend(leaks::problems(facts.files));
    problems.extend(declared::problems(facts, &sorted));
    problems
}

/// What is wrong with one encrypted file, by what mends it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Plain text, broken values, what is missing: only its owner can mend that.
    pub damage: Vec<Problem>,
    /// Wrapped keys that are not what they say: another data key mends that.
    pub wrapped: Vec<Problem>,
    /// What is not as its rule says.
    pub drift: Vec<Problem>,
}

impl Verdict {
    /// Everything that fails the check.
    pub fn failing(&self) -> impl Iterator<Item = &Problem> {
        [&self.damage, &self.wrapped, &self.drift].into_iter().flatten().filter(|problem| problem.fails())
    }
}

/// What is wrong with `file`.
#[must_use]
pub fn verdict(file: &Encrypted<'_>, policies: &[Policy]) -> Verdict {
    Verdict {
        damage: encrypted::problems(file),
        wrapped: recipients::problems(file, policies),
        drift: drift::problems(file, policies),
    }
}

/// Tells files apart: policies, what is encrypted, what should be.
#[must_use]
pub fn sort(files: &[File]) -> Sorted<'_> {
    sort_those(files, |_| true)
}

/// Every `.sops.yaml` that can be read; no other file is looked into.
#[must_use]
pub fn policies(files: &[File]) -> Vec<Policy> {
    sort_those(files, |_| false).policies
}

/// As [`sort`], of the files that are `wanted` and every `.sops.yaml`.
pub fn sort_those(files: &[File], wanted: impl Fn(&Path) -> bool) -> Sorted<'_> {
    let is_policy = |path: &Path| path.file_name().is_some_and(|name| name == policy::FILE);
    let mut sorted = Sorted::default();
    for file in files.iter().filter(|file| is_policy(&file.path)) {
        if let Some(line) = conflict(&file.text) {
            sorted.unreadable.push(in_conflict(file, line));
            continue;
        }
        match Policy::read(&file.path, &file.text) {
            Ok(policy) => sorted.policies.push(policy),
            Err(error) => sorted.unreadable.push(unreadable(file, &error)),
        }
    }
    sorted.lacks_policy = !sorted.unreadable.is_empty();
    for file in files.iter().filter(|file| !is_policy(&file.path) && wanted(&file.path)) {
        sort_file(file, &mut sorted);
    }
    sorted
}

fn sort_file<'a>(file: &'a File, sorted: &mut Sorted<'a>) {
    let format = Format::of(&file.path);
    let intended = coverage::is_meant_secret(&file.path, &sorted.policies);
    // Text of source code that mentions SOPS is told from an encrypted file by holding ciphertext.
    let looks = document::may_be_encrypted(format, &file.text) && (intended || file.text.contains("ENC[AES256_GCM"));
    if !looks {
        sorted.plain.extend(intended.then_some(file));
        return;
    }
    if let Some(line) = conflict(&file.text) {
        sorted.unreadable.push(in_conflict(file, line));
        return;
    }
    match document::read(format, &file.text) {
        Ok(document) if document.metadata.is_some() => {
            sorted.encrypted.push(Encrypted { path: &file.path, format, document });
        }
        Ok(_) => sorted.plain.extend(intended.then_some(file)),
        // Source code may look like an encrypted file of an unknown extension.
        Err(_) if format == Format::Binary && !intended => {}
        Err(error) => sorted.unreadable.push(unreadable(file, &error)),
    }
}

/// A line of the repository.
fn place(file: &Path, line: u32) -> Option<Place> {
    Some(Place { file: file.to_owned(), line })
}

fn not_encrypted(file: &File) -> Problem {
    let path = file.path.display();
    let fix = match file.tracked {
        true => format!("run `sops encrypt --in-place {path}`, and change at its source what was in it: git keeps it"),
        false => format!("run `sops encrypt --in-place {path}`, or have git ignore it"),
    };
    Problem::new(place(&file.path, 1), "this file should be encrypted by its name, and is not", fix)
}

fn unreadable(file: &File, error: &yaml::NotYaml) -> Problem {
    let fix = format!("take the file as it was: `git log -- {}` shows where it changed", file.path.display());
    Problem::new(place(&file.path, error.line), error.reason, fix)
}

/// The line of the first mark that a merge left.
fn conflict(text: &str) -> Option<u32> {
    let marks = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line == "=======";
    text.lines().zip(1..).find(|(line, _)| marks(line)).map(|(_, number)| number)
}

fn in_conflict(file: &File, line: u32) -> Problem {
    let fix = "take one side whole (`git checkout --ours` or `--theirs`), and redo the other's change with `cargo xtask secrets edit`";
    Problem::new(place(&file.path, line), "a merge left its marks here", fix)
}

#[cfg(test)]
pub mod tests;
