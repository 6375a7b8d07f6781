//! Which cache is pushed to and by whose rules, with the keys it is trusted by, and which caches everybody has besides.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use cache_protocol::{Cache, Closure, Compression, Content, KeySource, Priority, Token, shown};

use crate::config::{self, CacheConfig, SigningKey};
use crate::fleet::OutputResult;
use crate::github;
use crate::nix::{Caches, Nix};
use crate::push_policy::{Origin, Token as Found, Trigger};
use crate::rules::cache_config::{fits, identity, is_upstream};
use crate::session::Session;

/// The name of the key of the cache in this program's own folder.
const OWN_KEY: &str = "xtask-local-1";

/// The caches of a repository.
#[derive(Debug, Clone)]
pub struct Target {
    /// The one that is pushed to.
    pub cache: Cache,
    /// Those that everybody has besides.
    pub upstream: Vec<Cache>,
    /// What decides: `[cache]` of xtask.toml, for a change that is not merged yet that of its base.
    pub config: CacheConfig,
    /// What set this run off.
    pub trigger: Trigger,
}

/// The cache that this repository pushes to; without a configured one, a folder of its own, signed by a key of its own.
///
/// # Errors
/// When the event or the configuration that decides cannot be read, or the key of its own cannot be made.
pub fn target(session: &Session<'_>) -> Result<Target> {
    let trigger = github::trigger()?;
    let config = config::deciding_cache(&session.context.repository, &session.config, &trigger)?;
    let netrc = if trigger.origin == Origin::Own { netrc(session) } else { Vec::new() };
    let declared = Caches::from(&session.nix_config);
    let mut cache = destination(session, &config, &netrc)?;
    let keys_of = |url: &str| -> Vec<String> {
        declared.keys.iter().filter(|key| fits(key, url, &config.keys)).cloned().collect()
    };
    let substituter = cache.substituter();
    cache.public_keys.extend(keys_of(&substituter));
    let known = session.settings.substituters.iter().chain(&declared.substituters);
    let mut upstream: Vec<Cache> = Vec::new();
    let may_be_asked = |url: &str| !session.context.offline || is_on_disk(url);
    for url in known.filter(|url| identity(url) != identity(&substituter) && may_be_asked(url)) {
        if upstream.iter().all(|other| other.url != *url) {
            let keys = if is_upstream(url) { trusted(session, url) } else { keys_of(url) };
            upstream.push(Cache { public_keys: keys, ..reading(url, &netrc) });
        }
    }
    Ok(Target { cache, upstream, config, trigger })
}

/// The cache that is pushed to, with what opens it and what signs for it.
fn destination(session: &Session<'_>, config: &CacheConfig, netrc: &[PathBuf]) -> Result<Cache> {
    let (state, variables) = (&session.context.state, github::variables());
    let mut cache = reading(&config.destination(state).to_string(), netrc);
    if let Found::Ready(variable) = config.token(&variables) {
        cache.token = Some(Token { variable });
    }
    cache.signing_key = match config.signing_key(&session.context.repository, state, &variables) {
        Some(SigningKey::Variable(variable)) => Some(KeySource::Variable(variable)),
        Some(SigningKey::File(file)) => Some(KeySource::File(file)),
        Some(SigningKey::Embedded(folder)) => {
            cache.public_keys.push(own_key(&session.nix, &folder)?);
            Some(KeySource::File(folder.join("secret")))
        }
        None => None,
    };
    Ok(cache)
}

fn own_key(nix: &Nix, folder: &std::path::Path) -> Result<String> {
    nix.signing_key(folder, OWN_KEY).context("make the key of this program's own cache")
}

/// The keys that this machine trusts for a cache that everybody has.
fn trusted(session: &Session<'_>, url: &str) -> Vec<String> {
    let keys = session.settings.all.get("trusted-public-keys").map(String::as_str).unwrap_or_default();
    keys.split_whitespace().filter(|key| fits(key, url, &session.config.cache.keys)).map(str::to_owned).collect()
}

fn reading(url: &str, netrc: &[PathBuf]) -> Cache {
    Cache { url: url.to_owned(), public_keys: Vec::new(), signing_key: None, token: None, netrc: netrc.to_owned() }
}

/// Where Nix, as it is set up here, and people keep what opens private caches.
fn netrc(session: &Session<'_>) -> Vec<PathBuf> {
    let set = session.settings.all.get("netrc-file").filter(|file| !file.is_empty()).map(PathBuf::from);
    let system = crate::context::system_root().join("etc/nix/netrc");
    let own = std::env::home_dir().map(|home| home.join(".netrc"));
    let mut files: Vec<PathBuf> = set.into_iter().chain([system]).chain(own).filter(|file| file.is_file()).collect();
    files.dedup();
    files
}

/// Whether a cache is asked without the network.
pub(super) fn is_on_disk(url: &str) -> bool {
    url.starts_with("file:") || url.starts_with('/')
}

fn signs(cache: &Cache) -> bool {
    let schemes = ["file://", "http://", "https://", "s3://"];
    cache.signing_key.is_some() || !schemes.iter().any(|scheme| cache.url.starts_with(scheme))
}

impl Target {
    /// Refuses to ask a cache behind the network where that is not to be asked.
    ///
    /// # Errors
    /// With `--offline`, unless the cache is a folder.
    pub fn ready(&self, session: &Session<'_>) -> Result<()> {
        if session.context.offline && !is_on_disk(&self.cache.url) {
            bail!("{} cannot be asked with --offline", shown(&self.cache.substituter()));
        }
        Ok(())
    }

    /// Whether somebody signs what is pushed: a key of this run, or the cache itself. Another store of Nix has its own rules.
    pub fn signs(&self) -> bool {
        signs(&self.cache)
    }

    /// How much around an output goes along.
    pub fn closure(&self, result: &OutputResult) -> Closure {
        match self.config.closure(result.system().unwrap_or_default()) {
            config::Closure::Outputs => Closure::Outputs,
            config::Closure::Runtime => Closure::Runtime,
            config::Closure::Build => Closure::Build,
            config::Closure::BuildAndDerivations => Closure::BuildAndDerivations,
        }
    }

    /// What of the closures is wanted in the cache; `strict` besides what the configuration says.
    pub fn content(&self, strict: bool) -> Content {
        let signed = self.upstream.iter().flat_map(|cache| &cache.public_keys).filter_map(|key| key.split_once(':'));
        let named = self.config.content.upstream.iter().map(|name| name.0.as_str());
        let priorities = self.config.content.priority.iter();
        Content {
            upstream: signed.map(|(name, _)| name).chain(named).map(str::to_owned).collect(),
            exclude: self.config.exclude(),
            strict: strict || self.config.content.strict,
            priorities: priorities
                .map(|class| Priority { pattern: class.pattern.0.clone(), priority: class.priority })
                .collect(),
            budget: self.config.content.budget.as_ref().map(|size| size.0),
        }
    }

    /// Expressions of paths that may hold what looks like a secret.
    pub fn allowed(&self) -> Vec<String> {
        self.config.content.allow.iter().map(|pattern| pattern.0.clone()).collect()
    }

    /// How what is pushed is packed.
    pub fn compression(&self) -> Option<Compression> {
        self.config.compression.map(|compression| match compression {
            config::Compression::Zstd => Compression::Zstd,
            config::Compression::Xz => Compression::Xz,
            config::Compression::None => Compression::None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_or_the_cache_itself() {
        let key = || Some(KeySource::Variable("KEY".to_owned()));
        let check = |url: &str, signing_key: Option<KeySource>, expected: bool| {
            assert_eq!(signs(&Cache { signing_key, ..reading(url, &[]) }), expected, "{url}");
        };
        for url in ["file:///c", "http://h", "https://h", "s3://b"] {
            check(url, None, false);
            check(url, key(), true);
        }
        for url in ["cachix://c", "attic+https://h/c", "ssh-ng://h"] {
            check(url, None, true);
        }
    }
}
