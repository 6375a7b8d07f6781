//! Where a cache is, as it is written in xtask.toml, and what follows from its kind.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use cache_protocol::shown;

use crate::plain_text::nearest::nearest;

/// Where to push.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(try_from = "String"))]
pub struct CacheUrl {
    #[cfg_attr(test, schemars(skip))]
    text: String,
    #[cfg_attr(test, schemars(skip))]
    kind: CacheKind,
}

/// What sort of cache it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheKind {
    /// A folder.
    File(PathBuf),
    /// A server that takes PUT.
    Http,
    /// A bucket.
    S3,
    /// A cache at Cachix, by its name.
    Cachix(String),
    /// A cache of an Attic server.
    Attic,
    /// Another store of Nix, which Nix itself copies to.
    Nix,
}

/// What to write in place of what is no cache at all.
const FOR_EXAMPLE: &str = "write for example `file:///srv/cache` or `cachix://name`";

/// Each scheme with an example.
const SCHEMES: [(&str, &str); 10] = [
    ("file", "file:///srv/cache"),
    ("https", "https://cache.example.org"),
    ("http", "http://cache.example.org"),
    ("s3", "s3://bucket?region=eu-central-1"),
    ("cachix", "cachix://name"),
    ("attic+https", "attic+https://attic.example.org/cache"),
    ("attic+http", "attic+http://attic.example.org/cache"),
    ("ssh-ng", "ssh-ng://user@host"),
    ("ssh", "ssh://user@host"),
    ("unix", "unix:///run/nix/socket"),
];

impl TryFrom<String> for CacheUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|error| format!("{error:#}"))
    }
}

impl CacheUrl {
    /// Reads what is written.
    ///
    /// # Errors
    /// When it is no URL of a cache, or holds a password, which it then does not repeat.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            bail!("`{}` is no URL of a cache: {FOR_EXAMPLE}", shown(text));
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // A password with a slash in it ends the authority before its own end.
        let splits = authority.contains(':') && rest.contains('@') && scheme != "file" && shown(text).ends_with(":…");
        if splits || authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
            bail!("a password does not belong into the URL of a cache: name the variable that holds it in `token_env`");
        }
        let Some((_, example)) = SCHEMES.iter().find(|(known, _)| *known == scheme) else {
            let near = nearest(scheme, SCHEMES.map(|(known, _)| known));
            match SCHEMES.iter().find(|(known, _)| Some(*known) == near) {
                Some((_, example)) => bail!("no cache is known by `{scheme}://`: did you mean `{example}`?"),
                None => bail!("no cache is known by `{scheme}://`: {FOR_EXAMPLE}"),
            }
        };
        let kind = match scheme {
            "file" => CacheKind::File(PathBuf::from(rest)),
            "https" | "http" => CacheKind::Http,
            "s3" => CacheKind::S3,
            // What follows a question mark names a server of one's own.
            "cachix" => CacheKind::Cachix(rest.split('?').next().unwrap_or_default().to_owned()),
            "attic+https" | "attic+http" => CacheKind::Attic,
            _ => CacheKind::Nix,
        };
        let sound = match &kind {
            CacheKind::File(folder) => folder.is_absolute(),
            CacheKind::Cachix(name) => {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            }
            CacheKind::Attic => rest.split_once('/').is_some_and(|(host, cache)| !host.is_empty() && !cache.is_empty()),
            CacheKind::Nix if scheme == "unix" => rest.starts_with('/'),
            CacheKind::Http | CacheKind::S3 | CacheKind::Nix => !authority.is_empty(),
        };
        if !sound {
            bail!("`{}` names no cache: write for example `{example}`", shown(text));
        }
        Ok(Self { text: text.to_owned(), kind })
    }

    /// The cache in `folder`.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Self {
        let text = format!("file://{}", crate::nix::percent_encoded(folder));
        Self { text, kind: CacheKind::File(folder.to_owned()) }
    }

    /// What sort of cache it is.
    #[must_use]
    pub fn kind(&self) -> &CacheKind {
        &self.kind
    }
}

impl fmt::Display for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl CacheKind {
    /// The variables that its tokens are in where nothing else is said: those that its own client reads.
    #[must_use]
    pub fn token_variables(&self) -> &'static [&'static str] {
        match self {
            Self::Cachix(_) => &["CACHIX_AUTH_TOKEN"],
            Self::Attic => &["ATTIC_TOKEN"],
            Self::File(_) | Self::Http | Self::S3 | Self::Nix => &[],
        }
    }

    /// The variable that its signing key is in where nothing else is said, if there is one.
    #[must_use]
    pub fn signing_key_variable(&self) -> Option<&'static str> {
        matches!(self, Self::Cachix(_)).then_some("CACHIX_SIGNING_KEY")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<CacheKind, &str>) {
        let read = CacheUrl::parse(text).map(|url| url.kind).map_err(|error| format!("{error:#}"));
        assert_eq!(read, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn each_kind_is_told_by_its_scheme() {
        check("file:///srv/cache", Ok(CacheKind::File(PathBuf::from("/srv/cache"))));
        check("https://cache.example.org/team", Ok(CacheKind::Http));
        check("http://user@cache.example.org", Ok(CacheKind::Http));
        check("s3://bucket?region=eu-central-1&endpoint=http://127.0.0.1:9", Ok(CacheKind::S3));
        check("cachix://my-cache", Ok(CacheKind::Cachix("my-cache".to_owned())));
        check("attic+https://attic.example.org/cache", Ok(CacheKind::Attic));
        check("attic+http://127.0.0.1:8080/cache", Ok(CacheKind::Attic));
        for nix in ["ssh-ng://builder@host", "ssh://host", "unix:///run/socket"] {
            check(nix, Ok(CacheKind::Nix));
        }
    }

    #[test]
    fn every_example_is_a_url() {
        for (scheme, example) in SCHEMES {
            assert!(example.starts_with(&format!("{scheme}://")) && CacheUrl::parse(example).is_ok(), "{example}");
        }
    }

    #[test]
    fn what_names_no_cache_is_refused_with_an_example() {
        let example = "write for example `file:///srv/cache` or `cachix://name`";
        check("my-cache", Err(&format!("`my-cache` is no URL of a cache: {example}")));
        check("cachx://a", Err("no cache is known by `cachx://`: did you mean `cachix://name`?"));
        check("htps://a", Err("no cache is known by `htps://`: did you mean `https://cache.example.org`?"));
        check("file://srv/cache", Err("`file://srv/cache` names no cache: write for example `file:///srv/cache`"));
        check("cachix://", Err("`cachix://` names no cache: write for example `cachix://name`"));
        check("cachix://a/b", Err("`cachix://a/b` names no cache: write for example `cachix://name`"));
        check("s3://", Err("`s3://` names no cache: write for example `s3://bucket?region=eu-central-1`"));
        check("https:///a", Err("`https:///a` names no cache: write for example `https://cache.example.org`"));
        check("ssh-ng://", Err("`ssh-ng://` names no cache: write for example `ssh-ng://user@host`"));
        check("unix://run", Err("`unix://run` names no cache: write for example `unix:///run/nix/socket`"));
        for attic in ["attic+https://host", "attic+https://host/", "attic+https:///cache"] {
            let example = "write for example `attic+https://attic.example.org/cache`";
            check(attic, Err(&format!("`{attic}` names no cache: {example}")));
        }
    }

    #[test]
    fn passwords_are_neither_taken_nor_repeated() {
        for text in [
            "https://ada:hunter2@cache.example.org",
            "nosuch://ada:hunter2@host/a",
            "https://ada:hunt/er2@cache.example.org",
        ] {
            let refusal =
                "a password does not belong into the URL of a cache: name the variable that holds it in `token_env`";
            check(text, Err(refusal));
        }
        let example = "write for example `file:///srv/cache` or `cachix://name`";
        check("ada:hunter2@h/c", Err(&format!("`ada:…` is no URL of a cache: {example}")));
        check("https:ada:hunter2@h", Err(&format!("`https:…` is no URL of a cache: {example}")));
        check("cachix://a/b?token=hunter2", Err("`cachix://a/b` names no cache: write for example `cachix://name`"));
    }

    #[test]
    fn folders_become_urls() {
        assert_eq!(CacheUrl::of_folder(Path::new("/a b/c")).to_string(), "file:///a%20b/c");
    }
}
