//! Which backend opens which address.

use cache_protocol::{Cache, Fault, FaultKind};

use super::Backend;
use super::attic::{self, Attic};
use super::cachix::{self, Cachix};
use super::file::FileCache;
use super::http::HttpCache;
use super::s3::S3Cache;
use crate::transport::Settings;

/// Whether one is known for `url`; what is not, Nix may know.
#[must_use]
pub fn knows(url: &str) -> bool {
    ["file", "http", "https", "s3", "cachix", "attic+http", "attic+https"].contains(&scheme(url))
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// Opens `cache` to push to it: what is read at `https://NAME.cachix.org` is pushed to the API of Cachix.
///
/// # Errors
/// As [`open`].
pub fn to_push(cache: &Cache, settings: Settings) -> Result<Box<dyn Backend>, Fault> {
    match cachix::Location::parse(&cache.url) {
        Some(location) => Ok(Box::new(Cachix::open(cache, location?, settings)?)),
        None => open(cache, settings),
    }
}

/// Opens `cache` by the scheme of its address; nothing is asked yet. `settings` are for those behind a network.
///
/// # Errors
/// When its address cannot be read, or what opens it cannot be found.
pub fn open(cache: &Cache, settings: Settings) -> Result<Box<dyn Backend>, Fault> {
    if let Some(location) = attic::Location::parse(&cache.url) {
        return Ok(Box::new(Attic::open(cache, location?, settings)?));
    }
    match scheme(&cache.url) {
        "file" => Ok(Box::new(FileCache::open(&cache.url)?)),
        "http" | "https" => Ok(Box::new(HttpCache::open(cache, settings)?)),
        "s3" => Ok(Box::new(S3Cache::open(cache, settings)?)),
        "cachix" => to_push(cache, settings),
        "" => Err(Fault::new(FaultKind::Usage, "no cache is known at an address without `://`")),
        scheme => {
            Err(Fault::new(FaultKind::Usage, format!("no cache is known at addresses that begin with `{scheme}://`")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn addresses_and_what_opens_them() {
        let check = |url: &str, read: Option<&str>, pushed: Option<&str>| {
            let cache = Cache {
                url: url.to_owned(),
                public_keys: Vec::new(),
                signing_key: None,
                token: None,
                netrc: Vec::new(),
            };
            let settings = || Settings::new(Duration::ZERO, 1, Arc::new(|_, _| {}));
            let shown = |opened: Result<Box<dyn Backend>, Fault>| opened.ok().map(|backend| backend.shown());
            assert_eq!(shown(open(&cache, settings())).as_deref(), read, "{url}");
            assert_eq!(shown(to_push(&cache, settings())).as_deref(), pushed, "{url}");
        };
        check("https://c.cachix.org", Some("https://c.cachix.org"), Some("cachix://c"));
        check("cachix://c", Some("cachix://c"), Some("cachix://c"));
        check("attic+https://h/c", Some("attic+https://h/c"), Some("attic+https://h/c"));
        check("https://h", Some("https://h"), Some("https://h"));
        check("cachix://", None, None);
        check("attic+https://h", None, None);
        check("gopher://h", None, None);
    }
}
