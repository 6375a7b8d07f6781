//! Debian's package tools: apt, mmdebstrap, and the mirror that apt is set up with.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::report::Console;

/// Whether apt has lists of packages, below the root folder of a machine; images of containers are shipped without.
#[must_use]
pub fn package_lists_known(root: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(root.join("var/lib/apt/lists")) else { return false };
    entries.filter_map(Result::ok).any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

/// The call that installs packages and nothing that they only recommend.
#[must_use]
pub fn install_command(packages: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Installs packages, after learning which there are where that is not known.
///
/// # Errors
/// When apt fails.
pub fn install(console: &Console, packages: &[&str]) -> Result<()> {
    learn_packages(console)?;
    process::act(console, &mut install_command(packages))
}

/// Fetches apt's lists where there are none.
fn learn_packages(console: &Console) -> Result<()> {
    if package_lists_known(&crate::context::system_root()) {
        return Ok(());
    }
    process::act(console, Command::new("apt-get").arg("update"))
}

/// The mirror that apt is set up with.
fn mirror(console: &Console) -> Result<String> {
    learn_packages(console)?;
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let answer = process::ask(&mut command).context("find the mirror that apt is set up with")?;
    match answer.lines().find(|line| !line.is_empty() && !line.contains("security")) {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!("apt knows no mirror: run `apt-get update`"),
    }
}

/// Unpacks `packages` of `suite` with all they need into `folder`, without running any of their scripts.
///
/// # Errors
/// When mmdebstrap fails.
pub fn unpack(console: &Console, suite: &str, packages: &str, folder: &Path) -> Result<()> {
    // Programs and libraries are wanted, not what is read by people.
    bootstrap(console, "extract", suite, packages, folder, &["--dpkgopt=path-exclude=/usr/share/*"])
}

/// Installs the smallest Debian of `suite` that has apt, and `packages`, into `folder`.
///
/// # Errors
/// When mmdebstrap fails.
pub fn install_root(console: &Console, suite: &str, packages: &str, folder: &Path) -> Result<()> {
    bootstrap(console, "minbase", suite, packages, folder, &[])
}

fn bootstrap(
    console: &Console,
    variant: &str,
    suite: &str,
    packages: &str,
    folder: &Path,
    more: &[&str],
) -> Result<()> {
    let mirror = mirror(console)?;
    let variant = format!("--variant={variant}");
    let include = format!("--include={packages}");
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--quiet", "--mode=root", &variant, &include])
        .args(["--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Check-Valid-Until \"false\""])
        .args(more)
        .arg(suite)
        .arg(folder)
        .arg(&mirror);
    console.command(&format!("mmdebstrap {variant} {include} {suite} {}", folder.display()));
    process::ask(&mut command).map(drop)
}
