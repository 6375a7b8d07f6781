//! What can be found out about a cache of Cachix.

use cache_protocol::{Cache, CacheProbe, Fault, FaultKind, TokenKind};

use super::{in_netrc, is_refusal, look_from_outside, token};
use crate::backend::Backend as _;
use crate::backend::cachix::{CacheInfo, Cachix, Location};
use crate::transport::Settings;

/// Looks from outside, with the token, and at what the token opens: `/user` is for tokens of an account, `/cache/NAME` for those of one
/// cache as well.
pub(super) fn look(
    cache: &Cache,
    location: Location,
    settings: &Settings,
    found: &mut CacheProbe,
) -> Result<(), Fault> {
    found.url = location.shown();
    let served = location.served.clone();
    found.in_netrc = in_netrc(cache, &served)?;
    // What is to be found out is about the token; a signing key that cannot be read is for who pushes.
    let backend = Cachix::open(&Cache { signing_key: None, ..cache.clone() }, location, settings.clone())?;
    let outside = look_from_outside(&served, settings, found)?;
    let anonymous = || backend.anonymous(settings.clone()).info();
    let info = if backend.authorization().token().is_some() {
        look_with_token(&backend, found)?
    } else {
        anonymous().map(Some).or_else(|fault| if is_refusal(&fault) { Ok(None) } else { Err(fault) })?
    };
    let kind = found.token.as_ref().map(|token| token.kind);
    let info = if kind == Some(TokenKind::Rejected) && found.public == Some(true) { Some(anonymous()?) } else { info };
    if let Some(info) = &info {
        found.public_keys.clone_from(&info.public_signing_keys);
        found.public = Some(info.is_public);
    }
    if info.is_none() && (outside == 404 || kind == Some(TokenKind::Management)) {
        let what = format!("there is no cache {}, or it is somebody else's and private", backend.shown());
        return Err(Fault::new(FaultKind::Missing, what));
    }
    Ok(())
}

/// What the token opens, and what Cachix says of the cache to who has it.
fn look_with_token(backend: &Cachix, found: &mut CacheProbe) -> Result<Option<CacheInfo>, Fault> {
    let user = backend.user()?;
    let is_management = match user.status() {
        200..=299 => true,
        401 | 403 => false,
        _ => return Err(user.fault("")),
    };
    let info = match backend.info() {
        Ok(info) => Some(info),
        Err(fault) if is_refusal(&fault) || fault.kind == FaultKind::Missing => None,
        Err(fault) => return Err(fault),
    };
    let kind = match (is_management, &info) {
        (true, _) => TokenKind::Management,
        (false, Some(_)) => TokenKind::Data,
        (false, None) => TokenKind::Rejected,
    };
    found.token = token(backend.authorization(), kind);
    found.permission = info.as_ref().and_then(CacheInfo::permission);
    Ok(info)
}
