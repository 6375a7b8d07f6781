//! What may stand where the cursor is in `cargo xtask …`: from the tree of commands, and from the names of the fleet.
//!
//! The shells ask the program itself, by the hidden `__complete`, so that what they offer is always what the program takes. The
//! library for this (`clap_complete` with its engine) is marked unstable; walking the tree is this file.

#[cfg(test)]
mod examples;
pub mod manual;
mod scripts;
#[cfg(test)]
mod tests;

use clap::{Arg, Command};

pub use scripts::{Checkout, Shell};

/// Something that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word.
    pub value: String,
    /// What it is, in one line; may be empty.
    pub help: String,
}

/// What only the fleet knows.
#[derive(Debug, Default)]
pub struct Names {
    /// `nixos:web`: outputs as selectors.
    pub selectors: Vec<String>,
    /// Jobs, with what is true once they have succeeded.
    pub jobs: Vec<(String, String)>,
    /// The systems of outputs.
    pub systems: Vec<String>,
    /// The names of hosts.
    pub hosts: Vec<String>,
}

/// What may stand in place of the last of `words`, which is what was typed of it; `words` are all behind `cargo xtask`.
#[must_use]
pub fn candidates(root: &Command, words: &[String], names: &Names) -> Vec<Candidate> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let mut at = Position { command: root, positional: 0, waiting: None, only_positional: false };
    for word in before {
        at.pass(word);
    }
    let mut all = at.offered(last, names);
    all.retain(|candidate| candidate.value.starts_with(last.as_str()));
    all
}

/// Where in the tree of commands the cursor is.
struct Position<'a> {
    command: &'a Command,
    /// How many positional arguments stand before it.
    positional: usize,
    /// The flag whose value comes next.
    waiting: Option<&'a Arg>,
    /// `--` was passed.
    only_positional: bool,
}

impl<'a> Position<'a> {
    /// Goes past a word that is typed already.
    fn pass(&mut self, word: &str) {
        if self.waiting.take().is_some() {
            return;
        }
        if self.only_positional || !word.starts_with('-') || word == "-" {
            let below = self.command.find_subcommand(word).filter(|_| !self.only_positional && self.positional == 0);
            match below {
                Some(below) => self.command = below,
                None => self.positional += 1,
            }
        } else if word == "--" {
            self.only_positional = true;
        } else if let Some(name) = word.strip_prefix("--") {
            self.waiting = self.flag(|flag| flag.get_long() == Some(name));
        } else {
            self.waiting = self.flag(|flag| flag.get_short().is_some_and(|short| word.ends_with(short)));
        }
    }

    /// The flag that is meant, if it takes a value.
    fn flag(&self, meant: impl Fn(&Arg) -> bool) -> Option<&'a Arg> {
        self.command.get_arguments().find(|flag| meant(flag) && takes_value(flag))
    }

    fn offered(&self, last: &str, names: &Names) -> Vec<Candidate> {
        if let Some(flag) = self.waiting {
            return values(flag, last, "", names);
        }
        if !self.only_positional && last.starts_with('-') {
            if let Some((name, value)) = last.strip_prefix("--").and_then(|flag| flag.split_once('=')) {
                let flag = self.flag(|flag| flag.get_long() == Some(name));
                return flag.map(|flag| values(flag, value, &format!("--{name}="), names)).unwrap_or_default();
            }
            let flags = self.command.get_arguments().filter(|flag| !flag.is_hide_set());
            let long = flags.filter_map(|flag| Some(candidate(&format!("--{}", flag.get_long()?), flag.get_help())));
            return long.collect();
        }
        let mut all = Vec::new();
        if self.positional == 0 && !self.only_positional {
            let below = self.command.get_subcommands().filter(|below| !below.is_hide_set());
            all.extend(below.map(|below| candidate(below.get_name(), below.get_about())));
        }
        let positionals: Vec<&Arg> = self.command.get_positionals().collect();
        let several = |arg: &Arg| arg.get_num_args().is_some_and(|number| number.max_values() > 1);
        let here = positionals.get(self.positional).or_else(|| positionals.last().filter(|arg| several(arg)));
        all.extend(here.map(|arg| values(arg, last, "", names)).unwrap_or_default());
        all
    }
}

fn takes_value(flag: &Arg) -> bool {
    flag.get_action().takes_values()
}

/// What an argument may be set to; each is `prefix` and a value. Of a list, what stands before the last comma is kept.
fn values(arg: &Arg, typed: &str, prefix: &str, names: &Names) -> Vec<Candidate> {
    let listed = arg.get_value_delimiter().and_then(|delimiter| typed.rfind(delimiter)).map_or(0, |comma| comma + 1);
    let prefix = format!("{prefix}{}", typed.get(..listed).unwrap_or_default());
    let plain = |values: &[String]| values.iter().map(|value| (value.clone(), String::new())).collect::<Vec<_>>();
    let name = arg.get_value_names().and_then(<[_]>::first).map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    let all: Vec<(String, String)> = match name.as_str() {
        "SELECTOR" | "SELECTORS" => plain(&names.selectors),
        "JOB" => names.jobs.clone(),
        "SYSTEM" => plain(&names.systems),
        "HOST" => plain(&names.hosts),
        _ => {
            let possible = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
            let help =
                |value: &clap::builder::PossibleValue| value.get_help().map(ToString::to_string).unwrap_or_default();
            possible.map(|value| (value.get_name().to_owned(), help(&value))).collect()
        }
    };
    let all =
        all.into_iter().map(|(value, help)| Candidate { value: format!("{prefix}{value}"), help: one_line(&help) });
    all.collect()
}

fn candidate(value: &str, help: Option<&clap::builder::StyledStr>) -> Candidate {
    Candidate { value: value.to_owned(), help: one_line(&help.map(ToString::to_string).unwrap_or_default()) }
}

fn one_line(help: &str) -> String {
    help.lines().next().unwrap_or_default().replace('\t', " ")
}
