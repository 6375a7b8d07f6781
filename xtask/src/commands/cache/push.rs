//! Push what is built to the cache, as the plan says; or what a command brings into the store, while it runs

use std::ffi::OsString;

use anyhow::{Result, bail};
use cache_protocol::{
    Fault, FaultKind, KeySource, Limits, PlanRequest, PushRequest, Pushed, Scan, ScanValue, SecretText,
};
use clap::builder::FalseyValueParser;

use super::target::{Target, target};
use super::{OutputArgs, plan, policy, verify, watched};
use crate::cache_client::{self, IN_FLIGHT, Steps};
use crate::commands::secrets::values::{Values, values_at_hand};
use crate::config::OnFailure;
use crate::context::{Context, Ending};
use crate::github;
use crate::plain_text::tokens::is_secret;
use crate::push_policy::Decision;
use crate::report::{Mark, cache, closed};
use crate::session::cores;

/// Bytes of packed NARs in memory over all of them.
const MEMORY: u64 = 64 << 20;
/// How long all tries of one request may take together, in milliseconds: what is built is worth some waiting.
const PATIENCE: u64 = 90_000;

/// Push what is built to the cache, as the plan says; or what a command brings into the store, while it runs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// It is an error that an excluded path must go along
    #[arg(long, env = "XTASK_FILTER_STRICT", value_parser = FalseyValueParser::new())]
    pub(super) filter_strict: bool,
    /// Push again what is damaged in the cache
    #[arg(long, env = "XTASK_REPAIR", conflicts_with = "watch", value_parser = FalseyValueParser::new())]
    repair: bool,
    /// Run COMMAND, and push what it brings into the store while it does
    #[arg(long, env = "XTASK_WATCH", requires = "command", value_parser = FalseyValueParser::new())]
    watch: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    /// What runs with `--watch`, and its arguments
    #[arg(last = true, value_name = "COMMAND", requires = "watch")]
    pub(super) command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache push                     everything that is built
  cargo xtask cache push nixos:web           one host
  cargo xtask cache push --watch -- nix build .#web   what that builds and fetches, while it does
  cargo xtask cache push --repair            once more what is damaged in the cache";

/// Pushes.
///
/// # Errors
/// When nothing is built, the cache cannot be asked, or the policy wants a push that is not possible.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let target = target(&session)?;
    if args.watch {
        return watched::run(context, &session, &target, args);
    }
    let fleet = args.outputs.evaluate(&session)?;
    let mut roots = plan::wanted(&session, &fleet, &target)?;
    for line in cache::unbuilt(&roots.unbuilt).lines() {
        context.console.line(line);
    }
    let decision = policy::decision(&session, &target, &roots.systems());
    let decided = cache::decision_json(&decision)?;
    let Some(systems) = allowed(context, decision)? else {
        if args.json {
            context.console.answer(&decided);
        }
        return Ok(plan::unfinished(&session, &fleet));
    };
    roots.keep(&systems);
    target.ready(&session)?;
    let mut request = plan::request(&session, &target, &roots, args.filter_strict);
    if args.repair {
        request.again = verify::damaged(&session, &target, &roots)?;
    }
    let pushed = match push(context, &target, request, &values_at_hand(&session)?, &mut Steps::default()) {
        Err(error) if is_tolerated(&target, &error) => {
            context.console.verdict(Mark::Warning, &format!("cache push: nothing was pushed: {error:#}"));
            return Ok(Ending::Clean);
        }
        pushed => pushed?,
    };
    warn_unsigned(context, &target, &pushed);
    if args.json {
        context.console.answer(&cache::json(&pushed)?);
    }
    Ok(conclude(context, &target, &pushed).worse(plan::unfinished(&session, &fleet)))
}

/// The systems that may be pushed for; nothing, and the reason said, where the policy is against it.
pub(super) fn allowed(context: &Context, decision: Decision) -> Result<Option<Vec<String>>> {
    let said = cache::decision(&decision);
    match decision {
        Decision::Push { systems, .. } => {
            context.console.detail(&said);
            Ok(Some(systems))
        }
        Decision::Skip(_) | Decision::Deny(_) => {
            context.console.verdict(Mark::Skipped, &format!("cache push: {said}"));
            Ok(None)
        }
        Decision::Error(_) => bail!(said),
    }
}

/// Pushes what `plan` says, with progress shown; a path that holds one of the repository's own `values` stays here; `steps` learns
/// when what was at work.
pub fn push(
    context: &Context,
    target: &Target,
    plan: PlanRequest,
    values: &Values,
    steps: &mut Steps,
) -> Result<Pushed> {
    let own = values.known.iter().map(|value| SecretText { source: value.name.clone(), text: value.text.clone() });
    let request = PushRequest {
        plan,
        compression: target.compression(),
        limits: Limits { in_flight: IN_FLIGHT, packers: cores(), memory: MEMORY, patience: PATIENCE },
        scan: Scan {
            patterns: true,
            values: of_this_run(target).chain(own.map(ScanValue::Text)).collect(),
            allow: target.allowed(),
        },
    };
    let mut progress = cache::Progress::new(&context.console);
    let answer = cache_client::push(context, request, &mut |event| {
        progress.show(event);
        steps.hear(event);
    });
    progress.finish();
    let mut pushed = answer?;
    // Where nothing leaves, nothing was to be looked for.
    if !pushed.pushed.is_empty() || !pushed.not_pushed.is_empty() {
        pushed.unscanned.extend(closed::lines(&values.closed));
    }
    Ok(pushed)
}

/// Where the tokens and keys of this run are, which must not leave this machine.
fn of_this_run(target: &Target) -> impl Iterator<Item = ScanValue> {
    let variables = github::variables();
    let token = target.cache.token.as_ref().map(|token| token.variable.as_str());
    let filled = variables.iter().filter(|(_, filled)| **filled).map(|(name, _)| name);
    let secret = filled.filter(|name| is_secret(name) || Some(name.as_str()) == token);
    let mut values: Vec<ScanValue> = secret.cloned().map(ScanValue::Variable).collect();
    match &target.cache.signing_key {
        Some(KeySource::File(file)) => values.push(ScanValue::File(file.clone())),
        Some(KeySource::Variable(name)) => values.push(ScanValue::Variable(name.clone())),
        None => {}
    }
    values.into_iter()
}

/// Whether a push that could not even begin is only a warning: the cache is to blame, and xtask.toml lets that pass.
pub fn is_tolerated(target: &Target, error: &anyhow::Error) -> bool {
    let Some(fault) = error.downcast_ref::<Fault>() else { return false };
    let of_the_cache = matches!(
        fault.kind,
        FaultKind::Unreachable
            | FaultKind::Unauthorised
            | FaultKind::Missing
            | FaultKind::NotACache
            | FaultKind::Full
            | FaultKind::Overloaded
            | FaultKind::Refused
    );
    of_the_cache && target.config.on_failure() == OnFailure::Warn
}

/// How a push ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushEnding {
    /// The policy is against it.
    NotWanted,
    /// All that was planned is there.
    Complete,
    /// Something is not there, and xtask.toml lets that pass.
    Tolerated,
    /// Something is not there.
    Failed,
}

/// Says what became of each path, and what that comes to.
pub fn told(context: &Context, target: &Target, pushed: &Pushed) -> PushEnding {
    let ending = ending(target, pushed);
    cache::pushed(&context.console, pushed, ending != PushEnding::Failed);
    ending
}

/// Says it where something was pushed that nobody signs: no other machine would take it. Returns whether it was said.
pub fn warn_unsigned(context: &Context, target: &Target, pushed: &Pushed) -> bool {
    let is_unsigned = !target.signs() && !pushed.pushed.is_empty();
    if is_unsigned {
        cache::unsigned(&context.console, &target.cache.url);
    }
    is_unsigned
}

/// Says what became of a push, and what that means for the run.
pub fn conclude(context: &Context, target: &Target, pushed: &Pushed) -> Ending {
    let (mark, ending) = match told(context, target, pushed) {
        PushEnding::Failed => (Mark::Failed, Ending::Problems),
        PushEnding::Tolerated => (Mark::Warning, Ending::Clean),
        PushEnding::Complete | PushEnding::NotWanted => (Mark::Ok, Ending::Clean),
    };
    context.console.verdict(mark, &format!("cache push: {}", cache::pushed_verdict(pushed)));
    ending
}

/// What is not there fails the run as xtask.toml says, but for what no configuration makes harmless.
fn ending(target: &Target, pushed: &Pushed) -> PushEnding {
    let grave = |kind: FaultKind| matches!(kind, FaultKind::Secret | FaultKind::Usage | FaultKind::Local);
    let lost = &pushed.not_pushed;
    if !pushed.plan.strict_faults.is_empty() || lost.iter().any(|path| grave(path.fault.kind)) {
        PushEnding::Failed
    } else if lost.is_empty() {
        PushEnding::Complete
    } else if target.config.on_failure() == OnFailure::Fail {
        PushEnding::Failed
    } else {
        PushEnding::Tolerated
    }
}
