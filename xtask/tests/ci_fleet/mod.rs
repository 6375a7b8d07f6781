//! A fleet of two hosts for tests of which jobs and outputs of `ci` run, and what a run came to.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used)]

use std::fs;

use serde_json::Value;

use crate::sandbox::{Ran, Sandbox, TestNix};

/// A flake whose hosts are the files below `hosts`.
pub const FLEET: &str = r#"{
  outputs = { self }: {
    nixosConfigurations = builtins.listToAttrs (map (file: {
      name = builtins.replaceStrings [ ".nix" ] [ "" ] file;
      value = import (./hosts + "/${file}");
    }) (builtins.attrNames (builtins.readDir ./hosts)));
  };
}
"#;

/// A host that builds with `script`, and with which no validation finds fault.
pub fn host(name: &str, script: &str) -> String {
    format!(
        r#"let toplevel = derivation {{
  name = "{name}";
  system = "x86_64-linux";
  builder = "/bin/sh";
  args = [ "-c" "/bin/mkdir $out; echo > $out/activate; {script}" ];
}};
in {{
  config = {{
    networking.hostName = "{name}";
    system = {{ build = {{ inherit toplevel; }}; stateVersion = "25.11"; }};
    nixpkgs.hostPlatform.system = "x86_64-linux";
  }};
  pkgs.stdenv.hostPlatform.system = "x86_64-linux";
}}
"#
    )
}

/// A fleet of the hosts `atlas` and `borea`, and some documentation, committed.
pub fn fleet(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix).with_client();
    sandbox.write("flake.nix", FLEET);
    sandbox.write("hosts/atlas.nix", &host("atlas", "echo built"));
    sandbox.write("hosts/borea.nix", &host("borea", "echo built"));
    sandbox.write("docs/a.md", "A fleet.\n");
    sandbox.commit("first");
    sandbox
}

/// `cargo xtask ci` with these arguments.
pub fn ci(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["ci"], arguments].concat())
}

/// `name: status` of each of the things in the report: `jobs` by `name`, `outputs` by `attr`.
pub fn statuses(sandbox: &Sandbox, things: &str, name: &str) -> Vec<String> {
    let report: Value = serde_json::from_slice(&fs::read(sandbox.path("state/report/report.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let things = report[things].as_array().unwrap().iter();
    things.map(|thing| format!("{}: {}", text(&thing[name]), text(&thing["status"]))).collect()
}

/// What became of each host, in the order of their names.
pub fn hosts(sandbox: &Sandbox) -> Vec<String> {
    let all = statuses(sandbox, "outputs", "attr");
    all.into_iter().map(|line| line.replace("nixosConfigurations.", "")).collect()
}

/// The jobs that a plan with these arguments has run.
pub fn planned(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let ran = ci(sandbox, &[&["--plan", "--json"], arguments].concat()).ends(0);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let runs = plan["jobs"].as_array().unwrap().iter().filter(|job| job["left_out"].is_null());
    runs.map(|job| job["name"].as_str().unwrap().to_owned()).collect()
}
