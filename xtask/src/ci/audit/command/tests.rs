//! Lines of scripts, each with what it means.

use super::super::shell::{Variables, commands};
use super::*;
use crate::fleet::built_in_kinds;

/// What the commands of a line mean on a machine of x86_64-linux.
fn told(line: &str) -> Vec<String> {
    let kinds = built_in_kinds();
    let machine = Machine { system: Some("x86_64-linux"), kinds: &kinds };
    let named = |targets: &[Target]| targets.iter().map(Target::attr).collect::<Vec<_>>().join(" ");
    let word = |meaning: Meaning| match meaning {
        Meaning::Builds(targets) => format!("builds {}", named(&targets)),
        Meaning::Evaluates(targets) => format!("evaluates {}", named(&targets)),
        Meaning::Says => "says".to_owned(),
        Meaning::Works => "works".to_owned(),
        Meaning::Unknown(why) => format!("unknown: {why}"),
    };
    let found = commands(line, &Variables::new(), true);
    found.iter().flat_map(|command| machine.meanings(&command.words)).map(word).collect()
}

fn check(line: &str, expected: &[&str]) {
    assert_eq!(told(line), expected, "{line}");
}

const WEB: &str = "builds nixosConfigurations.web";

#[test]
fn what_nix_builds() {
    check("nix build", &["builds packages.x86_64-linux.default"]);
    check("nix build .#a .#checks.aarch64-linux.b -L", &["builds packages.x86_64-linux.a checks.aarch64-linux.b"]);
    check("nix build --out-link x .#nixosConfigurations.web.config.system.build.toplevel", &[WEB]);
    check("nix build '.?submodules=1#nixosConfigurations.web.config.system.build.toplevel^out'", &[WEB]);
    check("nix --option a b build --override-input n path:x .#a", &["builds packages.x86_64-linux.a"]);
    check("nix build --dry-run .#nixosConfigurations.web", &["evaluates nixosConfigurations.web"]);
    check("nix build nixpkgs#hello", &["works"]);
    check("nix build .#a nixpkgs#hello", &["builds packages.x86_64-linux.a"]);
    check("nix build .#a..b", &["unknown: which attribute this is"]);
    check("nix build .#{a,b}", &["unknown: which attribute this is"]);
    check("nix build .#$WHICH", &["unknown: which attribute this is"]);
    check("nix build -E '1'", &["unknown: the attribute is none of a flake"]);
    check("nix bundle .#a", &["unknown: what this command of Nix builds"]);
    check("nix eval .#darwinConfigurations.mac.config.users", &["evaluates darwinConfigurations.mac"]);
    check("nix flake metadata", &["works"]);
    check("nix flake check github:a/b", &["works"]);
    check("nix flake frob", &["unknown: what this command of Nix builds"]);
    check("nix --version", &["says"]);
    check("nix develop", &["builds devShells.x86_64-linux.default"]);
    check("nix develop .#docs", &["builds devShells.x86_64-linux.docs"]);
    check("nix run .#deploy", &["builds apps.x86_64-linux.deploy", "works"]);
    check("nix run nixpkgs#hello -- build .#a", &["works", "works"]);
    let found = told("nix flake check");
    assert_eq!(found[0], "builds checks.x86_64-linux.*");
    assert!(found[1].starts_with("evaluates nixosConfigurations.* darwinConfigurations.*"), "{found:?}");
    assert_eq!(told("nix flake check --no-build")[0], "evaluates checks.x86_64-linux.*");
}

#[test]
fn what_stands_around_a_command_does_not_hide_it() {
    let a = "builds packages.x86_64-linux.a";
    for line in [
        "sudo nix build .#a",
        "env X=1 nix build .#a",
        "X=1 timeout --signal KILL 30m nix build .#a",
        "nix develop --command nix build .#a",
        "nix develop .#ci -c nix build .#a",
        "nix shell nixpkgs#jq -c nix build .#a",
        "nix develop -c bash -euc 'nix build .#a'",
        "/usr/bin/nix build .#a > log 2>&1",
    ] {
        check(line, &[a]);
    }
    check("command -v nix", &["works"]);
    check("nix-collect-garbage -d", &["works"]);
    check("nix-instantiate x", &["unknown: what this program builds, if anything"]);
    check("bash build.sh", &["unknown: what this script builds, if anything"]);
    check("make all", &["unknown: what this program builds, if anything"]);
    check("echo a; sops -d x", &["says", "works"]);
}

#[test]
fn what_other_tools_build() {
    let omnix = "builds nixosConfigurations.* legacyPackages.x86_64-linux.homeConfigurations.* packages.x86_64-linux.* \
                 checks.x86_64-linux.* devShells.x86_64-linux.* apps.x86_64-linux.*";
    check("om ci", &[omnix]);
    check("om ci run . --systems x86_64-linux", &[omnix]);
    check("nix run github:juspay/omnix -- ci run", &[omnix]);
    assert!(told("om ci run --systems aarch64-darwin")[0].starts_with("builds darwinConfigurations.* legacyPackages"));
    check("om ci run --systems $S", &["unknown: for which systems this is"]);
    check("om ci run github:a/b", &["unknown: which flake, or which part of it, this is"]);
    check("om ci gh-matrix --systems=a", &["says"]);
    check("om health", &["works"]);
    check("nix-fast-build", &["builds checks.x86_64-linux.*"]);
    check(
        "nix-fast-build --flake .#packages --systems 'x86_64-linux aarch64-linux'",
        &["builds packages.x86_64-linux.* packages.aarch64-linux.*"],
    );
    check("nix-fast-build --flake .#$X", &["unknown: which attribute this is"]);
    check("nix-fast-build --systems $X", &["unknown: for which systems this is"]);
    check("nixos-rebuild build --flake .#web", &[WEB]);
    check("nixos-rebuild dry-build --flake .#web", &["evaluates nixosConfigurations.web"]);
    check("sudo darwin-rebuild switch --flake .#mac", &["builds darwinConfigurations.mac", "works"]);
    check("home-manager build --flake .#a", &["builds homeConfigurations.a"]);
    check("nixos-rebuild build", &["unknown: which configuration this is"]);
    check("cargo xtask build nixos:web*", &["builds nixosConfigurations.web*"]);
    check("cargo xtask build checks.aarch64-linux", &["builds checks.aarch64-linux.*"]);
    check("cargo xtask build $X", &["unknown: which outputs these are"]);
    check("cargo xtask ci lock", &["works"]);
    check("cargo xtask ci --only 'nixos:*'", &["unknown: which outputs these are"]);
    assert!(told("cargo xtask ci build --report-dir x")[0].starts_with("builds nixosConfigurations.*"));
    check("cargo test", &["works"]);
}
