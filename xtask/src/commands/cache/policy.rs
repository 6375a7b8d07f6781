//! Show whether this run would push, and why

use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;

use super::OutputArgs;
use super::target::{Target, target};
use crate::context::{Context, Ending};
use crate::github;
use crate::push_policy::{Decision, Facts, decide};
use crate::report::{Mark, cache};
use crate::session::{Report, Session};

/// Show whether this run would push, and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache policy                   what would become of a push here and now
  cargo xtask cache policy --json            the same, for a program";

/// Decides and says so.
///
/// # Errors
/// When what decides cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let fleet = args.outputs.evaluate(&session)?;
    let decision = decision(&session, &target(&session)?, &systems(&fleet)?);
    if args.json {
        context.console.answer(&cache::decision_json(&decision)?);
    }
    let mark = match decision {
        Decision::Push { .. } => Mark::Ok,
        Decision::Skip(_) | Decision::Deny(_) => Mark::Skipped,
        Decision::Error(_) => Mark::Failed,
    };
    context.console.verdict(mark, &format!("cache policy: {}", cache::decision(&decision)));
    Ok(if mark == Mark::Failed { Ending::Problems } else { Ending::Clean })
}

/// The systems that the outputs of `fleet` are for.
///
/// # Errors
/// When there is no output for any.
pub fn systems(fleet: &Report) -> Result<Vec<String>> {
    let mut systems: Vec<String> =
        fleet.results.iter().filter_map(|result| result.system()).map(str::to_owned).collect();
    systems.sort();
    systems.dedup();
    if systems.is_empty() {
        bail!("no output is for any system: there is nothing that could be pushed");
    }
    Ok(systems)
}

/// Whether what is built for `systems` may go into the cache.
pub fn decision(session: &Session<'_>, target: &Target, systems: &[String]) -> Decision {
    decide(&facts(session, target, systems), &target.config.rules())
}

/// Why not even a path of no content may go into the cache, if so: what this run was set off by says that. Whoever asks by name for
/// such a push need not wait for a run that the rules are for.
pub fn denial(session: &Session<'_>, target: &Target) -> Option<String> {
    let here = std::slice::from_ref(&session.settings.system);
    let facts = Facts { stand_in: false, dirty: false, ..facts(session, target, here) };
    match decide(&facts, &target.config.rules()) {
        Decision::Deny(reason) | Decision::Error(reason) => Some(reason),
        Decision::Push { .. } | Decision::Skip(_) => None,
    }
}

fn facts(session: &Session<'_>, target: &Target, systems: &[String]) -> Facts {
    Facts {
        trigger: target.trigger.clone(),
        reach: target.config.reach(),
        stand_in: session.inputs.is_stand_in(),
        dirty: session.checkout.as_ref().is_none_or(|checkout| !checkout.changed.is_empty()),
        systems: systems.to_vec(),
        token: target.config.token(&github::variables()),
    }
}
