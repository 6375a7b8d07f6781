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

/// Any text that stands where the address of a cache should, as it may be shown: without settings and login. Of what is no address, but
/// its scheme alone, since a password may stand anywhere in it.
#[must_use]
pub fn shown(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    let hidden = |scheme: &str| {
        let sound = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if sound { format!("{scheme}:…") } else { "…".to_owned() }
    };
    match bare.split_once("://") {
        Some(("file", _)) => bare.to_owned(),
        None if !bare.contains([':', '@']) => bare.to_owned(),
        Some((_, rest)) if !rest.contains([':', '@']) => bare.to_owned(),
        None => hidden(bare.split(':').next().unwrap_or_default()),
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            // What stands behind a colon and is no port belongs to a login that something is wrong with.
            let port = host.rsplit_once(']').map_or(host, |(_, port)| port).split_once(':').map(|(_, port)| port);
            let sound = !host.is_empty() && port.is_none_or(|port| port.parse::<u16>().is_ok()) && !path.contains('@');
            if sound { format!("{scheme}://{host}{path}") } else { hidden(scheme) }
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
    fn whatever_stands_for_an_address_is_shown_without_a_password() {
        for (text, expected) in [
            ("https://h/c/", "https://h/c/"),
            ("https://h:81/c", "https://h:81/c"),
            ("http://me:hunter2@[::1]:81/c?priority=3#x", "http://[::1]:81/c"),
            ("https://me:hunter2@h/c?priority=3", "https://h/c"),
            ("attic+https://me:hunter2@h/c", "attic+https://h/c"),
            ("ssh-ng://me:hunt@er2@h", "ssh-ng://h"),
            ("s3://bucket/a?secret-key=hunter2", "s3://bucket/a"),
            // The port is a password, the password ends the host, and there is none.
            ("https://me:hunter2", "https:…"),
            ("https://me:hunt/er2@h/c", "https:…"),
            ("https://1:hunt/er2@h/c", "https:…"),
            ("https://me:hunter2@", "https:…"),
            ("https:me:hunter2@h", "https:…"),
            ("https:///c", "https:///c"),
            ("cachix://?a=hunter2", "cachix://"),
            ("me hunter2:x", "…"),
            ("hunter2@h", "…"),
            ("file://caches/a?secret-key=hunter2", "file://caches/a"),
            ("file:///caches/a@b", "file:///caches/a@b"),
            ("/caches/a", "/caches/a"),
            ("daemon", "daemon"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

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
