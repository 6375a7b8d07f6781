//! Why an encrypted file stays closed; and what sops said of it, without what it may quote of a file or a key.

use std::path::PathBuf;

use crate::plain_text::fit_to_be_shown;
use crate::plain_text::tokens::without_tokens;

/// What stands in place of what is not repeated.
const INSTEAD: &str = "…";
/// How sops begins what it says of keys that it cannot read, within its report on a file that no key opens.
const KEYS: &str = "Errors while loading age identities: ";
/// How it goes on.
const BEHIND_KEYS: &str = ". Did not find keys";
/// Shorter words are no secret: they are in every message.
const SHORTEST: usize = 4;
/// A word of letters and digits that is longer is a key, or a part of one.
const LONGEST: usize = 20;
/// Nobody reads more characters of one message.
const SHOWN: usize = 200;

/// An encrypted file that was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
}

/// Why a file was not opened, by what its user would do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// There is no sops.
    NoSops,
    /// None of the keys here is one of the file's.
    NoKey,
    /// The file is not as it was encrypted.
    Tampered,
    /// It was not waited for any longer.
    TookTooLong,
    /// A key that it needs had others wait in vain.
    NotTried,
    /// What sops, or who called it, says, with nothing secret in it.
    Otherwise(String),
}

/// How sops ended, and what it said, which may quote what it read: it is shown by [`Refusal::told`] alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    status: String,
    said: String,
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sops ended with {}", self.status)
    }
}

impl Refusal {
    /// From its exit status and its standard error.
    #[must_use]
    pub fn new(status: &std::process::ExitStatus, stderr: &[u8]) -> Self {
        Self { status: status.to_string(), said: String::from_utf8_lossy(stderr).into_owned() }
    }

    /// Whether it is about keys that cannot be read, rather than about keys that do not fit.
    #[must_use]
    pub fn is_of_keys(&self) -> bool {
        self.of_keys().is_some()
    }

    /// What it says of keys that it cannot read: it breaks that into lines in a frame.
    fn of_keys(&self) -> Option<String> {
        let lines = self.said.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches('|').trim());
        let text = lines.collect::<Vec<_>>().join(" ");
        let (_, behind) = text.split_once(KEYS)?;
        Some(behind.split_once(BEHIND_KEYS).map_or(behind, |(said, _)| said).to_owned())
    }

    /// The first line of what it said, in which `…` stands for whatever is quoted, stands in one of the texts that are `hidden`, or looks
    /// like a key.
    #[must_use]
    pub fn told(&self, hidden: &[String]) -> String {
        let first = || self.said.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
        let Some(line) = self.of_keys().or_else(first) else { return format!("sops ended with {}", self.status) };
        let line = without_quotes(&without_tokens(&fit_to_be_shown(&line)));
        let words: Vec<&str> =
            line.split_whitespace().map(|word| if is_secret(word, hidden) { INSTEAD } else { word }).collect();
        let shown = words.join(" ");
        match shown.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}{INSTEAD}", shown.get(..end).unwrap_or_default()),
            None => shown,
        }
    }
}

fn is_secret(word: &str, hidden: &[String]) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let is_own = word == "sops" || word.starts_with("SOPS_");
    let is_key = word.len() >= LONGEST
        && !word.contains('/')
        && word.contains(|c: char| c.is_ascii_digit())
        && word.contains(|c: char| c.is_ascii_alphabetic());
    !is_own && (is_key || word.len() >= SHORTEST && hidden.iter().any(|text| text.contains(word)))
}

/// `text` without what is quoted in it, but for the names of sops's variables.
fn without_quotes(text: &str) -> String {
    let (mut kept, mut rest, mut before) = (String::new(), text, ' ');
    while let Some(quote) = rest.chars().next() {
        let behind = rest.get(quote.len_utf8()..).unwrap_or_default();
        // The sign is an apostrophe inside of a word, and at its end.
        let opens = "'\"`".contains(quote) && !before.is_alphanumeric();
        if let Some((quoted, after)) = behind.split_once(quote).filter(|_| opens) {
            kept.push_str(if quoted.starts_with("SOPS_") { quoted } else { INSTEAD });
            (rest, before) = (after, quote);
        } else if opens {
            // What is cut goes on to its end.
            kept.push_str(INSTEAD);
            return kept;
        } else {
            kept.push(quote);
            (rest, before) = (behind, quote);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn refusal(said: &str) -> Refusal {
        Refusal::new(&std::process::ExitStatus::from_raw(1 << 8), said.as_bytes())
    }

    #[test]
    fn what_sops_says_is_told_without_what_it_quotes() {
        let file = "# horse\ntoken: hunter2hunter2\npin: 1234";
        let check = |said: &str, expected: &str| {
            assert_eq!(refusal(said).told(&[file.to_owned(), "pass show age".to_owned()]), expected)
        };
        check("", "sops ended with exit status: 1");
        check("\nError reading file: no such file\nmore", "Error reading file: no such file");
        check(
            "parsing time \"hm\" as \"2006\": cannot parse `hm` as '2006'",
            "parsing time … as …: cannot parse … as …",
        );
        check("invalid dotenv input line: token=hunter2hunter2", "invalid dotenv input line: …");
        check("cannot read pin: 1234, or (horse)", "cannot read pin: … or …");
        check("a line of \"hunt and no end", "a line of …");
        check("does not match sops' data format", "does not match sops' data format");
        check("sops and SOPS_AGE_KEY_CMD ran pass show age", "sops and SOPS_AGE_KEY_CMD ran … … age");
        check("a key 0aB1cD2eF3gH4iJ5kL6m, /a/path/to/keys/0/1/2/3.txt", "a key … /a/path/to/keys/0/1/2/3.txt");
        check(&"word ".repeat(60), &format!("{}…", "word ".repeat(40)));
        assert_eq!(format!("{:?}", refusal("secret")), "sops ended with exit status: 1");
    }

    #[test]
    fn keys_that_cannot_be_read_are_told_from_keys_that_do_not_fit() {
        let framed = |said: &str| {
            format!(
                "Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  age1x: FAILED\n    - | {said}\n"
            )
        };
        let check = |said: &str, expected: Option<&str>| {
            let refusal = refusal(&framed(said));
            assert_eq!(refusal.is_of_keys().then(|| refusal.told(&[])).as_deref(), expected, "{said}");
        };
        check("failed to load age identities. Did not find keys in\n      | locations 'SOPS_AGE_KEY'.", None);
        check("identity did not match any of the recipients. Did not find keys in", None);
        check(
            "failed to load age identities. Errors while loading age\n      | identities: failed to open SOPS_AGE_KEY_FILE file: open\n      \
             | /nowhere: no such file or directory. Did not find keys in\n      | locations",
            Some("failed to open SOPS_AGE_KEY_FILE file: open /nowhere: no such file or directory"),
        );
        check(
            "Errors while loading age identities: failed to parse 'SOPS_AGE_KEY' age\n | identities: malformed secret key",
            Some("failed to parse SOPS_AGE_KEY age identities: malformed secret key"),
        );
    }
}
