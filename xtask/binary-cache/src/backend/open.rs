//! Which backend opens which address.

use cache_protocol::{Cache, Fault, FaultKind};

use super::Backend;
use super::file::FileCache;

/// Whether one is known for `url`; what is not, Nix may know.
#[must_use]
pub fn knows(url: &str) -> bool {
    scheme(url) == "file"
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// Opens `cache` by the scheme of its address; nothing is asked yet.
///
/// # Errors
/// When its address cannot be read, or what opens it cannot be found.
pub fn open(cache: &Cache) -> Result<Box<dyn Backend>, Fault> {
    match scheme(&cache.url) {
        "file" => Ok(Box::new(FileCache::open(&cache.url)?)),
        scheme => {
            Err(Fault::new(FaultKind::Usage, format!("no cache is known at addresses that begin with `{scheme}://`")))
        }
    }
}
