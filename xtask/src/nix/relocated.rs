//! A second Nix beside the machine's own: another version out of a Debian suite, made to run from any folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::report::Console;
use crate::{debian, process};

/// The programs that one binary answers to.
const NAMES: [&str; 11] = [
    "nix-build",
    "nix-collect-garbage",
    "nix-copy-closure",
    "nix-daemon",
    "nix-env",
    "nix-hash",
    "nix-instantiate",
    "nix-prefetch-url",
    "nix-shell",
    "nix-store",
    "nix-channel",
];

/// The Debian package with the programs, and the one the machine's own Nix comes in.
pub const PACKAGE: &str = "nix-bin";

/// The version line of the Nix in `folder`, if it is there and starts from where it is now.
#[must_use]
pub fn version_in(folder: &Path) -> Option<String> {
    process::ask(Command::new(folder.join("bin/nix")).arg("--version")).ok()
}

/// Brings the Nix of a Debian suite into `folder`, whole or not at all.
///
/// # Errors
/// When the packages cannot be had, or the result does not start.
pub fn bring(console: &Console, suite: &str, folder: &Path) -> Result<()> {
    let what = || format!("bring the Nix of Debian {suite}");
    let above = folder.parent().with_context(what)?;
    fs::create_dir_all(above).with_context(what)?;
    let work = tempfile::Builder::new().prefix(".nix-").tempdir_in(above).with_context(what)?;
    let (root, made) = (work.path().join("root"), work.path().join("made"));
    debian::unpack(console, suite, PACKAGE, &root).with_context(what)?;
    relocate(&root, &made, folder).with_context(what)?;
    if folder.exists() {
        // What is there does not start: the caller has tried it.
        fs::remove_dir_all(folder).with_context(what)?;
    }
    fs::rename(&made, folder).with_context(what)?;
    match version_in(folder) {
        Some(_) => Ok(()),
        None => bail!("the Nix of Debian {suite} does not start from `{}`", folder.display()),
    }
}

/// Copies the program and its libraries out of `root` into `made`, to be run from `destination`.
fn relocate(root: &Path, made: &Path, destination: &Path) -> Result<()> {
    let libraries = root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    let loader = loader_in(&libraries)?;
    fs::create_dir_all(made.join("bin"))?;
    fs::create_dir_all(made.join("lib"))?;
    let program = root.join("usr/bin/nix");
    let listed = process::ask(Command::new(&loader).arg("--library-path").arg(&libraries).arg("--list").arg(&program))?;
    for library in needed(&listed) {
        let name = library.file_name().context("a library without a name")?;
        fs::copy(&library, made.join("lib").join(name)).with_context(|| format!("copy `{}`", library.display()))?;
    }
    let loader_name = loader.file_name().context("a loader without a name")?;
    fs::copy(&loader, made.join("lib").join(loader_name))?;
    fs::copy(&program, made.join("bin/nix"))?;
    let lib = destination.join("lib");
    process::ask(
        Command::new("patchelf")
            .arg("--set-interpreter")
            .arg(lib.join(loader_name))
            .arg("--force-rpath")
            .arg("--set-rpath")
            .arg(&lib)
            .arg(made.join("bin/nix")),
    )?;
    for name in NAMES {
        symlink("nix", made.join("bin").join(name))?;
    }
    Ok(())
}

fn loader_in(libraries: &Path) -> Result<PathBuf> {
    let names = ["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"];
    match names.iter().map(|name| libraries.join(name)).find(|path| path.is_file()) {
        Some(loader) => Ok(loader),
        None => bail!("no program loader in `{}`", libraries.display()),
    }
}

/// The files in what a program loader lists: `libc.so.6 => /path/libc.so.6 (0x…)`.
fn needed(listed: &str) -> Vec<PathBuf> {
    let file = |line: &str| {
        let (_, rest) = line.split_once(" => ")?;
        rest.split_whitespace().next().filter(|path| path.starts_with('/')).map(PathBuf::from)
    };
    listed.lines().filter_map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_loader_lists() {
        let listed = "\tlibnix.so => /r/usr/lib/libnix.so (0x1)\n\tlibc.so.6 => /r/libc.so.6 (0x2)\n\t/lib64/ld.so => /r/ld.so (0x3)\n\tvdso.so (0x4)\n";
        assert_eq!(needed(listed), ["/r/usr/lib/libnix.so", "/r/libc.so.6", "/r/ld.so"].map(PathBuf::from));
    }
}
