//! A place whose flake names a binary cache, and what its Nix makes of that.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;

use crate::sandbox::{FLAKE, Sandbox, TestNix, ran};

/// The cache.
pub const CACHE: &str = "https://fleet.cachix.org";
/// Its key.
pub const KEY: &str = "fleet.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";

/// A place whose flake names a cache.
pub fn fleet(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    name_cache(&sandbox, CACHE, KEY);
    sandbox
}

/// Has the flake name another cache.
pub fn name_cache(sandbox: &Sandbox, cache: &str, key: &str) {
    let config = format!(
        "{{\n  nixConfig = {{ extra-substituters = [ \"{cache}\" ]; extra-trusted-public-keys = [ \"{key}\" ]; }};"
    );
    sandbox.write("flake.nix", &FLAKE.replacen('{', &config, 1));
}

/// The nix.conf that belongs to who runs the tests.
pub fn nix_conf(sandbox: &Sandbox) -> PathBuf {
    match rustix::process::getuid().is_root() {
        true => sandbox.path("nix-conf/nix.conf"),
        false => sandbox.home().join(".config/nix/nix.conf"),
    }
}

/// The words of a setting, as Nix has it.
pub fn setting(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let shown = ran(sandbox.command("nix").args(["show-config"])).ends(0);
    let line = shown.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name} ="))).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}
