//! Which cache is pushed to, with the keys it is trusted by, and which caches everybody has besides.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cache_protocol::{Cache, KeySource};

use crate::nix::Caches;
use crate::rules::cache_config::{fits, is_upstream};
use crate::session::Session;

/// The name of the key of the local cache.
const LOCAL_KEY: &str = "xtask-local-1";

/// The caches of a repository.
#[derive(Debug, Clone)]
pub struct Target {
    /// The one that is pushed to.
    pub cache: Cache,
    /// Whether it is a folder of this machine.
    pub is_local: bool,
    /// Those that everybody has besides.
    pub upstream: Vec<Cache>,
}

/// The cache that this repository pushes to: by default a folder of its own, signed by a key of its own.
///
/// # Errors
/// When the key of the local cache cannot be made.
pub fn target(session: &Session<'_>) -> Result<Target> {
    let declared = Caches::from(&session.nix_config);
    let named = &session.config.cache.keys;
    let keys_of = |url: &str| declared.keys.iter().filter(|key| fits(key, url, named)).cloned().collect::<Vec<_>>();
    let cache = local(session)?;
    let known = session.settings.substituters.iter().chain(&declared.substituters);
    let mut upstream: Vec<Cache> = Vec::new();
    for url in known.filter(|url| **url != cache.url) {
        if upstream.iter().all(|other| other.url != *url) {
            let keys = if is_upstream(url) { trusted(session, url) } else { keys_of(url) };
            upstream.push(Cache { public_keys: keys, ..reading(url) });
        }
    }
    Ok(Target { cache, is_local: true, upstream })
}

/// The cache below the state folder.
fn local(session: &Session<'_>) -> Result<Cache> {
    let folder = session.context.state.join("cache");
    let key = session.context.state.join("cache-key");
    let public = session.nix.signing_key(&key, LOCAL_KEY).context("make the key of the local cache")?;
    Ok(Cache {
        public_keys: vec![public],
        signing_key: Some(KeySource::File(key.join("secret"))),
        ..reading(&format!("file://{}", folder.display()))
    })
}

/// The keys that this machine trusts for a cache that everybody has.
fn trusted(session: &Session<'_>, url: &str) -> Vec<String> {
    let keys = session.settings.all.get("trusted-public-keys").map(String::as_str).unwrap_or_default();
    keys.split_whitespace().filter(|key| fits(key, url, &session.config.cache.keys)).map(str::to_owned).collect()
}

fn reading(url: &str) -> Cache {
    Cache { url: url.to_owned(), public_keys: Vec::new(), signing_key: None, token: None, netrc: netrc() }
}

/// Where Nix and people keep what opens private caches.
fn netrc() -> Vec<PathBuf> {
    let system = crate::context::system_root().join("etc/nix/netrc");
    let own = std::env::home_dir().map(|home| home.join(".netrc"));
    std::iter::once(system).chain(own).filter(|file| file.is_file()).collect()
}
