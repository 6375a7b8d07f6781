//! Which cache, and where what opens it is to be found.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A binary cache, as it is written in `xtask.toml` or in `nixConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// `file:///folder`, `https://host[/path]`, `s3://bucket?region=…&endpoint=…`, `cachix://name`, `attic+https://host/cache`,
    /// `ssh-ng://host`, or anything else that Nix knows.
    pub url: String,
    /// The public keys, `name:base64`, of which one must have signed what is in it.
    pub public_keys: Vec<String>,
    /// The key that signs what is pushed; without one, the cache signs by itself or what is pushed stays unsigned.
    pub signing_key: Option<KeySource>,
    /// The token that opens it.
    pub token: Option<Token>,
    /// The netrc files that are looked into for it, in this order.
    pub netrc: Vec<PathBuf>,
}

/// Where a secret key is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// In this environment variable.
    Variable(String),
    /// In this file.
    File(PathBuf),
}

/// Where a token is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The environment variable that holds it.
    pub variable: String,
}
