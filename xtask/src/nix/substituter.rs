//! What Nix makes of one cache: whether it can open such a store at all, and what it remembers of it.

use anyhow::Result;

use super::Nix;
use crate::process;

impl Nix {
    /// Whether this Nix knows stores of the kind of `url`, such as `s3://…`: some are built without.
    ///
    /// # Errors
    /// When Nix cannot be started.
    pub fn knows_stores_like(&self, url: &str) -> Result<bool> {
        let output = process::probe(self.asking_one().command("nix").args(["store", "ping", "--store", url]))?;
        Ok(output.status.success()
            || !String::from_utf8_lossy(&output.stderr).contains("don't know how to open Nix store"))
    }

    /// Whether Nix says that the cache at `url` lacks `path`: from memory, if it has asked before.
    ///
    /// # Errors
    /// When Nix cannot be started.
    pub fn says_it_lacks(&self, url: &str, path: &str) -> Result<bool> {
        let output = process::probe(self.asking_one().command("nix").args(["path-info", "--store", url, path]))?;
        Ok(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("is not valid"))
    }

    /// The same Nix, asking no other cache and nobody twice: newer ones would look for the path everywhere first.
    fn asking_one(&self) -> Self {
        self.clone().with_setting("substitute = false").with_setting("download-attempts = 1")
    }
}
