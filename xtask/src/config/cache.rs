//! `[cache]` of xtask.toml: where to push, when, and what.

mod content;
mod rule;
mod size;
#[cfg(test)]
mod tests;
mod url;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;

pub use content::{Closure, ContentConfig, KeyName, Pattern, SystemGlob};
pub use rule::{PlacedRule, ReferenceText};
use size::Percent;
pub use size::Size;
pub use url::{CacheKind, CacheUrl};

use super::fault::{Part, line_at, senseless};
use crate::fleet::glob;
use crate::plain_text::nearest::instead;
use crate::push_policy::{Place, Preset, Reach, Rules, Token, Variables, token};

/// The folder of the embedded cache, below the state folder.
const EMBEDDED: &str = "binary-cache";
/// Its signing key, below the state folder but not in the cache.
const EMBEDDED_KEY: &str = "binary-cache.key";
/// The target that is for all paths together.
const OVERALL: &str = "overall";

/// What is written about binary caches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Caches that this fleet has left: words, such as `magic-nix-cache`, that no file but xtask.toml may say.
    pub retired: Vec<String>,
    /// Files and folders that are not looked at, such as a history of those, or fixtures of tests.
    pub ignore: Vec<PathBuf>,
    /// The names of keys that are not those of their caches: `{ "https://cache.iog.io" = "hydra.iohk.io" }`.
    pub keys: BTreeMap<String, String>,
    /// Where to push: `file:///folder`, `https://host`, `s3://bucket?region=…`, `cachix://name`, `attic+https://host/cache`,
    /// `ssh-ng://host`. Without it, into a signed cache in this program's own folder, which nobody else reads.
    pub url: Option<CacheUrl>,
    /// The variables that may hold the token, the first that does counts; without it, those that the cache's own client reads, such
    /// as `CACHIX_AUTH_TOKEN`. Where it is given, a push without a token is an error.
    pub token_env: Option<Vec<VariableName>>,
    /// The variable that holds the key that signs what is pushed.
    pub signing_key_env: Option<VariableName>,
    /// The file that holds it, relative to the repository.
    pub signing_key_file: Option<PathBuf>,
    /// Whether a push that does not succeed fails the run (`fail`) or is said and no more (`warn`); without it, as the preset has it.
    pub on_failure: Option<OnFailure>,
    /// Whether what was built from a working tree that differs from its commit may be pushed; without it, into the cache in this
    /// program's own folder alone.
    pub allow_dirty: Option<bool>,
    /// How what is pushed is packed; without it, as the cache prefers.
    pub compression: Option<Compression>,
    /// What of the outputs' closures goes into the cache.
    pub content: ContentConfig,
    /// A policy with a name, for all that no rule is about.
    pub preset: Preset,
    /// When to push; the first rule that applies decides.
    #[cfg_attr(test, schemars(with = "Vec<rule::Table>"))]
    pub rule: Vec<PlacedRule>,
    /// How much of what a run needs should come from caches, in percent: `overall`, and by the names of
    /// `[[cache.content.priority]]`.
    pub targets: BTreeMap<String, Percent>,
}

/// The name of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(try_from = "String"))]
pub struct VariableName(#[cfg_attr(test, schemars(skip))] pub String);

impl TryFrom<String> for VariableName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let sound = !text.is_empty() && !text.starts_with(|character: char| character.is_ascii_digit());
        if sound && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Ok(Self(text));
        }
        // It may be the secret itself, put where its name belongs.
        Err("this is no name of an environment variable, such as `CACHIX_AUTH_TOKEN`; a token itself never goes here"
            .to_owned())
    }
}

/// What a push that does not succeed means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It fails.
    Fail,
    /// It goes on, and says so.
    Warn,
}

/// How NARs are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Zstandard: fast.
    Zstd,
    /// XZ: small and slow.
    Xz,
    /// As they are.
    None,
}

/// Where the key is that signs what is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// In this environment variable.
    Variable(String),
    /// In this file.
    File(PathBuf),
    /// In this file, to be made where it is not there: the embedded cache's own.
    Embedded(PathBuf),
}

impl CacheConfig {
    /// Finishes what needs the text of the file, and refuses what does not go together.
    pub(super) fn complete(&mut self, text: &str) -> Result<()> {
        for (index, rule) in self.rule.iter_mut().enumerate() {
            rule.rule.place = Place::Line(line_at(text, rule.start));
            if let Some((key, what)) = rule::fault(&rule.rule) {
                bail!(senseless(text, &["cache", "rule", &index.to_string(), key], Part::Value, &what));
            }
        }
        if self.signing_key_env.is_some() && self.signing_key_file.is_some() {
            let both = "`cache.signing_key_env` and `cache.signing_key_file` both name the signing key: keep one";
            bail!(senseless(text, &["cache", "signing_key_file"], Part::Key, &both));
        }
        if self.token_env.as_ref().is_some_and(Vec::is_empty) {
            let none = "`cache.token_env` names no variable: leave it out for the usual ones";
            bail!(senseless(text, &["cache", "token_env"], Part::Value, &none));
        }
        let mut classes: Vec<&str> = self.content.priority.iter().filter_map(|class| class.name.as_deref()).collect();
        classes.push(OVERALL);
        let Some(unknown) = self.targets.keys().find(|target| !classes.contains(&target.as_str())) else {
            return Ok(());
        };
        let what = format!(
            "`cache.targets.{unknown}` is for no class (a `[[cache.content.priority]]` with that `name`): {}",
            instead(unknown, classes)
        );
        bail!(senseless(text, &["cache", "targets", unknown], Part::Key, &what))
    }
}

impl CacheConfig {
    /// Where to push; without a configured cache, below the folder `state`.
    #[must_use]
    pub fn destination(&self, state: &Path) -> CacheUrl {
        self.url.clone().unwrap_or_else(|| CacheUrl::of_folder(&state.join(EMBEDDED)))
    }

    /// Who can read what is pushed.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match self.url.as_ref().map(CacheUrl::kind) {
            None => Reach::Embedded,
            Some(CacheKind::File(_)) => Reach::Folder,
            Some(_) => Reach::Remote,
        }
    }

    /// The variables that may hold the token, in order.
    #[must_use]
    pub fn token_variables(&self) -> Vec<String> {
        match (&self.token_env, &self.url) {
            (Some(names), _) => names.iter().map(|name| name.0.clone()).collect(),
            (None, Some(url)) => url.kind().token_variables().iter().map(|name| (*name).to_owned()).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The names of the secrets that a job must be handed to push: token and signing key.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let usual = self.url.as_ref().and_then(|url| url.kind().signing_key_variable()).map(str::to_owned);
        let key = self.signing_key_env.as_ref().map(|name| name.0.clone()).or(usual);
        self.token_variables().into_iter().chain(key).collect()
    }

    /// Whether the token is there. Servers whose password may be in a netrc, and buckets, whose credentials may be anywhere, are
    /// only known to need one where `token_env` says so.
    #[must_use]
    pub fn token(&self, variables: &Variables) -> Token {
        let wanted = self.token_variables();
        token::find(&wanted, !wanted.is_empty(), variables)
    }

    /// The key that signs what is pushed, if the cache does not do so itself; relative to `repository`, or below `state`.
    #[must_use]
    pub fn signing_key(&self, repository: &Path, state: &Path, variables: &Variables) -> Option<SigningKey> {
        if let Some(variable) = &self.signing_key_env {
            return Some(SigningKey::Variable(variable.0.clone()));
        }
        if let Some(file) = &self.signing_key_file {
            return Some(SigningKey::File(repository.join(file)));
        }
        let Some(url) = &self.url else { return Some(SigningKey::Embedded(state.join(EMBEDDED_KEY))) };
        let usual = url.kind().signing_key_variable().filter(|variable| variables.get(*variable) == Some(&true));
        usual.map(|variable| SigningKey::Variable(variable.to_owned()))
    }

    /// What the policy decides by.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            own: self.rule.iter().map(|placed| placed.rule.clone()).collect(),
            preset: self.preset,
            allow_dirty: self.allow_dirty.unwrap_or(self.url.is_none()),
        }
    }

    /// What a push that does not succeed means for the run.
    #[must_use]
    pub fn on_failure(&self) -> OnFailure {
        self.on_failure.unwrap_or(match self.preset {
            Preset::MainAndTags => OnFailure::Warn,
            Preset::DarwinBuildClosure | Preset::BuiltOnBranch | Preset::TargetsOnMain | Preset::PrsNoForks => {
                OnFailure::Fail
            }
        })
    }

    /// How much around an output for `system` goes along.
    #[must_use]
    pub fn closure(&self, system: &str) -> Closure {
        let usual = self.content.closure.unwrap_or(match self.preset {
            Preset::MainAndTags | Preset::DarwinBuildClosure => Closure::Runtime,
            Preset::BuiltOnBranch | Preset::TargetsOnMain | Preset::PrsNoForks => Closure::Build,
        });
        let darwin = self.preset == Preset::DarwinBuildClosure;
        let expensive = match &self.content.expensive_systems {
            Some(globs) => globs.iter().any(|pattern| glob(&pattern.0, system)),
            None => darwin && glob("*-darwin", system),
        };
        let dear = if darwin { Closure::BuildAndDerivations } else { Closure::Build };
        if expensive { usual.max(dear) } else { usual }
    }

    /// Regular expressions of what is not pushed.
    #[must_use]
    pub fn exclude(&self) -> Vec<String> {
        match (&self.content.exclude, self.preset) {
            (Some(patterns), _) => patterns.iter().map(|pattern| pattern.0.clone()).collect(),
            (None, Preset::PrsNoForks) => vec!["-source$".to_owned(), r"nixpkgs\.tar\.gz$".to_owned()],
            (None, _) => Vec::new(),
        }
    }

    /// How much of `class` should come from caches, in percent, if that is said; `None` as the class means all paths together.
    #[must_use]
    pub fn target(&self, class: Option<&str>) -> Option<u8> {
        self.targets.get(class.unwrap_or(OVERALL)).map(|percent| percent.0)
    }
}
