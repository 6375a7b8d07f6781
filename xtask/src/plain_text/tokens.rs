//! The values of variables that hold tokens and keys: never shown, and named to GitHub's runner before anything else is said.

use std::sync::{OnceLock, PoisonError, RwLock};

/// Variables that hold a secret whatever their name ends with.
const NAMES: [&str; 1] = ["SOPS_AGE_KEY"];
/// How the names of other variables that hold one end: those of GitHub's runner, of caches, of clouds, of SOPS.
const ENDINGS: [&str; 7] =
    ["_TOKEN", "_SECRET", "_PASSWORD", "_PRIVATE_KEY", "_SIGNING_KEY", "_ACCESS_KEY", "_SECRET_KEY"];
/// What is shorter is a word like `true`, which a mask would take out of every line.
const SHORTEST: usize = 8;
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
    let values = lines(names.iter().filter_map(value));
    let mut declared = DECLARED.write().unwrap_or_else(PoisonError::into_inner);
    declared.names.extend(names.iter().cloned());
    declared.values.extend(values.iter().cloned());
    declared.values.sort_by(longest_first);
    declared.values.dedup();
    values
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
    lines(variables.filter(|(name, _)| is_secret(name)).map(|(_, value)| value))
}

/// The lines of secret values, longest first: a runner, and a reader, sees lines, and a key of several is as secret in each. What is a
/// comment in one is not.
fn lines(held: impl Iterator<Item = String>) -> Vec<String> {
    let lines = held.flat_map(|value| value.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>());
    let mut values: Vec<String> =
        lines.filter(|line| line.chars().count() >= SHORTEST && !line.starts_with('#')).collect();
    values.sort_by(longest_first);
    values.dedup();
    values
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
    fn what_holds_a_value_is_shown_without_it() {
        let values = held(&[("A_TOKEN", "12345678"), ("B_TOKEN", "12345678-more")]);
        assert_eq!(without(&values, "a 12345678-more b 12345678"), "a *** b ***");
    }
}
