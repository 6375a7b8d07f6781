//! Find everything that could make a later command fail, each with the command that fixes it

use anyhow::Result;

use crate::context::{Context, Ending};
use crate::nix;
use crate::report::Mark;

/// Find everything that could make a later command fail, each with the command that fixes it
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs every diagnosis and says what it found.
///
/// # Errors
/// When something could not be looked at.
pub fn run(context: &Context, _args: &Args) -> Result<Ending> {
    match nix::find()? {
        Some(nix) => context.console.mark(Mark::Ok, &nix.description),
        None => context.console.mark(Mark::Failed, "no Nix"),
    }
    Ok(Ending::Clean)
}
