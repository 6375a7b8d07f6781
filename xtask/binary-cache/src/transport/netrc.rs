//! Logins in netrc files, as curl and Nix read them: `machine HOST login NAME password WORD`, and `default` for all other hosts.

use std::io::ErrorKind;
use std::path::PathBuf;

use cache_protocol::{Fault, FaultKind};

use super::Secret;

/// A name and a password for a host. The name is often empty or arbitrary: many caches look at the password alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub name: String,
    /// The password or token.
    pub password: Secret,
}

/// The entries of netrc files, in their order.
#[derive(Debug, Clone, Default)]
pub struct Netrc {
    /// The host, or none for `default`.
    entries: Vec<(Option<String>, Login)>,
}

impl Netrc {
    /// Reads `files`; those that are not there, or belong to somebody else, hold nothing for us.
    ///
    /// # Errors
    /// When one cannot be read for another reason.
    pub fn read(files: &[PathBuf]) -> Result<Self, Fault> {
        let mut netrc = Self::default();
        for file in files {
            match std::fs::read(file) {
                Ok(bytes) => netrc.entries.extend(Self::parse(&String::from_utf8_lossy(&bytes)).entries),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {}
                Err(error) => {
                    return Err(Fault::new(FaultKind::Local, format!("read netrc `{}`: {error}", file.display())));
                }
            }
        }
        Ok(netrc)
    }

    /// Reads the text of one file. Words it does not know are passed over, as other programs do.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut entries: Vec<(Option<String>, Login)> = Vec::new();
        let empty = || Login { name: String::new(), password: Secret::new("") };
        let mut words = words(text).into_iter();
        while let Some(word) = words.next() {
            match (word.as_str(), entries.last_mut()) {
                ("machine", _) => entries.extend(words.next().map(|host| (Some(host), empty()))),
                ("default", _) => entries.push((None, empty())),
                ("login", Some((_, login))) => login.name = words.next().unwrap_or_default(),
                ("password", Some((_, login))) => login.password = Secret::new(words.next().unwrap_or_default()),
                ("account", _) => drop(words.next()),
                _ => {}
            }
        }
        Self { entries }
    }

    /// What to log in with at `host`: the first entry of that name, else the first default.
    #[must_use]
    pub fn login(&self, host: &str) -> Option<&Login> {
        let named =
            self.entries.iter().find(|(name, _)| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(host)));
        named.or_else(|| self.entries.iter().find(|(name, _)| name.is_none())).map(|(_, login)| login)
    }
}

/// The words of a netrc: separated by blanks; `"…"` holds blanks, with `\` before a quote; `#` opens a comment where a word would
/// begin; a macro (`macdef`) goes to the next empty line.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '#' if !expects_value(&words) => break,
                '"' => {
                    let mut word = String::new();
                    while let Some(letter) = letters.next() {
                        match letter {
                            '"' => break,
                            '\\' => word.push(match letters.next() {
                                Some('n') => '\n',
                                Some('r') => '\r',
                                Some('t') => '\t',
                                Some(other) => other,
                                None => '\\',
                            }),
                            other => word.push(other),
                        }
                    }
                    words.push(word);
                }
                blank if blank.is_whitespace() => {}
                first => {
                    let mut word = String::from(first);
                    while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace()) {
                        word.push(letter);
                    }
                    words.push(word);
                }
            }
        }
        if words.last().is_some_and(|word| word == "macdef")
            || words.iter().rev().nth(1).is_some_and(|word| word == "macdef")
        {
            in_macro = true;
        }
    }
    words
}

/// Whether the next word is a value, which may begin with `#`: a password often does.
fn expects_value(words: &[String]) -> bool {
    let keyword = |word: &String| matches!(word.as_str(), "machine" | "login" | "password" | "account");
    // `login password …`: the second is the value of the first, and asks for none itself.
    words.iter().rev().take_while(|word| keyword(word)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_by_host() {
        let check = |text: &str, host: &str, expected: Option<(&str, &str)>| {
            let netrc = Netrc::parse(text);
            let found = netrc.login(host).map(|login| (login.name.as_str(), login.password.reveal()));
            assert_eq!(found, expected, "{text}");
        };
        check("machine a login me password one", "a", Some(("me", "one")));
        check("machine a login me password one", "b", None);
        check("machine a\n  login me\n  password one\nmachine b password two", "b", Some(("", "two")));
        check("machine A.example login me password one", "a.EXAMPLE", Some(("me", "one")));
        check("default login any password three\nmachine a password one", "a", Some(("", "one")));
        check("machine a password one\ndefault login any password three", "b", Some(("any", "three")));
        check("machine a password one\nmachine a password two", "a", Some(("", "one")));
        check("# machine a password no\nmachine a password one # not two", "a", Some(("", "one")));
        check("machine a password #1", "a", Some(("", "#1")));
        check("machine a password \"with blank and \\\"quote\\\"\"", "a", Some(("", "with blank and \"quote\"")));
        check("machine a login \"\" password one", "a", Some(("", "one")));
        check("machine a login password password one", "a", Some(("password", "one")));
        check("machine a account x login me password one", "a", Some(("me", "one")));
        check("macdef init\ncd x\nmachine a password no\n\nmachine a password one", "a", Some(("", "one")));
        check("machine", "a", None);
        check("login me password one", "a", None);
        check("", "a", None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let netrc = Netrc::parse("machine a login me password hunter2");
        assert!(!format!("{netrc:?}{:?}", netrc.login("a")).contains("hunter2"));
    }

    #[test]
    fn files_that_are_not_there_hold_nothing_and_what_cannot_be_read_is_said() {
        let folder = std::env::temp_dir();
        assert!(Netrc::read(&[folder.join("no-such-netrc")]).unwrap().login("a").is_none());
        let error = Netrc::read(&[folder]).unwrap_err();
        assert!(error.kind == FaultKind::Local && error.what.starts_with("read netrc `"), "{error}");
    }
}
