//! The store of this machine, and what it knows of its paths.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The store of this machine, and the Nix that answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalStore {
    /// The folder that store paths name, usually `/nix/store`.
    pub folder: PathBuf,
    /// The folder on disk that stands for `/`, if the store is a chroot store.
    pub root: Option<PathBuf>,
    /// The folder of Nix's programs.
    pub nix: PathBuf,
    /// `NIX_CONFIG` for them.
    pub nix_config: String,
    /// Whether `nix path-info --json` wants `--json-format 1`.
    pub json_format: bool,
    /// The file of its database, `…/db/db.sqlite`, if it is on this machine and known for certain to be the one that Nix answers
    /// from: while that does not change, what Nix answered counts.
    #[serde(default)]
    pub database: Option<PathBuf>,
}

/// What the store's database knows of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathInfo {
    /// The whole path: `/nix/store/HASH-NAME`.
    pub path: String,
    /// SHA-256 of its NAR, as `sha256:` and Nix's base 32.
    pub nar_hash: String,
    /// Bytes of its NAR.
    pub nar_size: u64,
    /// Whole paths it refers to, itself included if it does, sorted.
    pub references: Vec<String>,
    /// The derivation that made it, if known.
    pub deriver: Option<String>,
    /// `name:base64` each.
    pub signatures: Vec<String>,
    /// The content address, for paths that have one.
    pub ca: Option<String>,
    /// Built on this machine, rather than fetched.
    pub ultimate: bool,
}
