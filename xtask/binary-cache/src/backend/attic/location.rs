//! Where a cache of Attic is: `attic+https://host[/below]/CACHE`, or `attic+http://…`.

use cache_protocol::{Fault, FaultKind};

use crate::transport::{Address, Url};

/// A cache of an Attic server, found by its address.
#[derive(Debug, Clone)]
pub struct Location {
    /// Its name.
    pub name: String,
    /// Where Nix reads it.
    pub cache: Address,
    server: Url,
}

impl Location {
    /// Reads the address; `None` if it is none of Attic.
    ///
    /// # Errors
    /// When it is one that names no server or no cache.
    pub fn parse(url: &str) -> Option<Result<Self, Fault>> {
        let plain = url.strip_prefix("attic+")?;
        Some(Self::new(plain))
    }

    fn new(plain: &str) -> Result<Self, Fault> {
        let unreadable = || {
            let what = "the address of an Attic cache is `attic+https://host/CACHE`: it names no server, or no cache";
            Fault::new(FaultKind::Usage, what)
        };
        if !plain.starts_with("https://") && !plain.starts_with("http://") {
            return Err(unreadable());
        }
        let cache = Address::parse(plain)?;
        let mut server = cache.url().clone();
        let name = server.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        // As the server has it: `attic/src/cache.rs`.
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_+".contains(letter);
        if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) || !name.chars().all(letters) {
            return Err(unreadable());
        }
        server.path_segments_mut().map_err(|()| unreadable())?.pop();
        Ok(Self { name, cache, server })
    }

    /// `attic+https://host/CACHE`.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("attic+{}", self.cache.shown())
    }

    /// The URL of a call.
    ///
    /// # Errors
    /// When the server's address has no path.
    pub fn call(&self, parts: &[&str]) -> Result<Url, Fault> {
        let mut url = self.server.clone();
        url.path_segments_mut()
            .map_err(|()| Fault::new(FaultKind::Usage, "the address of the Attic server has no path"))?
            .pop_if_empty()
            .extend(["_api", "v1"])
            .extend(parts);
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |url: &str, name: &str, cache: &str, call: &str| {
            let location = Location::parse(url).unwrap().unwrap();
            assert_eq!((location.name.as_str(), location.cache.shown().as_str()), (name, cache));
            assert_eq!(location.call(&["upload-path"]).unwrap().as_str(), call);
            assert_eq!(location.shown(), format!("attic+{cache}"));
        };
        check("attic+https://h/fleet", "fleet", "https://h/fleet", "https://h/_api/v1/upload-path");
        check("attic+http://me:pw@h:8/a/fleet/?x=1", "fleet", "http://h:8/a/fleet", "http://h:8/a/_api/v1/upload-path");
        assert!(Location::parse("https://h/fleet").is_none());
    }

    #[test]
    fn an_address_without_a_cache_is_refused() {
        for url in ["attic+https://h", "attic+https://h/", "attic+https://h/_api", "attic+h/c", "attic+ssh://h/c"] {
            assert_eq!(Location::parse(url).unwrap().unwrap_err().kind, FaultKind::Usage, "{url}");
        }
    }
}
