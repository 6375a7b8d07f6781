//! Closure sizes: a path's closure never changes, so each is asked for once, and kept.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::Session;
use crate::files;

impl Session<'_> {
    /// The bytes of the closures of `paths`, all of which the store must have; and whether they could be kept for later runs.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn closure_sizes(&self, paths: &[String]) -> Result<(BTreeMap<String, u64>, Result<()>)> {
        let file = self.context.state.join("closure-sizes.json");
        let mut sizes: BTreeMap<String, u64> =
            std::fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        let asked: Vec<String> = paths.iter().filter(|path| !sizes.contains_key(*path)).cloned().collect();
        let mut written = Ok(());
        if !asked.is_empty() {
            sizes.extend(asked.iter().cloned().zip(self.nix.closure_bytes(&asked)?));
            written = files::write_atomically(&file, &serde_json::to_vec(&sizes)?).context("keep closure sizes");
        }
        Ok((sizes, written))
    }
}
