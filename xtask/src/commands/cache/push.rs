//! Push what is built to the cache, as the plan says

use anyhow::{Result, bail};
use cache_protocol::{Answer, Limits, PlanRequest, PushRequest, Pushed, Request, Scan};
use clap::builder::FalseyValueParser;

use super::OutputArgs;
use super::plan;
use super::target::target;
use crate::cache_client;
use crate::context::{Context, Ending};
use crate::report::{Mark, cache};
use crate::session::cores;

/// Requests in flight: what hides a round trip of 40 ms behind others.
const IN_FLIGHT: usize = 64;
/// Bytes of packed NARs in memory over all of them.
const MEMORY: u64 = 64 << 20;
/// How long all tries of one request may take together, in milliseconds.
const PATIENCE: u64 = 90_000;

/// Push what is built to the cache, as the plan says
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
  cargo xtask cache push                     everything that is built
  cargo xtask cache push nixos:web           one host";

/// Pushes.
///
/// # Errors
/// When nothing is built, or the cache cannot be asked.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let fleet = args.outputs.evaluate(&session)?;
    let target = target(&session)?;
    let roots = plan::wanted(&session, &fleet)?;
    let pushed = push(context, plan::request(&session, &target, &roots))?;
    if args.json {
        context.console.answer(&cache::json(&pushed)?);
    }
    cache::pushed(&context.console, &pushed, false);
    let failed = !pushed.not_pushed.is_empty() || !pushed.plan.strict_faults.is_empty();
    let mark = if failed { Mark::Failed } else { Mark::Ok };
    context.console.verdict(mark, &format!("cache push: {}", cache::pushed_verdict(&pushed)));
    Ok(if failed { Ending::Problems } else { Ending::Clean })
}

/// Pushes what `plan` says, with progress shown.
pub fn push(context: &Context, plan: PlanRequest) -> Result<Pushed> {
    let request = Request::Push(PushRequest {
        plan,
        compression: None,
        limits: Limits { in_flight: IN_FLIGHT, packers: cores(), memory: MEMORY, patience: PATIENCE },
        scan: Scan { patterns: true, ..Scan::default() },
    });
    let mut progress = cache::Progress::new(&context.console);
    let answer = cache_client::ask(context, &request, &mut |event| progress.show(event));
    progress.finish();
    match answer? {
        Answer::Push(pushed) => Ok(pushed),
        _ => bail!("the binary-cache client answered something else than what became of a push"),
    }
}
