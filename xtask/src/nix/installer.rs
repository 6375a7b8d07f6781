//! Where a Nix comes from on a machine that has none: the distribution's package, else the official installer.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::report::Console;

/// The official installer, which asks root itself.
pub const INSTALLER: &str = "https://nixos.org/nix/install";

/// The host that serves it, for finding out whether it can be reached.
pub const INSTALLER_HOST: &str = "nixos.org";

/// Debian's packages of Nix; the second brings the daemon, which only systemd starts.
#[must_use]
pub fn debian_packages(systemd: bool) -> Vec<&'static str> {
    if systemd { vec!["nix-bin", "nix-setup-systemd"] } else { vec!["nix-bin"] }
}

/// What a person would type to run the official installer.
#[must_use]
pub fn installer_by_hand(systemd: bool) -> String {
    format!("curl --location {INSTALLER} | sh -s -- {} --yes --no-channel-add", mode(systemd))
}

/// Downloads the official installer into `folder` and runs it.
///
/// # Errors
/// When it cannot be downloaded, or fails.
pub fn run_installer(console: &Console, folder: &Path, systemd: bool) -> Result<()> {
    let script = folder.join("install");
    process::act(
        console,
        Command::new("curl")
            .args(["--proto", "=https", "--tlsv1.2", "--silent", "--show-error", "--fail", "--location", INSTALLER])
            .arg("--output")
            .arg(&script),
    )?;
    process::act(console, Command::new("sh").arg(&script).args([mode(systemd), "--yes", "--no-channel-add"]))
}

/// The daemon of the official installer is started by systemd or launchd, and by nothing else.
fn mode(service_manager: bool) -> &'static str {
    if service_manager { "--daemon" } else { "--no-daemon" }
}
