//! Paths copied between stores and caches by Nix itself: what proves that a cache is one that users can read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Nix;
use crate::process;

/// A place to copy into that holds nothing yet, and trusts the named keys alone.
#[derive(Debug)]
pub struct EmptyStore<'a> {
    /// The folder that stands for `/`.
    pub root: &'a Path,
    /// The keys that it trusts.
    pub trusted: &'a [String],
    /// What opens private caches.
    pub netrc: &'a [PathBuf],
}

impl Nix {
    /// Adds the file to the store, and says its store path.
    ///
    /// # Errors
    /// When the store does not take it.
    pub fn add_file(&self, file: &Path) -> Result<String> {
        process::ask(self.command("nix-store").arg("--add").arg(file)).context("add a file to the store")
    }

    /// Fetches `path` from the cache at `from` as a user who has nothing yet would; or says why Nix refuses.
    ///
    /// # Errors
    /// When Nix cannot be started.
    pub fn fetch(&self, from: &str, path: &str, into: &EmptyStore<'_>) -> Result<Result<(), String>> {
        let mut command = self.command("nix");
        // What Nix remembers of caches is not asked: neither what was there once, nor what was not.
        command.env("XDG_CACHE_HOME", into.root.join("remembered"));
        command.args(["copy", "--from", from, "--to"]).arg(format!("local?root={}", into.root.display()));
        command.args(["--option", "trusted-public-keys", &into.trusted.join(" "), "--option", "require-sigs", "true"]);
        if let Some(netrc) = into.netrc.first() {
            command.arg("--netrc-file").arg(netrc);
        }
        let output = process::probe(command.arg(path))?;
        let refused = || super::complaint::reason(&String::from_utf8_lossy(&output.stderr));
        Ok(if output.status.success() { Ok(()) } else { Err(refused()) })
    }

    /// Copies `path` from the cache at `from` to that in the folder `to` as it is, signatures included.
    ///
    /// # Errors
    /// When Nix cannot copy it.
    pub fn mirror(&self, from: &str, path: &str, to: &Path, netrc: &[PathBuf]) -> Result<()> {
        let mut command = self.command("nix");
        command.env("XDG_CACHE_HOME", to.join("remembered"));
        command.args(["copy", "--no-check-sigs", "--from", from, "--to"]);
        command.arg(format!("file://{}?compression=none", to.display()));
        if let Some(netrc) = netrc.first() {
            command.arg("--netrc-file").arg(netrc);
        }
        process::ask(command.arg(path)).with_context(|| format!("copy `{path}` from {from}"))?;
        Ok(())
    }
}
