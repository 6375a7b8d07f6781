//! What is said to an Attic server and what it answers, from the types of its own sources: `attic/src/api/v1`.

use cache_protocol::{Fault, FaultKind};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::narinfo::NarInfo;
use crate::{hash_text, store_path};

/// The priority of a cache that none was asked for, as Attic's own client has it: after `cache.nixos.org`, which has 40.
const PRIORITY: i64 = 41;
/// Paths with signatures of these keys are not asked for by the server's own client.
const UPSTREAM: &str = "cache.nixos.org-1";

/// What the server says of a cache; each field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CacheConfig {
    /// Where Nix reads it.
    pub substituter_endpoint: Option<String>,
    /// `name:base64`.
    pub public_key: Option<String>,
    /// Whether everybody may read it.
    pub is_public: Option<bool>,
    /// The folder that store paths name in it.
    pub store_dir: Option<String>,
    /// Lower is asked first.
    pub priority: Option<i64>,
}

/// A cache to be created.
#[derive(Debug, Serialize)]
pub struct NewCache {
    keypair: &'static str,
    is_public: bool,
    store_dir: &'static str,
    priority: i64,
    upstream_cache_key_names: [&'static str; 1],
}

impl NewCache {
    /// A cache whose server makes its key: that signs everything there, so that nobody else needs it.
    #[must_use]
    pub fn new(public: bool, priority: Option<i64>) -> Self {
        Self {
            keypair: "Generate",
            is_public: public,
            store_dir: "/nix/store",
            priority: priority.unwrap_or(PRIORITY),
            upstream_cache_key_names: [UPSTREAM],
        }
    }
}

/// The question which paths are missing.
#[derive(Debug, Serialize)]
pub struct MissingPathsRequest<'a> {
    /// The cache.
    pub cache: &'a str,
    /// The 32 digits of each.
    pub store_path_hashes: &'a [String],
}

/// Those that are missing.
#[derive(Debug, Deserialize)]
pub struct MissingPaths {
    /// The 32 digits of each.
    pub missing_paths: Vec<String>,
}

/// What is said of a path with its NAR.
#[derive(Debug, Serialize)]
pub struct NarInfoHeader<'a> {
    cache: &'a str,
    store_path_hash: &'a str,
    store_path: &'a str,
    /// Base names.
    references: &'a [String],
    system: Option<&'a str>,
    deriver: Option<&'a str>,
    sigs: &'a [String],
    ca: Option<&'a str>,
    /// `sha256:` and hexadecimal.
    nar_hash: String,
    nar_size: u64,
}

impl<'a> NarInfoHeader<'a> {
    /// What `narinfo` says, for `cache`.
    ///
    /// # Errors
    /// When its path or its hash is none.
    pub fn new(cache: &'a str, narinfo: &'a NarInfo) -> Result<Self, Fault> {
        let unfit = |what: &str| Fault::new(FaultKind::Usage, format!("put `{}` at Attic: {what}", narinfo.store_path));
        let hash = hash_text::decode(&narinfo.nar_hash).ok_or_else(|| unfit("the hash of its NAR is not known"))?;
        Ok(Self {
            cache,
            store_path_hash: store_path::hash(&narinfo.store_path).ok_or_else(|| unfit("it is no store path"))?,
            store_path: &narinfo.store_path,
            references: &narinfo.references,
            system: None,
            deriver: narinfo.deriver.as_deref(),
            sigs: &narinfo.signatures,
            ca: narinfo.ca.as_deref(),
            nar_hash: format!("sha256:{}", HEXLOWER.encode(&hash)),
            nar_size: narinfo.nar_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_path() {
        let narinfo = NarInfo {
            store_path: "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60".to_owned(),
            nar_hash: "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73".to_owned(),
            nar_size: 34,
            references: vec!["7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27".to_owned()],
            signatures: vec!["a:b".to_owned()],
            ..NarInfo::default()
        };
        let expected = serde_json::json!({
            "cache": "c", "store_path_hash": "00bgd045z0d4icpbc2yyz4gx48ak44la",
            "store_path": "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60",
            "references": ["7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27"], "system": null, "deriver": null,
            "sigs": ["a:b"], "ca": null, "nar_size": 34,
            "nar_hash": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        });
        assert_eq!(serde_json::to_value(NarInfoHeader::new("c", &narinfo).unwrap()).unwrap(), expected);
        for (path, hash) in [("/nix/store/x", narinfo.nar_hash.as_str()), (&narinfo.store_path, "md5:x")] {
            let unfit = NarInfo { store_path: path.to_owned(), nar_hash: hash.to_owned(), ..narinfo.clone() };
            assert_eq!(NarInfoHeader::new("c", &unfit).unwrap_err().kind, FaultKind::Usage);
        }
    }

    #[test]
    fn a_new_cache() {
        let expected = serde_json::json!({
            "keypair": "Generate", "is_public": true, "store_dir": "/nix/store", "priority": 41,
            "upstream_cache_key_names": ["cache.nixos.org-1"],
        });
        assert_eq!(serde_json::to_value(NewCache::new(true, None)).unwrap(), expected);
        assert_eq!(serde_json::to_value(NewCache::new(false, Some(30))).unwrap()["priority"], 30);
    }
}
