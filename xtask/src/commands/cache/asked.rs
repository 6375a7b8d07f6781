//! What is asked of the client of binary caches here, with answers of the kind that was asked for.

use anyhow::{Result, bail};
use cache_protocol::{
    Answer, Cache, PresenceRequest, Probe, ProbeRequest, ProvisionRequest, Provisioned, Request, SubstituterPresence,
};

use crate::cache_client;
use crate::context::Context;

/// Requests to a cache at once: what is asked here is little.
const IN_FLIGHT: usize = 16;
/// How long all tries of one request may take together, in milliseconds: somebody waits for the answer.
const PATIENCE: u64 = 10_000;

/// What can be found out about `caches` without changing anything.
///
/// # Errors
/// When the client cannot be had, or does not answer.
pub fn probe(context: &Context, caches: Vec<Cache>) -> Result<Probe> {
    match ask(context, &Request::Probe(ProbeRequest { caches }))? {
        Answer::Probe(probe) => Ok(probe),
        _ => bail!("the client of binary caches answered another question"),
    }
}

/// Creates a cache, or finds it created.
///
/// # Errors
/// As [`probe`], and when the cache cannot be created.
pub fn provision(context: &Context, request: ProvisionRequest) -> Result<Provisioned> {
    match ask(context, &Request::Provision(request))? {
        Answer::Provision(provisioned) => Ok(provisioned),
        _ => bail!("the client of binary caches answered another question"),
    }
}

/// Those of `paths` that the cache has.
///
/// # Errors
/// As [`probe`], and when the cache cannot be asked.
pub fn present(context: &Context, cache: Cache, paths: Vec<String>) -> Result<Vec<String>> {
    let request =
        PresenceRequest { substituters: vec![cache], paths, in_flight: IN_FLIGHT, patience: PATIENCE, follow: false };
    match ask(context, &Request::Presence(request))? {
        Answer::Presence(presences) => match presences.substituters.into_iter().next() {
            Some(SubstituterPresence { fault: None, seen, .. }) => Ok(seen.into_iter().map(|seen| seen.path).collect()),
            Some(SubstituterPresence { fault: Some(fault), .. }) => Err(fault.into()),
            None => bail!("the client of binary caches did not answer for the cache"),
        },
        _ => bail!("the client of binary caches answered another question"),
    }
}

fn ask(context: &Context, request: &Request) -> Result<Answer> {
    if context.offline {
        bail!("not asked: --offline");
    }
    cache_client::ask(context, request, &mut |_| {})
}
