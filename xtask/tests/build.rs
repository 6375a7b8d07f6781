//! `build`: what fails, what is built beside it, how often, and what a reader is told, on real Nix.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod sandbox;

use std::fs;
use std::path::Path;

use fleet::{flake, noted, results, statuses};
use sandbox::{Ran, Sandbox, TestNix, program, ran};

/// What follows `label` on the line where `said` has it first.
#[track_caller]
fn after<'a>(said: &'a str, label: &str) -> &'a str {
    let found = said.lines().find_map(|line| line.trim_start().strip_prefix(label));
    found.unwrap_or_else(|| panic!("nobody said {label:?}:\n{said}"))
}

/// Runs a command line that was printed for a user.
fn typed(sandbox: &Sandbox, line: &str) -> Ran {
    let line = line.replace("cargo xtask", env!("CARGO_BIN_EXE_xtask"));
    ran(sandbox.command("/bin/sh").args(["-c", &line]))
}

#[test]
fn a_failed_build_is_told_in_full_and_the_others_are_built() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let script = "for i in $(seq 1 40); do echo this is line $i; done; exit 3";
        let packages = format!(r#"good = drv "good" "echo > $out"; "it's bad" = drv "bad" "{script}";"#);
        sandbox.write("flake.nix", &flake("", &packages));
        let failed = sandbox.run(&["build", "--json"]).ends(1);
        assert_eq!(statuses(&failed), ["\"it's bad\" build-failed", "good built"], "{nix:?}");

        let tail: Vec<String> = (16..=40).map(|number| format!("    │ this is line {number}\n")).collect();
        let failed = failed.says(&[
            "✗ packages.x86_64-linux.\"it's bad\": build failed\n    builder failed with exit code 3\n    │ this is line 16\n",
            &format!("{}    log: nix log ", tail.concat()),
            "✓ packages.x86_64-linux.good  built",
        ]);
        assert!(!failed.stderr.contains("this is line 15"), "{nix:?}: more than 25 lines:\n{}", failed.stderr);
        let good = &results(&failed)["good"]["outputs"]["out"];
        assert!(Path::new(good.as_str().unwrap()).exists());

        let log = typed(&sandbox, &format!("nix log {}", after(&failed.stderr, "log: nix log "))).ends(0);
        assert_eq!(log.stdout.lines().count(), 40, "{nix:?}");
        let again = typed(&sandbox, after(&failed.stderr, "reproduce: ")).ends(1);
        again.says(&["1 output · 1 failed", "│ this is line 40"]);
    }
}

#[test]
fn a_failed_dependency_is_built_once_and_named_by_all_that_need_it() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let notes = sandbox.path("notes");
        let shared = format!(
            r#"shared = drv "shared-base" "echo >> {}; echo no such luck; exit 1";
               between = drv "between" "echo ${{shared}} > $out";"#,
            notes.display()
        );
        let packages = r#"
            a = drv "a" "echo ${shared} > $out"; b = drv "b" "echo ${between} > $out"; c = drv "c" "echo > $out";
            d = drv "d" "echo ${between} ${shared} > $out";"#;
        sandbox.write("flake.nix", &flake(&shared, packages));
        let failed = sandbox.run(&["build", "--json"]).ends(1);
        let expected = ["a dependency-failed", "b dependency-failed", "c built", "d dependency-failed"];
        assert_eq!(statuses(&failed), expected, "{nix:?}");
        for name in ["a", "b", "d"] {
            let result = &results(&failed)[name];
            assert!(result["failed_drv"].as_str().unwrap().ends_with("-shared-base.drv"), "{nix:?}: {result}");
            assert_eq!(result["log_tail"], serde_json::json!(["no such luck"]), "{nix:?}");
            let told = format!("packages.x86_64-linux.{name}: dependency failed: `shared-base`, which it needs");
            assert!(failed.stderr.contains(&told), "{nix:?}: {}", failed.stderr);
        }
        assert_eq!(noted(&notes), 1, "{nix:?}: how often the dependency was built");
    }
}

#[test]
fn a_shared_dependency_is_built_once_over_all_processes() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let (notes, parents) = (sandbox.path("notes"), sandbox.path("parents"));
        let shared = format!(r#"shared = drv "shared" "echo >> {}; echo > $out";"#, notes.display());
        let package = |name: usize| {
            let script = format!("echo $PPID >> {}; cat ${{shared}} > $out", parents.display());
            format!("p{name} = drv \"p{name}\" \"{script}\";")
        };
        sandbox.write("flake.nix", &flake(&shared, &(0..12).map(package).collect::<String>()));
        sandbox.run(&["build"]).ends(0).says(&["12 outputs"]);
        assert_eq!((noted(&notes), noted(&parents)), (1, 12), "{nix:?}: each derivation is built once");
        let parents = fs::read_to_string(&parents).unwrap();
        let processes: std::collections::BTreeSet<&str> = parents.lines().collect();
        assert!(processes.len() > 1, "{nix:?}: one process built all, so this test shows nothing");
    }
}

#[test]
fn every_output_of_a_derivation_is_built_and_linked() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let packages = r#"many = drvOf { outputs = [ "out" "dev" ]; } "many" "echo > $out; echo > $dev"; one = drv "one" "echo > $out";"#;
        sandbox.write("flake.nix", &flake("", packages));
        let prefix = sandbox.path("links/result");
        fs::create_dir(sandbox.path("links")).unwrap();
        let built = sandbox.run(&["build", "--json", "--out-link", prefix.to_str().unwrap()]).ends(0);
        let paths = results(&built)["many"]["outputs"].clone();
        let linked = |name: &str| fs::read_link(sandbox.path("links").join(name)).unwrap().display().to_string();
        for (name, output) in [("", "out"), ("-dev", "dev")] {
            let link = linked(&format!("result-package-many-x86_64-linux{name}"));
            assert_eq!(paths[output], link, "{nix:?}");
            assert!(Path::new(&link).exists(), "{nix:?}: {link}");
        }
        linked("result-package-one-x86_64-linux");
        // One output that is gone makes the whole derivation one to build again.
        fs::remove_dir_all(sandbox.path("state/roots")).unwrap();
        fs::remove_dir_all(sandbox.path("links")).unwrap();
        let dev = paths["dev"].as_str().unwrap();
        ran(sandbox.command("nix-store").args(["--delete", dev])).ends(0);
        let again = sandbox.run(&["build", "--json"]).ends(0);
        assert_eq!(statuses(&again), ["many built", "one present"], "{nix:?}");
        assert!(Path::new(dev).exists());
    }
}

#[test]
fn a_wrong_hash_is_told_with_the_right_one() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let fixed = r#"outputHashMode = "flat"; outputHashAlgo = "sha256"; outputHash = "#;
        let wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let packages = format!(r#"fixed = drvOf {{ {fixed} "{wrong}"; }} "fixed" "printf content > $out";"#);
        sandbox.write("flake.nix", &flake("", &packages));
        let failed = sandbox.run(&["build", "--json"]).ends(1);
        let right = "sha256-7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=";
        let reason = format!("hash mismatch in a fixed-output derivation: specified {wrong}, got {right}");
        assert_eq!(results(&failed)["fixed"]["reason"], reason, "{nix:?}");
        // What was built stands in the store of a modern Nix, and is no result all the same.
        sandbox.run(&["build"]).ends(1).says(&[&reason]);
        sandbox.write("flake.nix", &flake("", &packages.replace(wrong, right)));
        sandbox.run(&["build"]).ends(0);
    }
}

#[test]
fn a_failure_ends_a_run_at_once_only_where_that_was_asked_for() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        // Fails once the other has begun, which waits for something that a run which goes on brings.
        let (begun, go_on) = (sandbox.path("begun"), sandbox.path("go-on"));
        let packages = format!(
            r#"fails = drv "fails" "while ! test -e {begun}; do sleep 0.1; done; exit 1";
               waits = drv "waits" "touch {begun}; while ! test -e {go_on}; do sleep 0.1; done; echo > $out";"#,
            begun = begun.display(),
            go_on = go_on.display()
        );
        sandbox.write("flake.nix", &flake("", &packages));
        let ended = sandbox.run(&["build", "--json", "--fail-fast"]).ends(1);
        assert_eq!(statuses(&ended), ["fails build-failed", "waits interrupted"], "{nix:?}");
        ended.says(&["1 failed · 1 not finished"]);
        assert!(!fleet::runs(&[go_on.to_str().unwrap()]), "{nix:?}: a builder is left");

        fs::write(go_on, "").unwrap();
        let ended = sandbox.run(&["build", "--json"]).ends(1);
        assert_eq!(statuses(&ended), ["fails build-failed", "waits built"], "{nix:?}");
    }
}

#[test]
fn a_failure_is_known_before_its_process_is_done_with_the_rest() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let begun = sandbox.path("begun");
        let shared = format!(
            r#"fails = drv "fails" "while ! test -e {begun}; do sleep 0.1; done; exit 1";
               lasts = drv "lasts" "touch {begun}; exec sleep 1000";"#,
            begun = begun.display(),
        );
        // Both are built by the one process that the one package has.
        sandbox.write("flake.nix", &flake(&shared, r#"a = drv "a" "echo ${fails} ${lasts} > $out";"#));
        let ended = sandbox.run(&["build", "--json", "--fail-fast"]).ends(1);
        assert_eq!(statuses(&ended), ["a dependency-failed"], "{nix:?}");
    }
}

#[test]
fn a_build_process_that_is_killed_is_started_again() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let (once, always) = (sandbox.path("once"), sandbox.path("always"));
        let packages = format!(
            r#"once = drv "once" "echo >> {once}; test $(wc -l < {once}) = 1 && kill -9 $PPID && exit 1; echo > $out";
               always = drv "always" "echo >> {always}; kill -9 $PPID; exit 1";"#,
            once = once.display(),
            always = always.display()
        );
        sandbox.write("flake.nix", &flake("", &packages));
        sandbox.run(&["build", "package:once"]).ends(0).says(&["once  built"]);
        assert_eq!(noted(&once), 2, "{nix:?}: once killed, once built");
        let failed = sandbox.run(&["build"]).ends(1);
        failed.says(&["always: build failed\n    the build ended without a word (signal: 9", "once  up to date"]);
        assert_eq!(noted(&always), 2, "{nix:?}: how often it was tried");
    }
}

#[test]
fn results_outlive_a_garbage_collection_until_they_are_results_no_more() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let path = |built: &Ran, name: &str| results(built)[name]["outputs"]["out"].as_str().unwrap().to_owned();
        let collect = || ran(sandbox.command(program("nix-store", "apt-get install nix-bin")).arg("--gc")).ends(0);
        let packages =
            |text: &str| flake("", &format!(r#"a = drv "a" "echo {text} > $out"; b = drv "b" "echo > $out";"#));
        sandbox.write("flake.nix", &packages("first"));
        let first = sandbox.run(&["build", "--json"]).ends(0);
        collect();
        assert!(Path::new(&path(&first, "a")).exists() && Path::new(&path(&first, "b")).exists(), "{nix:?}");

        // So do those that are there already when nothing keeps them alive.
        fs::remove_dir_all(sandbox.path("state/roots")).unwrap();
        sandbox.run(&["build"]).ends(0).says(&["a  up to date"]);
        collect();
        assert!(Path::new(&path(&first, "a")).exists(), "{nix:?}");

        sandbox.write("flake.nix", &packages("second"));
        // A run over a part of the fleet says nothing of the rest.
        let second = sandbox.run(&["build", "--json", "package:a"]).ends(0);
        collect();
        assert!(Path::new(&path(&first, "b")).exists(), "{nix:?}");
        sandbox.run(&["build"]).ends(0);
        collect();
        assert!(!Path::new(&path(&first, "a")).exists(), "{nix:?}: an old result is kept for ever");
        assert!(Path::new(&path(&second, "a")).exists() && Path::new(&path(&first, "b")).exists(), "{nix:?}");
        assert_eq!(fs::read_dir(sandbox.path("state/roots")).unwrap().count(), 2, "{nix:?}: one link a result");
    }
}

#[test]
fn what_a_killed_builder_left_behind_is_no_result() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let (begun, go_on) = (sandbox.path("begun"), sandbox.path("go-on"));
        let packages = format!(
            r#"a = drv "a" "echo a part > $out; touch {begun}; test -e {go_on} || {{ kill -9 $PPID; exit 1; }}; echo all > $out";"#,
            begun = begun.display(),
            go_on = go_on.display()
        );
        sandbox.write("flake.nix", &flake("", &packages));
        let failed = sandbox.run(&["build", "--json"]).ends(1);
        let left = results(&failed)["a"]["outputs"]["out"].as_str().unwrap().to_owned();
        assert_eq!(
            fs::read_to_string(&left).unwrap(),
            "a part\n",
            "{nix:?}: nothing is left, so this test shows nothing"
        );
        assert_eq!(statuses(&sandbox.run(&["build", "--json"]).ends(1)), ["a build-failed"], "{nix:?}");
        fs::write(go_on, "").unwrap();
        assert_eq!(statuses(&sandbox.run(&["build", "--json"]).ends(0)), ["a built"], "{nix:?}");
        assert_eq!(fs::read_to_string(left).unwrap(), "all\n", "{nix:?}");
    }
}
