//! `[autowiring]` of xtask.toml: which files become which attributes.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Error, Result};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IntoDeserializer as _, MapAccess, Visitor};

use super::fault::{Part, senseless};
use crate::fleet::AttrPath;
use crate::fleet::layout::{Layout, Preset};

/// Which files become which attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AutowiringConfig {
    /// The layout of the repository; without it, the one that its inputs and folders show.
    pub layout: Option<LayoutConfig>,
    /// The folder that the layout's folders are in, where it is not the repository itself: `nix`.
    pub root: Option<String>,
    /// The names that a set must have, no more and no fewer: `nixosConfigurations = ["web", "db"]`.
    pub expected: BTreeMap<String, Vec<String>>,
    /// Attributes that must not be there, with globs: `nixosConfigurations.*-test`.
    pub unexpected: Vec<String>,
}

/// The name of a layout, or a table of folders and the sets that their files become: `hosts = "nixosConfigurations"`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum LayoutConfig {
    /// A layout with a name.
    Preset(Preset),
    /// Folder to set.
    Folders(BTreeMap<String, String>),
}

impl<'de> Deserialize<'de> for LayoutConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

/// Reads either form by itself, so that what is wrong in one is said where it stands.
struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = LayoutConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a layout, or a table of folders and sets")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<LayoutConfig, E> {
        Preset::deserialize(name.into_deserializer()).map(LayoutConfig::Preset)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<LayoutConfig, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(table)).map(LayoutConfig::Folders)
    }
}

impl AutowiringConfig {
    /// Refuses what cannot be read, with its place in the `text` of the file.
    pub(super) fn check(&self, text: &str) -> Result<()> {
        let fault =
            |keys: &[&str], part, error: Error| senseless(text, &[&["autowiring"], keys].concat(), part, &error);
        if let Some(LayoutConfig::Folders(folders)) = &self.layout {
            for (folder, set) in folders {
                let alone = BTreeMap::from([(folder.clone(), set.clone())]);
                Layout::from_table("", &alone).map_err(|error| fault(&["layout", folder], Part::Value, error))?;
            }
        }
        for set in self.expected.keys() {
            AttrPath::parse(set).map_err(|error| fault(&["expected", set], Part::Key, error))?;
        }
        for (index, pattern) in self.unexpected.iter().enumerate() {
            let path = |error| fault(&["unexpected", &index.to_string()], Part::Value, error);
            AttrPath::parse(pattern).map_err(path)?;
        }
        Ok(())
    }

    /// The layout that is written as a table, if one is.
    ///
    /// # Errors
    /// When it names something that is no set.
    pub fn table(&self) -> Result<Option<Layout>> {
        let Some(LayoutConfig::Folders(folders)) = &self.layout else { return Ok(None) };
        Layout::from_table(self.root.as_deref().unwrap_or_default(), folders).map(Some)
    }

    /// The sets whose names are pinned.
    ///
    /// # Errors
    /// When one is not an attribute path.
    pub fn expected(&self) -> Result<Vec<(AttrPath, &[String])>> {
        self.expected.iter().map(|(set, names)| Ok((AttrPath::parse(set)?, names.as_slice()))).collect()
    }

    /// What must not be there.
    ///
    /// # Errors
    /// When one is not an attribute path.
    pub fn unexpected(&self) -> Result<Vec<AttrPath>> {
        self.unexpected.iter().map(|pattern| AttrPath::parse(pattern)).collect()
    }
}
