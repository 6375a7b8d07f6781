//! What a shell asks when the tabulator key is pressed: what may stand where the cursor is

use anyhow::Result;
use clap::CommandFactory as _;

use crate::completion::{Candidate, Names, candidates};
use crate::config::Config;
use crate::context::{Cli, Context, Ending};
use crate::kept::Kept;

/// What a shell asks when the tabulator key is pressed: what may stand where the cursor is
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is typed behind `cargo xtask`, up to the cursor; the last word may be empty
    #[arg(last = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Answers a line for each: the word, a tabulator, what it is.
///
/// # Errors
/// Never: what is not known is not offered.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let mut cli = Cli::command();
    cli.build();
    let line = |Candidate { value, help }: Candidate| format!("{value}\t{help}\n");
    let answer: String = candidates(&cli, &args.words, &names(context)).into_iter().map(line).collect();
    context.console.answer(&answer);
    Ok(Ending::Clean)
}

/// What is known without asking Nix: the outputs of the last run, the jobs of xtask.toml.
fn names(context: &Context) -> Names {
    let outputs = Kept::last_outputs(&context.state);
    // A file with a fault says so to every other command.
    let config = Config::read(&context.repository).unwrap_or_default();
    let mut selectors: Vec<String> =
        outputs.iter().map(|output| format!("{}:{}", output.kind, output.attr.name())).collect();
    let mut systems: Vec<String> = outputs.iter().filter_map(|output| output.system.clone()).collect();
    let hosts = outputs.iter().filter(|output| ["nixos", "darwin"].contains(&output.kind.as_str()));
    let mut hosts: Vec<String> = hosts.map(|output| output.attr.name().to_owned()).collect();
    for names in [&mut selectors, &mut systems, &mut hosts] {
        names.sort_unstable();
        names.dedup();
    }
    let jobs = config.ci.table.jobs().iter().map(|job| (job.name.word().to_owned(), job.about.to_string())).collect();
    Names { selectors, jobs, systems, hosts }
}
