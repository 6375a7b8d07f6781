//! Paths copied between stores and caches by Nix itself: what proves that a cache is one that users can read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Nix;
use crate::process;

/// A derivation that needs nothing but a shell.
const FILE: &str = r#"{ name, text }: derivation {
  inherit name text;
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-c" "echo \"$text\" > $out" ];
}"#;

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

impl EmptyStore<'_> {
    /// Where the store path `path` is on disk: a store below another root is always at `nix/store` there, whatever its paths name.
    #[must_use]
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join("nix/store").join(path.rsplit('/').next().unwrap_or_default())
    }
}

impl Nix {
    /// Builds a file that holds `text` and a newline, and says its store path. It is trusted by its signature alone, as all that
    /// is built is; what is merely added to a store is named by its content, and needs none.
    ///
    /// # Errors
    /// When Nix cannot build here.
    pub fn build_file(&self, name: &str, text: &str) -> Result<String> {
        let mut command = self.command("nix-build");
        command.args(["--no-out-link", "--argstr", "name", name, "--argstr", "text", text, "--expr", FILE]);
        process::ask(&mut command).context("build a file")
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
