//! `flake.lock` (version 5 to 7): which inputs the repository pins, and where they come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use data_encoding::BASE64;
use serde::Deserialize;

use crate::files::hex;

/// A lock file as read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FlakeLock {
    /// The name of the node that is the repository itself.
    pub root: String,
    /// Every pinned flake by its name in the file.
    pub nodes: BTreeMap<String, Node>,
    version: u32,
}

/// One pinned flake.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Node {
    /// Its own inputs: a node's name, or the path of inputs it follows from the root.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputReference>,
    /// What was fetched.
    pub locked: Option<Attributes>,
    /// What was asked for.
    pub original: Option<Attributes>,
}

/// What an input stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum InputReference {
    /// The node of that name.
    Node(String),
    /// The input reached from the root by these names.
    Follows(Vec<String>),
}

/// A flake reference as attributes, such as `{ type = "github"; owner = …; }`.
pub type Attributes = BTreeMap<String, serde_json::Value>;

impl FlakeLock {
    /// Reads `flake.lock` of the repository; a repository without inputs may have none.
    ///
    /// # Errors
    /// When it is there and is no lock file of a known version.
    pub fn read(repository: &Path) -> Result<Option<Self>> {
        let path = repository.join("flake.lock");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("read flake.lock"),
        };
        Self::parse(&text).map(Some)
    }

    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// When it is no lock file of a known version.
    pub fn parse(text: &str) -> Result<Self> {
        let lock: Self = serde_json::from_str(text).context("read flake.lock")?;
        if !(5..=7).contains(&lock.version) {
            bail!("flake.lock has version {}, and only 5 to 7 are known", lock.version);
        }
        if !lock.nodes.contains_key(&lock.root) {
            bail!("flake.lock names `{}` as its root, and has no such node", lock.root);
        }
        Ok(lock)
    }

    /// The repository's own inputs: name and, unless it follows another, its node.
    pub fn direct_inputs(&self) -> impl Iterator<Item = (&str, Option<&Node>)> {
        self.nodes.get(&self.root).into_iter().flat_map(|root| &root.inputs).map(|(name, reference)| match reference {
            InputReference::Node(node) => (name.as_str(), self.nodes.get(node)),
            InputReference::Follows(_) => (name.as_str(), None),
        })
    }

    /// Every pinned flake but the repository itself.
    pub fn pinned(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().filter(|(name, _)| **name != self.root).map(|(name, node)| (name.as_str(), node))
    }
}

impl Node {
    /// An attribute of what was fetched, as text.
    #[must_use]
    pub fn locked(&self, attribute: &str) -> Option<&str> {
        self.locked.as_ref()?.get(attribute)?.as_str()
    }

    /// An attribute of what was fetched, as a number.
    #[must_use]
    pub fn locked_number(&self, attribute: &str) -> Option<u64> {
        self.locked.as_ref()?.get(attribute)?.as_u64()
    }

    /// Where its source is once it was fetched: Nix names a source by the hash that the lock file holds.
    #[must_use]
    pub fn store_path(&self, store: &Path) -> Option<PathBuf> {
        let hash = self.locked("narHash")?.strip_prefix("sha256-")?;
        let digest = hex(&BASE64.decode(hash.as_bytes()).ok()?);
        let folder = store.to_str()?;
        let description = format!("source:sha256:{digest}:{folder}:source");
        let compressed = compress(&hmac_sha256::Hash::hash(description.as_bytes()));
        Some(store.join(format!("{}-source", base32(&compressed))))
    }
}

/// Folds a hash into the 20 bytes of a store path.
fn compress(hash: &[u8]) -> [u8; 20] {
    let mut folded = [0; 20];
    for (index, byte) in hash.iter().enumerate() {
        folded[index % 20] ^= byte;
    }
    folded
}

/// Nix's own base 32: without `e`, `o`, `t` and `u`, the last digit first.
fn base32(bytes: &[u8; 20]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";
    let digit = |n: usize| {
        let bit = n * 5;
        let (byte, offset) = (bit / 8, bit % 8);
        let low = u16::from(bytes[byte]) >> offset;
        let high = bytes.get(byte + 1).map_or(0, |next| u16::from(*next) << (8 - offset));
        char::from(DIGITS[usize::from((low | high) & 31)])
    };
    (0..32).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_and_what_they_follow() {
        let lock = FlakeLock::parse(
            r#"{"nodes": {"root": {"inputs": {"nixpkgs": "nixpkgs_2", "other": ["nixpkgs"]}},
                "nixpkgs_2": {"locked": {"type": "github", "owner": "NixOS"}, "original": {}}},
                "root": "root", "version": 7}"#,
        )
        .unwrap();
        let inputs: Vec<_> =
            lock.direct_inputs().map(|(name, node)| (name, node.and_then(|n| n.locked("owner")))).collect();
        assert_eq!(inputs, [("nixpkgs", Some("NixOS")), ("other", None)]);
        assert_eq!(lock.pinned().count(), 1);
    }

    #[test]
    fn refuses_other_files() {
        for text in ["", "{}", r#"{"nodes": {}, "root": "root", "version": 7}"#] {
            assert!(FlakeLock::parse(text).is_err(), "{text}");
        }
        let old = r#"{"nodes": {"root": {}}, "root": "root", "version": 4}"#;
        assert!(FlakeLock::parse(old).unwrap_err().to_string().contains("version 4"));
    }

    /// As `nix store add-path` names it: a folder called `source` that holds the one file `a` with the text "hello\n".
    #[test]
    fn a_source_is_where_nix_puts_it() {
        let node = Node {
            locked: Some(BTreeMap::from([(
                "narHash".to_owned(),
                "sha256-lYm+o5HTptO6iNGG6L41EMhGGyh2L9gt5P7stJH8gqI=".into(),
            )])),
            ..Node::default()
        };
        assert_eq!(
            node.store_path(Path::new("/nix/store")),
            Some(PathBuf::from("/nix/store/j6x55z428hhmgvc0v2fbi1iz9mjkqn4w-source"))
        );
    }
}
