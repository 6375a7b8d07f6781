//! Write the workflow and the action from the job table

use anyhow::Result;
use clap::builder::FalseyValueParser;

use super::Workflows;
use crate::ci::workflow::{Generated, MARK, late};
use crate::context::{Context, Ending};
use crate::files;
use crate::report::Mark;
use crate::report::jobs::behind_the_push;
use crate::report::words::count;

/// Write the workflow and the action from the job table
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Write nothing; a file that is not as generated is a problem
    #[arg(long, env = "XTASK_CHECK", value_parser = FalseyValueParser::new())]
    check: bool,
    /// Write over files that are written by hand
    #[arg(long, env = "XTASK_REPLACE", value_parser = FalseyValueParser::new())]
    replace: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask workflow generate              write what changed
  cargo xtask workflow generate --check      in a hook: exit status 1 if something would change
  cargo xtask workflow generate --replace    take the place of a workflow that is written by hand";

/// Writes what is not as it should be, and says what that was.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let console = &context.console;
    let workflows = Workflows::read(&context.repository)?;
    let by_hand = |file: &&&Generated| {
        let text = workflows.text(file.path);
        !args.replace && !text.is_empty() && !text.starts_with(MARK)
    };
    let stale: Vec<_> = workflows.stale().collect();
    let kept: Vec<_> = stale.iter().filter(by_hand).collect();
    for file in &kept {
        let text =
            "written by hand, and left as it is\n    fix: move it away, or cargo xtask workflow generate --replace";
        console.mark(Mark::Failed, &format!("{}: {text}", file.path));
    }
    for file in stale.iter().filter(|file| !by_hand(file)) {
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
    for job in late(workflows.table.jobs()) {
        console.mark(Mark::Warning, &behind_the_push(job));
    }
    let strays: Vec<_> = workflows.strays().collect();
    for path in &strays {
        let text = "says that it is generated, and nothing generates it any more\n    fix: remove it";
        console.mark(Mark::Failed, &format!("{}: {text}", path.display()));
    }
    let written = stale.len() - kept.len();
    let wrong = strays.len() + kept.len() + if args.check { written } else { 0 };
    let (mark, verdict) = match (wrong, written) {
        (0, 0) => (Mark::Ok, "nothing to change".to_owned()),
        (0, written) => (Mark::Ok, format!("{} written", count(written, "file"))),
        (wrong, _) => (Mark::Failed, count(wrong, "problem")),
    };
    console.verdict(mark, &format!("workflow generate: {verdict}"));
    Ok(if wrong == 0 { Ending::Clean } else { Ending::Problems })
}
