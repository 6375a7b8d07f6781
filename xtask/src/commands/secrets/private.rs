//! A private folder for what must not stay: keys and plain text, in memory where there is such a place.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::interrupt;

/// A file system that Linux keeps in memory.
const MEMORY: &str = "/dev/shm";

/// Makes the folder, which nobody else can look into. It is removed when it is dropped: after success, failure, and a signal, which
/// this program counts and does not die of.
///
/// # Errors
/// When it cannot be made.
pub fn folder() -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    // The number tells whose it is, should the program be killed with no time to remove it.
    let prefix = format!("xtask-secrets-{}-", std::process::id());
    let builder = builder.prefix(&prefix).permissions(Permissions::from_mode(0o700));
    let memory = Path::new(MEMORY);
    let made = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
    // A container may have the folder, and not let anybody write there.
    made.or_else(|_| builder.tempdir()).context("make a private folder")
}

/// Has a crash of this program leave no copy of its memory: to be called before something is decrypted into it.
///
/// # Errors
/// When the system does not allow that.
pub fn leave_no_copy() -> Result<()> {
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    setrlimit(Resource::Core, limit).context("have a crash leave no copy of the memory")
}

/// Ends the work if the user asked for it.
///
/// # Errors
/// When a signal came.
pub fn go_on() -> Result<()> {
    if interrupt::count() > 0 {
        bail!("interrupted");
    }
    Ok(())
}
