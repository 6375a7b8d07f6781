//! Work with binary caches: have this machine ask them, find what is wrong with them, create them

mod asked;
mod doctor;
mod known;
mod provision;
mod setup;

use anyhow::Result;

use crate::context::{Context, Ending};

/// Work with binary caches: have this machine ask them, find what is wrong with them, create them
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Setup(setup::Args),
    Doctor(doctor::Args),
    Provision(provision::Args),
}

/// Runs one verb.
///
/// # Errors
/// When it could not do its work.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    match &args.verb {
        Verb::Setup(args) => setup::run(context, args),
        Verb::Doctor(args) => doctor::run(context, args),
        Verb::Provision(args) => provision::run(context, args),
    }
}
