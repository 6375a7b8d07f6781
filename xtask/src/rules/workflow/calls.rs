//! Calls of this program in scripts, however they are spelled: `cargo xtask`, an alias of cargo, `cargo run --package xtask`, the
//! compiled program, the flake's package. What is called must be something that it has.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::document::Document;
use crate::ci::audit::shell::{UNKNOWN, Variables, commands};
use crate::rules::Problem;

/// The name of this program: of its package, its binary, and its alias.
const PROGRAM: &str = "xtask";
/// Programs that run the one that is named behind them.
const RUNNERS: [&str; 7] = ["env", "exec", "ionice", "nice", "sudo", "time", "timeout"];
/// Options of theirs behind which a word is their value.
const OF_RUNNERS: [&str; 8] = ["--group", "--kill-after", "--signal", "--user", "-g", "-k", "-s", "-u"];
/// How often an alias may name another one; cargo refuses one that comes back to itself.
const MOST_ALIASES: usize = 8;
/// How deep one script may be inside of another one.
const DEEPEST: usize = 3;
/// Options of cargo, and of `cargo run`, behind which a word is their value.
const WITH_VALUE: [&str; 19] = [
    "--bin",
    "--color",
    "--config",
    "--example",
    "--features",
    "--jobs",
    "--lockfile-path",
    "--manifest-path",
    "--message-format",
    "--package",
    "--profile",
    "--target",
    "--target-dir",
    "-C",
    "-F",
    "-Z",
    "-b",
    "-j",
    "-p",
];
/// Commands that only say their words.
const SAYS: [&str; 2] = ["echo", "printf"];

/// What cargo runs instead of a subcommand that it does not have itself, by name.
pub type Aliases = BTreeMap<String, Vec<String>>;

/// The part of cargo's configuration that is looked at.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    alias: BTreeMap<String, Alias>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Alias {
    Line(String),
    Words(Vec<String>),
}

/// The aliases that `.cargo/config.toml` with this text has.
///
/// # Errors
/// When it is not what cargo would read.
pub fn aliases(text: &str) -> Result<Aliases> {
    let read: Configuration = toml::from_str(text).context("read the aliases of cargo")?;
    let words = |alias| match alias {
        Alias::Line(line) => line.split_whitespace().map(str::to_owned).collect(),
        Alias::Words(words) => words,
    };
    Ok(read.alias.into_iter().map(|(name, alias)| (name, words(alias))).collect())
}

/// Calls that this program would refuse.
pub fn problems(
    document: &Document<'_>,
    aliases: &Aliases,
    misuse: &dyn Fn(&[&str]) -> Option<String>,
) -> Vec<Problem> {
    let mut found = Vec::new();
    for run in document.steps().filter_map(|step| step.get("run")) {
        for call in calls(run.text().unwrap_or_default(), aliases, DEEPEST) {
            if let Some(fault) = misuse(&call.known()) {
                let fault = format!("`{}`: {fault}", call.spelled);
                found.push(document.problem(
                    document.line_in(run, call.line),
                    fault,
                    "`cargo xtask --help` lists what there is",
                ));
            }
        }
    }
    found
}

/// A call of this program.
struct Call {
    /// Its line in the script, counted from 0.
    line: u32,
    /// How it is spelled there.
    spelled: String,
    /// The words that this program gets.
    words: Vec<String>,
}

impl Call {
    /// The words up to the first that only the shell knows: it may be a command, a value, or nothing, and what stands behind it means
    /// something else each time.
    fn known(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).take_while(|word| !word.contains(UNKNOWN)).collect()
    }
}

fn calls(script: &str, aliases: &Aliases, depth: usize) -> Vec<Call> {
    let mut found = Vec::new();
    for command in commands(script, &Variables::new(), false) {
        let words = &command.words[..];
        if let Some(inner) = inner_script(words).filter(|_| depth > 0) {
            let inner = calls(inner, aliases, depth - 1);
            found.extend(inner.into_iter().map(|call| Call { line: command.line + call.line, ..call }));
        } else if let Some((at, words)) = own_words(words, aliases) {
            let hidden = words.iter().skip_while(|word| !word.contains(UNKNOWN)).count();
            let shown = command.words.len() - hidden;
            let spelled = command.words.iter().take(shown).skip(at).filter(|word| !word.contains(UNKNOWN));
            let spelled = spelled.map(String::as_str).collect::<Vec<_>>().join(" ");
            found.push(Call { line: command.line, spelled, words });
        }
    }
    found
}

/// The script of `sh -c SCRIPT`, whatever stands in front.
fn inner_script(words: &[String]) -> Option<&str> {
    let shell = words.iter().position(|word| ["sh", "bash"].contains(&program(word)))?;
    let rest = words.get(shell + 1..)?;
    let flag = rest.iter().position(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))?;
    rest.get(flag + 1).map(String::as_str)
}

/// What this program gets from a command, and from which word on it is called; nothing if it is not called.
fn own_words(words: &[String], aliases: &Aliases) -> Option<(usize, Vec<String>)> {
    if words.first().is_some_and(|word| SAYS.contains(&program(word))) {
        return None;
    }
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = words.get(at + 1..).unwrap_or_default();
        let own = match program(word) {
            "cargo" => through_cargo(rest.to_vec(), aliases, MOST_ALIASES),
            "nix" => through_nix(rest),
            // Where cargo leaves it; elsewhere the word may be a folder, and behind another program it is a file like any other.
            PROGRAM if word.contains("target/") && is_run(words.get(..at)?) => Some(rest.to_vec()),
            _ => None,
        };
        own.map(|own| (at, own))
    })
}

/// Whether what stands behind the words `before` is run: they are none, or a program that runs others, and what this one is given.
fn is_run(before: &[String]) -> bool {
    before.first().is_none_or(|first| RUNNERS.contains(&program(first)))
        // `sudo cp FILE FOLDER` runs `cp`: of plain words a runner has only the value of an option, and how long something may take.
        && before.iter().enumerate().skip(1).all(|(at, word)| {
            let of_option = before.get(at - 1).is_some_and(|word| OF_RUNNERS.contains(&word.as_str()));
            let duration = word.starts_with(|c: char| c.is_ascii_digit());
            RUNNERS.contains(&program(word)) || word.starts_with('-') || word.contains('=') || of_option || duration
        })
}

/// The last part of the path of a program.
fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// What this program gets from the words behind `cargo`.
fn through_cargo(words: Vec<String>, aliases: &Aliases, left: usize) -> Option<Vec<String>> {
    let words = words.get(usize::from(words.first().is_some_and(|word| word.starts_with('+')))..)?;
    let verb = options(words);
    let rest = words.get(verb + 1..)?;
    match words.get(verb)?.as_str() {
        "run" | "r" => {
            let count = options(rest);
            let before = rest.get(..count)?;
            let behind = rest.get(count..)?;
            let behind = behind.get(usize::from(behind.first().is_some_and(|word| word == "--"))..)?;
            is_named(before).then(|| behind.to_vec())
        }
        verb => match aliases.get(verb) {
            Some(alias) if left > 0 => through_cargo([alias, rest].concat(), aliases, left - 1),
            Some(_) => None,
            None => (verb == PROGRAM).then(|| rest.to_vec()),
        },
    }
}

/// How many of `words` are options and their values, up to `--` or the first that is neither.
fn options(words: &[String]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-') && *word != "--") {
        at += 1 + usize::from(WITH_VALUE.contains(&word.as_str()));
    }
    at.min(words.len())
}

/// Whether options of `cargo run` name this program.
fn is_named(options: &[String]) -> bool {
    let named = |value: &str| {
        let name = value.rsplit('/').next().unwrap_or(value);
        name.split(['@', ':']).next() == Some(PROGRAM)
    };
    let manifest = |value: &str| value == "xtask/Cargo.toml" || value.ends_with("/xtask/Cargo.toml");
    options.iter().enumerate().any(|(at, word)| {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => match word.strip_prefix("-p").filter(|value| !value.is_empty()) {
                Some(value) => ("-p", Some(value)),
                None => (word.as_str(), options.get(at + 1).map(String::as_str)),
            },
        };
        match option {
            "-p" | "--package" | "--bin" => value.is_some_and(named),
            "--manifest-path" => value.is_some_and(manifest),
            _ => false,
        }
    })
}

/// What this program gets from the words behind `nix`, where these run the flake's own package or app.
fn through_nix(words: &[String]) -> Option<Vec<String>> {
    let run = words.iter().position(|word| word == "run")?;
    let end = words.iter().position(|word| word == "--")?;
    let own = |word: &String| {
        word.split_once('#')
            .is_some_and(|(flake, attr)| matches!(flake, "" | "." | "./.") && attr.rsplit('.').next() == Some(PROGRAM))
    };
    words.get(run + 1..end)?.iter().any(own).then(|| words.get(end + 1..).unwrap_or_default().to_vec())
}
