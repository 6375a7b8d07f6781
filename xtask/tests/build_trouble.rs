//! `build` where the machine is in trouble: a full disk, a store that cannot be written, a nix.conf that cannot be read.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod sandbox;

use std::fs;
use std::path::Path;

use fleet::{flake, statuses};
use sandbox::{Ran, Sandbox, TestNix, WORKING_NIX_CONF, program, ran};

/// Runs the shell `script`, as root of a mount namespace of its own, with the built program as `$0`.
fn in_own_mounts(sandbox: &Sandbox, script: &str) -> Ran {
    let mut unshare = sandbox.command(program("unshare", "apt-get install util-linux"));
    let maps_root: &[&str] = if rustix::process::getuid().is_root() { &[] } else { &["--map-root-user"] };
    let command = unshare.arg("--mount").args(maps_root).args(["/bin/sh", "-e", "-c", script]);
    ran(command.arg(env!("CARGO_BIN_EXE_xtask")))
}

/// Fails the test unless everything that is kept from run to run can be read.
#[track_caller]
fn check_kept(state: &Path) {
    let files = walkdir::WalkDir::new(state).into_iter().map(|entry| entry.unwrap().into_path());
    let json: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "json")).collect();
    assert!(!json.is_empty(), "nothing is kept");
    for file in json {
        let text = fs::read_to_string(&file).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn a_disk_that_fills_up_while_building() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let packages = r#"
            large = drv "large" "dd if=/dev/zero of=$out bs=1M count=30";
            small = drv "small" "echo > $out";"#;
        sandbox.write("flake.nix", &flake("", packages));
        // Store and database on a disk of their own, which is then made larger, as by freeing space.
        let nix_folder = sandbox.path("nix");
        fs::create_dir_all(&nix_folder).unwrap();
        let script = format!(
            "mount -t tmpfs -o size=24m tmpfs '{at}' || {{ echo this test must be able to mount a tmpfs >&2; exit 99; }}
            \"$0\" build package:small
            status=0; \"$0\" build --json || status=$?; echo \"first run: $status\" >&2; cp -r '{state}' '{state}-full'
            mount -o remount,size=80m '{at}'
            \"$0\" build --json > '{state}-second'",
            at = nix_folder.display(),
            state = sandbox.path("state").display(),
        );
        let both = in_own_mounts(&sandbox, &script).ends(0);
        assert_eq!(statuses(&both), ["large build-failed", "small present"], "{nix:?}");
        let both = both.says(&["first run: 1", "large: build failed", "No space left on device"]);
        check_kept(&sandbox.path("state-full"));
        let second = Ran { stdout: fs::read_to_string(sandbox.path("state-second")).unwrap(), ..both };
        assert_eq!(statuses(&second), ["large built", "small present"], "{nix:?}");
    }
}

#[test]
fn a_disk_that_is_full_from_the_start() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        fs::create_dir_all(sandbox.path("state")).unwrap();
        let script = format!(
            "mount -t tmpfs -o size=1m tmpfs '{at}' || {{ echo this test must be able to mount a tmpfs >&2; exit 99; }}
            dd if=/dev/zero of='{at}/filler' bs=1k 2> /dev/null || true
            status=0; \"$0\" build || status=$?; echo \"full: $status\" >&2
            rm '{at}/filler'
            \"$0\" build",
            at = sandbox.path("state").display(),
        );
        in_own_mounts(&sandbox, &script).ends(0).says(&["full: 2", "No space left on device"]);
    }
}

#[test]
fn what_was_built_is_told_though_nothing_can_be_remembered() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        // Folders, where files would be written.
        for file in ["costs.json", "closure-sizes.json"] {
            fs::create_dir_all(sandbox.path("state").join(file)).unwrap();
        }
        let built = sandbox.run(&["build", "--json"]).ends(0);
        assert_eq!(statuses(&built), ["default built"], "{nix:?}");
        built.says(&["! keep the costs of evaluation: write `", "closure-sizes.json`: "]);
        sandbox.run(&["ci", "build", "--report-dir", "report"]).ends(0).says(&["! keep the costs of evaluation"]);
        assert!(sandbox.repository().join("report/junit.xml").is_file());
        // Reports that cannot be written are an error, after everything is told.
        let unwritten = sandbox.run(&["ci", "build", "--json", "--report-dir", "/proc/none"]).ends(2);
        assert!(unwritten.stdout.contains("packages.x86_64-linux.default"), "{nix:?}: {unwritten:?}");
        // Links that were asked for are no bookkeeping; what was built is told all the same.
        let unlinked = sandbox.run(&["build", "--json", "--out-link", "/proc/none/result"]).ends(2);
        assert_eq!(statuses(&unlinked), ["default present"], "{nix:?}");
        unlinked.says(&["error: keep results alive at `/proc/none/result-package-default"]);
    }
}

#[test]
fn a_content_addressed_derivation_has_no_path_to_keep() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let features = "extra-experimental-features = ca-derivations\n";
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}{features}"));
        let floating = r#"a = drvOf { __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; }
            "a" "echo > $out";"#;
        sandbox.write("flake.nix", &flake("", floating));
        let ran = sandbox.run(&["build", "--json", "--out-link", "result"]).ends(0);
        assert_eq!(statuses(&ran), ["a built"], "{nix:?}");
        assert!(!ran.stderr.contains('!'), "{nix:?}: {}", ran.stderr);
    }
}

#[test]
fn a_store_that_cannot_be_written() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.run(&["build"]).ends(0);
        sandbox.write("flake.nix", &flake("", r#"a = drv "a" "echo > $out";"#));
        let script = "at=${NIX_STORE_DIR%/store}; mount --bind \"$at\" \"$at\"; mount -o remount,ro,bind \"$at\"; exec \"$0\" build";
        let told = in_own_mounts(&sandbox, script).ends(2);
        told.says(&["error: the store cannot be used: ", "`cargo xtask doctor` says more"]);
    }
}

#[test]
fn a_nix_conf_that_cannot_be_read() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}this is no setting\n"));
        let place = format!("{}:7: malformed line", sandbox.path("nix-conf/nix.conf").display());
        sandbox.run(&["build"]).ends(2).says(&[&place]);
    }
}
