//! A repository with the sources of this program, whose flake has it as a package and names a cache: a folder, with a key.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used)]

use std::fs;

use crate::sandbox::{Sandbox, WORKING_NIX_CONF, ran};

/// What is compared of the sources.
const PARTS: [&str; 7] = [
    "Cargo.lock",
    "Cargo.toml",
    "xtask/src/main.rs",
    "xtask/standin/flake.nix",
    "xtask/cache-protocol/lib.rs",
    "xtask/secret-patterns/lib.rs",
    "xtask/binary-cache/src/main.rs",
];

/// What the package says before it is this program.
pub const TAKEN: &str = "as the cache has it";

/// Writes the sources and a key; Nix asks what the flake names.
pub fn sources(sandbox: &Sandbox) {
    for part in PARTS {
        sandbox.write(part, part);
    }
    sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}accept-flake-config = true\n"));
    let key = nix(sandbox, &["key", "generate-secret", "--key-name", "fleet-1"]);
    fs::write(sandbox.path("key"), key).unwrap();
}

/// `flake`, with the package `xtask` of the sources `of`, and with the cache.
pub fn flake(sandbox: &Sandbox, flake: &str, of: &str, script: &str) -> String {
    let mut public = sandbox.command("nix");
    public.args(["--extra-experimental-features", "nix-command", "key", "convert-secret-to-public"]);
    let key = ran(public.stdin(fs::File::open(sandbox.path("key")).unwrap())).ends(0).stdout;
    let package = format!(
        r#"packages.x86_64-linux.xtask = derivation {{
      name = "xtask";
      system = "x86_64-linux";
      src = "${{{of}}}";
      builder = "/bin/sh";
      script = ''
        #!/bin/sh
        {script}
      '';
      args = [ "-c" "/bin/mkdir --parents $out/bin; printf %s \"$script\" > $out/bin/xtask; /bin/chmod +x $out/bin/xtask" ];
    }};"#
    );
    let names = format!(
        "{{\n  nixConfig = {{ extra-substituters = [ \"file://{}\" ]; extra-trusted-public-keys = [ \"{key}\" ]; }};",
        sandbox.path("cache").display()
    );
    flake
        .replacen("outputs = { self }: {", &format!("outputs = {{ self }}: {{\n    {package}"), 1)
        .replacen('{', &names, 1)
}

/// A script that says [`TAKEN`], and then is this program.
pub fn this_program() -> String {
    format!("echo {TAKEN} >&2; exec '{}' \"$@\"", env!("CARGO_BIN_EXE_xtask"))
}

/// Builds the package, pushes it into the cache, and has the store forget it.
pub fn fill(sandbox: &Sandbox) {
    let cache = format!("file://{}?secret-key={}", sandbox.path("cache").display(), sandbox.path("key").display());
    let built = nix(sandbox, &["build", "--no-link", "--print-out-paths", ".#xtask"]);
    nix(sandbox, &["copy", "--to", &cache, ".#xtask"]);
    nix(sandbox, &["store", "delete", built.trim()]);
}

fn nix(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let mut nix = sandbox.command("nix");
    ran(nix.args(["--extra-experimental-features", "nix-command flakes"]).args(arguments)).ends(0).stdout
}
