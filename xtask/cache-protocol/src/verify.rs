//! Whether what is required is in the cache: whole, signed by the key that users trust, each file there.

use serde::{Deserialize, Serialize};

use crate::{Cache, Fault};

/// What must be in the cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifyRequest {
    /// The cache.
    pub cache: Cache,
    /// The folder that store paths name, usually `/nix/store`.
    pub store_folder: String,
    /// The paths that must be there with all that they refer to; they need not be in this machine's store.
    pub required: Vec<Required>,
    /// Caches that users have besides: what they refer to may be there.
    pub upstream: Vec<Cache>,
    /// Whether the content of each file is fetched and hashed.
    pub deep: bool,
    /// For how many seconds what is missing is waited for.
    pub wait: u64,
    /// Requests in flight.
    pub in_flight: usize,
}

/// A path that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Required {
    /// The output it belongs to.
    pub name: String,
    /// The path.
    pub path: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Verified {
    /// The cache, as it is shown.
    pub cache: String,
    /// How many paths were found in the cache itself.
    pub in_cache: usize,
    /// How many were found in the others.
    pub upstream: usize,
    /// Bytes of files in the cache itself.
    pub bytes: u64,
    /// What is wrong.
    pub problems: Vec<VerifyProblem>,
    /// The paths that the cache has, but not as it should: a push that is told [`crate::PlanRequest::again`] mends them.
    #[serde(default)]
    pub again: Vec<String>,
}

/// Something that is wrong with a path in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyProblem {
    /// The path.
    pub path: String,
    /// The output that needs it, the first of them.
    pub root: String,
    /// The path that refers to it; none if it is itself required.
    pub referrer: Option<String>,
    /// What is wrong.
    pub fault: VerifyFault,
}

/// What can be wrong with a path in a cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifyFault {
    /// It is in none of the caches.
    Absent,
    /// The cache could not be asked about it.
    NotAsked(Fault),
    /// Its narinfo cannot be read, or is that of another path.
    Damaged(String),
    /// Nobody signed it.
    Unsigned,
    /// Signed, but by none of the keys that users trust: the names of those that did.
    OtherKeys(Vec<String>),
    /// The signature of this trusted key does not fit: altered, or signed by another key of that name.
    BadSignature(String),
    /// Its narinfo is there, and its file is not.
    NoFile(String),
    /// Its file is of another size.
    FileSize {
        /// Bytes by its narinfo.
        expected: u64,
        /// Bytes in the cache.
        found: u64,
    },
    /// Its file holds something else than the narinfo says.
    FileContent(String),
}
