//! What is said to Cachix and what it answers: the JSON of its API, with its mixed ways to write a hash.
//!
//! From the types of Cachix's own client: `Cachix.Types.BinaryCache`, `MultipartUpload`, `NarInfoCreate`, `SigningKeyCreate`. The
//! creation of a cache and `/user` are not among them; they are known from public scripts only.

use cache_protocol::{Compression, Fault, FaultKind, Permission};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::narinfo::NarInfo;
use crate::{hash_text, store_path};

/// How many hashes are asked about at once. A body may have 1 MB, and a hash takes 35 bytes of it with quotes and comma; the 32,768 of
/// Cachix's own client count the 32 digits alone, and do not fit.
pub const BATCH: usize = 28_000;

/// What Cachix says of a cache; fields that are not needed are passed over, so that they may change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheInfo {
    /// Where Nix reads it.
    pub uri: String,
    /// Whether everybody may read it.
    pub is_public: bool,
    /// `name:base64` each.
    #[serde(default)]
    pub public_signing_keys: Vec<String>,
    /// `Read`, `Write` or `Admin`.
    pub permission: Option<String>,
    /// `XZ` or `ZSTD`.
    pub preferred_compression_method: Option<String>,
}

impl CacheInfo {
    /// What the token may do, if the answer says so in a word that is known.
    #[must_use]
    pub fn permission(&self) -> Option<Permission> {
        match self.permission.as_deref()? {
            "Read" => Some(Permission::Read),
            "Write" => Some(Permission::Write),
            "Admin" => Some(Permission::Admin),
            _ => None,
        }
    }

    /// How it wants NARs packed.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        match self.preferred_compression_method.as_deref()? {
            "XZ" => Some(Compression::Xz),
            "ZSTD" => Some(Compression::Zstd),
            _ => None,
        }
    }
}

/// An upload that was begun.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The file's name in the cache.
    pub nar_id: String,
    /// The upload's name.
    pub upload_id: String,
}

/// What a part is signed with.
#[derive(Debug, Serialize)]
pub struct SigningData {
    /// The MD5 of the part, in base64.
    #[serde(rename = "contentMD5")]
    pub content_md5: String,
}

/// Where a part goes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartAddress {
    /// It is signed: who knows it may write there.
    pub upload_url: String,
}

/// A part that was taken.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletedPart {
    /// From 1.
    pub part_number: usize,
    /// As the object store wrote it, quotes included.
    pub e_tag: String,
}

/// The end of an upload, and the publication of its path.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Completed {
    /// In order.
    pub parts: Vec<CompletedPart>,
    /// What to say of the path.
    pub nar_info_create: NarInfoCreate,
}

/// What a narinfo is made of.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NarInfoCreate {
    c_store_hash: String,
    c_store_suffix: String,
    /// `sha256:` and base 32.
    c_nar_hash: String,
    c_nar_size: u64,
    /// Hexadecimal, without a prefix.
    c_file_hash: String,
    c_file_size: u64,
    /// Base names.
    c_references: Vec<String>,
    /// A base name, or `unknown-deriver`.
    c_deriver: String,
    /// The base64 of a signature, without the name of its key; none where Cachix signs.
    c_sig: Option<String>,
}

impl NarInfoCreate {
    /// What `narinfo` says, signed by `signature` (`name:base64`) if the cache does not sign by itself.
    ///
    /// # Errors
    /// When it does not say what Cachix needs: a path, and hash and size of the file.
    pub fn new(narinfo: &NarInfo, signature: Option<&str>) -> Result<Self, Fault> {
        let unfit =
            |what: &str| Fault::new(FaultKind::Usage, format!("publish `{}` at Cachix: {what}", narinfo.store_path));
        let (hash, suffix) = store_path::hash(&narinfo.store_path)
            .zip(store_path::name(&narinfo.store_path))
            .ok_or_else(|| unfit("it is no store path"))?;
        let file_hash = narinfo.file_hash.as_deref().and_then(hash_text::decode);
        Ok(Self {
            c_store_hash: hash.to_owned(),
            c_store_suffix: suffix.to_owned(),
            c_nar_hash: hash_text::canonical(&narinfo.nar_hash),
            c_nar_size: narinfo.nar_size,
            c_file_hash: HEXLOWER.encode(&file_hash.ok_or_else(|| unfit("the hash of its file is not known"))?),
            c_file_size: narinfo.file_size.ok_or_else(|| unfit("the size of its file is not known"))?,
            c_references: narinfo.references.clone(),
            c_deriver: narinfo.deriver.clone().unwrap_or_else(|| "unknown-deriver".to_owned()),
            c_sig: signature.and_then(|signature| Some(signature.split_once(':')?.1.to_owned())),
        })
    }
}

/// The owner of a token.
#[derive(Debug, Deserialize)]
pub struct User {
    /// A number, today.
    pub id: serde_json::Value,
}

/// A cache to be created.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCache {
    /// Whether everybody may read it.
    pub is_public: bool,
    /// Whether Cachix makes a key and signs with it.
    pub generate_signing_key: bool,
    /// Who owns it.
    #[serde(rename = "accountID")]
    pub account_id: serde_json::Value,
}

/// A key that its users sign with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// Base64 of 32 bytes, without a name.
    pub public_key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narinfo() -> NarInfo {
        NarInfo {
            store_path: "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60".to_owned(),
            file_hash: Some("sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73".to_owned()),
            file_size: Some(12),
            nar_hash: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
            nar_size: 34,
            references: vec!["7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27".to_owned()],
            ..NarInfo::default()
        }
    }

    #[test]
    fn a_narinfo_is_created_in_the_encodings_of_cachix() {
        let create = NarInfoCreate::new(&narinfo(), Some("c.cachix.org-1:c2ln")).unwrap();
        let message = Completed {
            parts: vec![CompletedPart { part_number: 1, e_tag: "\"a\"".to_owned() }],
            nar_info_create: create,
        };
        let expected = serde_json::json!({
            "parts": [{"partNumber": 1, "eTag": "\"a\""}],
            "narInfoCreate": {
                "cStoreHash": "00bgd045z0d4icpbc2yyz4gx48ak44la", "cStoreSuffix": "net-tools-1.60",
                "cNarHash": "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73", "cNarSize": 34,
                "cFileHash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "cFileSize": 12,
                "cReferences": ["7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27"], "cDeriver": "unknown-deriver",
                "cSig": "c2ln",
            },
        });
        assert_eq!(serde_json::to_value(&message).unwrap(), expected);
    }

    #[test]
    fn cachix_signs_what_nobody_signed_and_knows_the_deriver() {
        let derived = NarInfo { deriver: Some("x.drv".to_owned()), ..narinfo() };
        let create = serde_json::to_value(NarInfoCreate::new(&derived, None).unwrap()).unwrap();
        assert_eq!((&create["cSig"], &create["cDeriver"]), (&serde_json::Value::Null, &"x.drv".into()));
    }

    #[test]
    fn a_narinfo_that_says_too_little_is_refused() {
        let check = |narinfo: NarInfo, expected: &str| {
            let what = NarInfoCreate::new(&narinfo, None).unwrap_err().what;
            assert!(what.ends_with(expected), "{what}");
        };
        check(NarInfo { store_path: "/nix/store/x".to_owned(), ..narinfo() }, "at Cachix: it is no store path");
        check(NarInfo { file_hash: None, ..narinfo() }, "at Cachix: the hash of its file is not known");
        check(NarInfo { file_size: None, ..narinfo() }, "at Cachix: the size of its file is not known");
    }

    #[test]
    fn what_cachix_says_of_a_cache() {
        let check = |permission: &str, method: &str, expected: (Option<Permission>, Option<Compression>)| {
            let text = format!(
                r#"{{"name":"c","uri":"https://c.cachix.org","isPublic":true,"publicSigningKeys":["c.cachix.org-1:x"],
                "githubUsername":"","permission":"{permission}","preferredCompressionMethod":"{method}","new":1}}"#
            );
            let info: CacheInfo = serde_json::from_str(&text).unwrap();
            assert_eq!((info.permission(), info.compression()), expected);
        };
        check("Read", "XZ", (Some(Permission::Read), Some(Compression::Xz)));
        check("Write", "ZSTD", (Some(Permission::Write), Some(Compression::Zstd)));
        check("Admin", "ZSTD", (Some(Permission::Admin), Some(Compression::Zstd)));
        check("Other", "BR", (None, None));
    }

    #[test]
    fn a_batch_fits_into_the_body_that_cachix_takes() {
        let hashes = vec!["0".repeat(32); BATCH];
        assert!(serde_json::to_vec(&hashes).unwrap().len() < 1_000_000);
    }
}
