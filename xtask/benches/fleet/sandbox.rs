//! A private store, home and environment for one contender, so that its cold run is cold and nobody else's results help it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::measure::succeed;

/// The same for every contender: nothing is fetched, every core builds.
const NIX_CONFIG: &str = "\
experimental-features = nix-command flakes
sandbox = false
substitute = false
use-registries = false
build-users-group =
max-jobs = auto
warn-dirty = false";

/// A folder with a store of its own.
#[derive(Debug)]
pub struct Sandbox {
    root: PathBuf,
    path: OsString,
}

impl Sandbox {
    /// An empty store below `root`, initialised, for programs found on `path`.
    ///
    /// # Errors
    /// When Nix cannot make it.
    pub fn new(root: &Path, path: &OsStr) -> Result<Self> {
        let sandbox = Self { root: root.to_owned(), path: path.to_owned() };
        for folder in ["home", "tmp"] {
            std::fs::create_dir_all(root.join(folder)).context("make a sandbox")?;
        }
        // Two processes that meet an empty state folder can fail on a busy database.
        succeed(sandbox.command("nix-store").arg("--init"))?;
        Ok(sandbox)
    }

    /// A call of `program` that sees nothing but this sandbox.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let folder = |name: &str| self.root.join(name);
        command
            .env_clear()
            .env("PATH", &self.path)
            .env("LC_ALL", "C")
            .env("HOME", folder("home"))
            .env("XDG_CACHE_HOME", folder("home/.cache"))
            .env("TMPDIR", folder("tmp"))
            .env("NIX_STORE_DIR", folder("store"))
            .env("NIX_STATE_DIR", folder("var"))
            .env("NIX_LOG_DIR", folder("log"))
            .env("NIX_CONF_DIR", folder("etc"))
            .env("NIX_CONFIG", NIX_CONFIG)
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// Where a program under test keeps its state.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Puts the locked inputs of `repository` into the store, as they are on a machine that has ever evaluated it.
    ///
    /// # Errors
    /// When Nix cannot fetch them.
    pub fn fetch_inputs(&self, repository: &Path) -> Result<()> {
        succeed(self.command("nix").args(["flake", "archive"]).current_dir(repository))
    }
}

/// Removes `folder` with the stores in it, whose own folders are read-only.
///
/// # Errors
/// When something in it cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let removing = || format!("remove `{}`", folder.display());
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.with_context(removing)?;
        // A folder is opened up before the walk goes on to what is in it; reading it was allowed all along.
        if entry.file_type().is_dir() {
            std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o755)).with_context(removing)?;
        }
    }
    std::fs::remove_dir_all(folder).with_context(removing)
}
