//! `diff`: what a change does to each output of a fleet, with real Nix and git.

// What goes wrong in a helper fails the test.
#![allow(clippy::panic, clippy::unwrap_used)]

mod diff_fleet;
mod sandbox;

use diff_fleet::{changes, diff, fleet, json};
use sandbox::{Ran, TestNix};
use serde_json::Value;

#[test]
fn a_shared_module_changes_exactly_the_hosts_that_use_it() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd-1.1\" { text = \"bye\"; }\n");
        // Neither of these changes anything, though one is read.
        sandbox.write("modules/disk.nix", "# A comment.\n{ drv, ... }: drv \"disk\" { }\n");
        sandbox.write("README.md", "A fleet, changed.\n");
        sandbox.commit("second");
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
        sandbox.commit("second");
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
    sandbox.commit("second");
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
fn a_host_that_holds_its_revision_or_its_source_depends_on_no_file() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("modules/disk.nix", "{ drv, self }: drv \"disk\" { rev = self.rev or \"dirty\"; }\n");
        sandbox
            .write("modules/motd.nix", "{ drv, self }: drv \"motd\" { source = \"${self}\"; a = import ./a.nix; }\n");
        sandbox.write("modules/a.nix", "1\n");
        sandbox.commit("holds");
        sandbox.write("README.md", "Changed.\n");
        sandbox.write("modules/a.nix", "2\n");
        sandbox.commit("changed");
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
    sandbox.commit("neither");
    sandbox.write("modules/a.nix", "true\n");
    sandbox.write("modules/b.nix", "true\n");
    sandbox.commit("both");
    let ran = diff(&sandbox, &["nixos:web"]).ends(0);
    let together = serde_json::json!([["modules/a.nix", "modules/b.nix"]]);
    assert_eq!(json(&ran)["outputs"][0]["by"]["together"], together);
    let ran = diff(&sandbox, &["nixos:web", "--files-within", "0"]).ends(0);
    assert_eq!(json(&ran)["outputs"][0]["by"]["not_told"], "it takes longer than 0 s (--files-within)");
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
        sandbox.commit("below");
        // What is outside of the flake's folder may be read too.
        sandbox.write("shared.nix", "1\n");
        sandbox.write("nix/modules/disk.nix", "{ drv, ... }: drv \"disk\" { size = import ../../shared.nix; }\n");
        sandbox.commit("reads");
        sandbox.write("shared.nix", "2\n");
        let folder = repository.join("nix");
        let ran = sandbox.run(&["diff", "--base", "HEAD", "--json", "--repo", folder.to_str().unwrap()]).ends(0);
        assert_eq!(changes(&ran), ["db changed shared.nix", "mail changed shared.nix", "web unchanged"], "{nix:?}");
    }
}

#[test]
fn a_folder_stays_where_the_change_made_all_of_its_files() {
    let sandbox = fleet(TestNix::Modern);
    let disk = |size: &str| {
        let listed = "builtins.seq (builtins.readDir ../extra)";
        format!("{{ drv, ... }}: {listed} (drv \"disk\" {{ size = {size}; }})\n")
    };
    sandbox.write("modules/disk.nix", &disk("1"));
    sandbox.write("extra/old", "This is the old file.\n");
    sandbox.commit("before");
    sandbox.git(&sandbox.repository(), &["rm", "--quiet", "extra/old"]);
    sandbox.write("extra/new", "Nothing in here is like the other.\n");
    sandbox.write("modules/disk.nix", &disk("2"));
    sandbox.commit("after");
    let ran = diff(&sandbox, &["nixos:db"]).ends(0);
    assert_eq!(changes(&ran), ["db changed modules/disk.nix"]);
}
