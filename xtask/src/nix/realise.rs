//! Building derivations that are in the store already, on every Nix from 2.8 on.

use std::path::Path;
use std::process::Command;

use super::Nix;

impl Nix {
    /// A call that builds all of `drvs`, keeps going after a failure, logs as internal-json, and keeps the results alive by
    /// links that start with `link`.
    #[must_use]
    pub fn realise(&self, drvs: &[String], jobs: usize, link: &Path) -> Command {
        let mut command = self.command("nix-store");
        command.arg("--realise").args(drvs).arg("--keep-going");
        command.args(["--log-format", "internal-json", "--max-jobs", &jobs.to_string()]);
        command.arg("--add-root").arg(link).arg("--indirect");
        command
    }
}
