//! One file per subcommand: its arguments and `run`, which reads, decides, acts and reports.

mod activation;
mod autowiring;
mod bootstrap;
mod build;
mod cache;
mod cache_config;
mod ci;
mod completions;
mod config;
mod diff;
mod doctor;
mod independence;
mod lock;
mod man;
mod outputs;
mod secrets;
mod test;
mod workflow;

use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;

use crate::bootstrap::ensure_nix;
use crate::context::{Context, Ending};
use crate::fleet::OutputResult;
use crate::report::{Mark, outcome, problems, stand_in_banner};
use crate::rules::Problem;
use crate::session::{Evidence, Session, Wish};

/// Every subcommand.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Activation(activation::Args),
    Autowiring(autowiring::Args),
    Bootstrap(bootstrap::Args),
    Build(build::Args),
    Cache(cache::Args),
    CacheConfig(cache_config::Args),
    Ci(ci::Args),
    #[command(name = "__complete", hide = true)]
    Complete(completions::complete::Args),
    Completions(completions::Args),
    Config(config::Args),
    Diff(diff::Args),
    Doctor(doctor::Args),
    Independence(independence::Args),
    Lock(lock::Args),
    Man(man::Args),
    Outputs(outputs::Args),
    Secrets(secrets::Args),
    Test(test::Args),
    Workflow(workflow::Args),
}

impl Command {
    /// Runs it to its end.
    ///
    /// # Errors
    /// When it could not do its work.
    pub fn run(&self, context: &Context) -> Result<Ending> {
        match self {
            Self::Activation(args) => activation::run(context, args),
            Self::Autowiring(args) => autowiring::run(context, args),
            Self::Bootstrap(args) => bootstrap::run(context, args),
            Self::Build(args) => build::run(context, args),
            Self::Cache(args) => cache::run(context, args),
            Self::CacheConfig(args) => cache_config::run(context, args),
            Self::Ci(args) => ci::run(context, args),
            Self::Complete(args) => completions::complete::run(context, args),
            Self::Completions(args) => completions::run(context, args),
            Self::Config(args) => config::run(context, args),
            Self::Diff(args) => diff::run(context, args),
            Self::Doctor(args) => doctor::run(context, args),
            Self::Independence(args) => independence::run(context, args),
            Self::Lock(args) => lock::run(context, args),
            Self::Man(args) => man::run(context, args),
            Self::Outputs(args) => outputs::run(context, args),
            Self::Secrets(args) => secrets::run(context, args),
            Self::Test(args) => test::run(context, args),
            Self::Workflow(args) => workflow::run(context, args),
        }
    }
}

/// The flags of every validation.
#[derive(Debug, clap::Args)]
pub struct ValidationArgs {
    #[command(flatten)]
    evaluation: build::EvaluationArgs,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// A validation called by itself: evaluates what it needs, checks, and says what was found.
///
/// # Errors
/// When the check could not do its work.
fn validate(
    context: &Context,
    args: &ValidationArgs,
    word: &str,
    check: impl Fn(&Evidence<'_>) -> Result<Vec<Problem>>,
) -> Result<Ending> {
    validate_telling(context, args, word, &check, |_| false)
}

/// As [`validate`], for a check that itself tells of some failed evaluations.
fn validate_telling(
    context: &Context,
    args: &ValidationArgs,
    word: &str,
    check: &dyn Fn(&Evidence<'_>) -> Result<Vec<Problem>>,
    told: fn(&OutputResult) -> bool,
) -> Result<Ending> {
    let console = &context.console;
    let session = Session::open(context, ensure_nix(context)?.nix)?;
    if let Some(banner) = stand_in_banner(&session.inputs) {
        console.banner(&banner);
    }
    let wish = Wish { only_configurations: true, ..args.evaluation.wish(Vec::new()) };
    let fleet = build::evaluated(&session, &wish)?;
    if let Some(trouble) = fleet.trouble {
        bail!(trouble);
    }
    let found = check(&Evidence::of(&session, &fleet)?)?;
    if args.json {
        console.answer(&problems::json(&found)?);
    }
    // What does not evaluate was not checked, and is no success.
    let mut failures = Vec::new();
    for failure in fleet.failures().filter(|failure| !told(failure)) {
        console.mark(Mark::Failed, &outcome::failure(failure, &session.flags()));
        failures.push(outcome::problem(failure, &session.flags()));
    }
    problems::conclude_besides(console, word, &found, &failures);
    let failed = fleet.failures().next().is_some() || found.iter().any(Problem::fails);
    Ok(if failed { Ending::Problems } else { Ending::Clean })
}
