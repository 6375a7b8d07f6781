//! Where a cache is: its URL, without the credentials and the settings of Nix that may be written into it.

use cache_protocol::{Fault, FaultKind};
use url::Url;

use super::Secret;

/// The address of a cache, and the login that was written into it.
#[derive(Debug, Clone)]
pub struct Address {
    /// Without user, password, query and fragment; its path ends without a slash.
    base: Url,
    /// What stood before the `@`.
    login: Option<(String, Secret)>,
}

impl Address {
    /// Reads `https://[login:password@]host[:port][/path][?settings]`.
    ///
    /// # Errors
    /// When it is no URL of a host; the error shows nothing of it but the scheme.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let scheme: String =
            text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '+').collect();
        let unreadable =
            |why: &str| Fault::new(FaultKind::Usage, format!("the cache's address `{scheme}:…` cannot be read: {why}"));
        let mut base = Url::parse(text).map_err(|error| unreadable(&error.to_string()))?;
        if base.host_str().is_none_or(str::is_empty) {
            return Err(unreadable("it names no host"));
        }
        let decoded = |text: &str| {
            url::form_urlencoded::parse(text.replace('+', "%2B").replace('&', "%26").as_bytes())
                .next()
                .map_or_else(String::new, |(name, _)| name.into_owned())
        };
        let login = (!base.username().is_empty() || base.password().is_some())
            .then(|| (decoded(base.username()), Secret::new(decoded(base.password().unwrap_or_default()))));
        // Neither can fail for a URL that has a host.
        if base.set_username("").is_err() || base.set_password(None).is_err() {
            return Err(unreadable("it cannot hold a login"));
        }
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self { base, login })
    }

    /// As it is shown: without login and settings.
    #[must_use]
    pub fn shown(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// The URL itself.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// The login that was written into it.
    #[must_use]
    pub fn login(&self) -> Option<&(String, Secret)> {
        self.login.as_ref()
    }

    /// Whether `url` is served by the same server: scheme, host and port.
    #[must_use]
    pub fn serves(&self, url: &Url) -> bool {
        self.base.origin() == url.origin()
    }

    /// The URL of the file `name` in the cache, as a narinfo names it: relative to the cache, or a whole URL.
    ///
    /// # Errors
    /// When it leads out of the cache, or nowhere.
    pub fn file(&self, name: &str) -> Result<Url, Fault> {
        let astray = || Fault::new(FaultKind::NotACache, format!("the cache names a file outside itself: `{name}`"));
        if name.starts_with("https://") || name.starts_with("http://") {
            return Url::parse(name).map_err(|_| astray());
        }
        let outside = |part: &str| part == ".." || part.eq_ignore_ascii_case("%2e%2e");
        if name.starts_with('/') || name.contains("://") || name.contains('\\') || name.split('/').any(outside) {
            return Err(astray());
        }
        let mut url = self.base.clone();
        let (path, query) = name.split_once('?').map_or((name, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_login_and_no_settings() {
        let check = |text: &str, expected: &str| assert_eq!(Address::parse(text).unwrap().shown(), expected);
        check("https://cache.example.org", "https://cache.example.org");
        check("https://cache.example.org/", "https://cache.example.org");
        check("http://me:hunter2@[::1]:81/a/b/?priority=3#x", "http://[::1]:81/a/b");
    }

    #[test]
    fn the_login_is_taken_out() {
        let check = |text: &str, name: &str, password: &str| {
            let address = Address::parse(text).unwrap();
            let (found, secret) = address.login().unwrap();
            assert_eq!((found.as_str(), secret.reveal()), (name, password));
            assert!(!format!("{address:?}").contains("hunter2"), "{address:?}");
        };
        check("https://me:hunter2@h/", "me", "hunter2");
        check("https://:hunter2@h/", "", "hunter2");
        check("https://m%40e:a%2Fhunter2+%26=b&c@h/", "m@e", "a/hunter2+&=b&c");
        assert!(Address::parse("https://h/").unwrap().login().is_none());
    }

    #[test]
    fn what_is_no_address_is_not_shown() {
        for text in ["https://me:hunter2@", "https://me:hunter2@h:99999/", "hunter2", "file:///x"] {
            let error = Address::parse(text).unwrap_err();
            assert!(error.what.contains("cannot be read") && !error.what.contains("me:hunter2"), "{error}");
        }
    }

    #[test]
    fn files_are_below_the_cache_or_elsewhere_by_name() {
        let address = Address::parse("https://h:8/c").unwrap();
        let check = |name: &str, expected: &str| assert_eq!(address.file(name).unwrap().as_str(), expected);
        check("nar/x.nar.zst", "https://h:8/c/nar/x.nar.zst");
        check("nar/x.nar?hash=1", "https://h:8/c/nar/x.nar?hash=1");
        check("https://other/x", "https://other/x");
        for name in ["../x", "nar/../../x", "/x", "file:///x", "nar/%2E%2e/x", "..\\x"] {
            assert_eq!(address.file(name).unwrap_err().kind, FaultKind::NotACache, "{name}");
        }
        assert!(address.serves(&address.file("x").unwrap()));
        assert!(!address.serves(&Url::parse("http://h:8/c").unwrap()));
        assert!(!address.serves(&Url::parse("https://h/c").unwrap()));
    }
}
