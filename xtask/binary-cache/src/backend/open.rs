//! Which backend opens which address.

use cache_protocol::{Cache, Fault, FaultKind};

use super::Backend;
use super::file::FileCache;
use super::http::HttpCache;
use super::s3::S3Cache;
use crate::transport::Settings;

/// Whether one is known for `url`; what is not, Nix may know.
#[must_use]
pub fn knows(url: &str) -> bool {
    matches!(scheme(url), "file" | "http" | "https" | "s3")
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// Opens `cache` by the scheme of its address; nothing is asked yet. `settings` are for those behind a network.
///
/// # Errors
/// When its address cannot be read, or what opens it cannot be found.
pub fn open(cache: &Cache, settings: Settings) -> Result<Box<dyn Backend>, Fault> {
    match scheme(&cache.url) {
        "file" => Ok(Box::new(FileCache::open(&cache.url)?)),
        "http" | "https" => Ok(Box::new(HttpCache::open(cache, settings)?)),
        "s3" => Ok(Box::new(S3Cache::open(cache, settings)?)),
        scheme => {
            Err(Fault::new(FaultKind::Usage, format!("no cache is known at addresses that begin with `{scheme}://`")))
        }
    }
}
