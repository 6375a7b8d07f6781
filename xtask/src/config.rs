//! `xtask.toml`: what this fleet's owner wants otherwise than by convention. Nothing in it is needed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::fleet::{Kind, built_in_kinds};

/// The file's name, at the root of the repository.
pub const FILE: &str = "xtask.toml";

/// What the owner of a fleet wants otherwise than by convention.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Further kinds of outputs.
    pub kind: Vec<KindConfig>,
    /// What the lock file may hold.
    pub lock: LockConfig,
    /// What is looked at for secrets.
    pub secrets: SecretsConfig,
}

/// A further kind of output.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KindConfig {
    /// The word for it, used in selectors: `image` in `image:installer`.
    pub name: String,
    /// Where the flake keeps them: `images.*`, `images.<system>.*`, or `jobs.**` for a tree.
    pub set: String,
    /// Where the derivation is below one of them, such as `config.system.build.image`; nothing if it is one itself.
    pub derivation: Option<String>,
}

/// What the lock file may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LockConfig {
    /// The owners that inputs may come from, as `owner` or `owner/repository`; nothing allows all.
    pub allowed_owners: Vec<String>,
    /// How many days old the flake's own inputs may be; without it, those of more than half a year are a warning.
    pub max_age_days: Option<u64>,
}

/// What is looked at for secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SecretsConfig {
    /// Files and folders that are not looked at, such as fixtures of tests with keys that open nothing.
    pub ignore: Vec<PathBuf>,
}

impl Config {
    /// Reads `xtask.toml` of the repository, if it has one.
    ///
    /// # Errors
    /// When it is there and cannot be read, is not TOML, or holds an unknown key or a value of another type; with the line.
    pub fn read(repository: &Path) -> Result<Self> {
        let path = repository.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("read {FILE}")),
        }
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let config: Self = match toml::from_str(text) {
            Ok(config) => config,
            Err(error) => bail!("{FILE}{}: {}", place(text, &error), explanation(&error)),
        };
        config.kinds().with_context(|| FILE)?;
        Ok(config)
    }

    /// Every kind of output: the built-in ones and those declared here.
    ///
    /// # Errors
    /// When a declared kind cannot be read, or has the name of a built-in one.
    pub fn kinds(&self) -> Result<Vec<Kind>> {
        let mut kinds = built_in_kinds();
        for declared in &self.kind {
            if kinds.iter().any(|kind| kind.name == declared.name) {
                bail!("the kind `{}` exists already", declared.name);
            }
            kinds.push(Kind::declared(&declared.name, &declared.set, declared.derivation.as_deref())?);
        }
        Ok(kinds)
    }
}

/// `:LINE:COLUMN` of the error.
fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// The error in one line, with the nearest known key where an unknown one stands.
fn explanation(error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next().filter(|_| message.starts_with("unknown field")) else { return message };
    let nearest = names.max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
    match nearest {
        Some(nearest) => format!("unknown key `{unknown}`: did you mean `{nearest}`?"),
        None => format!("unknown key `{unknown}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(format!("{:#}", Config::parse(text).unwrap_err()), expected);
    }

    #[test]
    fn the_schema_for_editors_is_fresh() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Config)).unwrap() + "\n";
        expect_test::expect_file!["../xtask.schema.json"].assert_eq(&schema);
    }

    #[test]
    fn the_file_of_this_fleet_is_read() {
        assert!(!Config::parse(include_str!("../../xtask.toml")).unwrap().lock.allowed_owners.is_empty());
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn unknown_keys_are_named_with_their_line() {
        check("lok = 1", "xtask.toml:1:1: unknown key `lok`: did you mean `lock`?");
        check(
            "\n[lock]\nallowed_owner = []",
            "xtask.toml:3:1: unknown key `allowed_owner`: did you mean `allowed_owners`?",
        );
    }

    #[test]
    fn values_of_another_type_are_named_with_their_line() {
        check("[lock]\nallowed_owners = 3", "xtask.toml:2:18: invalid type: integer `3`, expected a sequence");
        check("[[kind]]\nname = \"image\"", "xtask.toml:1:1: missing field `set`");
        check("[lock", "xtask.toml:1:6: unclosed table, expected `]`");
    }

    #[test]
    fn declared_kinds_must_make_sense() {
        check("[[kind]]\nname = \"nixos\"\nset = \"x.*\"", "xtask.toml: the kind `nixos` exists already");
        check("[[kind]]\nname = \"a\"\nset = \"x\"", "xtask.toml: the set `x` of kind `a` must end in `*` or `**`");
    }
}
