//! The manual pages, one for each command, from the command line itself.

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory as _};

use crate::context::Cli;

/// A page of section 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its name: `cargo-xtask-cache-push`.
    pub name: String,
    /// The command behind `cargo xtask`: `cache push`; empty for `cargo xtask` itself.
    pub command: String,
    /// The text, in roff.
    pub text: String,
}

impl Page {
    /// Where it is below a folder of manual pages.
    #[must_use]
    pub fn below(&self) -> String {
        format!("man1/{}.1", self.name)
    }
}

/// The name of the page of the command of these words.
#[must_use]
pub fn name(words: &[String]) -> String {
    words.iter().fold("cargo-xtask".to_owned(), |name, word| format!("{name}-{word}"))
}

/// All of them, from the whole to its parts.
///
/// # Errors
/// When one cannot be made.
pub fn pages() -> Result<Vec<Page>> {
    let mut cli = Cli::command();
    cli.build();
    let mut all = Vec::new();
    add(&cli, &[], &mut all)?;
    Ok(all)
}

fn add(command: &Command, words: &[String], all: &mut Vec<Page>) -> Result<()> {
    let name = name(words);
    let mut text = Vec::new();
    // `clap_mangen` names a page, and those it refers to, by these.
    let parts = command.get_subcommands().map(|part| part.get_name().to_owned()).collect::<Vec<_>>();
    let mut titled = command.clone().display_name(name.clone());
    for part in parts {
        let of_part = format!("{name}-{part}");
        titled = titled.mut_subcommand(part, |part| part.display_name(of_part));
    }
    clap_mangen::Man::new(titled)
        .title(name.clone())
        .render(&mut text)
        .with_context(|| format!("make the page `{name}`"))?;
    let text = String::from_utf8(text).with_context(|| format!("make the page `{name}`"))?;
    all.push(Page { name, command: words.join(" "), text });
    for part in command.get_subcommands().filter(|part| part.get_name() != "help" && !part.is_hide_set()) {
        add(part, &[words, &[part.get_name().to_owned()]].concat(), all)?;
    }
    Ok(())
}
