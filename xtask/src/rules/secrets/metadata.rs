//! What SOPS writes about a file beside its values: recipients, selectors, MAC.

use super::yaml::Node;

/// The kinds of recipients, as SOPS names their lists, with the field that tells one from another.
pub const KINDS: [(&str, &str); 7] = [
    ("age", "recipient"),
    ("pgp", "fp"),
    ("kms", "arn"),
    ("gcp_kms", "resource_id"),
    ("azure_kv", "name"),
    ("hc_vault", "key_name"),
    ("hckms", "key_id"),
];

/// The selectors, of which a file has at most one.
pub const SELECTORS: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// What a file's selector is when nobody says.
pub const DEFAULT_SELECTOR: (&str, &str) = ("unencrypted_suffix", "_unencrypted");

/// The `sops` part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its line.
    pub line: u32,
    /// The key groups; without `key_groups`, the one there is.
    pub groups: Vec<Vec<Recipient>>,
    /// How many groups are needed.
    pub shamir_threshold: Option<u32>,
    /// Which leaves are encrypted: a name out of [`SELECTORS`] and its value.
    pub selector: Option<(String, String)>,
    /// Whether the MAC leaves out what is not encrypted.
    pub mac_only_encrypted: bool,
    /// What must be there, and is not: `mac`, `version`, `lastmodified`.
    pub missing: Vec<&'static str>,
}

/// Somebody a file is encrypted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The word of its kind.
    pub kind: &'static str,
    /// The public key, fingerprint or name.
    pub name: String,
    /// The wrapped data key.
    pub enc: Option<String>,
    /// The line.
    pub line: u32,
}

impl Metadata {
    /// Reads the value of `sops`.
    #[must_use]
    pub fn read(node: &Node, line: u32) -> Self {
        let groups = match node.get("key_groups") {
            Some(groups) if !groups.items().is_empty() => groups.items().iter().map(recipients).collect(),
            _ => vec![recipients(node)],
        };
        let filled = |key: &str| node.text_at(key).is_some_and(|text| !text.is_empty());
        Self {
            line,
            groups,
            shamir_threshold: node.text_at("shamir_threshold").and_then(|text| text.parse().ok()).filter(|n| *n > 0),
            selector: selector(node),
            mac_only_encrypted: node.text_at("mac_only_encrypted") == Some("true"),
            missing: ["mac", "version", "lastmodified"].into_iter().filter(|key| !filled(key)).collect(),
        }
    }

    /// All recipients, whatever their group.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.groups.iter().flatten()
    }
}

/// The selector that a map of settings holds.
#[must_use]
pub fn selector(node: &Node) -> Option<(String, String)> {
    SELECTORS.iter().find_map(|name| {
        let value = node.text_at(name).filter(|value| !value.is_empty())?;
        Some(((*name).to_owned(), value.to_owned()))
    })
}

fn recipients(node: &Node) -> Vec<Recipient> {
    let of_kind = |(kind, field): (&'static str, &'static str)| {
        let items = node.get(kind).map(Node::items).unwrap_or_default();
        items.iter().filter_map(move |item| {
            let (name, enc) = (item.text_at(field)?.to_owned(), item.text_at("enc").map(str::to_owned));
            Some(Recipient { kind, name, enc, line: item.line })
        })
    };
    KINDS.into_iter().flat_map(of_kind).collect()
}
