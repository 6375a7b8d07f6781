//! Activation of real configurations: what is built is looked into, and a missing program is never taken for clean.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use sandbox::{Sandbox, TestNix, tool};

/// A flake with one host and one home, whose derivations say that they make scripts; the host's then makes `file`.
fn flake(file: &str) -> String {
    let text = r#"{
  outputs = { self }: {
    nixosConfigurations.web.config.system.build.toplevel = derivation {
      name = "web";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "/bin/mkdir -p $out/bin && echo > $out/FILE # and not /activate" ];
    };
    homeConfigurations."ada@web".activationPackage = derivation {
      name = "ada";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "/bin/mkdir $out && echo > $out/activate" ];
    };
  };
}
"#;
    text.replace("FILE", file)
}

fn sandbox(file: &str) -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &flake(file));
    sandbox
}

#[test]
fn what_is_built_is_looked_into() {
    for file in ["activate", "bin/switch-to-configuration"] {
        let sandbox = sandbox(file);
        sandbox.run(&["activation"]).ends(0);
        sandbox.run(&["build"]).ends(0);
        sandbox.run(&["activation"]).ends(0).says(&["activation: no problem"]);
    }
    let sandbox = sandbox("activat");
    // The derivation says that it makes a script, and does not.
    sandbox.run(&["activation"]).ends(0);
    sandbox.run(&["build"]).ends(0);
    let fault = "`nixosConfigurations.web`: it cannot be activated: what it builds has neither `activate` nor";
    sandbox.run(&["activation"]).ends(1).says(&[fault, "activation: 1 problem"]);
    sandbox.run(&["ci", "activation"]).ends(1).says(&[fault]);
}

#[test]
fn a_missing_just_is_could_not_check() {
    let mut sandbox = sandbox("activate");
    sandbox.write("justfile", "web:\n    nixos-rebuild switch --flake '.#web'\n");
    sandbox.run(&["activation"]).ends(0);
    sandbox.write("xtask.toml", "[activation]\nrecipes = [\"web\"]\n");
    sandbox.run(&["activation"]).ends(0);
    let just = tool("just/bin/just").parent().unwrap().to_owned();
    let path = std::env::join_paths(
        std::iter::once(TestNix::Modern.bin())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()))
            .filter(|folder| *folder != just && !folder.join("just").is_file()),
    );
    sandbox.set("PATH", path.unwrap().to_str().unwrap());
    sandbox.run(&["activation"]).ends(2).says(&["`just` is not installed", "names recipes of `justfile`"]);
}

#[test]
fn recipes_are_not_run() {
    let sandbox = sandbox("activate");
    sandbox.write("justfile", "web:\n    touch ran\n    nixos-rebuild switch --flake '.#web'\n");
    sandbox.write("xtask.toml", "[activation]\nrecipes = [\"web\"]\n");
    sandbox.run(&["activation"]).ends(0);
    assert!(!sandbox.repository().join("ran").exists());
}
