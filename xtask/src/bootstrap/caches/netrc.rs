//! The passwords of private caches, as netrc keeps them: `machine HOST password TOKEN`, the form that caches give to Nix.

use anyhow::{Result, bail};

use super::block::{self, Where};

/// A token. It is written into a netrc, and shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("…")
    }
}

/// What opens a private cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The host of the cache, without a port: netrc knows none.
    pub host: String,
    /// The environment variable that the token comes from.
    pub variable: String,
    /// The token.
    pub token: Secret,
}

impl Login {
    /// The token that `variable` holds, for `host`.
    ///
    /// # Errors
    /// When it is none that a netrc can hold.
    pub fn new(host: &str, variable: &str, value: &str) -> Result<Self> {
        if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control() || "\"\\#".contains(c)) {
            bail!("the value of `{variable}` is no token: it is empty, or holds spaces, quotes or the like");
        }
        Ok(Self { host: host.to_owned(), variable: variable.to_owned(), token: Secret(value.to_owned()) })
    }
}

/// A netrc with logins of ours, and the hosts that somebody else's entries are for: those are left as they are.
///
/// # Errors
/// When our marks in the text are no pair.
pub fn put(text: Option<&str>, logins: &[Login]) -> Result<(Option<String>, Vec<String>)> {
    let others = hosts(&block::of_others(text.unwrap_or_default())?);
    let (known, ours): (Vec<&Login>, Vec<&Login>) = logins.iter().partition(|login| others.contains(&login.host));
    let known = known.into_iter().map(|login| login.host.clone()).collect();
    if ours.is_empty() {
        return Ok((None, known));
    }
    let lines: Vec<String> =
        ours.iter().map(|login| format!("machine {} password {}", login.host, login.token.0)).collect();
    Ok((Some(block::put(text, &lines, Where::First, |_| true)?), known))
}

/// The hosts that a netrc has an entry for.
fn hosts(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "machine");
    pairs.map(|pair| pair[1].to_owned()).collect()
}

/// Whether a netrc has an entry for `host`.
#[must_use]
pub fn has(text: &str, host: &str) -> bool {
    hosts(text).iter().any(|known| known == host)
}

/// A netrc as it may be shown: without its passwords.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut hidden = false;
    let mut line_shown = |line: &str| {
        let is_word = |c: &char| !c.is_whitespace();
        let words = line.split_inclusive(char::is_whitespace).map(|word| {
            let bare: String = word.chars().filter(is_word).collect();
            let space: String = word.chars().filter(|c| !is_word(c)).collect();
            let shown = if hidden && !bare.is_empty() { "…" } else { &bare };
            hidden = if bare.is_empty() { hidden } else { !hidden && ["password", "account"].contains(&bare.as_str()) };
            format!("{shown}{space}")
        });
        words.collect::<String>()
    };
    text.split_inclusive('\n').map(&mut line_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(host: &str, token: &str) -> Login {
        Login::new(host, "TOKEN", token).unwrap()
    }

    #[test]
    fn entries_of_others_are_kept_and_ours_follow_the_token() {
        let check = |text: Option<&str>, logins: &[Login], expected: Option<&str>, known: &[&str]| {
            let (after, told) = put(text, logins).unwrap();
            let expected = expected.map(|expected| {
                let (begin, end) = ("# >>> cargo xtask cache setup", "\n# <<< cargo xtask cache setup\n");
                expected.replace('{', begin).replace('}', end)
            });
            assert_eq!((after.as_deref(), told), (expected.as_deref(), known.iter().map(|&k| k.to_owned()).collect()));
        };
        let a = login("a.org", "t1");
        check(None, std::slice::from_ref(&a), Some("{ (made this file)\nmachine a.org password t1}"), &[]);
        check(
            Some("default login x password y"),
            std::slice::from_ref(&a),
            Some("{\nmachine a.org password t1}default login x password y"),
            &[],
        );
        check(Some("machine\n  a.org\n  password old\n"), std::slice::from_ref(&a), None, &["a.org"]);
        check(
            Some("# machine a.org\n"),
            std::slice::from_ref(&a),
            Some("{\nmachine a.org password t1}# machine a.org\n"),
            &[],
        );
        let (once, _) = put(Some("machine b.org password c\n"), &[a]).unwrap();
        check(
            once.as_deref(),
            &[login("a.org", "t2"), login("b.org", "t2")],
            Some("{\nmachine a.org password t2}machine b.org password c\n"),
            &["b.org"],
        );
        check(None, &[], None, &[]);
    }

    #[test]
    fn hosts_are_those_of_machine() {
        assert!(has("machine a.org password b", "a.org"));
        assert!(!has("machine b.org password a.org", "a.org"));
        assert!(!has("", "a.org"));
    }

    #[test]
    fn no_password_is_shown() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected);
        check("machine a login b password c\nmachine d", "machine a login b password …\nmachine d");
        check("machine a\n  password\n    c\n  account d\n", "machine a\n  password\n    …\n  account …\n");
        check("password password x", "password … x");
        let login = login("a.org", "hunter2");
        assert!(!format!("{login:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_said() {
        for value in ["", "hunter 2", "hunter\n2", "hunter\"2", "hunter#2"] {
            let error = Login::new("a", "TOKEN", value).unwrap_err().to_string();
            assert!(error.contains("`TOKEN` is no token") && !error.contains("hunter"), "{error}");
        }
    }
}
