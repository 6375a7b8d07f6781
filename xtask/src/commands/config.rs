//! Check hosts and homes: what every fleet should satisfy, and what xtask.toml expects

use anyhow::Result;

use super::ValidationArgs;
use crate::context::{Context, Ending};
use crate::rules::source::Sources;
use crate::rules::{Problem, config};
use crate::session::{Evidence, Session};

/// Check hosts and homes: what every fleet should satisfy, and what xtask.toml expects
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    validation: ValidationArgs,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask config                         every host and home
  cargo xtask config --system x86_64-linux   those of one system";

/// Checks hosts and homes.
///
/// # Errors
/// When the repository cannot be read or evaluated.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    super::validate_telling(context, &args.validation, "config", &check, config::is_told)
}

/// What is wrong with hosts and homes.
///
/// # Errors
/// When a file of the repository cannot be read.
pub fn check(evidence: &Evidence<'_>) -> Result<Vec<Problem>> {
    let session = evidence.session;
    Ok(config::problems(&config::Facts {
        results: &evidence.fleet.results,
        configurations: evidence.configurations,
        declared: &evidence.fleet.declared,
        conventions: &session.config.config,
        expectations: &session.config.expect,
        config_text: &session.tree.text(crate::config::FILE.as_ref())?.unwrap_or_default(),
        sources: &sources(session)?,
    }))
}

/// The Nix files that the flake sees.
///
/// # Errors
/// When one cannot be read.
pub fn sources(session: &Session<'_>) -> Result<Sources> {
    session.tree.nix_texts().map(Sources::new)
}
