//! Print the manual page of a command, or write those of all; `bootstrap` installs them

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::completion::manual;
use crate::context::{Context, Ending};
use crate::files;
use crate::plain_text::nearest::instead;

/// Print the manual page of a command, or write those of all; `bootstrap` installs them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The command, such as `cache push` [default: `cargo xtask` itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write every page into this folder, as `man1/cargo-xtask-….1`
    #[arg(long, value_name = "DIR", conflicts_with = "command", env = "XTASK_DIR")]
    dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask man cache push | man -l -                     read one
  cargo xtask man --dir ~/pages                             write them all; `man -M ~/pages cargo-xtask` reads one
  cargo xtask man | man -l -                                of `cargo xtask` itself";

/// Prints or writes.
///
/// # Errors
/// When there is no such command, or a page cannot be written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let pages = manual::pages()?;
    let Some(folder) = &args.dir else {
        let name = manual::name(&args.command);
        let Some(page) = pages.iter().find(|page| page.name == name) else {
            let known: Vec<String> = pages.iter().map(|page| page.command.clone()).collect();
            let command = args.command.join(" ");
            bail!("there is no command `{command}`: {}", instead(&command, known.iter().map(String::as_str)));
        };
        context.console.answer(&page.text);
        return Ok(Ending::Clean);
    };
    for page in &pages {
        let file = folder.join(page.below());
        files::write_if_changed(&file, page.text.as_bytes()).with_context(|| format!("write `{}`", file.display()))?;
    }
    context.console.line(&format!("{} pages in `{}`", pages.len(), folder.join("man1").display()));
    Ok(Ending::Clean)
}
