//! What people ask of caches, and nothing asks by itself: refused where the network is not to be used.

use anyhow::{Result, bail};
use cache_protocol::{Cache, PresenceRequest, Probe, ProbeRequest, ProvisionRequest, Provisioned, SubstituterPresence};

use super::target::is_on_disk;
use crate::cache_client::{self, IN_FLIGHT, PATIENCE};
use crate::context::Context;

/// What can be found out about `caches` without changing anything.
///
/// # Errors
/// With `--offline`, unless it is about folders; when the client cannot be had, or does not answer.
pub fn probe(context: &Context, caches: Vec<Cache>) -> Result<Probe> {
    may_ask(context, &caches)?;
    cache_client::probe(context, ProbeRequest { caches }, &mut |_| {})
}

/// Creates a cache, or finds it created.
///
/// # Errors
/// As [`probe`], and when the cache cannot be created.
pub fn provision(context: &Context, request: ProvisionRequest) -> Result<Provisioned> {
    may_ask(context, std::slice::from_ref(&request.cache))?;
    cache_client::provision(context, request, &mut |_| {})
}

/// Those of `paths` that the cache has.
///
/// # Errors
/// As [`probe`], and when the cache cannot be asked.
pub fn present(context: &Context, cache: Cache, paths: Vec<String>) -> Result<Vec<String>> {
    may_ask(context, std::slice::from_ref(&cache))?;
    let request =
        PresenceRequest { substituters: vec![cache], paths, in_flight: IN_FLIGHT, patience: PATIENCE, follow: false };
    let answer = cache_client::presence(context, request, &mut |_| {})?;
    match answer.substituters.into_iter().next() {
        Some(SubstituterPresence { fault: None, seen, .. }) => Ok(seen.into_iter().map(|seen| seen.path).collect()),
        Some(SubstituterPresence { fault: Some(fault), .. }) => Err(fault.into()),
        None => bail!("the binary-cache client did not answer for the cache"),
    }
}

fn may_ask(context: &Context, caches: &[Cache]) -> Result<()> {
    if context.offline && !caches.iter().all(|cache| is_on_disk(&cache.url)) {
        bail!("not asked: --offline");
    }
    Ok(())
}
