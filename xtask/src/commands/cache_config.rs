//! Check that what is written about binary caches agrees with `nixConfig` of flake.nix

use std::path::Path;

use anyhow::{Result, bail};

use super::config::sources;
use super::{ValidationArgs, validate};
use crate::context::{Context, Ending};
use crate::rules::Problem;
use crate::rules::cache_config::{Facts, File, problems, reads};
use crate::session::Evidence;
use crate::tree::FileKind;

/// Check that what is written about binary caches agrees with `nixConfig` of flake.nix
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    validation: ValidationArgs,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache-config   flake.nix, hosts, homes, workflows";

/// Evaluates, and checks what is written about caches.
///
/// # Errors
/// When flake.nix cannot be evaluated or a file cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    validate(context, &args.validation, "cache-config", check)
}

/// What is wrong with what is written about caches.
///
/// # Errors
/// As [`run`].
pub fn check(evidence: &Evidence<'_>) -> Result<Vec<Problem>> {
    let session = evidence.session;
    let config = &session.config.cache;
    let mut files = Vec::new();
    let tracked = session.tree.files().filter(|(_, file)| file.tracked && file.kind == FileKind::Regular);
    for (path, _) in tracked.filter(|(path, _)| reads(path, config)) {
        files.extend(session.tree.text(path)?.map(|text| File { path: path.to_owned(), text }));
    }
    if let Err(reason) = &session.declared {
        bail!("{reason}");
    }
    let nix_config: Vec<(String, Vec<String>)> =
        session.nix_config.words().map(|(name, words)| (name.to_owned(), words)).collect();
    Ok(problems(&Facts {
        nix_config: &nix_config,
        flake_text: &session.tree.text(Path::new("flake.nix"))?.unwrap_or_default(),
        configurations: evidence.configurations,
        sources: &sources(session)?,
        files: &files,
        config,
    }))
}
