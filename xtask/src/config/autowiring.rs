//! `[autowiring]` of xtask.toml: which files become which attributes.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use crate::fleet::AttrPath;
use crate::fleet::layout::{Layout, Preset};

/// Which files become which attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected `configurations`, `nixos-unified`, `blueprint`, `snowfall-lib`, `ez-configs`, or a table of folders and sets"
)]
pub enum LayoutConfig {
    /// A layout with a name.
    Preset(Preset),
    /// Folder to set.
    Folders(BTreeMap<String, String>),
}

impl AutowiringConfig {
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
