//! Creating a cache, or finding it created.

use serde::{Deserialize, Serialize};

use crate::Cache;

/// What to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProvisionRequest {
    /// The cache that should be.
    pub cache: Cache,
    /// Whether everybody may read it.
    pub public: bool,
    /// Its priority, where a cache has one: lower is asked first.
    pub priority: Option<i64>,
}

/// What is there now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Provisioned {
    /// The cache, as it is shown.
    pub url: String,
    /// Whether it was created now, rather than found.
    pub created: bool,
    /// The address that users substitute from.
    pub substituter: String,
    /// The keys that sign what is in it, `name:base64`.
    pub public_keys: Vec<String>,
    /// Whether it was created by calls that its service does not document, which may change without notice.
    pub unofficial: bool,
    /// What is left to be done by hand, a sentence each.
    pub by_hand: Vec<String>,
}
