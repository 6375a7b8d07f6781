//! Print what a shell reads to complete `cargo xtask …` in this checkout; `bootstrap` installs it

pub mod complete;

use anyhow::{Context as _, Result, bail};

use crate::completion::{Checkout, Shell};
use crate::context::{Context, Ending};

/// Print what a shell reads to complete `cargo xtask …` in this checkout; `bootstrap` installs it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell [default: the user's]
    #[arg(value_enum)]
    shell: Option<Shell>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask completions zsh                   what is read
  cargo xtask completions bash > ~/xtask.bash   for who reads it in a way of their own";

/// Prints it.
///
/// # Errors
/// When the shell is not known, or this program does not know where it is.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let path = std::env::var("SHELL").unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(shell) = args.shell.or_else(|| Shell::named(name)) else {
        bail!("the shell `{name}` is not known: name `bash`, `zsh` or `fish`")
    };
    let program = std::env::current_exe().context("find this program")?;
    context.console.answer(&shell.script(&Checkout { root: context.repository.clone(), program }));
    Ok(Ending::Clean)
}
