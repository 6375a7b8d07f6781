//! Work with binary caches: plan and push what is built, prove what is there, have this machine use them

mod analytics;
mod asked;
mod doctor;
mod history;
mod known;
mod per_output;
mod plan;
mod policy;
mod provision;
mod push;
mod repair;
mod roots;
mod roundtrip;
mod setup;
mod target;
mod verify;
mod watch;
mod watched;
mod whole;

pub use analytics::Analytics;
pub use push::PushEnding;
pub use whole::{decided, measured_before, push_fleet, verify_fleet};

use anyhow::{Result, bail};

use super::build::{EvaluationArgs, evaluated};
use crate::bootstrap::ensure_nix;
use crate::context::{Context, Ending};
use crate::fleet::Selector;
use crate::report::stand_in_banner;
use crate::session::{Report, Session};

/// Work with binary caches: plan and push what is built, prove what is there, have this machine use them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache plan              what would be pushed, and why the rest would not
  cargo xtask cache setup --dry-run   what it takes for this machine to ask the caches of the flake";

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Analytics(analytics::Args),
    Plan(plan::Args),
    Policy(policy::Args),
    Push(push::Args),
    Verify(verify::Args),
    Roundtrip(roundtrip::Args),
    Setup(setup::Args),
    Doctor(doctor::Args),
    Provision(provision::Args),
}

/// Runs one verb.
///
/// # Errors
/// When it could not do its work.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    match &args.verb {
        Verb::Analytics(args) => analytics::run(context, args),
        Verb::Plan(args) => plan::run(context, args),
        Verb::Policy(args) => policy::run(context, args),
        Verb::Push(args) => push::run(context, args),
        Verb::Verify(args) => verify::run(context, args),
        Verb::Roundtrip(args) => roundtrip::run(context, args),
        Verb::Setup(args) => setup::run(context, args),
        Verb::Doctor(args) => doctor::run(context, args),
        Verb::Provision(args) => provision::run(context, args),
    }
}

/// Which outputs a verb is about.
#[derive(Debug, clap::Args)]
struct OutputArgs {
    /// Outputs: an attribute path or its prefix, `kind:name`, with globs (`nixos:web*`) [default: all]
    selectors: Vec<Selector>,
    #[command(flatten)]
    evaluation: EvaluationArgs,
}

impl OutputArgs {
    /// Opens the repository.
    fn open<'a>(&self, context: &'a Context) -> Result<Session<'a>> {
        let session = Session::open(context, ensure_nix(context)?.nix)?;
        if let Some(banner) = stand_in_banner(&session.inputs) {
            context.console.banner(&banner);
        }
        Ok(session)
    }

    /// The outputs, evaluated.
    fn evaluate(&self, session: &Session<'_>) -> Result<Report> {
        let fleet = evaluated(session, &self.evaluation.wish(self.selectors.clone()))?;
        match fleet.trouble {
            Some(trouble) => bail!(trouble),
            None => Ok(fleet),
        }
    }
}
