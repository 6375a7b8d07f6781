//! Check every workflow and action of the repository, generated or written by hand

use anyhow::Result;
use clap::CommandFactory as _;
use clap::builder::FalseyValueParser;
use clap::error::{ContextKind, ErrorKind};

use super::Workflows;
use crate::context::{Cli, Context, Ending};
use crate::report::problems;
use crate::rules::Problem;
use crate::rules::workflow::{self, Facts};

/// Check every workflow and action of the repository, generated or written by hand
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask workflow check                 drift, and what makes a check pass that should not";

/// Checks them.
///
/// # Errors
/// When a file cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let workflows = Workflows::read(&context.repository)?;
    let found =
        workflow::problems(&Facts { files: &workflows.files, generated: &workflows.generated, misuse: &misuse });
    if args.json {
        context.console.answer(&problems::json(&found)?);
    }
    problems::conclude(&context.console, "workflow", &found);
    Ok(if found.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

/// Why this program would refuse these words, if it would. Words that a shell puts in are missing from them, so nothing is missed.
fn misuse(words: &[&str]) -> Option<String> {
    let error = Cli::command().try_get_matches_from(std::iter::once(&"xtask").chain(words)).err()?;
    let about = |kind| error.get(kind).map(ToString::to_string);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            about(ContextKind::InvalidSubcommand).map(|name| format!("no command `{name}`"))
        }
        ErrorKind::UnknownArgument => about(ContextKind::InvalidArg).map(|name| format!("no argument `{name}`")),
        ErrorKind::InvalidValue => {
            let value = about(ContextKind::InvalidValue).filter(|value| !value.is_empty())?;
            Some(format!("`{value}` is none of the values that there are"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_program_does_not_have_is_named() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(misuse(&line.split_whitespace().collect::<Vec<_>>()).as_deref(), expected, "{line}");
        };
        check("ci lock --report-dir report", None);
        check("ci matrix", None);
        check("ci", None);
        check("secrets roundtrip", None);
        check("secrets", None);
        check("--help", None);
        check("ci lok", Some("`lok` is none of the values that there are"));
        check("cii", Some("no command `cii`"));
        check("secrets rot", Some("no command `rot`"));
        check("ci --no-such", Some("no argument `--no-such`"));
        // The value is one that only the shell knows.
        check("ci --skip", None);
    }
}
