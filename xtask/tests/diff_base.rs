//! `diff`: the base and its inputs: kept, broken, missing, cut off, with another lock or a stand-in.

// What goes wrong in a helper fails the test.
#![allow(clippy::panic, clippy::unwrap_used)]

mod diff_fleet;
mod sandbox;

use diff_fleet::{FLEET, changes, diff, fleet, json};
use sandbox::{Sandbox, TestNix};

#[test]
fn what_was_evaluated_of_a_commit_is_not_evaluated_again() {
    for nix in TestNix::ALL {
        let mut sandbox = fleet(nix);
        sandbox.run(&["outputs"]).ends(0);
        sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd\" { }\n");
        sandbox.commit("second");
        sandbox.run(&["outputs"]).ends(0);
        let log = sandbox.path("calls");
        sandbox.intercept(nix, "nix", &format!("echo \"$@\" | grep -o '#[a-z]*' >> '{}'", log.display()));
        let ran = diff(&sandbox, &["--files-within", "0"]).ends(0);
        assert_eq!(changes(&ran), ["db unchanged", "mail changed", "web changed"]);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "", "{nix:?}");
        // Asked to, it evaluates both.
        let again = diff(&sandbox, &["--files-within", "0", "--fresh"]).ends(0);
        assert_eq!(again.stdout, ran.stdout);
        let calls = std::fs::read_to_string(&log).unwrap();
        assert_eq!(calls.lines().filter(|call| *call == "#discover").count(), 2, "{nix:?}: {calls}");
    }
}

#[test]
fn a_base_that_does_not_evaluate() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        // One host: the others are compared.
        sandbox.write("hosts/web.nix", "{ modules = [ (throw \"web is broken\") ]; }\n");
        sandbox.commit("one host is broken");
        sandbox.write("hosts/web.nix", "{ modules = [ ]; }\n");
        sandbox.commit("mended");
        let ran = diff(&sandbox, &[]).ends(0).says(&["3 outputs: 1 base does not evaluate, 2 unchanged"]);
        assert_eq!(changes(&ran), ["db unchanged", "mail unchanged", "web base-does-not-evaluate"], "{nix:?}");
        let web = &json(&ran)["outputs"][2]["base"]["reason"];
        assert!(web.as_str().unwrap().contains("web is broken"), "{web}");
        // The other way round, it is the change that breaks it.
        let ran = sandbox.run(&["diff", "--base", "HEAD~2", "--json", "nixos:web"]).ends(0);
        assert_eq!(changes(&ran), ["web changed hosts/web.nix"]);
        sandbox.write("hosts/web.nix", "{ modules = [ (throw \"web is broken\") ]; }\n");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json"]).ends(1).says(&["web is broken"]);
        assert_eq!(changes(&ran), ["db unchanged", "mail unchanged", "web broken"]);
        // All of it: nothing could be compared.
        sandbox.write("flake.nix", "{ outputs = _: throw \"all is broken\"; }\n");
        sandbox.commit("everything is broken");
        sandbox.write("flake.nix", FLEET);
        sandbox.write("hosts/web.nix", "{ modules = [ ]; }\n");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json"]).ends(2);
        assert!(changes(&ran).iter().all(|line| line.ends_with(" base-does-not-evaluate")), "{ran:?}");
        sandbox.write("flake.nix", "{\n");
        sandbox.commit("no Nix at all");
        sandbox.write("flake.nix", FLEET);
        sandbox.run(&["diff", "--base", "HEAD"]).ends(2).says(&["does not evaluate"]);
    }
}

#[test]
fn a_base_that_is_not_there() {
    let sandbox = fleet(TestNix::Distribution);
    for unknown in ["no-such-branch", "--all", "0123456789012345678901234567890123456789", "HEAD~7", ""] {
        let ran = sandbox.run(&["diff", &format!("--base={unknown}")]).ends(2);
        let ran = ran.says(&[&format!("the revision `{unknown}` is not in this repository"), "`git fetch`"]);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{}", ran.stderr);
    }
    sandbox.git(&sandbox.repository(), &["rm", "--quiet", "flake.nix"]);
    sandbox.commit("no flake");
    sandbox.write("flake.nix", FLEET);
    sandbox.run(&["diff", "--base", "HEAD"]).ends(2).says(&["evaluate the base `HEAD`: it has no `flake.nix`"]);
    // Outside git there is no history.
    let plain = sandbox.path("plain");
    std::fs::create_dir(&plain).unwrap();
    std::fs::write(plain.join("flake.nix"), FLEET).unwrap();
    let ran = sandbox.run(&["diff", "--base", "HEAD", "--repo", plain.to_str().unwrap()]).ends(2);
    ran.says(&["is in no git checkout"]);
}

#[test]
fn a_shallow_clone_says_how_to_get_the_base() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd\" { }\n");
        sandbox.commit("second");
        let from = format!("file://{}", sandbox.repository().display());
        sandbox.git(&sandbox.path(""), &["clone", "--quiet", "--depth=1", &from, "clone"]);
        let clone = sandbox.path("clone");
        let diff = |base: &str| sandbox.run(&["diff", "--base", base, "--json", "--repo", clone.to_str().unwrap()]);
        let ran = diff("HEAD~1").ends(2);
        ran.says(&["the revision `HEAD~1` is not in this clone", "`fetch-depth: 0`", "`git fetch --unshallow`"]);
        // One that is cut off further down will do.
        sandbox.git(&clone, &["fetch", "--quiet", "--depth=2"]);
        let ran = diff("HEAD~1").ends(0);
        let expected = ["db unchanged", "mail changed modules/motd.nix", "web changed modules/motd.nix"];
        assert_eq!(changes(&ran), expected, "{nix:?}");
    }
}

#[test]
fn the_repository_is_left_as_it_is() {
    // An old Nix itself lets git note in its index that a file was only touched.
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd\" { }\n");
    let touched = std::fs::File::open(sandbox.repository().join("hosts/db.nix")).unwrap();
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let before = sandbox.fingerprint(&["repository"]);
    let ran = sandbox.run(&["diff", "--base", "HEAD", "--json"]).ends(0);
    assert_eq!(json(&ran)["files"], serde_json::json!([{ "status": "changed", "path": "modules/motd.nix" }]));
    assert_eq!(sandbox.fingerprint(&["repository"]), before);
    let state = std::fs::read_dir(sandbox.path("state")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = state
        .filter(|name| ["base-", "xtask-copies-"].iter().any(|word| name.to_string_lossy().starts_with(word)))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn stand_in_inputs_are_the_same_for_both() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let flake = |packages: &str| {
            format!(
                "{{ inputs.nixpkgs.url = \"github:NixOS/nixpkgs\"; outputs = {{ self, nixpkgs }}: \
                 let host = nixpkgs.lib.nixosSystem {{ modules = [ ({{ pkgs, ... }}: {{ \
                 nixpkgs.hostPlatform = \"x86_64-linux\"; environment.systemPackages = [ {packages} ]; }}) ]; }}; in {{ \
                 nixosConfigurations = {{ web = host; }}; \
                 packages.x86_64-linux.other = nixpkgs.legacyPackages.x86_64-linux.runCommand \"other\" {{ }} \
                 \"echo ${{nixpkgs}} > $out\"; }}; }}\n"
            )
        };
        sandbox.write("flake.nix", &flake("pkgs.git pkgs.only-in-the-base"));
        sandbox.commit("first");
        sandbox.write("flake.nix", &flake("pkgs.git pkgs.only-in-the-head"));
        let arguments = ["diff", "--base", "HEAD", "--inputs", "standin"];
        let ran = sandbox.run(&[&arguments[..], &["--json"]].concat()).ends(0).says(&["STAND-IN INPUTS (as asked)"]);
        let answer = json(&ran);
        assert_eq!((&answer["schema"], &answer["inputs"]), (&1.into(), &"stand-in".into()));
        // The stand-in itself is in this one: that it must suit other packages is no change of it.
        assert_eq!(changes(&ran), ["packages.x86_64-linux.other unchanged", "web changed flake.nix"], "{nix:?}");
        let ran = sandbox.run(&[&arguments[..], &["--markdown"]].concat()).ends(0);
        assert!(ran.stdout.starts_with("## 2 outputs: 1 changed, 1 unchanged\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains("**Stand-in inputs.**"), "{}", ran.stdout);
        assert!(ran.stdout.contains("only-in-the-head"), "{}", ran.stdout);
        // Without the inputs, and without being asked, CI does not compare.
        sandbox.run(&["diff", "--base", "HEAD", "--inputs", "locked"]).ends(2).says(&["--inputs standin"]);
    }
}

#[test]
fn another_lock_changes_what_uses_the_input() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let input = sandbox.path("input");
        let write_input = |version: &str| {
            std::fs::create_dir_all(&input).unwrap();
            std::fs::write(input.join("flake.nix"), format!("{{ outputs = _: {{ version = \"{version}\"; }}; }}\n"))
                .unwrap();
        };
        let lock = || {
            let mut command = sandbox.command(nix.bin().join("nix"));
            sandbox::ran(command.args(["flake", "update"])).ends(0);
            sandbox.commit("locked");
        };
        write_input("1");
        sandbox.write(
            "flake.nix",
            &format!(
                "{{ inputs.input.url = \"path:{}\"; outputs = {{ self, input }}: let linux = name: derivation {{ inherit name; \
                 system = \"x86_64-linux\"; builder = \"/bin/sh\"; }}; in {{ packages.x86_64-linux = {{ \
                 uses = linux \"uses-${{input.version}}\"; does-not = linux \"does-not-${{import ./a.nix}}\"; }}; }}; }}\n",
                input.display()
            ),
        );
        sandbox.write("a.nix", "\"1\"\n");
        lock();
        write_input("2");
        sandbox.write("a.nix", "\"2\"\n");
        lock();
        let ran = diff(&sandbox, &[]).ends(0);
        let expected =
            ["packages.x86_64-linux.does-not changed a.nix", "packages.x86_64-linux.uses changed flake.lock"];
        assert_eq!(changes(&ran), expected, "{nix:?}");
    }
}

#[test]
fn what_somebody_should_know() {
    let sandbox = fleet(TestNix::Distribution);
    let repository = sandbox.repository();
    let notes = |base: &str| {
        let ran = sandbox.run(&["diff", "--base", base, "--json", "--files-within", "0"]).ends(0);
        json(&ran)["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(notes("HEAD").is_empty());
    // The base has gone on since the branch left it.
    sandbox.git(&repository, &["branch", "ahead"]);
    sandbox.git(&repository, &["checkout", "--quiet", "ahead"]);
    sandbox.write("hosts/db.nix", "{ modules = [ ]; }\n");
    sandbox.commit("ahead");
    sandbox.git(&repository, &["checkout", "--quiet", "-"]);
    let [note] = &notes("ahead")[..] else { panic!("{:?}", notes("ahead")) };
    assert!(
        note.contains("`ahead` has commits that this branch does not have") && note.contains("merge-base"),
        "{note}"
    );
    // Large files are not what they are in a commit as soon as something is changed.
    sandbox.write(".gitattributes", "*.iso filter=lfs\n");
    sandbox.commit("large files");
    assert!(notes("HEAD").is_empty());
    sandbox.write("README.md", "Changed.\n");
    let [note] = &notes("HEAD")[..] else { panic!("{:?}", notes("HEAD")) };
    assert!(note.contains("Git LFS"), "{note}");
    sandbox.commit("no changes");
    let inner = sandbox.path("inner");
    std::fs::create_dir(&inner).unwrap();
    sandbox.git(&inner, &["init", "--quiet"]);
    sandbox.git(&inner, &["commit", "--quiet", "--allow-empty", "--message=inner"]);
    sandbox.git(&repository, &["submodule", "--quiet", "add", inner.to_str().unwrap(), "vendored"]);
    sandbox.commit("a submodule");
    let [note] = &notes("HEAD~1")[..] else { panic!("{:?}", notes("HEAD~1")) };
    assert!(note.contains("`vendored` changed") && note.contains("submodules"), "{note}");
}
