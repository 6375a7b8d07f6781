//! What keeps caches from being used: from what this machine says and what the caches answer to diagnoses, each with the one command
//! that mends it.
//!
//! Decisions: what a token says of itself is shown and decides nothing; only what it opens does. A cache that could not be asked is
//! never well.

mod keys;
mod local;
mod reached;
#[cfg(test)]
mod tests;
mod token;

use cache_protocol::{CacheProbe, shown};

use crate::doctor::{Diagnosis, Standing};

/// What is looked at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What this machine says.
    pub machine: MachineFacts,
    /// The caches of `nixConfig`, in its order.
    pub caches: Vec<CacheFacts>,
    /// The keys of `nixConfig`, `name:base64`.
    pub keys: Vec<String>,
    /// Now, in seconds since the epoch.
    pub now: i64,
}

/// What this machine says of caches.
#[derive(Debug, Clone, Default)]
pub struct MachineFacts {
    /// The caches that Nix asks for this user.
    pub substituters: Vec<String>,
    /// The keys that it trusts.
    pub trusted_keys: Vec<String>,
    /// Whether the daemon ignores this user's settings and the `nixConfig` of flakes.
    pub ignored: bool,
    /// Whether Nix takes what `nixConfig` says without a question.
    pub accepts_flakes: bool,
    /// What root runs to have every user ask the caches.
    pub as_root: String,
    /// The Nix, as it names itself.
    pub nix: String,
    /// The folder of this machine's store.
    pub store_dir: String,
    /// Names of the variables that name a proxy; never what they hold, which may be a password.
    pub proxies: Vec<String>,
    /// Whether `CACHIX_AUTH` is set, which nothing reads.
    pub has_cachix_auth: bool,
    /// Seconds for which Nix remembers that a cache lacks a path.
    pub negative_ttl: u64,
}

/// What is known of one cache.
#[derive(Debug, Clone, Default)]
pub struct CacheFacts {
    /// Its address, as in `nixConfig`.
    pub url: String,
    /// The variable that holds its token, and whether it does.
    pub token: Option<(String, bool)>,
    /// Whether this repository pushes to it.
    pub pushed: bool,
    /// Whether this machine's netrc has an entry for its host.
    pub in_netrc: bool,
    /// Whether this Nix can open such a store at all, where that was tried.
    pub opens: Option<bool>,
    /// Paths that it has, and that Nix says it has not.
    pub forgotten: Vec<String>,
    /// Why it could not be asked for paths, if it could not.
    pub paths_unknown: Option<String>,
    /// What it answered.
    pub asked: Asked,
}

/// Whether a cache was asked.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The network was not to be asked.
    Offline,
    /// It could not be; why.
    Not(String),
    /// It was.
    Answered(Box<CacheProbe>),
}

impl Default for Asked {
    fn default() -> Self {
        Self::Answered(Box::default())
    }
}

impl CacheFacts {
    /// What it answered, if it did.
    fn probe(&self) -> Option<&CacheProbe> {
        match &self.asked {
            Asked::Answered(probe) => Some(probe),
            Asked::Offline | Asked::Not(_) => None,
        }
    }
}

/// Every diagnosis: what the machine says first, then cache by cache.
#[must_use]
pub fn diagnose(facts: &Facts) -> Vec<Diagnosis> {
    if facts.caches.is_empty() {
        let found = "`nixConfig` of flake.nix names none besides the one that every Nix knows";
        return vec![notice("caches", found, "cargo xtask cache provision URL")];
    }
    let machine = &facts.machine;
    let mut all: Vec<Diagnosis> = local::user(facts).into_iter().collect();
    for cache in &facts.caches {
        all.push(local::substituter(cache, machine));
        all.extend(local::opens(cache, machine));
        all.extend(reached::reached(cache, machine));
        all.extend(token::token(cache, machine, facts.now));
        all.extend(local::netrc(cache));
        all.extend(keys::keys(cache, facts));
        all.extend(local::forgotten(cache, machine));
    }
    all.extend(reached::clock(facts));
    all.extend(reached::priorities(facts));
    all
}

fn diagnosis(name: &str, standing: Standing, found: &str) -> Diagnosis {
    Diagnosis { name: name.to_owned(), standing, found: found.to_owned(), fix: None }
}

fn good(name: &str, found: &str) -> Diagnosis {
    diagnosis(name, Standing::Good, found)
}

fn notice(name: &str, found: &str, fix: &str) -> Diagnosis {
    Diagnosis { fix: Some(fix.to_owned()), ..diagnosis(name, Standing::Notice, found) }
}

fn problem(name: &str, found: &str, fix: &str) -> Diagnosis {
    Diagnosis { fix: Some(fix.to_owned()), ..diagnosis(name, Standing::Problem, found) }
}

/// The name of a diagnosis that is about `what` of a cache.
fn about(what: &str, cache: &CacheFacts) -> String {
    format!("{what} {}", shown(&cache.url))
}
