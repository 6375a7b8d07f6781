//! `xtask.toml`: what this fleet's owner wants otherwise than by convention. Nothing in it is needed.

mod autowiring;
pub mod base;
pub mod cache;
mod ci;
mod expect;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

pub use autowiring::{AutowiringConfig, LayoutConfig};
pub use base::deciding_cache;
pub use cache::{CacheConfig, CacheKind, CacheUrl, Closure, Compression, OnFailure, SigningKey};
pub use ci::{Access, Budget, CiConfig, JobConfig, Runner, Scope};
pub use expect::{Expectation, Operator, asked};

use crate::fleet::{Kind, built_in_kinds};

/// The file's name, at the root of the repository.
pub const FILE: &str = "xtask.toml";

/// What the owner of a fleet wants otherwise than by convention.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What activates hosts and homes.
    pub activation: ActivationConfig,
    /// What is written about binary caches.
    pub cache: CacheConfig,
    /// Which jobs CI has, and which machines they run on.
    pub ci: CiConfig,
    /// How hosts and homes deviate from the conventions.
    pub config: ConventionConfig,
    /// What hosts and homes must be beyond the conventions.
    pub expect: Vec<Expectation>,
    /// Further kinds of outputs.
    pub kind: Vec<KindConfig>,
    /// What the lock file may hold.
    pub lock: LockConfig,
    /// Which files become which attributes.
    pub autowiring: AutowiringConfig,
    /// What is looked at for secrets.
    pub secrets: SecretsConfig,
}

/// What activates hosts and homes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ActivationConfig {
    /// Calls of recipes of the justfile or the Makefile that activate something, each with its arguments, as typed behind `just` or
    /// `make`: `["activate-home raquel@blackphos"]`. Each recipe must exist, and what it would run must name a target that exists.
    pub recipes: Vec<String>,
    /// What a user activates on a host: `{ "raquel@blackphos" = "home:raquel@blackphos" }`. It is the first of these that exists: the
    /// home `user@host`, the home `user`, the host of that attribute name, of that host name, of that attribute name less `-nixos` or
    /// `-darwin`, of that alias in `config.aliases`.
    pub targets: BTreeMap<String, String>,
}

/// How hosts and homes deviate from the conventions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ConventionConfig {
    /// Hosts whose host name is not their attribute name: `{ orb-nixos = "orb" }`; an empty text says that a host has no name.
    pub host_names: BTreeMap<String, String>,
    /// Further names of hosts in homes, `user@alias`: `{ laptop = "stibnite" }`. A host goes without it by its attribute name, by
    /// that name less `-nixos` or `-darwin` where this says its kind, and by its host name.
    pub aliases: BTreeMap<String, String>,
    /// Systems that hosts and homes may be for, besides those for which the flake declares packages, checks, development shells
    /// or the like.
    pub systems: Vec<String>,
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
    /// Where inputs may come from: `owner` or `owner/repository` on GitHub, or `host/path` for any other place. Nothing allows all.
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
        let mut config: Self = match toml::from_str(text) {
            Ok(config) => config,
            Err(error) => bail!("{FILE}{}: {}", place(text, &error), explanation(&error)),
        };
        config.kinds().with_context(|| FILE)?;
        config.cache.complete(text).context(FILE)?;
        config.ci.complete(text)?;
        let autowiring = &config.autowiring;
        autowiring.table().and(autowiring.expected().map(drop)).and(autowiring.unexpected().map(drop)).context(FILE)?;
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
    error.span().map(|span| place_of(text, span.start)).unwrap_or_default()
}

/// `:LINE:COLUMN` of the byte at `offset`.
fn place_of(text: &str, offset: usize) -> String {
    let Some(before) = text.get(..offset) else { return String::new() };
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{}:{column}", line_at(text, before.len()))
}

/// The line, from 1, that holds the byte at `offset`.
fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The error in one line, with the nearest known word where an unknown one stands.
fn explanation(error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    let mut names = message.split('`').skip(1).step_by(2);
    let unknowns = [("unknown field", "key"), ("unknown variant", "value")];
    let Some((_, what)) = unknowns.iter().find(|(start, _)| message.starts_with(start)) else { return message };
    let Some(unknown) = names.next() else { return message };
    let nearest = names.max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
    match nearest {
        Some(nearest) => format!("unknown {what} `{unknown}`: did you mean `{nearest}`?"),
        None => format!("unknown {what} `{unknown}`"),
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
        expect_test::expect_file!["../../xtask.schema.json"].assert_eq(&schema);
    }

    #[test]
    fn the_file_of_this_fleet_is_read() {
        assert!(!Config::parse(include_str!("../../../xtask.toml")).unwrap().lock.allowed_owners.is_empty());
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
    fn layouts_must_be_known() {
        let known = "expected `configurations`, `nixos-unified`, `blueprint`, `snowfall-lib`, `ez-configs`, or a table of folders and sets";
        check("[autowiring]\nlayout = \"blueprnt\"", &format!("xtask.toml:2:10: {known}"));
        check(
            "[autowiring.layout]\nhosts = \"nixosConfigurations.*\"",
            "xtask.toml: the set `nixosConfigurations.*` of the folder `hosts` must not hold `*`: it is a set, such as \
             `nixosConfigurations`",
        );
        check(
            "[autowiring]\nunexpected = [\"a..b\"]",
            "xtask.toml: `a..b` is not an attribute path: a component is empty",
        );
    }

    #[test]
    fn declared_kinds_must_make_sense() {
        check("[[kind]]\nname = \"nixos\"\nset = \"x.*\"", "xtask.toml: the kind `nixos` exists already");
        check("[[kind]]\nname = \"a\"\nset = \"x\"", "xtask.toml: the set `x` of kind `a` must end in `*` or `**`");
    }
}
