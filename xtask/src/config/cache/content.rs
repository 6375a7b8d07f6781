//! `[cache.content]` of xtask.toml: what of the outputs' closures goes into the cache.

use regex_lite::Regex;
use serde::Deserialize;

use super::size::Size;

/// What of the outputs' closures goes into the cache.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ContentConfig {
    /// How much around an output goes along; without it, as the preset has it.
    pub closure: Option<Closure>,
    /// Globs of the systems whose machines are dear, `*-darwin`: their outputs go along with all that they were built from.
    pub expensive_systems: Option<Vec<SystemGlob>>,
    /// Regular expressions, searched for in the whole store path: what fits is not pushed, unless something that is refers to it.
    pub exclude: Option<Vec<Pattern>>,
    /// Whether it is an error that an excluded path must go along.
    pub strict: bool,
    /// At most so much, as `5GB` or `500MiB`; what has the least priority stays behind.
    pub budget: Option<Size>,
    /// Regular expressions, searched for in the whole store path, of paths that may hold what looks like a secret, as a package's own
    /// test keys do.
    pub allow: Vec<Pattern>,
    /// What goes first.
    pub priority: Vec<PriorityConfig>,
    /// Names of keys of caches that everybody has, besides those of `nixConfig`: what they signed is not pushed.
    pub upstream: Vec<KeyName>,
}

/// How much around an output goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Closure {
    /// The outputs themselves.
    Outputs,
    /// All that they refer to.
    #[default]
    Runtime,
    /// All that they were built from as well, as far as it is in the store.
    Build,
    /// As `build`, with the derivations themselves.
    BuildAndDerivations,
}

/// A class of store paths.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PriorityConfig {
    /// What it is called: `rust-dependencies`. `[cache.targets]` may then say how much of it a cache should have.
    pub name: Option<String>,
    /// A regular expression, searched for in the whole store path.
    pub pattern: Pattern,
    /// Higher goes first; all that fits no pattern has 0.
    #[serde(default)]
    pub priority: i32,
}

/// A regular expression for store paths. What the client understands beyond it (classes of Unicode) is of no use there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(try_from = "String"))]
pub struct Pattern(#[cfg_attr(test, schemars(skip))] pub String);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Regex::new(&text) {
            Ok(regex) if regex.is_match("") => {
                Err(format!("`{text}` fits every store path: bind it to what is meant, such as `-source$`"))
            }
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!("`{text}` is no regular expression: {error}")),
        }
    }
}

/// A glob of systems.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(try_from = "String"))]
pub struct SystemGlob(#[cfg_attr(test, schemars(skip))] pub String);

impl TryFrom<String> for SystemGlob {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        super::rule::check_system(&text).map_err(|error| format!("{error:#}"))?;
        Ok(Self(text))
    }
}

/// The name of a key, which is before the colon of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(try_from = "String"))]
pub struct KeyName(#[cfg_attr(test, schemars(skip))] pub String);

impl TryFrom<String> for KeyName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some((name, _)) => Err(format!("`{text}` is a whole key: write its name, `{name}`, alone")),
            None if text.is_empty() || text.contains(char::is_whitespace) => {
                Err(format!("`{text}` is no name of a key"))
            }
            None => Ok(Self(text)),
        }
    }
}
