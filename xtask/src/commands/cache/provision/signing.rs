//! The key that signs in a cache which does not sign itself: the one of xtask.toml, or a new one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cache_protocol::{KeySource, shown};

use crate::config::{CacheKind, CacheUrl, Config, SigningKey};
use crate::context::Context;
use crate::github;
use crate::nix::{Nix, key_in};
use crate::report::cache_provision::{self as report, PlannedKey};
use crate::rules::cache_config::{host, identity};

/// Where the secret half of the key for the cache at `url` is; nothing where the cache has a key of its own, or none is known.
///
/// A new key is made in the folder `new` unless one is there.
///
/// # Errors
/// When a new key has no place there, or cannot be made.
pub fn source(context: &Context, nix: &Nix, url: &str, new: Option<&Path>) -> Result<Option<KeySource>> {
    if let Some(folder) = new {
        let (folder, name) = place(context, url, folder)?;
        let public = nix.signing_key(&folder, &name).context("make a signing key")?;
        report::key_used(&context.console, &public, &name);
        return Ok(Some(KeySource::File(folder.join("secret"))));
    }
    let config = Config::read(&context.repository)?.cache;
    if config.url.as_ref().is_none_or(|own| identity(&own.to_string()) != identity(url)) {
        return Ok(None);
    }
    let variables = github::variables();
    Ok(match config.signing_key(&context.repository, &context.state, &variables) {
        Some(SigningKey::Variable(name)) if variables.get(&name) == Some(&true) => Some(KeySource::Variable(name)),
        Some(SigningKey::File(file)) => Some(KeySource::File(file)),
        Some(SigningKey::Variable(_) | SigningKey::Embedded(_)) | None => None,
    })
}

/// The key that `source` would take or make in the folder `new` for the cache at `url`.
///
/// # Errors
/// When a new key has no place there.
pub fn planned(context: &Context, url: &str, new: &Path) -> Result<PlannedKey> {
    let (folder, name) = place(context, url, new)?;
    Ok(match key_in(&folder)? {
        Some(public) => PlannedKey::There(public),
        None => PlannedKey::Made { name, folder },
    })
}

/// The folder and the name of a new key for the cache at `url`.
fn place(context: &Context, url: &str, folder: &Path) -> Result<(PathBuf, String)> {
    let parsed = CacheUrl::parse(url)?;
    if matches!(parsed.kind(), CacheKind::Cachix(_) | CacheKind::Attic) {
        bail!("`{}` signs with a key of its own: leave out --new-key", shown(url));
    }
    Ok((outside(context, folder)?, name(&parsed, url)))
}

/// The folder, which is not in the repository: what is there, Nix copies to where everybody reads it, and git to where others do.
fn outside(context: &Context, folder: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(folder).with_context(|| format!("find `{}`", folder.display()))?;
    let real = |path: &Path| path.ancestors().find_map(|path| path.canonicalize().ok()).unwrap_or_default();
    if real(&absolute).starts_with(real(&context.repository)) {
        bail!(
            "`{}` is in the repository, where a secret key would be read by everybody: choose a folder outside of it",
            folder.display()
        );
    }
    Ok(absolute)
}

/// The name of a new key, as those of the cache at `url` are named: its host, bucket or folder, and a number for the next one.
fn name(parsed: &CacheUrl, url: &str) -> String {
    let base = match parsed.kind() {
        CacheKind::File(folder) => folder.file_name().and_then(|name| name.to_str()),
        _ => host(url),
    };
    format!("{}-1", base.filter(|base| !base.is_empty()).unwrap_or("cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_named_after_its_cache() {
        for (url, expected) in [
            ("https://nix.fleet.io/", "nix.fleet.io-1"),
            ("s3://bucket?region=eu-central-1", "bucket-1"),
            ("file:///srv/cache", "cache-1"),
            ("file:///", "cache-1"),
        ] {
            assert_eq!(name(&CacheUrl::parse(url).unwrap(), url), expected, "{url}");
        }
    }
}
