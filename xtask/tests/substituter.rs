//! `build --skip-cached` and binary caches, in a folder and behind HTTP, on real Nix.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cache_server;
mod fleet;
mod sandbox;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cache_server::{CacheServer, Mood};
use fleet::{Running, flake, results, runs, statuses, wait_until};
use sandbox::{Ran, Sandbox, TestNix, WORKING_NIX_CONF, ran};

/// A sandbox whose store is empty again, while a cache in the folder `cache` has `a` and `b`, and what they need.
struct Cached {
    sandbox: Sandbox,
    /// The store path of every package.
    paths: BTreeMap<String, String>,
}

fn out_paths(built: &Ran) -> BTreeMap<String, String> {
    let path = |result: &serde_json::Value| result["outputs"]["out"].as_str().unwrap().to_owned();
    results(built).into_iter().map(|(name, result)| (name, path(&result))).collect()
}

impl Cached {
    fn new(nix: TestNix) -> Self {
        let mut sandbox = Sandbox::new(nix);
        let shared = r#"library = drv "library" "echo > $out";"#;
        let packages = r#"
            a = drv "a" "echo ${library} > $out"; b = drv "b" "echo ${library} again > $out";
            c = drv "c" "echo ${library} uncached > $out";"#;
        sandbox.write("flake.nix", &flake(shared, packages));
        let paths = out_paths(&sandbox.run(&["build", "--json"]).ends(0));
        sandbox.unset("XTASK_OFFLINE");
        let cached = Self { sandbox, paths };
        cached.copy_to_cache(&["a", "b"]);
        cached.forget(&["nix", "state", "home/.cache"]);
        cached
    }

    /// Gives the cache some packages.
    fn copy_to_cache(&self, names: &[&str]) {
        let to = format!("file://{}", self.sandbox.path("cache").display());
        let paths = names.iter().map(|name| &self.paths[*name]);
        ran(self.sandbox.command("nix").args(["copy", "--to", &to]).args(paths)).ends(0);
    }

    /// Removes folders: the store, what is kept, what Nix remembers of caches.
    fn forget(&self, folders: &[&str]) {
        let remove = "chmod -R u+w \"$@\"; rm -rf \"$@\"";
        let folders = folders.iter().map(|name| self.sandbox.path(name));
        ran(self.sandbox.command("/bin/sh").args(["-c", remove, "sh"]).args(folders)).ends(0);
    }

    /// Makes `substituter` the only one.
    fn substitute_from(&self, substituter: &str) {
        let patience = "connect-timeout = 2\nstalled-download-timeout = 2\ndownload-attempts = 1\n";
        let conf = format!("{WORKING_NIX_CONF}substituters = {substituter}\nrequire-sigs = false\n{patience}");
        self.sandbox.write_nix_conf(&conf);
    }

    fn is_here(&self, name: &str) -> bool {
        Path::new(&self.paths[name]).exists()
    }
}

#[test]
fn what_a_cache_has_is_not_fetched_unless_that_is_wanted() {
    for nix in TestNix::ALL {
        let cached = Cached::new(nix);
        let substituter = format!("file://{}", cached.sandbox.path("cache").display());
        cached.substitute_from(&substituter);
        let ended = cached.sandbox.run(&["build", "--json", "--skip-cached"]).ends(0);
        assert_eq!(statuses(&ended), ["a cached", "b cached", "c built"], "{nix:?}");
        assert!(!cached.is_here("a") && !cached.is_here("b") && cached.is_here("c"), "{nix:?}");
        ended.says(&[&format!("a  cached: {substituter} has it")]);
        // What is in the store needs no cache.
        let again = cached.sandbox.run(&["build", "--json", "--skip-cached"]).ends(0);
        assert_eq!(statuses(&again), ["a cached", "b cached", "c present"], "{nix:?}");

        let fetched = cached.sandbox.run(&["build", "--json"]).ends(0);
        assert_eq!(statuses(&fetched), ["a built", "b built", "c present"], "{nix:?}");
        assert!(cached.is_here("a") && cached.is_here("b"), "{nix:?}");
    }
}

#[test]
fn a_cache_is_asked_for_the_wanted_outputs_alone() {
    for nix in TestNix::ALL {
        let cached = Cached::new(nix);
        let server = CacheServer::start(&cached.sandbox.path("cache"));
        cached.substitute_from(&server.address());
        let ended = cached.sandbox.run(&["build", "--json", "--skip-cached", "package:a", "package:b"]).ends(0);
        assert_eq!(statuses(&ended), ["a cached", "b cached"], "{nix:?}");
        let narinfo = |name: &str| {
            let base = Path::new(&cached.paths[name]).file_name().unwrap().to_str().unwrap().to_owned();
            format!("/{}.narinfo", &base[..32])
        };
        let expected: BTreeSet<String> = [narinfo("a"), narinfo("b"), "/nix-cache-info".to_owned()].into();
        assert_eq!(server.asked(), expected, "{nix:?}");
    }
}

#[test]
fn a_cache_that_lacked_something_is_asked_again() {
    for nix in TestNix::ALL {
        let cached = Cached::new(nix);
        let server = CacheServer::start(&cached.sandbox.path("cache"));
        cached.substitute_from(&server.address());
        let build = ["build", "--json", "--skip-cached", "package:c"];
        assert_eq!(statuses(&cached.sandbox.run(&build).ends(0)), ["c built"], "{nix:?}");
        cached.copy_to_cache(&["c"]);
        // Nix remembers for an hour that the cache has no `c`; only the store is forgotten here.
        cached.forget(&["nix", "state"]);
        assert_eq!(statuses(&cached.sandbox.run(&build).ends(0)), ["c cached"], "{nix:?}");
    }
}

#[test]
fn a_cache_that_the_flake_names_is_asked_where_flakes_are_trusted_to() {
    for nix in TestNix::ALL {
        let cached = Cached::new(nix);
        let (sandbox, cache) = (&cached.sandbox, format!("file://{}", cached.sandbox.path("cache").display()));
        let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
        let named = format!("{{\n  nixConfig.extra-substituters = [ \"{cache}\" ];\n");
        sandbox.write("flake.nix", &flake.replacen("{\n", &named, 1));
        let build = ["build", "--json", "--skip-cached", "package:a"];

        let told = format!("flake.nix names `{cache}`, not asked here");
        let conf = format!("{WORKING_NIX_CONF}require-sigs = false\n");
        sandbox.write_nix_conf(&conf);
        let ended = sandbox.run(&build).ends(0);
        assert_eq!(ended.stderr.matches(&told).count(), 1, "{nix:?}: {}", ended.stderr);
        assert_eq!(statuses(&ended), ["a built"], "{nix:?}");
        assert!(sandbox.path("nix/log").exists(), "{nix:?}: a builder leaves a log");

        cached.forget(&["nix", "state"]);
        sandbox.write_nix_conf(&format!("{conf}accept-flake-config = true\n"));
        let ended = sandbox.run(&build).ends(0);
        assert!(!ended.stderr.contains(&told), "{nix:?}: {}", ended.stderr);
        assert_eq!(statuses(&ended), ["a cached"], "{nix:?}");
        // Builds fetch from it too: what the cache has is not built, and its builder leaves no log.
        cached.forget(&["nix/log"]);
        assert_eq!(statuses(&sandbox.run(&["build", "--json", "package:a"]).ends(0)), ["a built"], "{nix:?}");
        assert!(!sandbox.path("nix/log").exists(), "{nix:?}: it was built here");
        // The stand-in asks nobody.
        sandbox.run(&["build", "--inputs", "standin"]).ends(0);
    }
}

#[test]
fn a_cache_in_trouble_fails_no_run() {
    for nix in TestNix::ALL {
        let cached = Cached::new(nix);
        for mood in [Mood::Gone, Mood::Failing, Mood::Stalling] {
            cached.forget(&["nix", "state", "home/.cache"]);
            let server = CacheServer::start(&cached.sandbox.path("cache"));
            let address = server.address();
            server.be(mood);
            cached.substitute_from(&address);
            let ended = cached.sandbox.run(&["build", "--json", "--skip-cached"]).ends(0);
            assert_eq!(statuses(&ended), ["a built", "b built", "c built"], "{nix:?} {mood:?}");
            assert!(mood == Mood::Gone || !server.asked().is_empty(), "{nix:?} {mood:?}: nobody asked");
            ended.says(&[&format!("! {address}: ")]);
        }
    }
}

#[test]
fn a_cache_that_stalls_holds_no_interrupt() {
    for nix in TestNix::ALL {
        let cached = Cached::new(nix);
        let server = CacheServer::start(&cached.sandbox.path("cache"));
        server.be(Mood::Stalling);
        let address = server.address();
        cached.sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}substituters = {address}\nrequire-sigs = false\n"));
        let running = Running::start(&cached.sandbox, &["build", "--json", "--skip-cached"]);
        wait_until("the cache is asked", || server.asked().iter().any(|path| path.ends_with(".narinfo")));
        running.signal(rustix::process::Signal::TERM);
        let asked = Instant::now();
        let ended = running.end().ends(130);
        assert!(asked.elapsed() < Duration::from_secs(5), "{nix:?}: it took {:?}", asked.elapsed());
        assert_eq!(statuses(&ended), ["a interrupted", "b interrupted", "c interrupted"], "{nix:?}");
        assert!(!runs(&["path-info", &address]), "{nix:?}: a question is left");
    }
}
