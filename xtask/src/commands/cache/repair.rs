//! Mending what `verify` found: what is missing or damaged in the cache goes there again from this machine, as far as it was built here
//! and the policy lets it pass.

use anyhow::Result;

use super::push::{allowed, conclude, is_tolerated, push};
use super::roots::{Extent, roots};
use super::target::Target;
use super::{plan, policy, verify};
use crate::cache_client::Steps;
use crate::commands::secrets::values::AtHand;
use crate::report::{Mark, cache};
use crate::session::{Report, Session};

/// Pushes what this machine has built and the cache lacks, or has otherwise than it should; with `deep` the content of every file
/// counts. What it cannot mend is left to be found by the next look.
///
/// # Errors
/// When the cache cannot be asked, or the policy wants a push that is not possible.
pub fn repair(session: &Session<'_>, target: &Target, fleet: &Report, deep: bool) -> Result<()> {
    let context = session.context;
    let mut roots = roots(session, fleet, Extent::Built, |result| target.closure(result))?;
    for line in cache::unbuilt(&roots.unbuilt).lines() {
        context.console.line(line);
    }
    let Some(systems) = allowed(context, policy::decision(session, target, &roots.systems()))? else { return Ok(()) };
    roots.keep(&systems);
    if roots.known.is_empty() {
        context.console.verdict(Mark::Skipped, "cache push: nothing of this is built on this machine");
        return Ok(());
    }
    let mut request = plan::request(session, target, &roots, false);
    // Looked for by what is built here alone: nothing else can be pushed again.
    request.again = verify::mendable(verify::verify(session, target, &roots, deep, 0)?, target.signs());
    match push(context, target, request, Some(&AtHand::new(session)), &mut Steps::default()) {
        Err(error) if is_tolerated(target, &error) => {
            context.console.verdict(Mark::Warning, &format!("cache push: nothing was pushed: {error:#}"));
        }
        // Whether all is well now is what is looked at next.
        pushed => drop(conclude(context, target, &pushed?)),
    }
    Ok(())
}
