//! git: its version, and the state of a repository that flakes care about.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// What `git --version` prints, or `None` where there is no git.
///
/// # Errors
/// When a git that is there fails.
pub fn version() -> Result<Option<String>> {
    if which::which("git").is_err() {
        return Ok(None);
    }
    process::ask(Command::new("git").arg("--version")).map(Some)
}

/// What a flake's repository looks like to git.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repository {
    /// Whether flake.nix is in git's index; flakes see nothing else.
    pub flake_tracked: bool,
    /// `*.nix` files that git neither tracks nor ignores.
    pub untracked_nix: Vec<String>,
    /// Whether history was cut off when it was cloned.
    pub shallow: bool,
}

/// Reads the state of the repository at `folder`; `None` where it is none.
///
/// # Errors
/// When git fails, for example because the folder belongs to somebody else.
pub fn repository(folder: &Path) -> Result<Option<Repository>> {
    if !folder.join(".git").exists() {
        return Ok(None);
    }
    let git = |arguments: &[&str]| process::ask(Command::new("git").arg("-C").arg(folder).args(arguments));
    let names = |text: String| text.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let untracked = git(&["ls-files", "-z", "--others", "--exclude-standard", "--", "*.nix"])?;
    Ok(Some(Repository {
        flake_tracked: !git(&["ls-files", "-z", "--", "flake.nix"])?.is_empty(),
        untracked_nix: names(untracked),
        shallow: git(&["rev-parse", "--is-shallow-repository"])? == "true",
    }))
}

/// The user who owns `folder`, as a number: git and Nix refuse a repository of somebody else.
///
/// # Errors
/// When the folder cannot be looked at.
pub fn owner(folder: &Path) -> Result<u32> {
    Ok(folder.metadata().with_context(|| format!("look at `{}`", folder.display()))?.uid())
}
