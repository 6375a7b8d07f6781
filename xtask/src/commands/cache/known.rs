//! The caches that flake.nix names, as the machine and the client are told of them.

use anyhow::{Result, bail};
use cache_protocol::{Cache, Token};

use crate::bootstrap::caches::Wanted;
use crate::config::Config;
use crate::context::Context;
use crate::nix::{Caches, Nix};
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
    let config = Config::read(&context.repository)?.cache;
    let Some(url) = &config.url else { return Ok(None) };
    let variable = config.token_variables().into_iter().next();
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
    let of_cachix = url.starts_with("cachix://") || host(url).is_some_and(|host| host.ends_with(".cachix.org"));
    of_cachix.then_some("CACHIX_AUTH_TOKEN")
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
        check("s3://a", None);
    }
}
