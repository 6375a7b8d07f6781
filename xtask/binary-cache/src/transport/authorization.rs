//! What opens a cache: a token from the environment, or a login from its address or from netrc.

use cache_protocol::{Cache, Fault};
use data_encoding::BASE64;

use super::{Address, Login, Netrc, Secret};

/// What is sent to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// `Bearer TOKEN`, and the variable that holds the token.
    Bearer(Secret, String),
    /// `Basic` with name and password, and where they stand: "the netrc entry for `host`".
    Basic(Login, String),
    /// Nothing, and where something was looked for: "`CACHE_TOKEN` is not set, and no netrc has an entry for `host`".
    Nothing(String),
}

impl Authorization {
    /// What is found for `cache` at `address`: its token, else the login in its address, else one in netrc.
    ///
    /// # Errors
    /// When a netrc cannot be read.
    pub fn find(cache: &Cache, address: &Address) -> Result<Self, Fault> {
        let token = cache.token.as_ref().and_then(|token| std::env::var(&token.variable).ok());
        let login = address.login().map(|(name, password)| Login { name: name.clone(), password: password.clone() });
        let login = login.map(|login| (login, "the address of the cache".to_owned()));
        let in_netrc = |login: &Login| (login.clone(), format!("the netrc entry for `{}`", address.host()));
        let netrc = Netrc::read(&cache.netrc)?.login(address.host()).map(in_netrc);
        Ok(Self::choose(cache, address.host(), token, login.or(netrc)))
    }

    /// The token, if there is one, else the login, which stands where it says, else nothing.
    fn choose(cache: &Cache, host: &str, token: Option<String>, login: Option<(Login, String)>) -> Self {
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let variable = cache.token.as_ref().map(|token| token.variable.as_str());
        match (token, login) {
            (Some(token), _) => Self::Bearer(Secret::new(token), variable.unwrap_or_default().to_owned()),
            (None, Some((login, place))) => Self::Basic(login, place),
            (None, None) => {
                let variable = variable.map(|variable| format!("`{variable}` is not set, and "));
                Self::Nothing(format!("{}no netrc has an entry for `{host}`", variable.unwrap_or_default()))
            }
        }
    }

    /// The header's value, for the one place that sends it.
    pub(super) fn header(&self) -> Option<String> {
        match self {
            Self::Bearer(token, _) => Some(format!("Bearer {}", token.reveal())),
            Self::Basic(login, _) => {
                let pair = format!("{}:{}", login.name, login.password.reveal());
                Some(format!("Basic {}", BASE64.encode(pair.as_bytes())))
            }
            Self::Nothing(_) => None,
        }
    }

    /// The token that is sent: a password is often one.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        match self {
            Self::Bearer(token, _) => Some(token),
            Self::Basic(login, _) => Some(&login.password),
            Self::Nothing(_) => None,
        }
    }

    /// What to add to a fault when the server does not let in: what was sent and where that is mended, or why nothing was sent.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Bearer(_, variable) => {
                format!("with the token that was sent: put one that may do this into `{variable}`")
            }
            Self::Basic(_, place) => format!("with the login that was sent: put one that may do this into {place}"),
            Self::Nothing(why) => format!("nothing to log in with was sent: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use cache_protocol::Token;

    use super::*;

    fn cache(variable: Option<&str>) -> Cache {
        Cache {
            url: "https://h".to_owned(),
            public_keys: Vec::new(),
            signing_key: None,
            token: variable.map(|variable| Token { variable: variable.to_owned() }),
            netrc: Vec::new(),
        }
    }

    #[test]
    fn tokens_come_before_logins() {
        let login = || Some((Login { name: "me".to_owned(), password: Secret::new("hunter2") }, "netrc".to_owned()));
        let check = |token: Option<&str>, login: Option<(Login, String)>, expected: Option<&str>| {
            let found = Authorization::choose(&cache(Some("T")), "h", token.map(str::to_owned), login);
            assert_eq!(found.header().as_deref(), expected);
            let shown = format!("{found:?} {}", found.hint());
            assert!(!shown.contains("hunter2") && !shown.contains("abc"), "{shown}");
        };
        check(Some("abc\n"), login(), Some("Bearer abc"));
        check(Some(" "), login(), Some("Basic bWU6aHVudGVyMg=="));
        check(None, login(), Some("Basic bWU6aHVudGVyMg=="));
        check(None, None, None);
    }

    #[test]
    fn who_is_not_let_in_learns_where_to_mend_it() {
        let folder = tempfile::tempdir().unwrap();
        let netrc = folder.path().join("netrc");
        std::fs::write(&netrc, "machine h login me password hunter2").unwrap();
        let check = |variable: Option<&str>, url: &str, expected: &str| {
            let cache = Cache { netrc: vec![netrc.clone()], ..cache(variable) };
            assert_eq!(Authorization::find(&cache, &Address::parse(url).unwrap()).unwrap().hint(), expected);
        };
        // Cargo sets this one for every test.
        let token = "with the token that was sent: put one that may do this into `CARGO_PKG_NAME`";
        check(Some("CARGO_PKG_NAME"), "https://h", token);
        let login = |place: &str| format!("with the login that was sent: put one that may do this into {place}");
        check(None, "https://h", &login("the netrc entry for `h`"));
        check(None, "https://you:hunter3@h", &login("the address of the cache"));
    }

    #[test]
    fn nothing_says_where_it_was_looked_for() {
        let check = |variable, expected: &str| {
            assert_eq!(Authorization::choose(&cache(variable), "h", None, None).hint(), expected);
        };
        check(Some("T"), "nothing to log in with was sent: `T` is not set, and no netrc has an entry for `h`");
        check(None, "nothing to log in with was sent: no netrc has an entry for `h`");
    }
}
