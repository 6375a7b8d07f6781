//! Write the workflow and the action from the job table

use anyhow::Result;
use clap::builder::FalseyValueParser;

use super::Workflows;
use crate::context::{Context, Ending};
use crate::files;
use crate::report::Mark;
use crate::report::words::count;

/// Write the workflow and the action from the job table
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Write nothing; a file that is not as generated is a problem
    #[arg(long, env = "XTASK_CHECK", value_parser = FalseyValueParser::new())]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask workflow generate              write what changed
  cargo xtask workflow generate --check      in a hook: exit status 1 if something would change";

/// Writes what is not as it should be, and says what that was.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let console = &context.console;
    let workflows = Workflows::read(&context.repository)?;
    let stale: Vec<_> = workflows.stale().collect();
    for file in &stale {
        if args.check {
            console.mark(
                Mark::Failed,
                &format!("{}: not as generated\n    fix: cargo xtask workflow generate", file.path),
            );
        } else {
            files::write_atomically(&context.repository.join(file.path), file.text.as_bytes())?;
            let how = if workflows.text(file.path).is_empty() { "written" } else { "changed" };
            console.mark(Mark::Ok, &format!("{}: {how}", file.path));
        }
    }
    let strays: Vec<_> = workflows.strays().collect();
    for path in &strays {
        let text = "says that it is generated, and nothing generates it any more\n    fix: remove it";
        console.mark(Mark::Failed, &format!("{}: {text}", path.display()));
    }
    let wrong = strays.len() + if args.check { stale.len() } else { 0 };
    let (mark, verdict) = match (wrong, stale.len()) {
        (0, 0) => (Mark::Ok, "nothing to change".to_owned()),
        (0, written) => (Mark::Ok, format!("{} written", count(written, "file"))),
        (wrong, _) => (Mark::Failed, count(wrong, "problem")),
    };
    console.verdict(mark, &format!("workflow generate: {verdict}"));
    Ok(if wrong == 0 { Ending::Clean } else { Ending::Problems })
}
