//! NARs as Nix itself writes them, byte for byte.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use binary_cache::nar::Dump;
use sandbox::{Sandbox, TestNix, succeeded};

fn ours(dump: &mut Dump, path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut take = |block: &[u8]| {
        bytes.extend_from_slice(block);
        Ok(())
    };
    dump.run(path, &mut take).unwrap();
    bytes
}

fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes as u64).map(|index| (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// Everything that makes one tree differ from another.
fn awkward(root: &Path) {
    let write = |name: &[u8], content: &[u8]| fs::write(root.join(OsStr::from_bytes(name)), content).unwrap();
    fs::create_dir(root).unwrap();
    for name in
        ["a", "a.b", "a-b", "B", " ", "~", "new\nline", "quote'\"", "-dash", "ünïcödé", "zero", "longer than eight"]
    {
        write(name.as_bytes(), name.as_bytes());
    }
    write(b"not \xff\xfe text", b"");
    write(b"empty", b"");
    for size in [1, 7, 8, 9, 128 * 1024 - 200, 128 * 1024, 128 * 1024 + 1, 1_000_003] {
        write(format!("size-{size}").as_bytes(), &noise(size));
    }
    for (name, mode) in [("all", 0o777), ("owner", 0o744), ("group", 0o654), ("other", 0o645), ("none", 0o400)] {
        let path = root.join(format!("executable-by-{name}"));
        fs::write(&path, name).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    symlink("nowhere/at all", root.join("dangling")).unwrap();
    symlink(OsStr::from_bytes(b"\xff"), root.join("to no text")).unwrap();
    symlink("..", root.join("up")).unwrap();
    fs::create_dir_all(root.join(vec!["deep"; 60].join("/"))).unwrap();
    fs::create_dir(root.join("nothing in it")).unwrap();
    (0..1_000).for_each(|index| fs::write(root.join(format!("nothing in it/{index}")), "").unwrap());
}

#[test]
fn every_tree_is_dumped_as_by_nix() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let tree = sandbox.path("tree");
        awkward(&tree);
        let mut dump = Dump::default();
        let mut check = |path: &Path| {
            let theirs = succeeded(sandbox.command("nix-store").arg("--dump").arg(path).output().unwrap()).stdout;
            assert!(ours(&mut dump, path) == theirs, "{nix:?}: {}", path.display());
        };
        check(&tree);
        for below in ["empty", "size-1000003", "executable-by-owner", "dangling", "deep"] {
            check(&tree.join(below));
        }
        fs::set_permissions(tree.join("executable-by-none"), fs::Permissions::from_mode(0o600)).unwrap();
    }
}
