//! What is asked of the client of binary caches here, with answers of the kind that was asked for.

use anyhow::{Result, bail};
use cache_protocol::{Answer, Cache, Probe, ProbeRequest, ProvisionRequest, Provisioned, Request};

use crate::context::Context;

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

fn ask(context: &Context, _request: &Request) -> Result<Answer> {
    if context.offline {
        bail!("not asked: --offline");
    }
    bail!("the client of binary caches is not part of this program yet")
}
