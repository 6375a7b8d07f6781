//! Binary caches are written in many places, and `nixConfig` of flake.nix is the source of all of them: workflows, actions, files of
//! nix.conf, and `nix.settings` of hosts and homes say the same.
//!
//! Decisions: `nixConfig` is compared as it evaluates, hosts and homes likewise, so that a list may come from anywhere; in texts, what
//! is written is compared. A fleet that names caches elsewhere and none in `nixConfig` has one problem, not one for each place.

mod agreement;
mod entry;
mod evaluated;
mod retired;
mod settings;
mod steps;
#[cfg(test)]
mod tests;
mod workflow;

use std::path::{Path, PathBuf};

use agreement::{Fault, Policy, deviation, discarding, form, pairs};
pub use entry::{List, fault as entry_fault, fits, host, identity, is_upstream};
use evaluated::Evaluated;
use settings::{Block, Setting};

use super::source::{Sources, line_of};
use super::{Problem, Severity, yaml};
use crate::config::CacheConfig;
use crate::fleet::{Configuration, Place};

/// What the rule looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// `nixConfig` of flake.nix: the words of each setting.
    pub nix_config: &'a [(String, Vec<String>)],
    /// The text of flake.nix.
    pub flake_text: &'a str,
    /// Hosts and homes.
    pub configurations: &'a [Configuration],
    /// The Nix files, to find places.
    pub sources: &'a Sources,
    /// The files that [`reads`] names.
    pub files: &'a [File],
    /// What the fleet's owner says.
    pub config: &'a CacheConfig,
}

/// A file that git tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// Whether the rule reads the file at `path`: what may say something about caches, and everything where caches are retired.
#[must_use]
pub fn reads(path: &Path, config: &CacheConfig) -> bool {
    let ignored = config.ignore.iter().any(|ignored| path.starts_with(ignored));
    !ignored && (workflow::is_workflow(path) || is_nix_conf(path) || !config.retired.is_empty())
}

/// What is wrong with what is written about caches.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let policy = Policy { retired: &facts.config.retired, key_names: &facts.config.keys };
    let source = source(facts);
    let mut found = Vec::new();
    let told = form(&source, policy).into_iter().chain(discarding(&source)).chain(pairs(&source, policy));
    found.extend(told.map(|fault| in_text(&source.file, fault)));

    let (mut blocks, documents) = written(facts.files, &mut found);
    let nix_confs = facts.files.iter().filter(|file| is_nix_conf(&file.path));
    blocks.extend(nix_confs.filter_map(|file| settings::in_text(&file.path, &file.text, 1)));
    let evaluated = evaluated::blocks(facts.configurations);

    let compared = !source.settings.is_empty();
    for block in &blocks {
        let deviations = if compared { deviation(&source, block, policy) } else { Vec::new() };
        let told = form(block, policy).into_iter().chain(discarding(block)).chain(deviations);
        found.extend(told.map(|fault| in_text(&block.file, fault)));
    }
    found.extend(evaluated::problems(&evaluated, compared.then_some(&source), policy, facts.sources));
    if !compared {
        let of = blocks.iter().find(|block| names_any(block)).map(|block| block.file.display().to_string());
        let of = of.or_else(|| evaluated.iter().find(|one| names_any(&one.block)).map(Evaluated::attr));
        found.extend(of.map(|of| sourceless(&of)));
    }
    found.extend(steps::problems(&steps::pushes(&documents)));
    // The file that says what is retired has to name it.
    let may_not = facts.files.iter().filter(|file| file.path != Path::new(crate::config::FILE));
    found.extend(retired::problems(may_not, &facts.config.retired));
    found
}

/// What `nixConfig` says, with the lines of flake.nix that say it: a value that is not written there has the line of `nixConfig`.
fn source(facts: &Facts<'_>) -> Block {
    let whole = line_that_says(facts.flake_text, "nixConfig").unwrap_or(1);
    let settings = facts.nix_config.iter().filter_map(|(name, words)| {
        let line = line_of(facts.flake_text, name).unwrap_or(whole);
        let entries = words.iter().map(|word| {
            let line = line_that_says(facts.flake_text, &format!("\"{word}\"")).unwrap_or(line);
            (word.clone(), line)
        });
        Some(Setting { entries: entries.collect(), ..settings::setting(name, line)? })
    });
    Block { file: PathBuf::from("flake.nix"), settings: settings.collect(), whole: true }
}

fn line_that_says(text: &str, what: &str) -> Option<u32> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with('#'));
    lines.find(|(_, line)| line.contains(what)).map(|(number, _)| number)
}

/// What workflows and actions say, and the documents they are; one that is no YAML is a problem, since it was not looked at.
fn written(files: &[File], found: &mut Vec<Problem>) -> (Vec<Block>, Vec<(PathBuf, yaml::Node)>) {
    let (mut blocks, mut documents) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| workflow::is_workflow(&file.path)) {
        match yaml::parse(&file.text) {
            Ok(yaml) => {
                for document in yaml.documents {
                    blocks.extend(workflow::blocks(&file.path, &file.text, &document));
                    documents.push((file.path.clone(), document));
                }
            }
            Err(error) => {
                let place = Place { file: file.path.clone(), line: error.line };
                found.push(Problem::new(Some(place), error.reason, "mend the YAML: what is in it was not looked at"));
            }
        }
    }
    (blocks, documents)
}

fn in_text(file: &Path, fault: Fault) -> Problem {
    let severity = if fault.fails { Severity::Problem } else { Severity::Warning };
    let place = Some(Place { file: file.to_owned(), line: fault.line });
    Problem { severity, place, fault: fault.text, fix: fault.fix }
}

/// Whether it names a cache that has to be named somewhere.
fn names_any(block: &Block) -> bool {
    let entries = block.settings.iter().flat_map(|setting| &setting.entries);
    entries.map(|(entry, _)| entry).any(|entry| !entry::is_upstream(entry))
}

fn sourceless(of: &str) -> Problem {
    let fault = format!("`nixConfig` names no cache, but `{of}` does: nothing is the source of what others say");
    let fix = "write the caches in `nixConfig` of flake.nix, as `extra-substituters` and `extra-trusted-public-keys`";
    Problem::new(Some(Place { file: PathBuf::from("flake.nix"), line: 1 }), fault, fix)
}

/// A file of settings as Nix reads them: `nix.conf`, `ci.nix.conf`, and `nix.custom.conf`, which Determinate Nix includes.
fn is_nix_conf(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name == "nix.conf" || name == "nix.custom.conf" || name.ends_with(".nix.conf")
}
