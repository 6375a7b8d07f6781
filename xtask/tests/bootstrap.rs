//! `bootstrap`, and builds that call it, on real Nix.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use sandbox::{Sandbox, TestNix, program, ran};

/// What `bootstrap` may change in a sandbox.
const CHANGEABLE: [&str; 3] = ["home", "nix-conf", "repository"];

#[test]
fn an_unconfigured_machine_is_configured_once() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::bare(nix);
        sandbox.write_nix_conf("# mine\nmax-jobs = 2");
        let before = sandbox.fingerprint(&CHANGEABLE);
        sandbox
            .run(&["bootstrap", "--check"])
            .ends(1)
            .says(&["✗ nix-conf: missing", "fix: cargo xtask bootstrap --only nix-conf"]);
        let plan = sandbox.run(&["bootstrap", "--dry-run"]).ends(1);
        plan.says(&[
            "+ extra-experimental-features = nix-command flakes",
            "+ !include xtask.conf",
            "+ probe-build: after `nix-conf`",
        ]);
        // Without a terminal nobody can agree.
        sandbox.run(&["bootstrap"]).ends(1).says(&["there is no terminal to ask on"]);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before, "{nix:?}: looking changed something");

        sandbox.run(&["bootstrap", "--yes"]).ends(0).says(&["✓ probe-build:", "✓ flake: declares packages"]);
        let after = sandbox.fingerprint(&CHANGEABLE);
        sandbox.run(&["bootstrap", "--yes"]).ends(0).says(&["nothing to do"]);
        sandbox.run(&["bootstrap", "--check"]).ends(0);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), after, "{nix:?}: the second run changed something");
    }
}

#[test]
fn a_malformed_nix_conf_is_named_with_its_line() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::bare(nix);
        sandbox.write_nix_conf("max-jobs = 2\n\nthis is no setting # really\n");
        let place = format!("{}:3: malformed line \"this is no setting\"", sandbox.path("nix-conf/nix.conf").display());
        sandbox.run(&["bootstrap", "--check"]).ends(1).says(&[&place, "+ nix-conf: after `nix`"]);
        sandbox.run(&["bootstrap", "--yes", "--skip", "age-key"]).ends(1).says(&[&place]);
        sandbox.run(&["doctor"]).ends(1).says(&[&place]);
        let text = fs::read_to_string(sandbox.path("nix-conf/nix.conf")).unwrap();
        assert!(!text.contains("include"), "{nix:?}: a file that Nix cannot read was written to");
    }
}

#[test]
fn a_store_that_cannot_be_written_is_told() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.run(&["bootstrap", "--check", "--only", "store-access,probe-build"]).ends(0);
        // A mount of its own, read-only, seen by nobody else.
        let mut unshare = sandbox.command(program("unshare", "apt-get install util-linux"));
        let maps_root: &[&str] = if rustix::process::getuid().is_root() { &[] } else { &["--map-root-user"] };
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
        let read_only = unshare
            .arg("--mount")
            .args(maps_root)
            .args(["sh", "-c", script])
            .arg(sandbox.path("nix"))
            .arg(env!("CARGO_BIN_EXE_xtask"))
            .args(["bootstrap", "--check", "--only", "store-access,probe-build"]);
        ran(read_only)
            .ends(1)
            .says(&["✗ store-access: the store:", "fix: mount the file system of the store writable"]);
    }
}

#[test]
fn a_store_below_a_file_is_told() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        fs::write(sandbox.path("file"), "").unwrap();
        let below = sandbox.path("file/store").to_str().unwrap().to_owned();
        sandbox.set("NIX_STORE_DIR", &below);
        sandbox.run(&["bootstrap", "--check", "--only", "store-access"]).ends(1).says(&["a directory", "fix: "]);
        sandbox.run(&["doctor"]).ends(1).says(&["✗ store-access: the store:"]);
    }
}

#[test]
fn a_probe_that_does_not_build_is_told_though_the_store_opens() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let only = ["bootstrap", "--check", "--only", "store-access,probe-build"];
        // Nix that may run no build at all opens its store all the same.
        sandbox.write_nix_conf(&format!("{}max-jobs = 0\n", sandbox::WORKING_NIX_CONF));
        sandbox.run(&only).ends(1).says(&["✓ store-access", "✗ probe-build: the probe build failed: "]);
        // So does one whose builders are a group that does not exist, which matters to root alone.
        if rustix::process::getuid().is_root() {
            let builders =
                "experimental-features = nix-command flakes\nsandbox = false\nbuild-users-group = nobody-has-this\n";
            sandbox.write_nix_conf(builders);
            sandbox.run(&only).ends(1).says(&["✓ store-access", "the group 'nobody-has-this'"]);
        }
    }
}

#[test]
fn without_nix_the_way_to_it_is_named() {
    let programs = ["git", "sh"];
    let check = |os_release: &str, expected: &[&str]| {
        let sandbox = Sandbox::without_nix(&programs);
        fs::write(sandbox.path("system/etc/os-release"), os_release).unwrap();
        let before = sandbox.fingerprint(&CHANGEABLE);
        sandbox.run(&["bootstrap", "--check"]).ends(1);
        sandbox.run(&["bootstrap", "--dry-run"]).ends(1).says(expected);
        sandbox.run(&["doctor"]).ends(1).says(&["✗ nix:", "fix: "]);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before);
    };
    check(
        "ID=arch\n",
        &[
            "✗ nix: no Nix was found",
            "fix: curl --location https://nixos.org/nix/install | sh",
            "+ store-access: after `nix`",
        ],
    );
    if rustix::process::getuid().is_root() {
        check(
            "ID=debian\nVERSION_ID=12\n",
            &["$ apt-get update", "$ apt-get install --yes --no-install-recommends nix-bin"],
        );
    } else {
        check("ID=debian\nVERSION_ID=12\n", &["fix: sudo apt-get install --yes nix-bin"]);
    }
}

#[test]
fn an_unknown_step_is_refused() {
    let sandbox = Sandbox::without_nix(&[]);
    for flag in ["--only", "--skip"] {
        sandbox.run(&["bootstrap", "--check", flag, "nicks"]).ends(2).says(&["'nicks'", "probe-build"]);
    }
    // Nothing looked at is no success.
    sandbox.run(&["bootstrap", "--check", "--only", "git", "--skip", "git"]).ends(2).says(&["no step was looked at"]);
}

#[test]
fn ci_needs_nothing_that_only_people_need() {
    let mut sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.set("CI", "true");
    sandbox
        .run(&["bootstrap", "--check"])
        .ends(0)
        .says(&["✓ probe-build: built just now", "- age-key: not needed in CI"]);
    sandbox.run(&["bootstrap", "--check", "--only", "age-key"]).ends(1);
}

#[test]
fn a_build_on_an_unconfigured_machine_brings_what_it_needs() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::bare(nix);
        let home = sandbox.fingerprint(&["home"]);
        if !rustix::process::getuid().is_root() {
            continue; // Nothing that root alone needs stands in the way.
        }
        let first = sandbox.run(&["build"]);
        first.ends(0).says(&["doing what `cargo xtask bootstrap` would do", "✓ nix-conf:", "✓ probe-build:"]);
        let after = sandbox.fingerprint(&["nix-conf"]);
        let second = sandbox.run(&["build"]).ends(0);
        assert!(!second.stderr.contains("bootstrap"), "{nix:?}: {}", second.stderr);
        assert_eq!(sandbox.fingerprint(&["nix-conf"]), after);
        assert_eq!(sandbox.fingerprint(&["home"]), home, "{nix:?}: a build made something that only people need");
        // Another configuration is looked at anew: this one lets nothing be built.
        sandbox.write_nix_conf(&format!("{}max-jobs = 0\n", sandbox::WORKING_NIX_CONF));
        sandbox.run(&["build"]).ends(2).says(&["this machine cannot build yet: probe-build:"]);
        sandbox.write_nix_conf("this is no setting\n");
        sandbox.run(&["build"]).ends(2).says(&["nix.conf:1: malformed line", "run `cargo xtask bootstrap`"]);
    }
}

#[test]
fn a_build_without_nix_names_the_one_command() {
    let sandbox = Sandbox::without_nix(&["git", "sh"]);
    fs::write(sandbox.path("system/etc/os-release"), "ID=arch\n").unwrap();
    sandbox.run(&["build"]).ends(2).says(&["no Nix was found", "run `cargo xtask bootstrap`"]);
}

/// Runs the age step on a terminal where somebody types `keys`; returns the exit status and whether a key was made.
fn answered(keys: &[u8]) -> (i32, bool) {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let typed = sandbox.path("typed");
    fs::write(&typed, keys).unwrap();
    let mut script = sandbox.command(program("script", "apt-get install bsdutils"));
    let command = format!("{} bootstrap --only age-key", env!("CARGO_BIN_EXE_xtask"));
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]).stdin(fs::File::open(typed).unwrap());
    (ran(&mut script).status, sandbox.home().join(".config/sops/age/keys.txt").exists())
}

#[test]
fn on_a_terminal_only_a_yes_agrees() {
    assert_eq!(answered(b"y\n"), (0, true));
    assert_eq!(answered(b"n\n"), (1, false));
    assert_eq!(answered(b"\n"), (1, false));
}

#[test]
fn flakes_that_are_off_stand_in_no_builds_way() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::bare(nix);
        sandbox.write_nix_conf("build-users-group =\nsandbox = false\nsubstituters =\n");
        sandbox.set("CI", "true");
        let before = sandbox.fingerprint(&CHANGEABLE);
        sandbox.run(&["bootstrap", "--check"]).ends(0).says(&["✓ nix-conf: flakes are off for commands typed by hand"]);
        sandbox.run(&["build"]).ends(0);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before, "{nix:?}");
        // A person is told what to turn on.
        sandbox.unset("CI");
        sandbox.run(&["bootstrap", "--check"]).ends(1).says(&["✗ nix-conf: missing"]);
    }
}

/// Settings with which no sandbox can be set up on any machine.
const BROKEN_SANDBOX: &str = "experimental-features = nix-command flakes\nbuild-users-group =\nsubstituters =\n\
    sandbox = true\nsandbox-fallback = false\nsandbox-paths =\n";

#[test]
fn the_sandbox_is_given_up_for_one_run_and_for_good_only_with_a_yes() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::bare(nix);
        sandbox.write_nix_conf(BROKEN_SANDBOX);
        let before = sandbox.fingerprint(&["nix-conf", "home"]);
        if rustix::process::getuid().is_root() {
            for command in [&["build"][..], &["build"], &["ci"]] {
                sandbox.run(command).says(&["this run, and it alone, builds with `sandbox = false`"]);
            }
            sandbox.set("CI", "true");
            sandbox.run(&["ci", "bootstrap", "build"]).ends(0);
            sandbox.unset("CI");
        } else {
            sandbox.run(&["build"]).ends(2).says(&["this machine cannot build yet: probe-build: missing"]);
        }
        sandbox
            .run(&["bootstrap", "--only", "probe-build"])
            .ends(1)
            .says(&["+ sandbox = false", "no terminal to ask on"]);
        assert_eq!(sandbox.fingerprint(&["nix-conf", "home"]), before, "{nix:?}: nobody agreed to that");
        sandbox.run(&["bootstrap", "--only", "probe-build", "--yes"]).ends(0).says(&["built just now (done now)"]);
        sandbox.run(&["build"]).ends(0).never_says(&["sandbox"]);
    }
}

#[test]
fn a_sandbox_that_is_not_the_trouble_stays() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::bare(nix);
        sandbox.write_nix_conf(&format!("{BROKEN_SANDBOX}max-jobs = 0\n"));
        let before = sandbox.fingerprint(&["nix-conf"]);
        sandbox
            .run(&["bootstrap", "--only", "probe-build", "--yes"])
            .ends(1)
            .says(&["✗ probe-build: the probe build failed"]);
        assert_eq!(sandbox.fingerprint(&["nix-conf"]), before, "{nix:?}");
    }
}

#[test]
fn a_variable_that_wins_over_nix_conf_is_named() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::bare(nix);
        sandbox.set("NIX_CONFIG", "sandbox = true\nsandbox-fallback = false\nsandbox-paths =\nbuild-users-group =");
        let ran = sandbox.run(&["bootstrap", "--yes", "--only", "nix-conf,probe-build"]).ends(1);
        ran.says(&["fix: take `sandbox` out of the variable NIX_CONFIG"]);
        if rustix::process::getuid().is_root() {
            sandbox.set("NIX_CONFIG", "build-users-group = nobody-has-this");
            let ran = sandbox.run(&["bootstrap", "--yes", "--only", "nix-conf,probe-build"]).ends(1);
            ran.says(&["fix: take `build-users-group` out of the variable NIX_CONFIG"]);
        }
    }
}
