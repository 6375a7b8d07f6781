//! What can be found out about a cache and its token without changing anything: what `cache doctor` judges.

use serde::{Deserialize, Serialize};

use crate::{Cache, Fault};

/// What to find out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeRequest {
    /// The caches to look at, in the order in which users have them.
    pub caches: Vec<Cache>,
}

/// What was found out, in the order of the request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Probe {
    /// One for each cache.
    pub caches: Vec<CacheProbe>,
}

/// What was found out about one cache.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CacheProbe {
    /// The cache, as it is shown.
    pub url: String,
    /// Why it could not be asked.
    pub fault: Option<Fault>,
    /// Whether it can be read without a token.
    pub public: Option<bool>,
    /// `StoreDir` of its nix-cache-info.
    pub store_dir: Option<String>,
    /// `Priority` of its nix-cache-info.
    pub priority: Option<i64>,
    /// The public keys that it says to sign with.
    pub public_keys: Vec<String>,
    /// What the token may do.
    pub permission: Option<Permission>,
    /// What the token is.
    pub token: Option<TokenProbe>,
    /// Seconds by which the clock of the cache is ahead of this machine's.
    pub clock_ahead: Option<i64>,
    /// Whether one of the netrc files has an entry for its host.
    pub in_netrc: bool,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Nothing but read.
    Read,
    /// Push.
    Write,
    /// Change the cache itself.
    Admin,
}

/// What a token is, found by trying what it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenProbe {
    /// What it opens.
    pub kind: TokenKind,
    /// Claims of a JWT, name and value, shown and never trusted.
    pub claims: Vec<(String, String)>,
    /// When a JWT expires, in seconds since the epoch.
    pub expires: Option<i64>,
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// The account: caches can be created with it.
    Management,
    /// One cache.
    Data,
    /// Nothing here.
    Rejected,
}
