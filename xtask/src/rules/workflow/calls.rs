//! Calls of this program in scripts, however they are spelled: `cargo xtask`, an alias of cargo, `cargo run --package xtask`, the
//! compiled program, the flake's package. What is called must be something that it has.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::document::Document;
use crate::ci::audit::shell::{UNKNOWN, Variables, commands};
use crate::rules::Problem;

/// The name of this program: of its package, its binary, and its alias.
const PROGRAM: &str = "xtask";
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
            // What a shell puts there is not known here.
            let words: Vec<&str> =
                call.words.iter().map(String::as_str).filter(|word| !word.contains(UNKNOWN)).collect();
            if let Some(fault) = misuse(&words) {
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

fn calls(script: &str, aliases: &Aliases, depth: usize) -> Vec<Call> {
    let mut found = Vec::new();
    for command in commands(script, &Variables::new(), false) {
        let words = &command.words[..];
        if let Some(inner) = inner_script(words).filter(|_| depth > 0) {
            let inner = calls(inner, aliases, depth - 1);
            found.extend(inner.into_iter().map(|call| Call { line: command.line + call.line, ..call }));
        } else if let Some((at, words)) = own_words(words, aliases) {
            let spelled = command.words.iter().skip(at).filter(|word| !word.contains(UNKNOWN));
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
            // Where cargo leaves it; elsewhere the word may be a folder.
            PROGRAM if word.contains("target/") => Some(rest.to_vec()),
            _ => None,
        };
        own.map(|own| (at, own))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What this program gets from each call in `script`.
    fn told(script: &str) -> Vec<String> {
        let text = "[alias]\nxtask = \"run --quiet --package xtask --\"\nx = ['xtask', '--quiet']\nb = 'build'\nloop = 'pool'\n\
                    pool = 'loop'\nci = 'run -q -p xtask -- ci'\n";
        let aliases = aliases(text).unwrap();
        calls(script, &aliases, DEEPEST).into_iter().map(|call| call.words.join(" ").replace(UNKNOWN, "~")).collect()
    }

    #[test]
    fn every_spelling_of_a_call_is_one() {
        let check = |script: &str, expected: &[&str]| assert_eq!(told(script), expected, "{script}");
        check("cargo xtask ci lock", &["ci lock"]);
        check("cargo +stable --locked --color never xtask ci lock", &["ci lock"]);
        check("CI=1 sudo /opt/bin/cargo xtask ci \"$JOB\" --plan", &["ci ~ --plan"]);
        check("cargo run -p xtask -- ci lock", &["ci lock"]);
        check("cargo run --package xtask --release ci lock", &["ci lock"]);
        check("cargo r --quiet --package=xtask -- ci lock", &["ci lock"]);
        check("cargo run -pxtask --profile dev -- --quiet ci", &["--quiet ci"]);
        check("cargo run --bin xtask -- ci", &["ci"]);
        check("cargo run --manifest-path ./xtask/Cargo.toml -- ci", &["ci"]);
        check("cargo run --package path+file:///work/xtask -- ci", &["ci"]);
        check("cargo x ci lock", &["--quiet ci lock"]);
        check("cargo ci lock && cargo b", &["ci lock"]);
        check("target/release/xtask ci; ./target/debug/xtask lock", &["ci", "lock"]);
        check("nix run .#xtask -- ci lock", &["ci lock"]);
        check("nix --offline run --impure '.#packages.x86_64-linux.xtask' -- ci", &["ci"]);
        check("nix develop --command cargo xtask lock", &["lock"]);
        check("bash -euc 'cd a\ncargo xtask lock'", &["lock"]);
        check("if cargo xtask lock; then cargo x ci; fi", &["lock", "--quiet ci"]);
        check("cargo xtask \\\n  ci lock > log 2>&1", &["ci lock"]);
        check("cargo xtask", &[""]);
    }

    #[test]
    fn what_only_looks_like_a_call_is_none() {
        let check = |script: &str| assert_eq!(told(script), [""; 0], "{script}");
        check("cargo run -p tool -- xtask ci");
        check("cargo run -- ci lok");
        check("cargo run --example xtask-like -- ci lok");
        check("cargo test -p xtask lok");
        check("cargo build --package xtask");
        check("cargo loop ci lok");
        check("cargo --version");
        check("cargo");
        check("ls .cargo xtask lok");
        check("ls xtask lok");
        check("echo cargo xtask lok");
        check("printf '%s' 'cargo xtask lok'");
        check("# cargo xtask lok");
        check("cat <<EOF\ncargo xtask lok\nEOF");
        check("nix run github:a/b#xtask -- lok");
        check("nix run .#tool -- xtask lok");
        check("nix run .#xtask");
    }

    #[test]
    fn an_alias_that_leads_elsewhere_is_another_program() {
        let told = |text: &str| calls("cargo xtask lok", &aliases(text).unwrap(), DEEPEST).len();
        assert_eq!(told("[alias]\nxtask = 'run --package tool --'\n"), 0);
        assert_eq!(told("[build]\njobs = 1\n"), 1);
        assert_eq!(told(""), 1);
        assert!(aliases("[alias]\nxtask = 1\n").is_err());
    }
}
