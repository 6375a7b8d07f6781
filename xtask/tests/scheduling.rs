//! What runs when in `build`: bounds on builds, the end at a first failure, and what trouble in the middle leaves.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod sandbox;

use std::fs;

use fleet::{flake, noted, results, runs, statuses};
use sandbox::{Sandbox, TestNix, WORKING_NIX_CONF};

#[test]
fn no_more_builds_run_at_once_than_nix_may_run() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}max-jobs = 1\n"));
        let (lock, overlaps) = (sandbox.path("lock"), sandbox.path("overlaps"));
        let script = format!(
            "mkdir {lock} || echo >> {overlaps}; sleep 0.3; rmdir {lock}; echo > $out",
            lock = lock.display(),
            overlaps = overlaps.display()
        );
        let packages: String = (0..6).map(|at| format!(r#"p{at} = drv "p{at}" "{script}";"#)).collect();
        sandbox.write("flake.nix", &flake("", &packages));
        sandbox.run(&["build"]).ends(0);
        assert_eq!(noted(&overlaps), 0, "{nix:?}: builds ran side by side");
    }
}

#[test]
fn trouble_in_the_middle_leaves_nothing_at_work_and_keeps_what_is_known() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        sandbox.intercept(nix, "nix-store", "");
        let (program, begun) = (sandbox.path("intercepted/nix-store"), sandbox.path("begun"));
        let shared = format!(
            r#"first = drv "first" "while ! test -e {begun}; do sleep 0.1; done; mv {program} {program}-away; echo > $out";"#,
            begun = begun.display(),
            program = program.display()
        );
        let packages = format!(
            r#"a = first; b = drv "b" "touch {begun}; while ! test -e {begun}/never; do sleep 0.1; done";
            c = drv "c" "echo ${{first}} > $out";"#,
            begun = begun.display()
        );
        sandbox.write("flake.nix", &flake(&shared, &packages));
        sandbox.run(&["build", "--workers", "1"]).ends(2).says(&["could not start"]);
        assert!(!runs(&["begun/never"]), "{nix:?}: a builder is left");
        fs::rename(sandbox.path("intercepted/nix-store-away"), &program).unwrap();
        sandbox.run(&["outputs"]).ends(0).says(&["3 unchanged since the last evaluation"]);
    }
}

#[test]
fn a_store_that_does_not_say_what_is_valid_ends_no_run() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", &flake("", r#"a = drv "a" "echo > $out"; b = drv "b" "echo > $out";"#));
        sandbox.run(&["build"]).ends(0);
        fs::remove_dir_all(sandbox.path("state")).unwrap();
        let once = sandbox.path("once");
        let first = format!(
            "case \"$*\" in *--print-invalid*) if mkdir {} 2> /dev/null; then echo error: busy >&2; exit 1; fi;; esac",
            once.display()
        );
        sandbox.intercept(nix, "nix-store", &first);
        let run = sandbox.run(&["build", "--json"]).ends(0);
        assert!(once.exists(), "{nix:?}: nobody asked");
        assert_eq!(statuses(&run).len(), 2, "{nix:?}");
    }
}

#[test]
fn what_is_excused_is_no_first_failure() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let slow = flake("", r#"slow = drv "slow" "sleep 2; echo > $out";"#);
        let body = "darwinConfigurations.mac = throw \"broken\";\n      packages.x86_64-linux";
        sandbox.write("flake.nix", &slow.replace("packages.x86_64-linux", body));
        let run = sandbox.run(&["build", "--json", "--system", "x86_64-linux", "--fail-fast"]).ends(0);
        assert_eq!(statuses(&run), ["mac skipped", "slow built"], "{nix:?}");
    }
}

#[test]
fn a_broken_host_is_known_by_the_system_it_had() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let fleet = |host: &str| {
        let body = format!("nixosConfigurations.pi = {host};\n      packages.x86_64-linux");
        flake("", r#"a = drv "a" "echo > $out";"#).replace("packages.x86_64-linux", &body)
    };
    let whole = r#"{ pkgs.stdenv.hostPlatform.system = "aarch64-linux";
        config.system.build.toplevel = drvOf { system = "aarch64-linux"; } "pi" ""; }"#;
    sandbox.write("flake.nix", &fleet(whole));
    sandbox.run(&["outputs"]).ends(0);
    sandbox.write("flake.nix", &fleet("throw \"broken\""));
    let run = sandbox.run(&["build", "--json", "--system", "x86_64-linux"]).ends(0);
    assert_eq!(statuses(&run), ["a built", "pi skipped"]);
    sandbox.run(&["build", "--system", "aarch64-linux"]).ends(1).says(&["nixosConfigurations.pi: evaluation failed"]);
}

#[test]
fn a_derivation_that_cannot_be_read_costs_itself() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.write("flake.nix", &flake("", r#"a = drv "a" "echo > $out"; b = drv "b" "echo > $out";"#));
    let told = sandbox.run(&["outputs", "--json"]).ends(0);
    let drv = results(&told)["a"]["drv"].as_str().unwrap().to_owned();
    fs::remove_file(&drv).unwrap();
    let file = fs::File::create(&drv).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
    let run = sandbox.run(&["build", "--json"]).ends(1).says(&["read the derivation"]);
    assert_eq!(statuses(&run), ["a build-failed", "b built"]);
}
