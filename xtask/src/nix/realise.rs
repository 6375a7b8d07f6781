//! Building derivations that are in the store already, and what store paths lead to, on every Nix from 2.8 on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Nix;
use super::store::PATHS_PER_CALL;
use crate::process;

impl Nix {
    /// A call that builds all of `drvs`, keeps going after a failure, logs as internal-json, and keeps the results alive by
    /// links that start with `link`.
    ///
    /// With `substituters`, no others are asked: one that is known to be in trouble would fail every build that asks it, and
    /// `--fallback`, which is meant for that, makes Nix 2.8 abort.
    #[must_use]
    pub fn realise(&self, drvs: &[String], jobs: usize, link: &Path, substituters: Option<&[String]>) -> Command {
        let mut command = self.command("nix-store");
        command.arg("--realise").args(drvs).arg("--keep-going");
        command.args(["--log-format", "internal-json", "--max-jobs", &jobs.to_string()]);
        if let Some(substituters) = substituters {
            command.args(["--option", "substituters", &substituters.join(" ")]);
        }
        command.arg("--add-root").arg(link).arg("--indirect");
        command
    }

    /// The store paths that `paths` refer to, they themselves included.
    ///
    /// # Errors
    /// When one is not in the store.
    pub fn closure(&self, paths: &[String]) -> Result<Vec<String>> {
        let answer = process::ask(self.command("nix-store").args(["--query", "--requisites"]).args(paths));
        Ok(answer.context("ask Nix for the closure")?.lines().map(str::to_owned).collect())
    }

    /// For each of `paths`, the derivation that made it, if that is known.
    ///
    /// # Errors
    /// When one is not in the store.
    pub fn derivers(&self, paths: &[String]) -> Result<Vec<Option<String>>> {
        let mut derivers = Vec::with_capacity(paths.len());
        for chunk in paths.chunks(PATHS_PER_CALL) {
            let answer = process::ask(self.command("nix-store").args(["--query", "--deriver"]).args(chunk))?;
            // What is not known is said in a word that is no path.
            derivers.extend(answer.lines().map(|line| Some(line.to_owned()).filter(|line| line.starts_with('/'))));
        }
        Ok(derivers)
    }

    /// All that `paths` refer to, themselves included, with the bytes of each.
    ///
    /// # Errors
    /// When the store cannot be asked, or does not have one of them.
    pub fn closure_paths(&self, paths: &[String]) -> Result<BTreeMap<String, u64>> {
        let mut sizes = BTreeMap::new();
        for chunk in paths.chunks(PATHS_PER_CALL) {
            let mut command = self.command("nix");
            command.args(["path-info", "--recursive", "--size", "--offline"]).args(chunk);
            for line in process::ask(&mut command)?.lines() {
                let mut words = line.split_whitespace();
                if let (Some(path), Some(Ok(size))) = (words.next(), words.next().map(str::parse)) {
                    sizes.insert(path.to_owned(), size);
                }
            }
        }
        Ok(sizes)
    }
}
