//! The caches that flake.nix names, as the machine and the client are told of them.

use anyhow::{Result, bail};
use cache_protocol::{Cache, Token};

use crate::bootstrap::caches::Wanted;
use crate::config::{CacheKind, CacheUrl, Config, deciding_cache};
use crate::context::Context;
use crate::github;
use crate::nix::{Caches, Nix};
use crate::push_policy::Token as Found;
use crate::rules::cache_config::{List, entry_fault, host, is_upstream};

/// What flake.nix wants a machine to have; the cache that every Nix knows aside.
///
/// # Errors
/// When flake.nix cannot be evaluated, names no cache, or a key of it is none: Nix would refuse to work with that.
pub fn wanted(context: &Context, nix: &Nix) -> Result<Wanted> {
    let caches = Caches::from(&nix.flake_file(&context.repository)?.config);
    let config = Config::read(&context.repository)?;
    let own = |words: Vec<String>| words.into_iter().filter(|word| !is_upstream(word)).collect::<Vec<_>>();
    let wanted = Wanted { substituters: own(caches.substituters), keys: own(caches.keys), logins: Vec::new() };
    if let Some((fault, fix)) = wanted.keys.iter().find_map(|key| entry_fault(List::Keys, key, &config.cache.keys)) {
        bail!("`nixConfig` of flake.nix: {fault}: {fix}");
    }
    Ok(wanted)
}

/// Each cache, as the client is told of it.
#[must_use]
pub fn caches(wanted: &Wanted, netrc: &[std::path::PathBuf]) -> Vec<Cache> {
    let cache = |url: &String| Cache {
        url: url.clone(),
        public_keys: wanted.keys.clone(),
        signing_key: None,
        token: token_variable(url).map(|variable| Token { variable: variable.to_owned() }),
        netrc: netrc.to_owned(),
    };
    wanted.substituters.iter().map(cache).collect()
}

/// The cache of xtask.toml that is pushed to, as the client is told of it; none where it is this program's own.
///
/// # Errors
/// When xtask.toml cannot be read.
pub fn pushed(context: &Context, wanted: &Wanted, netrc: &[std::path::PathBuf]) -> Result<Option<Cache>> {
    let own = Config::read(&context.repository)?;
    let config = deciding_cache(&context.repository, &own, &github::trigger()?)?;
    let Some(url) = &config.url else { return Ok(None) };
    let variable = match config.token(&github::variables()) {
        Found::Ready(variable) => Some(variable),
        Found::NotNeeded | Found::Missing { .. } => config.token_variables().into_iter().next(),
    };
    Ok(Some(Cache {
        url: url.to_string(),
        public_keys: wanted.keys.clone(),
        signing_key: None,
        token: variable.map(|variable| Token { variable }),
        netrc: netrc.to_owned(),
    }))
}

/// The variable that holds the token of a cache, by the convention of who serves it.
#[must_use]
pub fn token_variable(url: &str) -> Option<&'static str> {
    let kind = CacheUrl::parse(url).ok().map(|url| url.kind().clone());
    let by_host = || host(url).filter(|host| host.ends_with(".cachix.org")).map(|_| CacheKind::Cachix(String::new()));
    let variables = |kind: CacheKind| kind.token_variables().first().copied();
    kind.and_then(variables).or_else(|| by_host().and_then(variables))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_named_by_who_serves() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(token_variable(url), expected, "{url}");
        check("https://a.cachix.org", Some("CACHIX_AUTH_TOKEN"));
        check("https://a.cachix.org?priority=1", Some("CACHIX_AUTH_TOKEN"));
        check("cachix://a", Some("CACHIX_AUTH_TOKEN"));
        // A token must not go to whoever has such a name.
        check("https://a.cachix.org.evil.org", None);
        check("https://a.org/b.cachix.org", None);
        check("attic+https://a.org/b", Some("ATTIC_TOKEN"));
        check("s3://a", None);
    }
}
