//! What can go wrong with a cache, told apart by what the user would do about it.

use serde::{Deserialize, Serialize};

/// Something that went wrong with a cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What sort of fault.
    pub kind: FaultKind,
    /// What was tried and what happened, in one line, without any secret: "put nar/….nar.zst: 507 Insufficient Storage".
    pub what: String,
}

/// Sorts of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Nobody answers there: no such host, refused, reset, timed out, TLS that fails.
    Unreachable,
    /// It answers, and wants another token, or more permission of it: 401 and 403.
    Unauthorised,
    /// There is no such cache or file: 404 where something must be.
    Missing,
    /// It answers, but not as a binary cache does: HTML with status 200, a narinfo that cannot be read.
    NotACache,
    /// It has no room: 413, 507, a full disk.
    Full,
    /// It asks to wait (429), or fails by itself (5xx), and still does after every retry.
    Overloaded,
    /// It refuses what it was asked: any other status.
    Refused,
    /// What is on this machine's disk cannot be read, or is not what the store's database says.
    Local,
    /// What should be pushed holds a secret.
    Secret,
    /// The request itself makes no sense: an unknown compression, a key that is no key.
    Usage,
    /// Interrupted by the user.
    Interrupted,
}

impl Fault {
    /// A fault of `kind`.
    #[must_use]
    pub fn new(kind: FaultKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}
