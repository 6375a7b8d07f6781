//! Whole fleets with the stand-in inputs, on real Nix: this repository's own, other people's layouts, and broken ones.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use sandbox::{Sandbox, TestNix, program};
use serde::Deserialize;

/// The answer of `--json`, as far as it matters here.
#[derive(Deserialize)]
struct Answer {
    inputs: String,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    attr: String,
    system: Option<String>,
    status: String,
    reason: Option<String>,
    place: Option<Place>,
    outputs: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Place {
    file: String,
    line: u32,
}

/// A sandbox with the tracked files of this repository.
fn own_fleet(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut git = Command::new(program("git", "apt-get install git"));
    let names = git.arg("-C").arg(root).args(["ls-files", "-z"]).output().unwrap().stdout;
    let names = String::from_utf8(names).unwrap();
    // A file that was removed and is not committed yet is still listed.
    for name in names.split('\0').filter(|name| !name.is_empty() && root.join(name).is_file()) {
        let copy = sandbox.repository().join(name);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(root.join(name), copy).unwrap();
    }
    track_everything(&sandbox);
    sandbox
}

/// A sandbox with the files of a folder of `tests/fixtures`.
fn fixture(nix: TestNix, name: &str) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for entry in walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let copy = sandbox.repository().join(entry.path().strip_prefix(&folder).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(entry.path(), copy).unwrap();
    }
    track_everything(&sandbox);
    sandbox
}

fn track_everything(sandbox: &Sandbox) {
    let mut git = sandbox.command(program("git", "apt-get install git"));
    assert!(git.args(["add", "--force", "--all"]).status().unwrap().success());
}

/// Lists and builds a fleet with the stand-in, and checks that everything says so; what is listed must be as expected, whatever
/// lists it.
fn check(open: impl Fn(TestNix) -> Sandbox, expected: &Expect) {
    let [distribution, modern] = TestNix::ALL.map(|nix| listed_and_built(nix, &open(nix)));
    expected.assert_eq(&distribution);
    assert_eq!(modern, distribution);
}

fn listed_and_built(nix: TestNix, sandbox: &Sandbox) -> String {
    let listed = sandbox.run(&["outputs", "--inputs", "standin"]).ends(0).says(&["STAND-IN INPUTS (as asked)"]).stdout;
    let built = sandbox.run(&["build", "--inputs", "standin", "--json"]).ends(0);
    let built = built.says(&["STAND-IN INPUTS (as asked)", "may be pushed or activated"]);
    let answer: Answer = serde_json::from_str(&built.stdout).unwrap();
    assert_eq!(answer.inputs, "stand-in");
    assert_eq!(answer.outputs.len(), listed.lines().count());
    for Output { attr, system, status, outputs, .. } in answer.outputs {
        let out = outputs.get("out").unwrap_or_else(|| panic!("{nix:?}: {attr} has no result"));
        let expected: &[&str] = match system.as_deref() {
            Some("x86_64-linux") => &["built", "present"],
            Some(_) => &["skipped"],
            // An app says no system: that of what it runs decides.
            None => &["built", "present", "skipped"],
        };
        assert!(expected.contains(&status.as_str()), "{nix:?}: {attr} is {status}");
        assert!(out.ends_with("-stand-in"), "{nix:?}: {attr} does not say what it is: {out}");
        assert_eq!(Path::new(out).exists(), status != "skipped", "{nix:?}: {attr} is {status}, and {out}");
    }
    listed
}

#[test]
fn this_repositorys_fleet() {
    check(
        own_fleet,
        &expect![[r#"
        nixos      x86_64-linux    nixosConfigurations.blackphos-nixos
        nixos      aarch64-linux   nixosConfigurations.orb-nixos
        nixos      x86_64-linux    nixosConfigurations.stibnite-nixos
        darwin     aarch64-darwin  darwinConfigurations.blackphos
        darwin     aarch64-darwin  darwinConfigurations.stibnite
        home       aarch64-darwin  homeConfigurations."crs58@stibnite"
        home       x86_64-linux    homeConfigurations."raquel@blackphos"
        home       x86_64-linux    homeConfigurations."runner@blackphos"
        home       x86_64-linux    homeConfigurations."runner@stibnite"
        home       aarch64-darwin  legacyPackages.aarch64-darwin.homeConfigurations."crs58@stibnite"
        home       x86_64-linux    legacyPackages.x86_64-linux.homeConfigurations."raquel@blackphos"
        home       x86_64-linux    legacyPackages.x86_64-linux.homeConfigurations."runner@blackphos"
        home       x86_64-linux    legacyPackages.x86_64-linux.homeConfigurations."runner@stibnite"
        package    aarch64-darwin  packages.aarch64-darwin.default
        package    aarch64-darwin  packages.aarch64-darwin.xtask
        package    aarch64-linux   packages.aarch64-linux.default
        package    aarch64-linux   packages.aarch64-linux.xtask
        package    x86_64-linux    packages.x86_64-linux.default
        package    x86_64-linux    packages.x86_64-linux.xtask
        check      aarch64-darwin  checks.aarch64-darwin.formatting
        check      aarch64-darwin  checks.aarch64-darwin.xtask
        check      aarch64-linux   checks.aarch64-linux.formatting
        check      aarch64-linux   checks.aarch64-linux.xtask
        check      x86_64-linux    checks.x86_64-linux.formatting
        check      x86_64-linux    checks.x86_64-linux.xtask
        devshell   aarch64-darwin  devShells.aarch64-darwin.default
        devshell   aarch64-linux   devShells.aarch64-linux.default
        devshell   x86_64-linux    devShells.x86_64-linux.default
        app                        apps.aarch64-darwin.default
        app                        apps.aarch64-darwin.xtask
        app                        apps.aarch64-linux.default
        app                        apps.aarch64-linux.xtask
        app                        apps.x86_64-linux.default
        app                        apps.x86_64-linux.xtask
        formatter  aarch64-darwin  formatter.aarch64-darwin
        formatter  aarch64-linux   formatter.aarch64-linux
        formatter  x86_64-linux    formatter.x86_64-linux
    "#]],
    );
}

#[test]
fn a_fleet_of_flake_parts_and_nixos_unified() {
    check(
        |nix| fixture(nix, "flake-parts-unified"),
        &expect![[r#"
        nixos      x86_64-linux    nixosConfigurations.web
        darwin     aarch64-darwin  darwinConfigurations.mac
        home       aarch64-darwin  legacyPackages.aarch64-darwin.homeConfigurations."ada@web"
        home       aarch64-linux   legacyPackages.aarch64-linux.homeConfigurations."ada@web"
        home       x86_64-linux    legacyPackages.x86_64-linux.homeConfigurations."ada@web"
        package    aarch64-darwin  packages.aarch64-darwin.activate
        package    aarch64-darwin  packages.aarch64-darwin.default
        package    aarch64-darwin  packages.aarch64-darwin.update
        package    aarch64-linux   packages.aarch64-linux.activate
        package    aarch64-linux   packages.aarch64-linux.default
        package    aarch64-linux   packages.aarch64-linux.update
        package    x86_64-linux    packages.x86_64-linux.activate
        package    x86_64-linux    packages.x86_64-linux.default
        package    x86_64-linux    packages.x86_64-linux.update
        devshell   aarch64-darwin  devShells.aarch64-darwin.default
        devshell   aarch64-linux   devShells.aarch64-linux.default
        devshell   x86_64-linux    devShells.x86_64-linux.default
        formatter  aarch64-darwin  formatter.aarch64-darwin
        formatter  aarch64-linux   formatter.aarch64-linux
        formatter  x86_64-linux    formatter.x86_64-linux
    "#]],
    );
}

#[test]
fn a_fleet_with_unknown_inputs() {
    check(
        |nix| fixture(nix, "unknown-input"),
        &expect![[r#"
        nixos  x86_64-linux  nixosConfigurations.web
    "#]],
    );
}
