//! Check every workflow and action of the repository, generated or written by hand

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::error::{ContextKind, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};

use super::Workflows;
use crate::ci::Table;
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
    let found = problems_of(&Workflows::read(&context.repository)?);
    if args.json {
        context.console.answer(&problems::json(&found)?);
    }
    problems::conclude(&context.console, "workflow", &found);
    Ok(if found.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

/// What is wrong with the workflows of the repository; nothing where it has none.
///
/// # Errors
/// When a file cannot be read.
pub fn check(context: &Context) -> Result<Option<Vec<Problem>>> {
    let workflows = Workflows::read(&context.repository)?;
    Ok((!workflows.files.is_empty()).then(|| problems_of(&workflows)))
}

fn problems_of(workflows: &Workflows) -> Vec<Problem> {
    let misuse = |words: &[&str]| misuse(words, &workflows.table);
    workflow::problems(&Facts {
        files: &workflows.files,
        generated: &workflows.generated,
        aliases: &workflows.aliases,
        misuse: &misuse,
    })
}

/// Why this program would refuse these words, if it would. Words that only a shell knows, and all that
/// stand behind them, are missing, so nothing is missed.
fn misuse(words: &[&str], table: &Table) -> Option<String> {
    let error = match Cli::command().try_get_matches_from(std::iter::once(&"xtask").chain(words)) {
        Ok(matches) => return no_job(matches.subcommand_matches("ci")?, table),
        Err(error) => error,
    };
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

/// Why `cargo xtask ci`, called like this, would say that there is no such job.
fn no_job(ci: &ArgMatches, table: &Table) -> Option<String> {
    // What the environment says here, it does not say there.
    let typed = ["jobs", "skip"].into_iter().filter(|id| ci.value_source(id) == Some(ValueSource::CommandLine));
    let words = typed.flat_map(|id| ci.get_many::<String>(id).into_iter().flatten());
    words.filter_map(|word| table.named(word).err()).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_this_program_does_not_have_is_named() {
        let check = |line: &str, expected: Option<&str>| {
            let text = "[ci.jobs.deploy]\ncommand = ['x']\n[ci.jobs.lock]\nenabled = false\n";
            let table = Config::parse(text).unwrap().ci.table;
            let said = misuse(&line.split_whitespace().collect::<Vec<_>>(), &table);
            let said = said.map(|said| said.split(" There are ").next().unwrap_or_default().to_owned());
            assert_eq!(said.as_deref(), expected, "{line}");
        };
        check("ci secrets --report-dir report", None);
        check("ci deploy --skip secrets", None);
        check("ci matrix", None);
        check("ci", None);
        check("secrets roundtrip", None);
        check("secrets", None);
        check("--help", None);
        check("ci deplo", Some("no job is called `deplo`: did you mean `deploy`?"));
        check("ci --skip buid", Some("no job is called `buid`: did you mean `build`?"));
        check("ci lock", Some("the job `lock` is switched off: xtask.toml:4 says `enabled = false`"));
        check("ci --inputs none", Some("`none` is none of the values that there are"));
        check("cii", Some("no command `cii`"));
        check("secrets rot", Some("no command `rot`"));
        check("ci --no-such", Some("no argument `--no-such`"));
        // The value is one that only the shell knows.
        check("ci --skip", None);
    }
}
