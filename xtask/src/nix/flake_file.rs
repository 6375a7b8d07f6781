//! What flake.nix says before anything of it is fetched or evaluated: its inputs, and the caches of its `nixConfig`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::query::DeclaredInputs;
use super::{FlakeConfig, Nix, Settings};
use crate::process;

/// What is read of the file; of `nixConfig` only what names caches, since the rest would have this machine work otherwise.
const ASK: &str = r#"flake: {
  inputs = flake.inputs or { };
  config = builtins.intersectAttrs {
    substituters = null; extra-substituters = null; trusted-public-keys = null; extra-trusted-public-keys = null;
    binary-caches = null; extra-binary-caches = null;
    binary-cache-public-keys = null; extra-binary-cache-public-keys = null;
    trusted-substituters = null; extra-trusted-substituters = null;
  } (flake.nixConfig or { });
}"#;

/// What flake.nix declares.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct FlakeFile {
    /// Its inputs: name to reference, as written there.
    pub inputs: DeclaredInputs,
    /// What its `nixConfig` says of binary caches.
    pub config: FlakeConfig,
}

/// The binary caches that a flake names, and the keys they sign with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caches {
    /// The addresses.
    pub substituters: Vec<String>,
    /// The public keys, `name:base64`.
    pub keys: Vec<String>,
}

impl From<&FlakeConfig> for Caches {
    fn from(config: &FlakeConfig) -> Self {
        // A flake's plain `substituters` counts as more of them: none of the user's is taken away. No word can end a line of
        // settings and begin another.
        let words = |name: &str| {
            let of_prefix = |prefix: &str| {
                let wanted = format!("{prefix}{name}");
                config.words().filter(move |(name, _)| *name == wanted).flat_map(|(_, words)| words)
            };
            let words: Vec<String> = ["", "extra-"].into_iter().flat_map(of_prefix).collect();
            words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect()
        };
        Self { substituters: words("substituters"), keys: words("trusted-public-keys") }
    }
}

impl Caches {
    /// Those of the caches that `settings` do not name.
    #[must_use]
    pub fn unknown_to(&self, settings: &Settings) -> Vec<String> {
        let bare = |address: &str| address.trim_end_matches('/').to_owned();
        let is_known = |cache: &&String| settings.substituters.iter().any(|known| bare(known) == bare(cache));
        self.substituters.iter().filter(|cache| !is_known(cache)).cloned().collect()
    }
}

impl Nix {
    /// What flake.nix in `repository` declares, read from the file alone.
    ///
    /// # Errors
    /// When the file cannot be evaluated.
    pub fn flake_file(&self, repository: &Path) -> Result<FlakeFile> {
        let mut command = self.command("nix");
        command.args(["eval", "--json", "--file"]).arg(repository.join("flake.nix")).args(["--apply", ASK, ""]);
        let json = process::ask(&mut command).context("read the inputs of flake.nix")?;
        serde_json::from_str(&json).context("read the inputs of flake.nix")
    }

    /// The same Nix, asking `caches` too: what Nix does itself where the flake is the one it is called for.
    #[must_use]
    pub fn with_caches(self, caches: &Caches) -> Self {
        self.with_setting(format!("extra-substituters = {}", caches.substituters.join(" ")))
            .with_setting(format!("extra-trusted-public-keys = {}", caches.keys.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_in_every_spelling() {
        let check = |json: &str, substituters: &[&str], keys: &[&str]| {
            let config: FlakeConfig = serde_json::from_str(json).unwrap();
            let caches = Caches::from(&config);
            assert_eq!(
                (caches.substituters.as_slice(), caches.keys.as_slice()),
                (&owned(substituters)[..], &owned(keys)[..])
            );
        };
        check("{}", &[], &[]);
        check(
            r#"{"substituters": "https://a https://b", "extra-substituters": ["https://c"], "trusted-public-keys": ["a:1"]}"#,
            &["https://a", "https://b", "https://c"],
            &["a:1"],
        );
        // Nothing can be smuggled in as a setting of its own.
        check(
            r#"{"extra-substituters": ["https://a\nsandbox = false"]}"#,
            &["https://a", "sandbox", "=", "false"],
            &[],
        );
        check(r#"{"substituters": true}"#, &[], &[]);
    }

    #[test]
    fn a_cache_that_is_asked_anyway_is_known() {
        let settings = Settings { substituters: owned(&["https://a"]), ..Settings::default() };
        let caches = Caches { substituters: owned(&["https://a/", "https://b"]), keys: Vec::new() };
        assert_eq!(caches.unknown_to(&settings), ["https://b"]);
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }
}
