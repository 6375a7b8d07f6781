//! The values of variables that hold tokens and keys: never shown, and named to GitHub's runner before anything else is said.

use std::sync::{OnceLock, PoisonError, RwLock};

use super::{without_control, without_credentials};

/// Variables that hold a secret whatever their name ends with.
const NAMES: [&str; 1] = ["SOPS_AGE_KEY"];
/// How the names of other variables that hold one end: those of GitHub's runner, of caches, of clouds, of SOPS.
const ENDINGS: [&str; 7] =
    ["_TOKEN", "_SECRET", "_PASSWORD", "_PRIVATE_KEY", "_SIGNING_KEY", "_ACCESS_KEY", "_SECRET_KEY"];
/// What is shorter is a word like `true`, which a mask would take out of every line.
const SHORTEST: usize = 8;
/// What somebody calls secret is one from this length on: a mask that is shorter would take out letters of every line.
pub const SHORTEST_DECLARED: usize = 4;
/// What stands in place of a value.
const INSTEAD: &str = "***";

/// The values in this process's environment, longest first, each line of one by itself.
pub fn values() -> &'static [String] {
    static VALUES: OnceLock<Vec<String>> = OnceLock::new();
    VALUES.get_or_init(|| {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        among(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
    })
}

/// What is secret because somebody says so, whatever its name.
static DECLARED: RwLock<Declared> = RwLock::new(Declared { names: Vec::new(), values: Vec::new() });

struct Declared {
    names: Vec<String>,
    values: Vec<String>,
}

/// Has the values of the variables `names` count as secret from now on; these values.
pub fn declare(names: &[String]) -> Vec<String> {
    let value = |name: &String| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let values = lines(names.iter().filter_map(value), SHORTEST_DECLARED);
    let mut declared = DECLARED.write().unwrap_or_else(PoisonError::into_inner);
    declared.names.extend(names.iter().cloned());
    declared.values.extend(values.iter().cloned());
    declared.values.sort_by(longest_first);
    declared.values.dedup();
    values
}

/// Whether the variable `name` holds something, and nothing that is long enough to be masked once it is declared secret.
#[must_use]
pub fn is_too_short(name: &str) -> bool {
    let value = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    value.is_some_and(|value| !value.is_empty() && lines(std::iter::once(value), SHORTEST_DECLARED).is_empty())
}

/// The variables that were declared secret.
#[must_use]
pub fn declared() -> Vec<String> {
    DECLARED.read().unwrap_or_else(PoisonError::into_inner).names.clone()
}

/// `text` without any of [`values`], nor what was declared besides.
#[must_use]
pub fn without_tokens(text: &str) -> String {
    let text = without(values(), text);
    without(&DECLARED.read().unwrap_or_else(PoisonError::into_inner).values, &text)
}

fn without(values: &[String], text: &str) -> String {
    values.iter().fold(text.to_owned(), |text, value| text.replace(value, INSTEAD))
}

/// Whether the variable of this name holds a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn among(variables: impl Iterator<Item = (String, String)>) -> Vec<String> {
    lines(variables.filter(|(name, _)| is_secret(name)).map(|(_, value)| value), SHORTEST)
}

/// The lines of secret values that are no shorter than `shortest` characters, longest first: a runner, and a reader, sees lines, and a
/// key of several is as secret in each. What is a comment among others is not. Each is there as it stands, and as it is once it was
/// made fit to be shown: whoever cleans a text before it comes here hides nothing by that.
fn lines(held: impl Iterator<Item = String>, shortest: usize) -> Vec<String> {
    let mut values: Vec<String> = held.flat_map(|value| secret_lines(&value)).flat_map(|line| forms(&line)).collect();
    values.retain(|form| form.chars().count() >= shortest);
    values.sort_by(longest_first);
    values.dedup();
    values
}

fn secret_lines(value: &str) -> Vec<String> {
    let lines = || value.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_comment = |line: &&str| line.starts_with('#');
    // A password may begin with the sign of a comment.
    let all = lines().all(|line| is_comment(&line));
    lines().filter(|line| all || !is_comment(line)).map(str::to_owned).collect()
}

/// A secret line as it may come along: as it is, and as each step of what makes text fit to be shown leaves it.
fn forms(line: &str) -> [String; 4] {
    let clean = without_control(line);
    let forms = [without_credentials(line), without_credentials(&clean), clean];
    let [a, b, c] = forms.map(|form| form.trim().to_owned());
    [line.to_owned(), a, b, c]
}

fn longest_first(a: &String, b: &String) -> std::cmp::Ordering {
    b.len().cmp(&a.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(variables: &[(&str, &str)]) -> Vec<String> {
        among(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn only_values_of_secrets_that_are_long_enough() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| assert_eq!(held(variables), expected);
        check(&[("GITHUB_TOKEN", "ghs_0123456789"), ("HOME", "/home/someone")], &["ghs_0123456789"]);
        check(&[("my_cache_token", "0123456789")], &["0123456789"]);
        check(&[("DEBUG_TOKEN", "true"), ("EMPTY_TOKEN", "")], &[]);
        check(&[("SOPS_AGE_KEY", "# public key: age1x\nAGE-SECRET-KEY-1A\n")], &["AGE-SECRET-KEY-1A"]);
        check(
            &[("A_TOKEN", "12345678"), ("B_TOKEN", "123456789"), ("C_TOKEN", "12345678")],
            &["123456789", "12345678"],
        );
    }

    #[test]
    fn what_is_declared_secret_is_as_secret() {
        // The one variable of some length that every test is run with.
        let path = std::env::var("PATH").unwrap();
        assert_eq!(without_tokens(&format!("a {path}")), format!("a {path}"));
        assert_eq!(declare(&["PATH".to_owned(), "NO_SUCH_VARIABLE".to_owned()]), [path.trim()]);
        assert_eq!(without_tokens(&format!("a {path}")), "a ***");
        assert_eq!(declared(), ["PATH", "NO_SUCH_VARIABLE"]);
    }

    #[test]
    fn what_is_declared_is_masked_however_short_it_may_be_and_however_it_comes() {
        let check = |value: &str, expected: &[&str]| {
            assert_eq!(lines(std::iter::once(value.to_owned()), SHORTEST_DECLARED), expected, "{value:?}");
        };
        check("abcd", &["abcd"]);
        check("abc", &[]);
        check("# comment\nabcde", &["abcde"]);
        check("#abcde", &["#abcde"]);
        check("abcd\tefghijk", &["abcd\tefghijk", "abcd efghijk"]);
        check("ab\u{1}cd\u{1b}[31mef", &["ab\u{1}cd\u{1b}[31mef", "abcdef"]);
        check("a://u:pass@h/?x=y", &["a://u:pass@h/?x=y", "a://h/?x=y"]);
    }

    #[test]
    fn what_holds_a_value_is_shown_without_it() {
        let values = held(&[("A_TOKEN", "12345678"), ("B_TOKEN", "12345678-more")]);
        assert_eq!(without(&values, "a 12345678-more b 12345678"), "a *** b ***");
    }
}
