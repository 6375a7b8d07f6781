//! Show what a push would do: which paths go, which stay and why

use anyhow::{Result, bail};
use cache_protocol::{Plan, PlanRequest};
use clap::builder::FalseyValueParser;

use super::roots::{Extent, Roots, roots};
use super::target::{Target, target};
use super::{OutputArgs, policy};
use crate::cache_client;
use crate::context::{Context, Ending};
use crate::push_policy::Decision;
use crate::report::{Mark, Verbosity, cache, outcome};
use crate::session::{Report, Session};

/// Show what a push would do: which paths go, which stay and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// It is an error that an excluded path must go along
    #[arg(long, env = "XTASK_FILTER_STRICT", value_parser = FalseyValueParser::new())]
    filter_strict: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// What the store said of what was last planned or pushed, below the target folder.
const KEPT: &str = "closure";

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache plan                     everything that is built
  cargo xtask cache plan nixos:web           one host
  cargo xtask cache plan --json | jq '.paths[] | select(.decision == \"push\") | .path'";

/// Plans and shows the plan.
///
/// # Errors
/// When nothing is built, or the cache cannot be asked.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let fleet = args.outputs.evaluate(&session)?;
    let target = target(&session)?;
    let mut roots = wanted(&session, &fleet, &target)?;
    let decision = policy::decision(&session, &target, &roots.systems());
    context.console.line(&format!("policy: {}", cache::decision(&decision)));
    if let Decision::Push { systems, .. } = &decision {
        roots.keep(systems);
    }
    target.ready(&session)?;
    let request = request(&session, &target, &roots, args.filter_strict);
    let plan = cache_client::plan(context, request, &mut |_| {})?;
    let every = context.console.verbosity() == Verbosity::Verbose;
    context.console.answer(&if args.json { cache::json(&plan)? } else { cache::plan(&plan, &roots.unbuilt, every) });
    if let Some(fault) = &plan.fault {
        bail!("{} could not be asked, so that all is counted as missing: {fault}", plan.cache);
    }
    Ok(conclude(context, &plan).worse(unfinished(&session, &fleet)))
}

/// Says which outputs failed, and whether any did: what does not evaluate is neither planned nor pushed, and that is no success.
pub fn unfinished(session: &Session<'_>, fleet: &Report) -> Ending {
    for failure in fleet.failures() {
        session.context.console.mark(Mark::Failed, &outcome::failure(failure, &session.flags()));
    }
    if fleet.failures().next().is_some() { Ending::Problems } else { Ending::Clean }
}

fn conclude(context: &Context, plan: &Plan) -> Ending {
    for fault in &plan.strict_faults {
        context.console.mark(Mark::Failed, fault);
    }
    if plan.strict_faults.is_empty() { Ending::Clean } else { Ending::Problems }
}

/// The outputs that could go.
///
/// # Errors
/// When none is built.
pub fn wanted(session: &Session<'_>, fleet: &Report, target: &Target) -> Result<Roots> {
    let roots = roots(session, fleet, Extent::Built, |result| target.closure(result))?;
    if roots.known.is_empty() {
        bail!("nothing of this is built on this machine: cargo xtask build{}", session.flags());
    }
    Ok(roots)
}

/// The question for the plan.
pub fn request(session: &Session<'_>, target: &Target, roots: &Roots, strict: bool) -> PlanRequest {
    PlanRequest {
        store: session.nix.local_store(&session.store),
        cache: target.cache.clone(),
        roots: roots.roots(),
        content: target.content(strict),
        again: Vec::new(),
        kept: Some(session.context.state.join(KEPT)),
    }
}
