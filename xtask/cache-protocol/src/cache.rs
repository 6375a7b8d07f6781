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

impl Cache {
    /// The address from which Nix substitutes: `https://NAME.cachix.org` for `cachix://NAME`, `https://host/cache` for
    /// `attic+https://host/cache`, else the address itself.
    #[must_use]
    pub fn substituter(&self) -> String {
        match self.url.split_once("://") {
            Some(("cachix", name)) => match name.split_once("substituter=") {
                // A server of one's own, which answers elsewhere.
                Some((_, elsewhere)) => elsewhere.split('&').next().unwrap_or_default().to_owned(),
                None => format!("https://{}.cachix.org", name.split(['?', '/']).next().unwrap_or_default()),
            },
            Some((scheme, rest)) => format!("{}://{rest}", scheme.strip_prefix("attic+").unwrap_or(scheme)),
            None => self.url.clone(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nix_reads() {
        for (url, expected) in [
            ("cachix://fleet", "https://fleet.cachix.org"),
            ("cachix://fleet?api=http://a/api/v1&substituter=http://a/fleet", "http://a/fleet"),
            ("attic+https://a.org/fleet", "https://a.org/fleet"),
            ("attic+http://a.org/fleet", "http://a.org/fleet"),
            ("file:///c", "file:///c"),
            ("s3://bucket?region=eu", "s3://bucket?region=eu"),
            ("/c", "/c"),
        ] {
            let cache =
                Cache { url: url.to_owned(), public_keys: vec![], signing_key: None, token: None, netrc: vec![] };
            assert_eq!(cache.substituter(), expected, "{url}");
        }
    }
}
