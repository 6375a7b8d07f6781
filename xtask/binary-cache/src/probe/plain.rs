//! What can be found out about caches that only hold files: they name no key and no permission.

use cache_protocol::{Cache, CacheProbe, Fault, FaultKind, TokenKind};

use super::{in_netrc, look_from_outside, note_greeting, token};
use crate::backend::Backend as _;
use crate::backend::open::open;
use crate::backend::reading::Readable;
use crate::backend::s3::S3Cache;
use crate::transport::{Address, Authorization, Client, Settings};

/// A cache behind HTTP: from outside and, where that is not enough, with what opens it.
pub(super) fn look_at_http(cache: &Cache, settings: &Settings, found: &mut CacheProbe) -> Result<(), Fault> {
    let address = Address::parse(&cache.url)?;
    found.url = address.shown();
    found.in_netrc = in_netrc(cache, &address)?;
    let authorization = Authorization::find(cache, &address)?;
    let mut status = look_from_outside(&address, settings, found)?;
    if found.public != Some(true) && authorization.token().is_some() {
        let client = Client::new(settings.clone());
        let answer = Readable { address: &address, authorization: &authorization, client: &client }.cache_info()?;
        status = answer.status();
        let kind = if matches!(status, 401 | 403) { TokenKind::Rejected } else { TokenKind::Data };
        found.token = token(&authorization, kind);
        if status == 200 {
            note_greeting(&answer, found)?;
        }
    }
    match status {
        404 | 410 => Err(absent(&found.url)),
        200..=299 | 401 | 403 => Ok(()),
        status => Err(Fault::new(FaultKind::Refused, format!("get nix-cache-info of {}: status {status}", found.url))),
    }
}

/// Any other cache: whether it can be read, and what it says of itself.
pub(super) fn look(cache: &Cache, settings: &Settings, found: &mut CacheProbe) -> Result<(), Fault> {
    let backend = open(cache, settings.clone())?;
    found.url = backend.shown();
    if cache.url.starts_with("s3://") {
        let outside = S3Cache::open_with(&cache.url, None, settings.clone())?.greet();
        found.public = match outside {
            Ok(greeting) => greeting.exists.then_some(true),
            Err(fault) => (fault.kind == FaultKind::Unauthorised).then_some(false),
        };
    }
    let greeting = backend.greet()?;
    found.store_dir = greeting.store_dir;
    found.priority = greeting.priority;
    if greeting.exists { Ok(()) } else { Err(absent(&found.url)) }
}

fn absent(url: &str) -> Fault {
    Fault::new(FaultKind::Missing, format!("there is no cache at {url} yet: it has no nix-cache-info"))
}
