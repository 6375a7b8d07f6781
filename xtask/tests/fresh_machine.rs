//! `bootstrap` on a machine where nothing is there: the smallest Debian, as root, with this machine's way to packages.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::path::Path;
use std::process::Command;

use sandbox::{Ran, fingerprint, inventory, program, ran, tool};

/// Enters the folder `$0` as a container would: with its own mounts and processes, and as the real root of the file system.
const ENTER: &str = "set -e
mount --make-rprivate /
mount --bind \"$0\" \"$0\"
cd \"$0\"
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p old
pivot_root . old
umount -l old
rmdir old
cd /root/repository
exec \"$@\"";

/// Runs a command inside the machine at `root`.
fn inside(root: &Path, command: &[&str]) -> Ran {
    let mut unshare = Command::new(program("unshare", "apt-get install util-linux"));
    unshare.args(["--mount", "--pid", "--fork", "sh", "-c", ENTER]).arg(root).args(command);
    unshare.env("HOME", "/root").env("SHELL", "/bin/bash").env("USER", "root");
    unshare.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["XTASK_", "NIX_", "XDG_", "CARGO", "SOPS_"].iter().any(|prefix| text.starts_with(prefix)) || text == "CI" {
            unshare.env_remove(&name);
        }
    }
    ran(&mut unshare)
}

/// A copy of the fresh Debian with the built program, a repository, and this machine's way to packages.
fn fresh_machine() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut copy = Command::new("cp");
    assert!(
        copy.args(["--archive", "--no-target-directory"])
            .arg(tool("debian-root"))
            .arg(root)
            .status()
            .unwrap()
            .success()
    );
    // Certificates and name servers, and apt's and pip's settings, if this machine has any of its own.
    for file in ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"] {
        if let Ok(text) = fs::read(file) {
            fs::write(root.join(file.trim_start_matches('/')), text).unwrap();
        }
    }
    for entry in fs::read_dir("/etc/apt/apt.conf.d").unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), root.join("etc/apt/apt.conf.d").join(entry.file_name())).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_xtask"), root.join("usr/local/bin/xtask")).unwrap();
    let repository = root.join("root/repository");
    fs::create_dir_all(&repository).unwrap();
    fs::write(repository.join("flake.nix"), sandbox::FLAKE).unwrap();
    fs::write(repository.join(".envrc"), "true\n").unwrap();
    for arguments in [&["init", "--quiet"][..], &["add", "."]] {
        let mut git = Command::new(program("git", "apt-get install git"));
        assert!(git.arg("-C").arg(&repository).args(arguments).status().unwrap().success());
    }
    folder
}

#[test]
fn a_fresh_debian_is_made_to_work_and_then_left_alone() {
    assert!(
        rustix::process::getuid().is_root(),
        "a fresh machine is entered as root: run `sudo --preserve-env cargo xtask test`"
    );
    let machine = fresh_machine();
    let root = machine.path();
    let state = || {
        let (read, listed) = (["etc", "root/repository"], ["root", "usr", "var/lib/dpkg"]);
        let read = read.map(|folder| fingerprint(&root.join(folder)));
        (read, listed.map(|folder| inventory(&root.join(folder))))
    };

    let fresh = state();
    inside(root, &["xtask", "bootstrap", "--check"]).ends(1).says(&[
        "✗ git: missing",
        "✗ nix: missing",
        "✗ age-key: missing",
    ]);
    inside(root, &["xtask", "bootstrap", "--dry-run"]).ends(1).says(&["$ apt-get install", "build-users-group ="]);
    assert_eq!(state(), fresh, "looking changed something");

    // A build brings what every run needs, and nothing that only people need.
    let build = inside(root, &["xtask", "build"]).ends(0);
    build.says(&["✓ git: git version", "✓ nix: nix (Nix) ", "✓ probe-build: built just now"]);
    let ours = fs::read_to_string(root.join("etc/nix/xtask.conf")).unwrap();
    assert!(!ours.contains("sandbox"), "nobody agreed to builds without a sandbox: {ours}");
    let mut store = fs::read_dir(root.join("nix/store")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(store.any(|name| name.to_string_lossy().ends_with("-smallest")), "the flake was not built");
    assert!(!root.join("root/.config/sops").exists());
    let first = inside(root, &["xtask", "bootstrap", "--yes"]).ends(0);
    first.says(&["✓ direnv:", "✓ age-key:", "✓ sops: sops 3.11.0", "✓ flake: declares packages"]);
    let working = state();
    inside(root, &["xtask", "bootstrap", "--yes"]).ends(0).says(&["11 of 11 steps in order, nothing to do"]);
    assert_eq!(state(), working, "the second run changed something");
    inside(root, &["xtask", "doctor", "--offline"]).ends(0);

    // The Nix that was brought builds the flake for anybody who types it.
    let built =
        inside(root, &["nix", "build", "--no-link", "--json", "--option", "substitute", "false", "/root/repository"]);
    assert!(built.ends(0).stdout.contains("smallest"));
}
