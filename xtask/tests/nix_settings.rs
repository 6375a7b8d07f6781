//! What the settings of Nix mean for `build`: how they are asked for, the store they name, and the flake's own caches.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sandbox::{Sandbox, TestNix, WORKING_NIX_CONF};

#[test]
fn a_nix_without_the_old_name_of_its_settings_is_asked_by_the_new_one() {
    let mut sandbox = Sandbox::new(TestNix::Modern);
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    for entry in fs::read_dir(TestNix::Modern.bin()).unwrap().map(Result::unwrap) {
        std::os::unix::fs::symlink(entry.path(), bin.join(entry.file_name())).unwrap();
    }
    let real = TestNix::Modern.bin().join("nix");
    let refusal =
        "case \"$1\" in show-config) echo \"error: 'show-config' is not a recognised command\" >&2; exit 1;; esac";
    fs::remove_file(bin.join("nix")).unwrap();
    fs::write(bin.join("nix"), format!("#!/bin/sh\n{refusal}\nexec {} \"$@\"\n", real.display())).unwrap();
    fs::set_permissions(bin.join("nix"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = bin.display().to_string() + ":" + &std::env::var("PATH").unwrap();
    sandbox.set("PATH", &path);
    sandbox.run(&["build"]).ends(0);
    sandbox.run(&["bootstrap", "--check", "--only", "nix-conf"]).ends(0);
}

#[test]
fn a_store_that_nix_conf_names_is_the_store() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        for variable in ["NIX_STORE_DIR", "NIX_STATE_DIR", "NIX_LOG_DIR"] {
            sandbox.unset(variable);
        }
        for store in
            [sandbox.path("chroot").display().to_string(), format!("local?root={}", sandbox.path("other").display())]
        {
            sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}store = {store}\n"));
            sandbox.run(&["outputs"]).ends(0);
            // What is kept counts as long as the store has it.
            sandbox.run(&["outputs"]).ends(0).says(&["1 unchanged since the last evaluation"]);
        }
    }
}

#[test]
fn a_store_elsewhere_is_refused_by_name() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let expected = "error: the store `ssh-ng://store.example.org` is not on this machine";
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}store = ssh-ng://store.example.org\n"));
        sandbox.run(&["outputs"]).ends(2).says(&[expected, "`store` in nix.conf"]);
        sandbox.write_nix_conf(WORKING_NIX_CONF);
        sandbox.set("NIX_REMOTE", "ssh-ng://store.example.org");
        sandbox.run(&["outputs"]).ends(2).says(&[expected, "the variable NIX_REMOTE"]);
    }
}
