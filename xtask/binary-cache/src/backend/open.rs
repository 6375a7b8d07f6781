//! Which backend opens which address.

use cache_protocol::{Cache, Fault, FaultKind};

use super::Backend;
use super::http::HttpCache;
use super::s3::S3Cache;
use crate::transport::Settings;

/// Opens `cache` by the scheme of its address; nothing is sent yet.
///
/// # Errors
/// When its address cannot be read, or what opens it cannot be found.
pub fn open(cache: &Cache, settings: Settings) -> Result<Box<dyn Backend>, Fault> {
    let scheme = cache.url.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme {
        "http" | "https" => Ok(Box::new(HttpCache::open(cache, settings)?)),
        "s3" => Ok(Box::new(S3Cache::open(cache, settings)?)),
        _ => Err(Fault::new(FaultKind::Usage, format!("no cache is known at addresses that begin with `{scheme}://`"))),
    }
}
