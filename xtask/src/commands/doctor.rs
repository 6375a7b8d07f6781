//! Find everything that could make a later command fail, each with the command that fixes it

use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;

use crate::context::{Context, Ending};
use crate::doctor::{Facts, Standing, diagnose};
use crate::report::diagnoses;

/// Find everything that could make a later command fail, each with the command that fixes it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Answer as JSON on stdout
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask doctor                                                        what is well, what is not, and the command that mends it
  cargo xtask doctor --json | jq '.diagnoses[] | select(.standing == \"problem\")'";

/// Runs every diagnosis and says what it found.
///
/// # Errors
/// When something could not be looked at.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let found = diagnose(&Facts::read(context)?);
    if args.json {
        context.console.answer(&diagnoses::json(&found)?);
    } else {
        diagnoses::text(&context.console, &found);
    }
    let any = |standing: Standing| found.iter().any(|diagnosis| diagnosis.standing == standing);
    if any(Standing::Unknown) {
        bail!("some things could not be looked at");
    }
    Ok(if any(Standing::Problem) { Ending::Problems } else { Ending::Clean })
}
