//! Repositories of every shape that git and Nix allow: where they are, how they were made, and what is in them.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use sandbox::fleet::flake;
use sandbox::{Sandbox, TestNix};

/// One output that builds, from a file beside the flake, and one that throws there.
const BODY: &str =
    "packages.x86_64-linux.good = linux (import ./lib.nix).name;\npackages.x86_64-linux.bad = (import ./lib.nix).bad;";

/// Writes the flake into `folder`; what it builds bears `name`.
fn write_flake(folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("flake.nix"), flake(BODY)).unwrap();
    fs::write(folder.join("lib.nix"), format!("{{\n  name = \"{name}\";\n  bad = throw \"bad\";\n}}\n")).unwrap();
}

/// Builds the flake in `folder`: the good output must be the one called `name`, and the bad one be found in its file, which is
/// in `below` of the checkout.
#[track_caller]
fn check(sandbox: &Sandbox, folder: &Path, name: &str, below: &str) {
    let answer = sandbox.run(&["build", "--json", "--repo", folder.to_str().unwrap()]).ends(1).answer();
    assert_eq!(answer.outputs().len(), 2, "{folder:?}");
    assert_eq!(answer.output("packages.x86_64-linux.bad")["status"], "evaluation-failed", "{folder:?}");
    assert_eq!(answer.place("packages.x86_64-linux.bad"), format!("{below}lib.nix:3"), "{folder:?}");
    let good = answer.output("packages.x86_64-linux.good");
    let out = good["outputs"]["out"].as_str().unwrap();
    assert!(out.ends_with(&format!("-{name}")), "{folder:?}: {good:#}");
    assert_eq!(fs::read_to_string(out).unwrap(), "built\n");
}

#[test]
fn any_kind_of_working_tree() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let repository = sandbox.repository();
        write_flake(&repository, "first");
        sandbox.git(&repository, &["add", "--all"]);
        check(&sandbox, &repository, "first", "");
        sandbox.git(&repository, &["commit", "--quiet", "--message=first"]);
        check(&sandbox, &repository, "first", "");
        sandbox.git(&repository, &["commit", "--quiet", "--message=second", "--allow-empty"]);

        sandbox.git(&repository, &["worktree", "add", "--quiet", "../worktree"]);
        write_flake(&sandbox.path("worktree"), "dirty-in-worktree");
        check(&sandbox, &sandbox.path("worktree"), "dirty-in-worktree", "");

        let origin = format!("file://{}", repository.display());
        sandbox.git(&sandbox.path(""), &["clone", "--quiet", "--depth=1", &origin, "shallow"]);
        check(&sandbox, &sandbox.path("shallow"), "first", "");
        sandbox.git(&sandbox.path("shallow"), &["worktree", "add", "--quiet", "../shallow-worktree"]);
        check(&sandbox, &sandbox.path("shallow-worktree"), "first", "");
        sandbox.git(&sandbox.path("shallow"), &["checkout", "--quiet", "--detach"]);
        check(&sandbox, &sandbox.path("shallow"), "first", "");

        write_flake(&repository, "dirty");
        check(&sandbox, &repository, "dirty", "");

        // A flake that is itself a submodule of something else.
        let outer = sandbox.path("outer");
        fs::create_dir(&outer).unwrap();
        sandbox.git(&outer, &["init", "--quiet"]);
        sandbox.git(&outer, &["submodule", "--quiet", "add", repository.to_str().unwrap(), "inner"]);
        check(&sandbox, &outer.join("inner"), "first", "");
    }
}

#[test]
fn a_flake_below_the_root_of_the_checkout() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let repository = sandbox.repository();
        for (folder, name) in [("deep/down", "down"), ("with space", "space"), ("a#b?c&d=e", "signs")] {
            write_flake(&repository.join(folder), name);
        }
        sandbox.git(&repository, &["add", "--all"]);
        check(&sandbox, &repository.join("deep/down"), "down", "deep/down/");
        check(&sandbox, &repository.join("with space"), "space", "with space/");
        check(&sandbox, &repository.join("a#b?c&d=e"), "signs", "a#b?c&d=e/");
        // Only what is below the flake is missed.
        sandbox.write_untracked("elsewhere.nix", "");
        sandbox.write_untracked("deep/down/new host.nix", "");
        let folder = repository.join("deep/down");
        sandbox
            .run(&["outputs", "--repo", folder.to_str().unwrap()])
            .ends(1)
            .says(&["! `new host.nix`: git does not know it", "git add -N 'new host.nix'"])
            .never_says(&["elsewhere"]);
    }
}

/// Names of folders that a URL must encode.
const ENCODED: [&str; 9] =
    ["with space", "a#b", "a?b=c", "a&b", "ünïcödé", "per%20cent", "quo\"te", "dollar${x}", "co:lon"];

#[test]
fn any_path() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        for folder in ENCODED.into_iter().chain(["pl+us", "a@b~c"]) {
            let path = sandbox.path(folder);
            // Without git at first.
            write_flake(&path, "first");
            check(&sandbox, &path, "first", "");
            sandbox.git(&path, &["init", "--quiet"]);
            sandbox.git(&path, &["add", "--all"]);
            sandbox.git(&path, &["commit", "--quiet", "--message=first"]);
            write_flake(&path, "edited");
            if nix == TestNix::Modern || !ENCODED.contains(&folder) {
                check(&sandbox, &path, "edited", "");
            } else {
                // Nix 2.8 would silently build the last commit.
                let expected = format!("error: Nix 2.8 cannot read a git repository at `{}`: move it", path.display());
                sandbox.run(&["build", "--repo", path.to_str().unwrap()]).ends(2).says(&[&expected]);
            }
        }
        std::os::unix::fs::symlink(sandbox.path("pl+us"), sandbox.path("a link")).unwrap();
        check(&sandbox, &sandbox.path("a link"), "edited", "");
    }
}

#[test]
fn any_path_of_the_state() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let state = sandbox.path("state of #things?").to_str().unwrap().to_owned();
        sandbox.set("XTASK_STATE_DIR", &state);
        sandbox.run(&["build"]).ends(0);
        // The stand-in is kept there too.
        let flake = flake("packages.x86_64-linux.a = linux (nixpkgs.lib.concatStrings [ \"a\" \"b\" ]);");
        let inputs = "{ inputs.nixpkgs.url = \"github:NixOS/nixpkgs\"; outputs = { self, nixpkgs }:";
        sandbox.write("flake.nix", &flake.replace("{ outputs = { self }:", inputs));
        sandbox.run(&["build", "--inputs", "standin"]).ends(0).says(&["packages.x86_64-linux.a  built"]);
    }
}

#[test]
fn a_file_whose_name_is_not_utf8_is_no_obstacle() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let name = OsStr::from_bytes(b"old\xff.txt");
        fs::write(sandbox.repository().join(name), "one").unwrap();
        sandbox.run(&["build"]).ends(0);
        sandbox.git(&sandbox.repository(), &["add", "--all"]);
        sandbox.run(&["build"]).ends(0).never_says(&["unchanged since"]);
        sandbox.run(&["build"]).ends(0).says(&["1 unchanged since"]);
        fs::write(sandbox.repository().join(name), "two").unwrap();
        sandbox.run(&["build"]).ends(0).never_says(&["unchanged since"]);
    }
}

#[test]
fn what_is_no_flake_is_said_to_be_none() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    fs::create_dir(sandbox.path("empty")).unwrap();
    let empty = sandbox.path("empty").to_str().unwrap().to_owned();
    sandbox.run(&["build", "--repo", &empty]).ends(2).says(&["has no flake.nix"]);
    sandbox.run(&["build", "--repo", "/no/such/folder"]).ends(2).says(&["open the repository `/no/such/folder`"]);
}
