//! A fleet of three hosts for tests of `diff`, and what a comparison answered.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use serde_json::Value;

use crate::sandbox::{Ran, Sandbox, TestNix};

/// A fleet whose hosts are the files below `hosts`; a host is a list of modules, and what they say is built into `etc`.
pub const FLEET: &str = r#"{
  outputs = { self }:
    let
      drv = name: more: derivation ({
        inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo \"$needs\" > $out" ];
      } // more);
      host = file:
        let
          name = builtins.replaceStrings [ ".nix" ] [ "" ] file;
          said = map (module: module { inherit self drv; }) (import (./hosts + "/${file}")).modules;
          etc = drv "etc" { needs = builtins.toString said; };
        in
        { inherit name; value.config.system.build.toplevel = drv "system-${name}" { needs = "${etc}"; }; };
    in
    { nixosConfigurations = builtins.listToAttrs (map host (builtins.attrNames (builtins.readDir ./hosts))); };
}
"#;

/// A sandbox with such a fleet, committed: `web` and `mail` use the module `motd`, `db` does not.
pub fn fleet(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    sandbox.write("flake.nix", FLEET);
    sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd-1.0\" { text = \"hello\"; }\n");
    sandbox.write("modules/disk.nix", "{ drv, ... }: drv \"disk\" { }\n");
    let host = |modules: &str| format!("{{ modules = [ {modules} ]; }}\n");
    sandbox.write("hosts/web.nix", &host("(import ../modules/motd.nix)"));
    sandbox.write("hosts/mail.nix", &host("(import ../modules/motd.nix) (import ../modules/disk.nix)"));
    sandbox.write("hosts/db.nix", &host("(import ../modules/disk.nix)"));
    sandbox.write("README.md", "A fleet.\n");
    sandbox.commit("first");
    sandbox
}

/// The answer of `--json`.
pub fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// Each output with what was done to it, and the files by which, as `web changed modules/motd.nix`.
pub fn changes(ran: &Ran) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answer = json(ran);
    let line = |output: &Value| {
        let mut line = text(&output["attr"]).replace("nixosConfigurations.", "") + " " + &text(&output["change"]);
        if let Some(was) = output["was"].as_str() {
            line += &format!(" was {}", was.replace("nixosConfigurations.", ""));
        }
        for file in output["by"]["files"].as_array().into_iter().flatten() {
            line += &format!(" {}", text(file));
        }
        line
    };
    let mut lines: Vec<String> = answer["outputs"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

/// Compares the repository with its first commit.
pub fn diff(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.run(&[&["diff", "--base", "HEAD~1", "--json"], more].concat())
}
