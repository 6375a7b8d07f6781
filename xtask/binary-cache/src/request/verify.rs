//! `verify`: the caches opened, and what is in them.

use std::sync::Arc;

use cache_protocol::{Cache, Fault, Verified, VerifyRequest};

use super::Asker;
use crate::backend::Backend;
use crate::backend::open::open;
use crate::verify::{self, Caches, Listener, WallClock};

/// Whether what is required is in the cache.
///
/// # Errors
/// When a cache cannot be opened or asked, or the request makes no sense.
pub fn verify(request: &VerifyRequest, asker: Asker) -> Result<Verified, Fault> {
    let opened = |cache: &Cache| open(cache, asker.settings(None));
    let cache = opened(&request.cache)?;
    let upstream = request.upstream.iter().map(opened).collect::<Result<Vec<_>, _>>()?;
    let upstream: Vec<&dyn Backend> = upstream.iter().map(|backend| &**backend).collect();
    let tell = Arc::clone(asker.tell);
    let listener = Listener { tell: &move |event| tell(event), stop: asker.stop, clock: &WallClock::new(asker.stop) };
    verify::verify(request, &Caches { cache: &*cache, upstream: &upstream }, listener)
}
