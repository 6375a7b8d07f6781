//! The tools that this program's own tests need, brought before they run: a test never skips for want of a tool.

mod debian_root;
mod just;
mod needs;
mod workflows;

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::nix::relocated;
use crate::report::{Console, Mark};
use crate::{debian, sops};

/// The Debian suite whose Nix stands for a modern one.
const MODERN_SUITE: &str = "sid";

/// Brings into `folder` what can be kept there, and onto the machine what must be installed; what is there is left as it is.
///
/// # Errors
/// When something is missing and cannot be brought, or may not be: the error names the command that brings it.
pub fn ensure(console: &Console, folder: &Path, install: bool) -> Result<()> {
    let packages = needs::missing_packages()?;
    if !packages.is_empty() {
        let root = rustix::process::getuid().is_root();
        if !install || !root {
            let sudo = if root { "" } else { "sudo " };
            bail!("the tests need tools that are missing: run `{sudo}apt-get install {}`", packages.join(" "));
        }
        debian::install(console, &packages)?;
        if let still @ [_, ..] = needs::missing_packages()?.as_slice() {
            bail!("installed, and still not found: the programs of {}", still.join(", "));
        }
    }
    kept(
        console,
        install,
        "the pinned sops",
        &folder.join("sops/bin/sops"),
        |path| path.is_file().then(|| "there".to_owned()),
        |path| sops::install(console, path.parent().context("sops has a folder")?),
    )?;
    kept(
        console,
        install,
        "the pinned just",
        &folder.join("just/bin/just"),
        |path| path.is_file().then(|| "there".to_owned()),
        |path| just::PINNED.install(console, path.parent().context("just has a folder")?),
    )?;
    for pinned in workflows::PROGRAMS {
        let bin = folder.join("workflows/bin");
        kept(
            console,
            install,
            &format!("the pinned {}", pinned.program),
            &bin.join(pinned.program),
            |path| path.is_file().then(|| "there".to_owned()),
            |_| pinned.install(console, &bin),
        )?;
    }
    kept(
        console,
        install,
        "check-jsonschema with GitHub's schema",
        &folder.join("check-jsonschema"),
        |path| path.join("check_jsonschema").is_dir().then(|| "there".to_owned()),
        |path| workflows::bring_schema(console, path),
    )?;
    kept(console, install, "a modern Nix", &folder.join("nix-modern"), relocated::version_in, |path| {
        require_root()?;
        relocated::bring(console, MODERN_SUITE, path)
    })?;
    kept(console, install, "a fresh Debian", &folder.join("debian-root"), debian_root::version_in, |path| {
        require_root()?;
        debian_root::bring(console, path)
    })
}

/// Leaves a kept tool as it is, or brings it.
fn kept(
    console: &Console,
    install: bool,
    name: &str,
    path: &Path,
    found: impl Fn(&Path) -> Option<String>,
    bring: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if let Some(version) = found(path) {
        console.detail(&format!("{name}: {version}"));
        return Ok(());
    }
    if !install {
        bail!("the tests need {name} in `{}`: run `cargo xtask test` without --no-install", path.display());
    }
    bring(path)?;
    console.mark(Mark::Ok, &format!("{name}: brought into `{}`", path.display()));
    Ok(())
}

fn require_root() -> Result<()> {
    if !rustix::process::getuid().is_root() {
        bail!("unpacking Debian packages needs root: run `sudo --preserve-env cargo xtask test` once");
    }
    Ok(())
}
