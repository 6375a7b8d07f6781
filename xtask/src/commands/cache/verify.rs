//! Prove that what is required is in the cache: whole, signed, each file there

use anyhow::{Result, bail};
use cache_protocol::{Answer, Request, Required, Verified, VerifyRequest};
use clap::builder::FalseyValueParser;

use super::OutputArgs;
use super::plan;
use super::roots::Roots;
use super::target::{Target, target};
use crate::cache_client;
use crate::context::{Context, Ending};
use crate::report::{cache, problems};
use crate::rules::Problem;
use crate::session::Session;

/// Requests in flight.
const IN_FLIGHT: usize = 64;

/// Prove that what is required is in the cache: whole, signed, each file there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// Fetch every file, and hash what it holds
    #[arg(long, env = "XTASK_DEEP", value_parser = FalseyValueParser::new())]
    deep: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache verify                   every output that this machine has built
  cargo xtask cache verify --deep            the content of every file as well";

/// Verifies.
///
/// # Errors
/// When the cache cannot be asked.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let fleet = args.outputs.evaluate(&session)?;
    let target = target(&session)?;
    let roots = plan::wanted(&session, &fleet)?;
    let verified = verify(&session, &target, &roots, args.deep)?;
    if args.json {
        context.console.answer(&cache::json(&verified)?);
    }
    let found = found(&session, &verified);
    for problem in &found {
        context.console.mark(problems::mark(problem), &problems::text(problem));
    }
    let failed = found.iter().any(Problem::fails);
    let mark = if failed { crate::report::Mark::Failed } else { crate::report::Mark::Ok };
    context.console.verdict(mark, &format!("cache verify: {}", cache::verified_verdict(&verified)));
    Ok(if failed { Ending::Problems } else { Ending::Clean })
}

/// What is in the cache of `roots`.
pub fn verify(session: &Session<'_>, target: &Target, roots: &Roots, deep: bool) -> Result<Verified> {
    let required = roots
        .built
        .iter()
        .flat_map(|root| root.paths.iter().map(|path| Required { name: root.name.clone(), path: path.clone() }));
    let request = Request::Verify(VerifyRequest {
        cache: target.cache.clone(),
        store_folder: session.store.folder.display().to_string(),
        required: required.collect(),
        upstream: target.upstream.clone(),
        deep,
        wait: 0,
        in_flight: IN_FLIGHT,
    });
    match cache_client::ask(session.context, &request, &mut |_| {})? {
        Answer::Verify(verified) => Ok(verified),
        _ => bail!("the binary-cache client answered something else than what is in the cache"),
    }
}

/// What is wrong, as problems.
pub fn found(session: &Session<'_>, verified: &Verified) -> Vec<Problem> {
    let push = format!("cargo xtask cache push{}", session.flags());
    verified.problems.iter().map(|problem| cache::problem(problem, &push)).collect()
}
