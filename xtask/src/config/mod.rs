//! `xtask.toml`: what this fleet's owner wants otherwise than by convention. Nothing in it is needed.

mod autowiring;
pub mod base;
pub mod cache;
mod ci;
mod expect;
mod fault;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result, anyhow, bail};
use serde::Deserialize;

pub use autowiring::{AutowiringConfig, LayoutConfig};
pub use base::deciding_cache;
pub use cache::{CacheConfig, CacheKind, CacheUrl, Closure, Compression, OnFailure, SigningKey};
pub use ci::{Access, Budget, CiConfig, JobConfig, Runner, Scope};
pub use expect::{Expectation, Operator, asked};

use crate::fleet::{Kind, built_in_kinds};
use fault::{Part, senseless};

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
        match std::fs::read(&path) {
            Ok(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => Self::parse(text),
                Err(error) => {
                    let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                    bail!(fault::no_text(&String::from_utf8_lossy(valid)))
                }
            },
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
            Err(error) => bail!(fault::unreadable(text, &error)),
        };
        if let Err((index, key, error)) = config.read_kinds() {
            bail!(senseless(text, &["kind", &index.to_string(), key], Part::Value, &error));
        }
        config.cache.complete(text)?;
        config.ci.complete(text)?;
        config.autowiring.check(text)?;
        Ok(config)
    }

    /// Every kind of output: the built-in ones and those declared here.
    ///
    /// # Errors
    /// When a declared kind cannot be read, or has the name of a built-in one.
    pub fn kinds(&self) -> Result<Vec<Kind>> {
        self.read_kinds().map_err(|(_, _, error)| error)
    }

    /// As [`Config::kinds`]; the error has the number of the kind, from 0, and the key that is at fault.
    fn read_kinds(&self) -> Result<Vec<Kind>, (usize, &'static str, Error)> {
        let mut kinds = built_in_kinds();
        for (index, declared) in self.kind.iter().enumerate() {
            if kinds.iter().any(|kind| kind.name == declared.name) {
                return Err((
                    index,
                    "name",
                    anyhow!("the kind `{}` exists already: choose another name", declared.name),
                ));
            }
            let read = |derivation| Kind::declared(&declared.name, &declared.set, derivation);
            read(None).map_err(|error| (index, "set", error))?;
            kinds.push(read(declared.derivation.as_deref()).map_err(|error| (index, "derivation", error))?);
        }
        Ok(kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_for_editors_is_fresh() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Config)).unwrap() + "\n";
        expect_test::expect_file!["../../xtask.schema.json"].assert_eq(&schema);
    }

    #[test]
    fn the_file_of_this_fleet_is_read() {
        let text = include_str!("../../../xtask.toml");
        assert!(!Config::parse(text).unwrap().lock.allowed_owners.is_empty());
        // What editors check it with is beside it.
        let schema = text.lines().next().and_then(|line| line.strip_prefix("#:schema ./")).unwrap();
        assert!(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(schema).is_file());
    }

    /// The blocks of TOML in a page: together they are one file.
    fn blocks(page: &str) -> String {
        let mut text = String::new();
        for block in page.split("\n```toml\n").skip(1) {
            text.extend([block.split("\n```").next().unwrap(), "\n"]);
        }
        text
    }

    #[test]
    fn the_examples_of_the_pages_are_read() {
        for page in [include_str!("../../../README.md"), include_str!("../../../docs/caches.md")] {
            let text = blocks(page);
            assert!(text.lines().count() > 10, "{text}");
            assert!(Config::parse(&text).is_ok_and(|config| config != Config::default()), "{:?}", Config::parse(&text));
        }
        // No other page has one that would go unread.
        let docs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).unwrap();
        for file in docs.map(|entry| entry.unwrap().path()).filter(|file| !file.ends_with("caches.md")) {
            let text = std::fs::read(&file).unwrap();
            assert_eq!(blocks(&String::from_utf8_lossy(&text)), "", "{}", file.display());
        }
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }
}
