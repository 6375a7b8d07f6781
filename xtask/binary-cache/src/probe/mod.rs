//! What can be found out about a cache and its token without changing anything: what `cache doctor` judges.
//!
//! What a token may is tried, and not read from it.

mod attic;
mod cachix;
mod claims;
mod plain;

use cache_protocol::{Cache, CacheProbe, Fault, FaultKind, Probe, ProbeRequest, TokenKind, TokenProbe, shown};

use crate::backend::{attic::Location as AtticLocation, cache_info, cachix::Location as CachixLocation};
use crate::parallel;
use crate::transport::{Address, Answer, Authorization, Client, Netrc, Settings};

/// Looks at the caches of `request`, all at once. What is wrong with one is part of what is found out about it.
///
/// # Errors
/// When a thread that looked ended early.
pub fn probe(request: &ProbeRequest, settings: &Settings) -> Result<Probe, Fault> {
    let probed = parallel::for_each(&request.caches, request.caches.len(), |cache| Ok(one(cache, settings)))?;
    Ok(Probe { caches: probed.into_iter().collect::<Result<_, _>>()? })
}

fn one(cache: &Cache, settings: &Settings) -> CacheProbe {
    let mut found = CacheProbe { url: shown(&cache.url), ..CacheProbe::default() };
    if let Err(fault) = look(cache, settings, &mut found) {
        found.fault = Some(fault);
    }
    found
}

/// Writes all that can be learned into `found`; a fault ends the looking, and leaves what was learned before.
fn look(cache: &Cache, settings: &Settings, found: &mut CacheProbe) -> Result<(), Fault> {
    if let Some(location) = CachixLocation::parse(&cache.url) {
        return cachix::look(cache, location?, settings, found);
    }
    if let Some(location) = AtticLocation::parse(&cache.url) {
        return attic::look(cache, location?, settings, found);
    }
    match cache.url.split_once("://").map(|(scheme, _)| scheme) {
        Some("http" | "https") => plain::look_at_http(cache, settings, found),
        _ => plain::look(cache, settings, found),
    }
}

/// What somebody without a token sees at `address`: the clock, whether that is enough to read it, and what it says of itself.
///
/// # Errors
/// When it cannot be asked, or answers as no cache does.
fn look_from_outside(address: &Address, settings: &Settings, found: &mut CacheProbe) -> Result<u16, Fault> {
    let authorization = Authorization::Nothing("on purpose".to_owned());
    let client = Client::new(settings.clone());
    let readable = crate::backend::reading::Readable { address, authorization: &authorization, client: &client };
    let answer = readable.cache_info()?;
    found.clock_ahead = answer.clock_ahead();
    found.public = match answer.status() {
        200 => Some(true),
        401 | 403 => Some(false),
        _ => None,
    };
    if answer.status() == 200 {
        note_greeting(&answer, found)?;
    }
    Ok(answer.status())
}

/// Notes what the cache says of itself.
fn note_greeting(answer: &Answer<Vec<u8>>, found: &mut CacheProbe) -> Result<(), Fault> {
    let greeting = cache_info::parse(&answer.text()).map_err(|fault| answer.no_cache(&fault.what))?;
    found.store_dir = greeting.store_dir;
    found.priority = greeting.priority;
    Ok(())
}

/// Whether a netrc has an entry for the host, of its own name.
fn in_netrc(cache: &Cache, address: &Address) -> Result<bool, Fault> {
    Ok(Netrc::read(&cache.netrc)?.login(address.host()).is_some())
}

/// What is known of the token that was sent, if one was.
fn token(authorization: &Authorization, kind: TokenKind) -> Option<TokenProbe> {
    let (claims, expires) = claims::claims(authorization.token()?);
    Some(TokenProbe { kind, claims, expires })
}

/// Whether the fault says that the token does not open it, rather than that it could not be asked.
fn is_refusal(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Unauthorised)
}
