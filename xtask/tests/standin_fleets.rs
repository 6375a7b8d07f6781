//! Whole fleets with the stand-in inputs, on real Nix: this repository's own, other people's layouts, and broken ones.

// What goes wrong in a helper fails the test.
#![allow(clippy::panic, clippy::unwrap_used)]

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
    let built = built.says(&["STAND-IN INPUTS (as asked)", "may leave this machine or be activated"]);
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
            app        aarch64-darwin  apps.aarch64-darwin.default
            app        aarch64-darwin  apps.aarch64-darwin.xtask
            app        aarch64-linux   apps.aarch64-linux.default
            app        aarch64-linux   apps.aarch64-linux.xtask
            app        x86_64-linux    apps.x86_64-linux.default
            app        x86_64-linux    apps.x86_64-linux.xtask
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

/// Its lock pins sources that nobody has, and one input's own inputs that the stand-in does not have.
#[test]
fn a_fleet_with_unknown_inputs() {
    check(
        |nix| fixture(nix, "unknown-input"),
        &expect![[r#"
        nixos  x86_64-linux  nixosConfigurations.web
    "#]],
    );
}

const HOST: &str = "configurations/nixos/stibnite-nixos.nix";

/// Breaks one host of this repository's fleet by putting `definition` at line 13 of its file: only the outputs that are that
/// host may fail, at the expected place and with these words.
fn check_broken(sandbox: &Sandbox, host: &str, definition: &str, place: Option<(&str, u32)>, words: &[&str]) {
    let mut lines: Vec<&str> = host.lines().collect();
    assert!(lines[11].trim().starts_with("networking.hostName"), "the host is not the one that is to be broken");
    lines.insert(12, definition);
    sandbox.write(HOST, &lines.join("\n"));

    let ran = sandbox.run(&["outputs", "--inputs", "standin", "--json"]).ends(1).says(words);
    if let Some((file, line)) = place {
        assert!(ran.stderr.contains(&format!("at {file}:{line}\n")), "{}", ran.stderr);
    }
    let answer: Answer = serde_json::from_str(&ran.stdout).unwrap();
    let (failed, fine): (Vec<Output>, Vec<Output>) =
        answer.outputs.into_iter().partition(|output| output.status == "evaluation-failed");
    let names: Vec<&str> = failed.iter().map(|output| output.attr.as_str()).collect();
    assert_eq!(names, ["nixosConfigurations.stibnite-nixos"], "{definition}");
    let reason = failed[0].reason.as_deref().unwrap_or_default();
    assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
    assert!(!reason.contains("/store/"), "nobody knows that file: {reason}");
    let told = failed[0].place.as_ref().map(|place| (place.file.as_str(), place.line));
    assert_eq!(told.filter(|_| place.is_some()), place, "{definition}");
    assert!(fine.len() > 30 && fine.iter().all(|output| output.status == "evaluated"), "{definition}");
}

fn check_every_way_to_break_a_host(nix: TestNix) {
    let sandbox = own_fleet(nix);
    let host = fs::read_to_string(sandbox.repository().join(HOST)).unwrap();
    let check = |definition: &str, place: Option<(&str, u32)>, words: &[&str]| {
        check_broken(&sandbox, &host, definition, place, words);
    };
    // A misspelt option where options are declared.
    check(
        "  sops.secrets.example-service-token.ownr = \"crs58\";",
        Some((HOST, 13)),
        &["The option `sops.secrets.example-service-token.ownr' does not exist", HOST],
    );
    // Values of wrong types, of the host and of a user's home.
    check(
        "  users.users.crs58.isNormalUser = \"yes\";",
        Some((HOST, 13)),
        &["option `users.users.crs58.isNormalUser' is not of type `boolean'", "stibnite-nixos.nix': \"yes\""],
    );
    check(
        "  home-manager.users.crs58.home.packages = \"git\";",
        Some((HOST, 13)),
        &["`home-manager.users.crs58.home.packages' is not of type"],
    );
    // A conflict, between both files.
    check(
        "  time.timeZone = \"Europe/Berlin\";",
        Some(("modules/nixos/common.nix", 28)),
        &[
            "The option `time.timeZone' has conflicting definition values",
            "- In `modules/nixos/common.nix': \"UTC\"",
            "- In `configurations/nixos/stibnite-nixos.nix': \"Europe/Berlin\"",
        ],
    );
    // A failed assertion is a value: where it was written is not known.
    check(
        "  assertions = [ { assertion = false; message = \"the disk has no name\"; } ];",
        None,
        &["Failed assertions:", "- the disk has no name"],
    );
    // The error of a missing file names that file, and nobody who imports it.
    check("  home-manager.users.crs58.imports = [ ./missing.nix ];", None, &["configurations/nixos/missing.nix"]);
    check("  environment.systemPackages = [ pkgz.git ];", Some((HOST, 13)), &["undefined variable 'pkgz'"]);
    sandbox.write(HOST, &host);
    sandbox.run(&["outputs", "--inputs", "standin"]).ends(0);
}

#[test]
fn a_broken_host_fails_alone_on_the_distributions_nix() {
    check_every_way_to_break_a_host(TestNix::Distribution);
}

#[test]
fn a_broken_host_fails_alone_on_a_modern_nix() {
    check_every_way_to_break_a_host(TestNix::Modern);
}

/// An option that no module declares has no default; those that a repository reads get one (`generated/reads.json`).
#[test]
fn what_is_read_and_never_set_has_a_default() {
    for nix in TestNix::ALL {
        let sandbox = fixture(nix, "unknown-input");
        let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
        let reading = |read: &str| {
            let option =
                format!("environment.etc.read.text = \"${{toString ({read})}}\";\n            system.stateVersion");
            let module = flake.replace(
                "          {\n            networking",
                "          ({ config, ... }: {\n            networking",
            );
            let module = module.replace("          }\n        ];", "          })\n        ];");
            sandbox.write("flake.nix", &module.replace("system.stateVersion", &option));
            sandbox.run(&["build", "--inputs", "standin"])
        };
        reading("config.services.nobody.enable").ends(0);
        reading("config.services.nobody.package").ends(0);
        reading("config.services.nobody.port").ends(1).says(&["attribute 'nobody' missing"]);
    }
}
