//! Show what generating would change

use anyhow::Result;

use super::Workflows;
use crate::ci::workflow::difference;
use crate::context::{Context, Ending};
use crate::report::Mark;
use crate::report::words::count;

/// Show what generating would change
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

const EXAMPLES: &str = "\
Examples:
  cargo xtask workflow diff                  `-` is what is there, `+` what would be";

/// Shows it; a difference is exit status 1, as of `diff`.
///
/// # Errors
/// When a file cannot be read.
pub fn run(context: &Context, _: &Args) -> Result<Ending> {
    let workflows = Workflows::read(&context.repository)?;
    let stale: Vec<_> = workflows.stale().collect();
    for file in &stale {
        let path = file.path;
        context.console.answer(&format!("--- {path}\n+++ {path} (generated)\n"));
        context.console.answer(&difference(workflows.text(path), &file.text));
    }
    let (mark, verdict) = match stale.len() {
        0 => (Mark::Ok, "nothing would change".to_owned()),
        some => (Mark::Failed, format!("{} would change: `cargo xtask workflow generate` writes", count(some, "file"))),
    };
    context.console.verdict(mark, &format!("workflow diff: {verdict}"));
    Ok(if stale.is_empty() { Ending::Clean } else { Ending::Problems })
}
