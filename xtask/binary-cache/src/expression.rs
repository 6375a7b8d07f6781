//! The regular expressions of the user, searched for in whole store paths as `grep -E` does.

use cache_protocol::{Fault, FaultKind};
use regex_lite::Regex;

/// Expressions in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct Expressions(Vec<Regex>);

impl Expressions {
    /// Reads `texts`, which stand in the setting `setting`.
    ///
    /// # Errors
    /// When one is no regular expression, or is empty and so fits every path: the fault says which, and why.
    pub fn read<'a>(setting: &str, texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Fault> {
        texts.into_iter().map(|text| read(setting, text)).collect::<Result<_, _>>().map(Self)
    }

    /// Which of them fits `path` first.
    #[must_use]
    pub fn first(&self, path: &str) -> Option<usize> {
        self.0.iter().position(|expression| expression.is_match(path))
    }

    /// The text of the one that fits `path` first.
    #[must_use]
    pub fn first_text(&self, path: &str) -> Option<&str> {
        self.first(path).and_then(|index| self.0.get(index)).map(Regex::as_str)
    }
}

fn read(setting: &str, text: &str) -> Result<Regex, Fault> {
    let fault = |reason: &str| Fault::new(FaultKind::Usage, format!("`{text}` in `{setting}`: {reason}"));
    if text.is_empty() {
        return Err(fault("an empty expression fits every path"));
    }
    Regex::new(text).map_err(|error| match text.starts_with('*') {
        true => fault("`*` repeats what is before it, and there is nothing: `.*` is any text"),
        false => fault(&error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_searched_for_anywhere_in_the_path() {
        let expressions = Expressions::read("exclude", ["-source$", "linux"]).unwrap();
        let check = |path: &str, expected: Option<&str>| assert_eq!(expressions.first_text(path), expected, "{path}");
        check("/nix/store/a-source", Some("-source$"));
        check("/nix/store/a-source-1", None);
        check("/nix/store/a-linux-source", Some("-source$"));
        check("/nix/store/a-linux-6.1", Some("linux"));
    }

    #[test]
    fn what_is_no_expression_is_named_with_the_reason() {
        let check = |text: &str, expected: &str| {
            let fault = Expressions::read("exclude", ["fine", text]).unwrap_err();
            assert_eq!((fault.kind, fault.what.as_str()), (FaultKind::Usage, expected));
        };
        check("*.drv", "`*.drv` in `exclude`: `*` repeats what is before it, and there is nothing: `.*` is any text");
        check("(a", "`(a` in `exclude`: found open group without closing ')'");
        check("", "`` in `exclude`: an empty expression fits every path");
    }
}
