//! Which paths which substituter has, measured before a build: what analytics counts.

use serde::{Deserialize, Serialize};

use crate::{Cache, Fault};

/// What is looked for where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PresenceRequest {
    /// The substituters, in the order in which Nix asks them.
    pub substituters: Vec<Cache>,
    /// Whole store paths.
    pub paths: Vec<String>,
    /// Requests in flight to each.
    pub in_flight: usize,
    /// How long all tries of one request may take together, in milliseconds: a build waits for this, and goes on without a
    /// substituter that does not answer.
    pub patience: u64,
    /// Whether what one of them has, signed by a trusted key, leads to what it refers to, which is then asked of all of them, and
    /// so on.
    pub follow: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Presences {
    /// One for each substituter, in the order of the request.
    pub substituters: Vec<SubstituterPresence>,
}

/// What one substituter has.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SubstituterPresence {
    /// The substituter, as it is shown.
    pub url: String,
    /// Its priority; lower is asked first.
    pub priority: Option<i64>,
    /// The paths that it has.
    pub seen: Vec<Seen>,
    /// Why it could not be asked.
    pub fault: Option<Fault>,
}

/// A path that a substituter has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The path.
    pub path: String,
    /// Bytes to fetch.
    pub file_size: Option<u64>,
    /// Bytes in the store.
    pub nar_size: u64,
    /// Whole paths that it refers to.
    pub references: Vec<String>,
    /// Whether one of the trusted keys signed it.
    pub trusted: bool,
}
