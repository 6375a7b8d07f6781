//! Where a cache of Cachix is: `cachix://NAME`, or the `https://NAME.cachix.org` that users substitute from.

use cache_protocol::{Cache, Fault, FaultKind, Token};

use crate::signature::SigningKey;
use crate::transport::{Address, Authorization, Url};

/// Where the calls are, unless `?api=` says otherwise.
const API: &str = "https://cachix.org/api/v1";
/// Where caches are served: `NAME.` in front.
const DOMAIN: &str = "cachix.org";
/// The variable that Cachix's own client reads its token from.
const VARIABLE: &str = "CACHIX_AUTH_TOKEN";

/// A cache of Cachix, found by its address.
#[derive(Debug, Clone)]
pub struct Location {
    /// Its name.
    pub name: String,
    /// Where the calls are.
    pub api: Address,
    /// Where everybody reads it; what netrc files know of it stands under this host.
    pub served: Address,
}

impl Location {
    /// Reads the address; `None` if it is none of Cachix.
    ///
    /// # Errors
    /// When it is one that makes no sense: without a name, or with an API that is no address.
    pub fn parse(url: &str) -> Option<Result<Self, Fault>> {
        let parsed = Url::parse(url).ok()?;
        let host = parsed.host_str().unwrap_or_default();
        match parsed.scheme() {
            "cachix" => {
                let api = parsed.query_pairs().find(|(name, _)| name == "api").map(|(_, api)| api.into_owned());
                Some(Self::new(host, api.as_deref()))
            }
            "https" => {
                let name = host.strip_suffix(DOMAIN)?.strip_suffix('.')?;
                Some(Self::new(name, None))
            }
            _ => None,
        }
    }

    fn new(name: &str, api: Option<&str>) -> Result<Self, Fault> {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || !name.chars().all(letters) {
            return Err(Fault::new(
                FaultKind::Usage,
                "the address of a Cachix cache names no cache: it is `cachix://NAME`, of letters, digits and `-`",
            ));
        }
        let served = match api {
            None => Address::parse(&format!("https://{name}.{DOMAIN}"))?,
            Some(api) => Address::parse(&format!("{}/cache/{name}", api.trim_end_matches('/')))?,
        };
        Ok(Self { name: name.to_owned(), api: Address::parse(api.unwrap_or(API))?, served })
    }

    /// `cachix://NAME`.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("cachix://{}", self.name)
    }

    /// The URL of a call: `["cache", NAME, …]` below the API.
    ///
    /// # Errors
    /// When the API is no address that has a path.
    pub fn call(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<Url, Fault> {
        let mut url = self.api.url().clone();
        url.path_segments_mut()
            .map_err(|()| Fault::new(FaultKind::Usage, "the API of Cachix is no address that has a path"))?
            .pop_if_empty()
            .extend(parts);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// What opens it: the token in the variable that `cache` names, or in Cachix's own, else what netrc says.
    ///
    /// # Errors
    /// When a netrc cannot be read.
    pub fn authorization(&self, cache: &Cache) -> Result<Authorization, Fault> {
        Authorization::find(&with_variable(cache), &self.served)
    }

    /// The name of the key that signs what is in it.
    #[must_use]
    pub fn key_name(&self) -> String {
        format!("{}.{DOMAIN}-1", self.name)
    }

    /// The key that its users sign with: `name:base64`, or the bare base64 of `CACHIX_SIGNING_KEY`.
    ///
    /// # Errors
    /// When it is neither; the error does not hold it.
    pub fn signing_key(&self, text: &str) -> Result<SigningKey, Fault> {
        let text = text.trim();
        if text.contains(':') {
            SigningKey::parse(text)
        } else {
            SigningKey::parse(&format!("{}:{text}", self.key_name()))
        }
    }
}

/// `cache`, with the variable of Cachix's own client where it names none.
fn with_variable(cache: &Cache) -> Cache {
    let token = cache.token.clone().or_else(|| Some(Token { variable: VARIABLE.to_owned() }));
    Cache { token, ..cache.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |url: &str, expected: Option<(&str, &str, &str)>| {
            let location = Location::parse(url).map(Result::unwrap);
            let found = location.map(|found| (found.name.clone(), found.api.shown(), found.served.shown()));
            let expected = expected.map(|(name, api, served)| (name.to_owned(), api.to_owned(), served.to_owned()));
            assert_eq!(found, expected, "{url}");
        };
        check("cachix://our-fleet", Some(("our-fleet", API, "https://our-fleet.cachix.org")));
        check("https://our-fleet.cachix.org", Some(("our-fleet", API, "https://our-fleet.cachix.org")));
        check("https://our-fleet.cachix.org/?priority=3", Some(("our-fleet", API, "https://our-fleet.cachix.org")));
        check(
            "cachix://c?api=http%3A%2F%2F127.0.0.1%3A1%2Fapi%2Fv1",
            Some(("c", "http://127.0.0.1:1/api/v1", "http://127.0.0.1:1/api/v1/cache/c")),
        );
        check("https://cachix.org", None);
        check("https://our-fleetcachix.org", None);
        check("https://cache.nixos.org", None);
        check("file:///cachix", None);
    }

    #[test]
    fn an_address_without_a_cache_is_refused() {
        for url in ["cachix://", "cachix:///x", "https://a.b.cachix.org", "cachix://c?api=https%3A%2F%2Fme:hunter2@"] {
            let fault = Location::parse(url).unwrap().unwrap_err();
            assert!(fault.kind == FaultKind::Usage && !fault.what.contains("hunter2"), "{url}: {fault}");
        }
    }

    #[test]
    fn calls() {
        let check = |url: &str, parts: &[&str], query: &[(&str, &str)], expected: &str| {
            let location = Location::parse(url).unwrap().unwrap();
            assert_eq!(location.call(parts, query).unwrap().as_str(), expected);
        };
        check("cachix://c", &["user"], &[], "https://cachix.org/api/v1/user");
        let query = [("uploadId", "a/b+c="), ("partNumber", "1")];
        let expected = "https://cachix.org/api/v1/cache/c?uploadId=a%2Fb%2Bc%3D&partNumber=1";
        check("cachix://c", &["cache", "c"], &query, expected);
        check("cachix://c?api=http://h/v/", &["a/b"], &[], "http://h/v/a%2Fb");
    }

    #[test]
    fn keys_with_and_without_a_name() {
        let location = Location::parse("cachix://c").unwrap().unwrap();
        let pair = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([1; 32]));
        let bare = data_encoding::BASE64.encode(pair.sk.as_ref());
        let check = |text: &str, name: &str| assert_eq!(location.signing_key(text).unwrap().name(), name);
        check(&bare, "c.cachix.org-1");
        check(&format!("{bare}\n"), "c.cachix.org-1");
        check(&format!("other:{bare}"), "other");
        let error = location.signing_key("aHVudGVyMg==").unwrap_err();
        assert!(!error.what.contains("aHVudGVyMg"), "{error}");
    }

    #[test]
    fn the_variable_of_cachix_stands_in_for_none() {
        let cache = |variable: Option<&str>| Cache {
            url: "cachix://c".to_owned(),
            public_keys: Vec::new(),
            signing_key: None,
            token: variable.map(|variable| Token { variable: variable.to_owned() }),
            netrc: Vec::new(),
        };
        let check =
            |variable, expected: &str| assert_eq!(with_variable(&cache(variable)).token.unwrap().variable, expected);
        check(None, "CACHIX_AUTH_TOKEN");
        check(Some("OURS"), "OURS");
    }
}
