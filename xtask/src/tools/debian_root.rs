//! The smallest Debian that has apt: what the tests of bootstrap copy and start from.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::debian;
use crate::report::Console;

/// The Debian that newcomers are most likely to have with the oldest Nix that is supported.
const SUITE: &str = "bookworm";

/// The version of the Debian in `folder`, if it is there.
pub fn version_in(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("etc/debian_version")).ok().map(|text| text.trim().to_owned())
}

/// Installs it into `folder`, whole or not at all.
///
/// # Errors
/// When the packages cannot be had.
pub fn bring(console: &Console, folder: &Path) -> Result<()> {
    let what = || format!("install a fresh Debian into `{}`", folder.display());
    let above = folder.parent().with_context(what)?;
    fs::create_dir_all(above).with_context(what)?;
    let work = tempfile::Builder::new().prefix(".debian-").tempdir_in(above).with_context(what)?;
    let root = work.path().join("root");
    debian::install_root(console, SUITE, "ca-certificates", &root).with_context(what)?;
    fs::rename(&root, folder).with_context(what)
}
