//! `cache analytics`: what is counted is what a build would fetch and build, path by path.

use std::fs;

use serde_json::Value;

use crate::cache_server::{CacheServer, Mood};
use crate::place::{built, chain, commit, embedded, hash, json, names, path};
use crate::sandbox::{Ran, Sandbox, TestNix};

fn measure(sandbox: &Sandbox) -> Ran {
    sandbox.run(&["cache", "analytics", "--json"])
}

/// Needed, here, in the cache, to build.
fn counts(answer: &Value) -> [u64; 4] {
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{answer:#}"));
    let cached = answer["substituters"].as_array().unwrap().iter().map(|one| number(&one["paths"])).sum();
    [number(&answer["paths"]), number(&answer["local"]), cached, number(&answer["build"])]
}

/// Empties the store; what is in the cache stays there.
fn forget(sandbox: &Sandbox) {
    let chmod = std::process::Command::new("chmod").args(["-R", "u+w"]).arg(sandbox.path("nix")).status();
    assert!(chmod.unwrap().success());
    fs::remove_dir_all(sandbox.path("nix")).unwrap();
    // What evaluation and builds left in the state folder names paths that are gone.
    for entry in fs::read_dir(sandbox.path("state")).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_str().unwrap().starts_with("binary-cache") && entry.path().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

#[test]
fn every_path_is_counted_where_it_comes_from() {
    for nix in TestNix::ALL {
        let sandbox = built(nix);
        assert_eq!(counts(&json(&measure(&sandbox).ends(0))), [3, 3, 0, 0]);
        sandbox.run(&["cache", "push"]).ends(0);
        let [lower, upper] = ["lower", "upper"].map(|name| path(&sandbox, name));
        forget(&sandbox);
        // The root alone says what it refers to: nothing is built.
        assert_eq!(counts(&json(&measure(&sandbox).ends(0))), [3, 0, 3, 0], "{nix:?}");
        // Without the root, it is to be built from what is there.
        fs::remove_file(embedded(&sandbox).join(format!("{}.narinfo", hash(&upper)))).unwrap();
        let answer = json(&measure(&sandbox).ends(0));
        assert_eq!(counts(&answer), [3, 0, 2, 1], "{nix:?}");
        assert_eq!(answer["builds"][0]["path"], upper.as_str());
        // Without all but the deepest.
        for file in fs::read_dir(embedded(&sandbox)).unwrap().map(|entry| entry.unwrap().path()) {
            let is_other =
                file.extension().is_some_and(|end| end == "narinfo") && !file.to_str().unwrap().contains(hash(&lower));
            if is_other {
                fs::remove_file(file).unwrap();
            }
        }
        assert_eq!(names(&embedded(&sandbox)), ["lower".to_owned()].into());
        let answer = json(&measure(&sandbox).ends(0));
        assert_eq!(counts(&answer), [3, 0, 1, 2], "{nix:?}: {answer:#}");
        assert_eq!(answer["trend"]["percents"].as_array().unwrap().len(), 4, "{answer:#}");
        let text = sandbox.run(&["cache", "analytics"]).ends(0).stdout;
        assert!(text.starts_with("3 paths needed\n") && text.contains("33.3%") && text.contains("trend: "), "{text}");
        let markdown = sandbox.run(&["cache", "analytics", "--markdown"]).ends(0).stdout;
        assert!(markdown.starts_with("### Caches\n\n3 paths needed before the build:"), "{markdown}");
        // What is counted is what Nix would do.
        let said = crate::sandbox::ran(sandbox.command("nix").args(["build", "--no-link", ".#upper"]));
        assert_eq!(said.status, 0, "{said:?}");
    }
}

#[test]
fn a_target_that_is_missed_is_a_problem() {
    let sandbox = built(TestNix::Modern);
    sandbox.run(&["cache", "push"]).ends(0);
    let upper = path(&sandbox, "upper");
    forget(&sandbox);
    fs::remove_file(embedded(&sandbox).join(format!("{}.narinfo", hash(&upper)))).unwrap();
    let check = |target: u8, status: i32| {
        let class = "[[cache.content.priority]]\nname = \"low\"\npattern = \"-lower$\"\n";
        let targets = format!("[cache.targets]\noverall = {target}\nlow = 100\n");
        sandbox.write("xtask.toml", &format!("{class}{targets}"));
        sandbox.run(&["cache", "analytics"]).ends(status)
    };
    check(90, 1).says(&["overall", "66"]);
    let met = check(60, 0);
    assert!(met.stdout.contains("low: 1 of 1 need not be built, 100.0%, 100% wanted"), "{met:?}");
    sandbox.write("xtask.toml", "[cache.targets]\noveral = 90\n");
    sandbox.run(&["cache", "analytics"]).ends(2).says(&["did you mean `overall`?"]);
}

#[test]
fn a_substituter_that_fails_is_told_and_asked_no_second_time() {
    let mut sandbox = built(TestNix::Modern);
    let [lower, upper] = ["lower", "upper"].map(|name| path(&sandbox, name));
    forget(&sandbox);
    let folder = sandbox.path("served");
    fs::create_dir_all(&folder).unwrap();
    let info = format!("StoreDir: {}\n", sandbox.path("nix/store").display());
    fs::write(folder.join("nix-cache-info"), info).unwrap();
    let server = CacheServer::start(&folder);
    server.be(Mood::Failing);
    sandbox.unset("XTASK_OFFLINE");
    commit(&sandbox, &chain(&format!("nixConfig.extra-substituters = [ \"{}\" ];", server.address()), ""));
    let answer = json(&measure(&sandbox).ends(0));
    assert_eq!(counts(&answer), [3, 0, 0, 3], "{answer:#}");
    let fault = answer["substituters"][0]["fault"].as_str().unwrap();
    assert!(fault.contains("500 Internal Server Error"), "{fault}");
    sandbox.run(&["cache", "analytics"]).ends(0).says(&["could not ask http://", "no problem, 1 warning"]);
    let asked = server.asked();
    let is_asked = |path: &str| asked.contains(&format!("/{}.narinfo", hash(path)));
    assert!(is_asked(&upper) && !is_asked(&lower), "{asked:?}");
}

#[test]
fn a_closure_that_a_cache_has_is_one_question() {
    let mut sandbox = built(TestNix::Modern);
    sandbox.run(&["cache", "push"]).ends(0);
    forget(&sandbox);
    let client = crate::sandbox::client::client().display();
    let (counting, starts) = (sandbox.path("counting"), sandbox.path("starts"));
    let script = format!("#!/bin/sh\necho >> {}\nexec {client} \"$@\"\n", starts.display());
    fs::write(&counting, script).unwrap();
    fs::set_permissions(&counting, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.set("XTASK_BINARY_CACHE", counting.to_str().unwrap());
    assert_eq!(counts(&json(&measure(&sandbox).ends(0))), [3, 0, 3, 0]);
    assert_eq!(fs::read_to_string(starts).unwrap().lines().count(), 1);
}
