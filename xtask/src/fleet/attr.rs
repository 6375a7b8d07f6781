//! Attribute paths: `nixosConfigurations."web.example"`, parsed once and printed as Nix reads them.

use std::fmt;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// The path of an attribute below a flake's outputs; never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttrPath(Vec<String>);

impl AttrPath {
    /// A path from its components.
    pub fn new<T: Into<String>>(components: impl IntoIterator<Item = T>) -> Self {
        Self(components.into_iter().map(Into::into).collect())
    }

    /// Parses `a.b."c.d"`; a quoted component may hold dots, spaces and what [`nix_string`] escapes.
    ///
    /// # Errors
    /// When a component is empty or a quote stays open.
    pub fn parse(text: &str) -> Result<Self> {
        let mut components = Vec::new();
        let mut rest = text;
        loop {
            let (component, after) = take_component(text, rest)?;
            components.push(component);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => return Ok(Self(components)),
                None => bail!("`{text}` is not an attribute path: `{after}` follows a closing quote"),
            }
        }
    }

    /// The components, unquoted.
    #[must_use]
    pub fn components(&self) -> &[String] {
        &self.0
    }

    /// The last component, unquoted.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The path as a Nix list of strings.
    #[must_use]
    pub fn to_nix(&self) -> String {
        let strings: Vec<String> = self.0.iter().map(|component| nix_string(component)).collect();
        format!("[ {} ]", strings.join(" "))
    }
}

/// `text` as a Nix string literal.
#[must_use]
pub fn nix_string(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('"', "\\\"").replace("${", "\\${");
    // Nix reads a bare carriage return in a string as a newline.
    let escaped = escaped.replace('\n', r"\n").replace('\r', r"\r").replace('\t', r"\t");
    format!("\"{escaped}\"")
}

/// One component from the front of `rest`, and what follows it.
fn take_component<'a>(text: &str, rest: &'a str) -> Result<(String, &'a str)> {
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find('.').unwrap_or(rest.len());
        let (component, after) = rest.split_at(end);
        if component.is_empty() {
            bail!("`{text}` is not an attribute path: a component is empty");
        }
        return Ok((component.to_owned(), after));
    };
    let mut component = String::new();
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                component.push(match c {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    c => c,
                });
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Ok((component, quoted.get(at + 1..).unwrap_or_default())),
            _ => component.push(c),
        }
    }
    bail!("`{text}` is not an attribute path: a quote stays open")
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, component) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            if is_identifier(component) { f.write_str(component)? } else { f.write_str(&nix_string(component))? }
        }
        Ok(())
    }
}

fn is_identifier(component: &str) -> bool {
    let mut chars = component.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || "_-'".contains(c))
}

impl Serialize for AttrPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AttrPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_back() {
        let check = |components: &[&str], printed: &str| {
            let path = AttrPath::new(components.iter().copied());
            assert_eq!(path.to_string(), printed);
            assert_eq!(AttrPath::parse(printed).unwrap(), path);
        };
        check(&["nixosConfigurations", "web"], "nixosConfigurations.web");
        check(&["homeConfigurations", "a@b"], r#"homeConfigurations."a@b""#);
        check(&["a", "b.c", "d e"], r#"a."b.c"."d e""#);
        check(&["a", "x\"y\\z"], r#"a."x\"y\\z""#);
        check(&["a", "b\nc\rd\te", r"\n"], r#"a."b\nc\rd\te"."\\n""#);
        check(&["a", "naïve-ü"], "a.\"naïve-ü\"");
        check(&["packages", "x86_64-linux", "1password"], r#"packages.x86_64-linux."1password""#);
    }

    #[test]
    fn reads_an_unquoted_home() {
        assert_eq!(AttrPath::parse("homeConfigurations.a@b").unwrap().name(), "a@b");
    }

    #[test]
    fn refuses_what_is_not_a_path() {
        for text in ["", "a..b", ".a", "a.", "a.\"b", "a.\"b\"c"] {
            assert!(AttrPath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nix_strings_cannot_interpolate() {
        assert_eq!(nix_string("a${b}\"\\"), r#""a\${b}\"\\""#);
    }
}
