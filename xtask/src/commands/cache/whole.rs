//! The same for a whole run of continuous integration, which has the repository open and its outputs evaluated.

use std::collections::BTreeMap;

use anyhow::Result;

use super::analytics::{self, Analytics};
use super::per_output::per_output;
use super::push::{self, PushEnding};
use super::roots::Roots;
use super::target::{Target, target};
use super::{plan, policy, verify};
use crate::cache_client::Steps;
use crate::ci::OutputPush;
use crate::commands::secrets::values::AtHand;
use crate::fleet::Span;
use crate::push_policy::Decision;
use crate::report::{Mark, cache};
use crate::rules::Problem;
use crate::session::{Report, Session};

/// What a push of everything came to.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub ending: PushEnding,
    /// In one line.
    pub said: String,
    /// What became of each output; nothing where the policy is against it.
    pub outputs: BTreeMap<String, OutputPush>,
    /// When what was at work.
    pub spans: Vec<Span>,
}

impl Done {
    fn nothing(ending: PushEnding, said: String) -> Self {
        Self { ending, said, outputs: BTreeMap::new(), spans: Vec::new() }
    }
}

/// Whether what this machine builds may go into the cache, which can be told before anything is evaluated.
///
/// # Errors
/// When what decides cannot be read.
pub fn decided(session: &Session<'_>) -> Result<Decision> {
    Ok(policy::decision(session, &target(session)?, &session.settings.systems()))
}

/// What caches have of what the outputs of `fleet` need, which are evaluated and not built yet.
///
/// # Errors
/// When the caches cannot be asked.
pub fn measured_before(session: &Session<'_>, fleet: &Report) -> Result<Analytics> {
    // What no machine here builds is not built now, whatever caches have of it.
    let systems = session.settings.systems();
    let is_built_here = |system: &str| systems.iter().any(|here| here == system);
    let mut fleet = fleet.clone();
    fleet.results.retain(|result| result.system().is_none_or(is_built_here));
    analytics::measure(session, &target(session)?, &fleet)
}

/// The outputs that this machine built and the policy pushes; else why not.
fn allowed(session: &Session<'_>, target: &Target, fleet: &Report) -> Result<Result<Roots, String>> {
    let mut roots = plan::wanted(session, fleet, target)?;
    let decision = policy::decision(session, target, &roots.systems());
    let said = cache::decision(&decision);
    match decision {
        Decision::Push { systems, .. } => {
            target.ready(session)?;
            roots.keep(&systems);
            Ok(Ok(roots))
        }
        Decision::Skip(_) | Decision::Deny(_) => Ok(Err(said)),
        Decision::Error(_) => anyhow::bail!(said),
    }
}

/// Pushes what is built of `fleet`, where the policy says so.
///
/// # Errors
/// When nothing is built, or the cache cannot be asked.
pub fn push_fleet(session: &Session<'_>, fleet: &Report) -> Result<Done> {
    let target = target(session)?;
    let roots = match allowed(session, &target, fleet)? {
        Ok(roots) => roots,
        Err(said) => return Ok(Done::nothing(PushEnding::NotWanted, said)),
    };
    let (request, values) = (plan::request(session, &target, &roots, false), AtHand::new(session));
    let mut steps = Steps::default();
    let pushed = match push::push(session.context, &target, request, Some(&values), &mut steps) {
        Err(error) if push::is_tolerated(&target, &error) => {
            let said = format!("nothing was pushed: {error:#}");
            session.context.console.mark(Mark::Warning, &said);
            return Ok(Done { spans: steps.spans(), ..Done::nothing(PushEnding::Tolerated, said) });
        }
        pushed => pushed?,
    };
    push::warn_unsigned(session.context, &target, &pushed);
    let ending = push::told(session.context, &target, &pushed);
    let outputs = per_output(&roots, &pushed);
    Ok(Done { ending, said: cache::pushed_verdict(&pushed), outputs, spans: steps.spans() })
}

/// What is in the cache of what this run pushes, in one line, and what is wrong with it; nothing where it pushes nothing.
///
/// # Errors
/// When the cache cannot be asked.
pub fn verify_fleet(session: &Session<'_>, fleet: &Report) -> Result<Option<(String, Vec<Problem>)>> {
    let target = target(session)?;
    let Ok(roots) = allowed(session, &target, fleet)? else { return Ok(None) };
    let verified = verify::verify(session, &target, &roots, false, 0)?;
    let mut problems = verify::found(session, &verified);
    problems.extend(verify::drift(session, fleet)?);
    Ok(Some((cache::verified_verdict(&verified), problems)))
}
