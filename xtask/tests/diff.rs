//! `diff`: what a change does to each output of a fleet, with real Nix and git.

// What goes wrong in a helper fails the test.
#![allow(clippy::panic, clippy::unwrap_used)]

mod sandbox;

use sandbox::{Ran, Sandbox, TestNix};
use serde_json::Value;

/// A fleet whose hosts are the files below `hosts`; a host is a list of modules, and what they say is built into `etc`.
const FLEET: &str = r#"{
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
fn fleet(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    sandbox.write("flake.nix", FLEET);
    sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd-1.0\" { text = \"hello\"; }\n");
    sandbox.write("modules/disk.nix", "{ drv, ... }: drv \"disk\" { }\n");
    let host = |modules: &str| format!("{{ modules = [ {modules} ]; }}\n");
    sandbox.write("hosts/web.nix", &host("(import ../modules/motd.nix)"));
    sandbox.write("hosts/mail.nix", &host("(import ../modules/motd.nix) (import ../modules/disk.nix)"));
    sandbox.write("hosts/db.nix", &host("(import ../modules/disk.nix)"));
    sandbox.write("README.md", "A fleet.\n");
    commit(&sandbox, "first");
    sandbox
}

fn commit(sandbox: &Sandbox, message: &str) {
    let repository = sandbox.repository();
    sandbox.git(&repository, &["add", "--all"]);
    sandbox.git(&repository, &["commit", "--quiet", "--message", message]);
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// Each output with what was done to it, and the files by which, as `web changed modules/motd.nix`.
fn changes(ran: &Ran) -> Vec<String> {
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
fn diff(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.run(&[&["diff", "--base", "HEAD~1", "--json"], more].concat())
}

#[test]
fn a_shared_module_changes_exactly_the_hosts_that_use_it() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd-1.1\" { text = \"bye\"; }\n");
        sandbox.write("README.md", "A fleet, changed.\n");
        commit(&sandbox, "second");
        let ran = diff(&sandbox, &[]).ends(0).says(&["3 outputs: 2 changed, 1 unchanged"]);
        let expected = ["db unchanged", "mail changed modules/motd.nix", "web changed modules/motd.nix"];
        assert_eq!(changes(&ran), expected, "{nix:?}");
    }
}

#[test]
fn what_is_not_committed_is_the_head() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("modules/disk.nix", "{ drv, ... }: drv \"disk\" { size = 1; }\n");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json"]).ends(0);
        assert_eq!(changes(&ran), ["db changed modules/disk.nix", "mail changed modules/disk.nix", "web unchanged"]);
        assert!(json(&ran)["head"].as_str().unwrap().ends_with("-dirty"));
        // A host that git does not know is none.
        sandbox.write_untracked("hosts/new.nix", "{ modules = [ ]; }\n");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json"]).ends(0);
        assert_eq!(changes(&ran).len(), 3, "{nix:?}");
    }
}

#[test]
fn hosts_that_are_added_removed_and_renamed() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        let repository = sandbox.repository();
        sandbox.git(&repository, &["mv", "hosts/web.nix", "hosts/www.nix"]);
        sandbox.git(&repository, &["rm", "--quiet", "hosts/db.nix"]);
        sandbox.write("hosts/new.nix", "{ modules = [ ]; /* nothing like any other */ }\n");
        commit(&sandbox, "second");
        let ran = diff(&sandbox, &[]).ends(0).says(&["4 outputs: 1 changed, 1 added, 1 removed, 1 unchanged"]);
        let expected = ["db removed", "mail unchanged", "new added", "www changed was web hosts/www.nix"];
        assert_eq!(changes(&ran), expected, "{nix:?}");
        let ran = sandbox.run(&["diff", "--base", "HEAD~1", "--exit-code"]).ends(1);
        let lines = ["+ nixosConfigurations.new  added\n", "- nixosConfigurations.db  removed\n"];
        for line in lines.into_iter().chain(["renamed from nixosConfigurations.web, and changed\n"]) {
            assert!(ran.stdout.contains(line), "{line:?} is not in {}", ran.stdout);
        }
        // What one revision has need not be in the other; what neither has is a mistake.
        assert_eq!(changes(&diff(&sandbox, &["nixos:db"]).ends(0)), ["db removed"]);
        assert_eq!(changes(&diff(&sandbox, &["nixos:new", "nixos:mail"]).ends(0)), ["mail unchanged", "new added"]);
        diff(&sandbox, &["nixos:neww"]).ends(2).says(&["fits the selector `nixos:neww`", "`nixos:new`"]);
    }
}

#[test]
fn what_a_derivation_consists_of() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd-1.1\" { text = \"bye\"; }\n");
    commit(&sandbox, "second");
    let of_mail = |ran: &Ran| {
        let outputs = json(ran)["outputs"].as_array().unwrap().clone();
        outputs.into_iter().find(|output| output["attr"] == "nixosConfigurations.mail").unwrap()
    };
    let mail = of_mail(&diff(&sandbox, &[]).ends(0));
    let cause = &mail["causes"][0];
    assert_eq!(mail["causes"].as_array().unwrap().len(), 1, "{mail:#}");
    assert_eq!((&cause["name"], &cause["was"]), (&"motd-1.1".into(), &"motd-1.0".into()));
    assert_eq!(cause["texts"], serde_json::json!(["name", "text"]));
    assert_eq!((&mail["differing_derivations"], &mail["causes_total"]), (&3.into(), &1.into()));
    let upgraded = serde_json::json!([{ "name": "motd", "from": ["1.0"], "to": ["1.1"] }]);
    assert_eq!((&mail["packages_of"], &mail["packages"]["upgraded"]), (&"build-graph".into(), &upgraded));
    assert_eq!(mail["head"]["closure_bytes"], Value::Null);
    // Once both are built, it is their closures that are compared: what the host mentions, and not what made it.
    sandbox.run(&["build"]).ends(0);
    sandbox.git(&sandbox.repository(), &["checkout", "--quiet", "HEAD~1"]);
    sandbox.run(&["build"]).ends(0);
    sandbox.git(&sandbox.repository(), &["checkout", "--quiet", "-"]);
    let mail = of_mail(&diff(&sandbox, &[]).ends(0));
    assert_eq!((&mail["packages_of"], &mail["packages"]["upgraded"]), (&"closure".into(), &upgraded));
    assert!(mail["base"]["closure_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{mail:#}");
    assert_eq!(mail["base"]["closure_bytes"], mail["head"]["closure_bytes"]);
}

#[test]
fn what_was_evaluated_of_a_commit_is_not_evaluated_again() {
    for nix in TestNix::ALL {
        let mut sandbox = fleet(nix);
        sandbox.run(&["outputs"]).ends(0);
        sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd\" { }\n");
        commit(&sandbox, "second");
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
        commit(&sandbox, "one host is broken");
        sandbox.write("hosts/web.nix", "{ modules = [ ]; }\n");
        commit(&sandbox, "mended");
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
        commit(&sandbox, "everything is broken");
        sandbox.write("flake.nix", FLEET);
        sandbox.write("hosts/web.nix", "{ modules = [ ]; }\n");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json"]).ends(2);
        assert!(changes(&ran).iter().all(|line| line.ends_with(" base-does-not-evaluate")), "{ran:?}");
        sandbox.write("flake.nix", "{\n");
        commit(&sandbox, "no Nix at all");
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
    commit(&sandbox, "no flake");
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
        commit(&sandbox, "second");
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
fn a_host_that_holds_its_revision_or_its_source_depends_on_no_file() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("modules/disk.nix", "{ drv, self }: drv \"disk\" { rev = self.rev or \"dirty\"; }\n");
        sandbox
            .write("modules/motd.nix", "{ drv, self }: drv \"motd\" { source = \"${self}\"; a = import ./a.nix; }\n");
        sandbox.write("modules/a.nix", "1\n");
        commit(&sandbox, "holds");
        sandbox.write("README.md", "Changed.\n");
        sandbox.write("modules/a.nix", "2\n");
        commit(&sandbox, "changed");
        let ran = diff(&sandbox, &[]).ends(0);
        let expected = ["db changed", "mail changed modules/a.nix", "web changed modules/a.nix"];
        assert_eq!(changes(&ran), expected, "{nix:?}");
        assert_eq!(json(&ran)["outputs"][0]["by"]["not_told"], Value::Null);
        let ran = sandbox.run(&["diff", "--base", "HEAD~1", "nixos:db"]).ends(0);
        assert!(ran.stdout.contains("by none of the changed files: it holds the flake's revision"), "{}", ran.stdout);
        assert!(ran.stdout.contains("in disk: rev\n"), "{}", ran.stdout);
    }
}

#[test]
fn files_that_matter_only_together_and_files_that_were_not_looked_for() {
    let sandbox = fleet(TestNix::Distribution);
    let either = "{ drv, ... }: drv \"motd\" { both = (import ./a.nix) || (import ./b.nix); }\n";
    sandbox.write("modules/motd.nix", either);
    sandbox.write("modules/a.nix", "false\n");
    sandbox.write("modules/b.nix", "false\n");
    commit(&sandbox, "neither");
    sandbox.write("modules/a.nix", "true\n");
    sandbox.write("modules/b.nix", "true\n");
    commit(&sandbox, "both");
    let ran = diff(&sandbox, &["nixos:web"]).ends(0);
    let together = serde_json::json!([["modules/a.nix", "modules/b.nix"]]);
    assert_eq!(json(&ran)["outputs"][0]["by"]["together"], together);
    let ran = diff(&sandbox, &["nixos:web", "--files-within", "0"]).ends(0);
    assert_eq!(json(&ran)["outputs"][0]["by"]["not_told"], "it was not looked for, as asked");
}

#[test]
fn a_flake_below_the_root_of_the_checkout() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        let repository = sandbox.repository();
        sandbox.git(&repository, &["rm", "--quiet", "-r", "--cached", "."]);
        std::fs::create_dir(repository.join("nix")).unwrap();
        for name in ["flake.nix", "hosts", "modules"] {
            std::fs::rename(repository.join(name), repository.join("nix").join(name)).unwrap();
        }
        commit(&sandbox, "below");
        // What is outside of the flake's folder may be read too.
        sandbox.write("shared.nix", "1\n");
        sandbox.write("nix/modules/disk.nix", "{ drv, ... }: drv \"disk\" { size = import ../../shared.nix; }\n");
        commit(&sandbox, "reads");
        sandbox.write("shared.nix", "2\n");
        let folder = repository.join("nix");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json", "--repo", folder.to_str().unwrap()]).ends(0);
        assert_eq!(changes(&ran), ["db changed shared.nix", "mail changed shared.nix", "web unchanged"], "{nix:?}");
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
    let left: Vec<_> =
        state.filter(|name| ["base-", "copies-"].iter().any(|word| name.to_string_lossy().starts_with(word))).collect();
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
        commit(&sandbox, "first");
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
            commit(&sandbox, "locked");
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
    commit(&sandbox, "ahead");
    sandbox.git(&repository, &["checkout", "--quiet", "-"]);
    let [note] = &notes("ahead")[..] else { panic!("{:?}", notes("ahead")) };
    assert!(
        note.contains("`ahead` has commits that this branch does not have") && note.contains("merge-base"),
        "{note}"
    );
    // Large files are not what they are in a commit as soon as something is changed.
    sandbox.write(".gitattributes", "*.iso filter=lfs\n");
    commit(&sandbox, "large files");
    assert!(notes("HEAD").is_empty());
    sandbox.write("README.md", "Changed.\n");
    let [note] = &notes("HEAD")[..] else { panic!("{:?}", notes("HEAD")) };
    assert!(note.contains("Git LFS"), "{note}");
    commit(&sandbox, "no changes");
    let inner = sandbox.path("inner");
    std::fs::create_dir(&inner).unwrap();
    sandbox.git(&inner, &["init", "--quiet"]);
    sandbox.git(&inner, &["commit", "--quiet", "--allow-empty", "--message=inner"]);
    sandbox.git(&repository, &["submodule", "--quiet", "add", inner.to_str().unwrap(), "vendored"]);
    commit(&sandbox, "a submodule");
    let [note] = &notes("HEAD~1")[..] else { panic!("{:?}", notes("HEAD~1")) };
    assert!(note.contains("`vendored` changed") && note.contains("submodules"), "{note}");
}
