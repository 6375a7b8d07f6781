//! `secrets roundtrip` with the genuine sops and age: it passes where it should, finds out a sops that lies, and leaves nothing behind.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod sandbox;
mod secrets_fleet;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::program;
use secrets_fleet::Fleet;

#[test]
fn every_format_goes_round() {
    let fleet = Fleet::new();
    fleet.encrypt("secrets/a.json", "{\"a\": {\"b\": [1, \"x\"], \"e\": \"\"}}");
    fleet.encrypt("secrets/a.env", "# remark\nA=1\nB=x y\n");
    fleet.encrypt("secrets/a.ini", "[s]\na = 1\n[t]\nb = x\n");
    fleet.encrypt("secrets/a.bin", "anything at all");
    let went = fleet.secrets(&["roundtrip"]).ends(0);
    let rule = "`^secrets/.*\\.(yaml|json|env|ini|bin)$`";
    for (format, tampered) in [("yaml", 3), ("json", 3), ("dotenv", 2), ("ini", 2), ("binary", 2)] {
        went.stderr.find(&format!("{rule}, {format}: 2 recipients in, 1 other out, {tampered} tamperings refused, a removed recipient is out"))
            .unwrap_or_else(|| panic!("{format}:\n{}", went.stderr));
    }
}

#[test]
fn groups_need_as_many_keys_as_the_rule_says() {
    let fleet = Fleet::new();
    fleet.change(
        ".sops.yaml",
        "    key_groups:\n      - age:\n          - *ada\n          - *web\n",
        "    shamir_threshold: 2\n    key_groups:\n      - age: [*ada]\n      - age: [*web]\n",
    );
    fleet.encrypt("secrets/web.yaml", "a: one two\n");
    fleet.secrets(&["roundtrip"]).ends(0).says(&["yaml: 2 recipients in, 1 other out"]);
}

#[test]
fn a_sops_that_does_not_keep_its_word_is_found_out() {
    let mut fleet = Fleet::new();
    let bin = fleet.sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let real = sandbox::tool("sops/bin/sops");
    let path = std::env::var("PATH").unwrap();
    fleet.sandbox.set("PATH", &format!("{}:{path}", bin.display()));
    let with = |fleet: &Fleet, script: &str| {
        let text = format!("#!/bin/sh\nREAL={}\n{script}\n", real.display());
        fs::write(bin.join("sops"), text).unwrap();
        fs::set_permissions(bin.join("sops"), fs::Permissions::from_mode(0o755)).unwrap();
        fleet.secrets(&["roundtrip"])
    };
    // It encrypts nothing.
    with(&fleet, "case $1 in encrypt) exit 0;; esac; exec $REAL \"$@\"")
        .ends(1)
        .says(&["still there in plain text after encryption"]);
    // It decrypts without checking the MAC.
    with(&fleet, "case $1 in decrypt) shift; exec $REAL decrypt --ignore-mac \"$@\";; esac; exec $REAL \"$@\"")
        .ends(1)
        .says(&["two items of a list in each other's place is not noticed", "a changed MAC is"]);
    // It decrypts something else.
    with(&fleet, "case $1 in decrypt) $REAL \"$@\" >/dev/null && echo '{}' ;; *) exec $REAL \"$@\";; esac")
        .ends(1)
        .says(&["`ada` decrypts something else than was encrypted"]);
    // It opens for everybody.
    let anybody = format!(
        "case $1 in decrypt) export SOPS_AGE_KEY_CMD=\"cat $(ls -d /dev/shm/xtask-secrets-*/0/keys/* {}/xtask-secrets-*/0/keys/* 2>/dev/null | tr '\\n' ' ')\";; esac; exec $REAL \"$@\"",
        fleet.sandbox.path("tmp").display()
    );
    with(&fleet, &anybody).ends(1).says(&["somebody whom it does not name can decrypt"]);
    // It is broken.
    with(&fleet, "exit 3").ends(1).says(&["cannot be encrypted by it"]);
}

#[test]
fn what_is_missing_is_could_not_check() {
    let mut fleet = Fleet::new();
    let empty = fleet.sandbox.path("empty");
    fs::create_dir_all(&empty).unwrap();
    std::os::unix::fs::symlink(program("git", "apt-get install git"), empty.join("git")).unwrap();
    fleet.sandbox.set("PATH", empty.to_str().unwrap());
    fleet.secrets(&["roundtrip"]).ends(2).says(&["sops is missing: run `cargo xtask bootstrap --only sops`"]);
    std::os::unix::fs::symlink(sandbox::tool("sops/bin/sops"), empty.join("sops")).unwrap();
    fleet.secrets(&["roundtrip"]).ends(2).says(&["age-keygen is missing"]);
    let fleet = Fleet::new();
    fs::remove_file(fleet.sandbox.repository().join("secrets/web.yaml")).unwrap();
    fleet.secrets(&["roundtrip"]).ends(2).says(&["there is nothing to try"]);
    let fleet = Fleet::new();
    fleet.change(".sops.yaml", "    key_groups:", "    pgp: ABCD\n    key_groups:");
    fleet.change(".sops.yaml", "          - *web\n", "          - *web\n        pgp: [ABCD]\n");
    fleet.secrets(&["roundtrip"]).ends(2).says(&["no fresh key can stand for a recipient of the kind `pgp`"]);
}

#[test]
fn nothing_is_left_after_a_signal() {
    let mut fleet = Fleet::new();
    let bin = fleet.sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let started = fleet.sandbox.path("started");
    let script = format!(
        "#!/bin/sh\npwd > {}\nsleep 0.5\nexec {} \"$@\"\n",
        started.display(),
        sandbox::tool("sops/bin/sops").display()
    );
    fs::write(bin.join("sops"), script).unwrap();
    fs::set_permissions(bin.join("sops"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    fleet.sandbox.set("PATH", &format!("{}:{path}", bin.display()));
    for signal in ["TERM", "INT"] {
        fs::remove_file(&started).ok();
        let mut child =
            fleet.sandbox.command(env!("CARGO_BIN_EXE_xtask")).args(["secrets", "roundtrip"]).spawn().unwrap();
        let begun = Instant::now();
        while fs::read_to_string(&started).map_or(true, |text| !text.ends_with('\n')) {
            assert!(begun.elapsed() < Duration::from_secs(20), "the trial never began");
            std::thread::sleep(Duration::from_millis(10));
        }
        let tree = PathBuf::from(fs::read_to_string(&started).unwrap().trim());
        let private = tree
            .ancestors()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("xtask-secrets-")));
        let private = private.unwrap().to_owned();
        assert_eq!(private.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(!private.exists(), "{} is left after {signal}", private.display());
    }
}
