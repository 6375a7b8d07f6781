//! Check that flake.lock fits flake.nix, and where its inputs come from; nothing is written

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;

use crate::bootstrap::ensure_nix;
use crate::context::{Context, Ending};
use crate::report::problems;
use crate::rules::{Problem, lock};
use crate::session::Session;

/// Check that flake.lock fits flake.nix, and where its inputs come from; nothing is written
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask lock          nothing is fetched, nothing is written
  cargo xtask lock --json   the same, for a program";

/// Checks the lock file.
///
/// # Errors
/// When flake.nix or flake.lock cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = Session::open(context, ensure_nix(context)?.nix)?;
    let found = check(&session)?;
    if args.json {
        context.console.answer(&problems::json(&found)?);
    }
    problems::conclude(&context.console, "lock", &found);
    Ok(if found.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

/// What is wrong with the lock file.
///
/// # Errors
/// As [`run`].
pub fn check(session: &Session<'_>) -> Result<Vec<Problem>> {
    let declared = match &session.declared {
        Ok(declared) => declared,
        Err(reason) => bail!("{reason}"),
    };
    let text = |name: &str| Ok::<_, anyhow::Error>(session.tree.text(Path::new(name))?.unwrap_or_default());
    let tracked = session.lock.is_none() || session.tree.tracks(Path::new("flake.lock"));
    Ok(lock::problems(&lock::Facts {
        declared,
        flake_text: &text("flake.nix")?,
        lock: session.lock.as_ref(),
        lock_text: &text("flake.lock")?,
        tracked,
        allowed_owners: &session.config.lock.allowed_owners,
        max_age_days: session.config.lock.max_age_days,
        now: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    }))
}
