//! What can be found out about a cache of an Attic server.

use cache_protocol::{Cache, CacheProbe, Fault, FaultKind, Permission, TokenKind};

use super::{in_netrc, is_refusal, look_from_outside, token};
use crate::backend::Backend as _;
use crate::backend::attic::{Attic, Location};
use crate::transport::Settings;

/// Looks from outside, and at what the token opens. The server takes a token that is not valid for none: on a public cache, one that
/// may only read cannot be told from it, and opens as little.
pub(super) fn look(
    cache: &Cache,
    location: Location,
    settings: &Settings,
    found: &mut CacheProbe,
) -> Result<(), Fault> {
    found.url = location.shown();
    let address = location.cache.clone();
    found.in_netrc = in_netrc(cache, &address)?;
    let backend = Attic::open(cache, location, settings.clone())?;
    let mut outside = look_from_outside(&address, settings, found)?;
    let config = match backend.config() {
        Ok(config) => Some(config),
        Err(fault) if is_refusal(&fault) => None,
        // Who may something there is told that it is not.
        Err(fault) if fault.kind == FaultKind::Missing => {
            outside = 404;
            None
        }
        Err(fault) => return Err(fault),
    };
    let may_push = opens(backend.try_to_push()?.status());
    // Who may change the cache is told that there is nothing to change; who may not is refused before.
    let may_configure = may_push && matches!(backend.try_to_configure()?.status(), 200..=299 | 400);
    if backend.authorization().token().is_some() {
        found.permission = match (may_configure, may_push, &config) {
            (true, _, _) => Some(Permission::Admin),
            (_, true, _) => Some(Permission::Write),
            (_, _, Some(_)) => Some(Permission::Read),
            _ => None,
        };
        let opens = may_push || (config.is_some() && found.public != Some(true));
        found.token = token(backend.authorization(), if opens { TokenKind::Data } else { TokenKind::Rejected });
    }
    let Some(config) = config else {
        if outside == 404 {
            return Err(Fault::new(FaultKind::Missing, format!("there is no cache {}", backend.shown())));
        }
        return Ok(());
    };
    found.public_keys = config.public_key.into_iter().collect();
    found.public = config.is_public.or(found.public);
    found.store_dir = config.store_dir.or(found.store_dir.take());
    found.priority = config.priority.or(found.priority);
    Ok(())
}

fn opens(status: u16) -> bool {
    (200..300).contains(&status)
}
