//! Workflows and actions of GitHub, generated or written by hand: what makes a check pass that should not, hands secrets or a token to
//! those who should have none, or has become dead text.

mod actions;
pub mod calls;
mod document;
mod drift;
mod gate;
mod inputs;
mod lenient;
mod limits;
mod results;
mod scripts;
mod strangers;
#[cfg(test)]
mod tests;
mod triggers;
mod verdict;

use std::path::{Path, PathBuf};

use document::Document;

use super::{Problem, yaml};
use crate::ci::workflow::Generated;
use crate::fleet::Place;

/// What the rule looks at.
pub struct Facts<'a> {
    /// The files that [`reads`] names.
    pub files: &'a [File],
    /// The files as the job table wants them.
    pub generated: &'a [Generated],
    /// What cargo takes its own subcommands for in this repository.
    pub aliases: &'a calls::Aliases,
    /// What is wrong with a command line of `cargo xtask`, if anything; its words up to the first that a shell would replace.
    pub misuse: &'a dyn Fn(&[&str]) -> Option<String>,
}

/// A file below `.github`, or the action that a repository may itself be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// Whether the rule reads the file at `path`.
#[must_use]
pub fn reads(path: &Path) -> bool {
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let of_github = path.starts_with(".github/workflows") || path.starts_with(".github/actions");
    let own = path.parent() == Some(Path::new("")) && path.file_stem().is_some_and(|stem| stem == "action");
    is_yaml && (of_github || own)
}

/// What is wrong with workflows and actions.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let mut found = drift::problems(facts.files, facts.generated);
    for file in facts.files {
        match yaml::parse(&file.text) {
            Ok(yaml) => {
                let Some(root) = yaml.documents.first() else {
                    found.push(at(&file.path, 1, "the file is empty", "remove it, or write the workflow"));
                    continue;
                };
                let document = Document { path: &file.path, text: &file.text, root, comments: &yaml.comments };
                found.extend(actions::problems(&document));
                found.extend(limits::problems(&document));
                found.extend(inputs::problems(&document));
                found.extend(gate::problems(&document));
                found.extend(triggers::problems(&document));
                found.extend(strangers::problems(&document));
                found.extend(scripts::problems(&document));
                found.extend(calls::problems(&document, facts.aliases, facts.misuse));
            }
            Err(error) => {
                found.push(at(&file.path, error.line, error.reason, "mend the YAML: what is in it was not looked at"));
            }
        }
    }
    found
}

fn at(path: &Path, line: u32, fault: impl Into<String>, fix: impl Into<String>) -> Problem {
    Problem::new(Some(Place { file: path.to_owned(), line }), fault, fix)
}
