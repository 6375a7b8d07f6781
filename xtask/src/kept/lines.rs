//! Files that keep a line of JSON for each of the newest of something: whole or not at all, and a damaged line costs itself.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files;

/// What is kept in `file`, oldest first; a line that cannot be read is as good as none, and so is a file.
#[must_use]
pub fn read<T: DeserializeOwned>(file: &Path) -> Vec<T> {
    let text = std::fs::read(file).unwrap_or_default();
    text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The newest `most` of `all`.
#[must_use]
pub fn newest<T>(all: &[T], most: usize) -> &[T] {
    all.get(all.len().saturating_sub(most)..).unwrap_or_default()
}

/// Keeps `all` in `file`, in place of what was there.
///
/// # Errors
/// When the file cannot be written.
pub fn write<'a, T: Serialize + 'a>(file: &Path, all: impl Iterator<Item = &'a T>) -> Result<()> {
    let lines = all.map(|each| serde_json::to_string(each).map(|line| line + "\n"));
    let text = lines.collect::<Result<String, _>>().context("write what is kept as JSON")?;
    files::write_atomically(file, text.as_bytes())
}
