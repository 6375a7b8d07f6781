//! A whole run against a cache behind HTTP: what is locked is pushed, verified and reported, what is stand-in is refused.

use std::fs;

use serde_json::Value;

use crate::event::{Happened, on_github};
use crate::nginx::Nginx;
use crate::place::{LINKS, chain, commit, embedded, fetch, names, path, place};
use crate::sandbox::{Ran, Sandbox, TestNix, ran};
use crate::watch::EXPRESSION;

/// A run of every job. nginx speaks no TLS here, which the job for the names of caches has to refuse.
fn ci(sandbox: &Sandbox) -> Ran {
    sandbox.run(&["ci", "--skip", "cache-config"])
}

fn report(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&fs::read(sandbox.path("state/report/report.json")).unwrap()).unwrap()
}

fn summary(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("state/report/summary.md")).unwrap()
}

/// Status and reason of a job.
#[track_caller]
fn job(report: &Value, name: &str) -> (String, String) {
    let job = report["jobs"].as_array().unwrap().iter().find(|job| job["name"] == name).unwrap();
    let text = |field: &str| job[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

/// A flake of the chain that has an input, and the lock for it.
fn with_input(sandbox: &Sandbox) {
    let lock = r#"{"nodes": {"root": {"inputs": {"a": "a"}}, "a": {
        "locked": {"type": "github", "owner": "a", "repo": "b", "rev": "1111111111111111111111111111111111111111",
        "narHash": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "lastModified": 1},
        "original": {"type": "github", "owner": "a", "repo": "b"}}}, "root": "root", "version": 7}"#;
    sandbox.write("flake.lock", lock);
    let flake = chain("inputs.a.url = \"github:a/b\";", "").replace("{ self }", "{ self, ... }");
    commit(sandbox, &flake);
}

/// Has the cache at `url` be the one of the place, with a key of its own; returns the public key.
pub fn configure(sandbox: &mut Sandbox, url: &str, more: &str) -> String {
    let (secret, public) = (sandbox.path("secret"), sandbox.path("public"));
    let mut generate = sandbox.command("nix-store");
    ran(generate.args(["--generate-binary-cache-key", "fleet-1"]).args([&secret, &public])).ends(0);
    sandbox.set("FLEET_SIGNING_KEY", &fs::read_to_string(secret).unwrap());
    sandbox.unset("XTASK_OFFLINE");
    let key = fs::read_to_string(public).unwrap().trim().to_owned();
    let cache = format!(
        "[cache]\nurl = \"{url}\"\nsigning_key_env = \"FLEET_SIGNING_KEY\"\nkeys = {{ \"{url}\" = \"fleet-1\" }}\n{more}"
    );
    sandbox.write("xtask.toml", &cache);
    let config =
        format!("nixConfig = {{ extra-substituters = [ \"{url}\" ]; extra-trusted-public-keys = [ \"{key}\" ]; }};");
    commit(sandbox, &chain(&config, ""));
    key
}

#[test]
fn what_is_locked_goes_to_nginx_and_is_verified_and_reported() {
    for nix in TestNix::ALL {
        let (mut sandbox, nginx) = (place(nix), Nginx::start());
        let url = nginx.url("/open/fleet");
        let key = configure(&mut sandbox, &url, "");
        on_github(&mut sandbox, Happened::PushOnMain);
        ci(&sandbox).ends(0).says(&["✓ cache-policy", "✓ cache-analytics", "✓ cache-push", "✓ cache-verify"]);
        assert_eq!(names(&nginx.files().join("open/fleet")), LINKS.map(str::to_owned).into());
        let first = report(&sandbox);
        for name in ["cache-policy", "cache-analytics", "cache-push", "cache-verify"] {
            assert_eq!(job(&first, name).0, "ok", "{name}: {first:#}");
        }
        let analytics = &first["caches"]["analytics"];
        assert_eq!((&analytics["paths"], &analytics["build"]), (&3.into(), &3.into()), "{analytics:#}");
        assert!(first["caches"]["push"].as_str().unwrap().starts_with("3 paths pushed"), "{first:#}");
        assert!(first["caches"]["verify"].as_str().unwrap().starts_with("3 paths in http://"), "{first:#}");
        let text = summary(&sandbox);
        for said in [
            "### Caches",
            "3 paths needed before the build",
            "- **Push**: 3 paths pushed",
            "- **Verified**: 3 paths in ",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
        fetch(&sandbox, &url, &key, &path(&sandbox, "upper")).ends(0);
        // What is there already is neither built nor pushed, and counted.
        ci(&sandbox).ends(0);
        let second = report(&sandbox);
        assert_eq!(
            (&second["caches"]["analytics"]["local"], &second["caches"]["analytics"]["build"]),
            (&3.into(), &0.into())
        );
        assert!(second["caches"]["push"].as_str().unwrap().starts_with("nothing to push"), "{second:#}");
    }
}

#[test]
fn what_is_stand_in_goes_to_the_local_cache_alone() {
    let (mut sandbox, nginx) = (place(TestNix::Modern), Nginx::start());
    with_input(&sandbox);
    sandbox.set("XTASK_INPUTS", "standin");
    ci(&sandbox).ends(0).says(&["✓ cache-push", "✓ cache-verify"]);
    assert_eq!(names(&embedded(&sandbox)), LINKS.map(str::to_owned).into());
    let first = report(&sandbox);
    assert_eq!((&first["inputs"], &first["caches"]["analytics"]["paths"]), (&"stand-in".into(), &3.into()));

    configure(&mut sandbox, &nginx.url("/open/fleet"), "");
    with_input(&sandbox);
    on_github(&mut sandbox, Happened::PushOnMain);
    ci(&sandbox).ends(0);
    let second = report(&sandbox);
    let (status, reason) = job(&second, "cache-push");
    assert_eq!(status, "skipped", "{second:#}");
    assert!(reason.contains("not pushed: this was built from the stand-in inputs"), "{reason}");
    assert!(job(&second, "cache-policy").1.contains("stand-in inputs"), "{second:#}");
    assert_eq!(job(&second, "cache-verify").0, "skipped");
    assert!(!nginx.files().join("open/fleet").exists(), "something was pushed");
    sandbox
        .run(&["cache", "push"])
        .ends(0)
        .says(&["- cache push: not pushed: this was built from the stand-in inputs"]);
    assert!(!nginx.files().join("open/fleet").exists(), "something was pushed");
}

#[test]
fn what_may_not_be_pushed_is_named_and_no_failure() {
    let (mut sandbox, nginx) = (place(TestNix::Distribution), Nginx::start());
    configure(&mut sandbox, &nginx.url("/open/fleet"), "");
    let mut check = |happened: Happened, expected: &str| {
        on_github(&mut sandbox, happened);
        ci(&sandbox).ends(0);
        let report = report(&sandbox);
        assert_eq!(job(&report, "cache-push").0, "skipped", "{report:#}");
        for name in ["cache-policy", "cache-push"] {
            assert!(job(&report, name).1.contains(expected), "{name}: {report:#}");
        }
        sandbox.run(&["cache", "push"]).ends(0).says(&[expected]);
        sandbox.run(&["cache", "policy"]).ends(0).says(&[expected]);
        assert!(!nginx.files().join("open/fleet").exists(), "{happened:?}: something was pushed");
    };
    check(Happened::Fork("eve/fleet"), "from the fork `eve/fleet`: what a fork built never goes into a cache");
    check(Happened::PullRequest, "the default branch and tags alone");
    on_github(&mut sandbox, Happened::Fork("eve/fleet"));
    sandbox.run(&["cache", "roundtrip"]).ends(2).says(&["this run may push nothing: ", "from the fork `eve/fleet`"]);
    assert!(!nginx.files().join("open/fleet").exists(), "something was pushed");
}

#[test]
fn a_token_that_is_missing_ends_a_run_before_anything_is_built() {
    let mut sandbox = place(TestNix::Modern);
    sandbox.write("xtask.toml", "[cache]\nurl = \"cachix://fleet\"\n");
    commit(&sandbox, &chain("", ""));
    on_github(&mut sandbox, Happened::PushOnMain);
    let check = |sandbox: &Sandbox, expected: &str| {
        ci(sandbox).ends(2).never_says(&["hunter2"]).says(&[
            "✗ cache-policy: could not check",
            expected,
            "- build: skipped: it needs `cache-policy`, which could not check",
        ]);
        let report = report(sandbox);
        assert_eq!((job(&report, "build").0, job(&report, "cache-push").0), ("skipped".into(), "skipped".into()));
        let store = fs::read_dir(sandbox.path("nix/store")).unwrap().map(|entry| entry.unwrap().file_name());
        let built: Vec<_> = store.filter(|name| name.to_str().unwrap().ends_with("-lower")).collect();
        assert!(built.is_empty(), "{built:?}");
    };
    check(&sandbox, "`CACHIX_AUTH_TOKEN` is not set: store it as a secret and hand it on");
    sandbox.set("CACHIX_AUTH", "hunter2");
    check(&sandbox, "there is only `CACHIX_AUTH`, which nobody reads");
}

#[test]
fn a_cache_that_does_not_take_what_is_pushed_is_a_warning_or_a_failure() {
    let (mut sandbox, nginx) = (place(TestNix::Modern), Nginx::start());
    let mut check = |on_failure: &str, status: i32, job_status: &str| {
        configure(&mut sandbox, &nginx.url("/read-only/fleet"), &format!("on_failure = \"{on_failure}\"\n"));
        on_github(&mut sandbox, Happened::PushOnMain);
        ci(&sandbox).ends(status).says(&["405 Method Not Allowed"]);
        let report = report(&sandbox);
        assert_eq!((job(&report, "build").0.as_str(), job(&report, "cache-push").0.as_str()), ("ok", job_status));
        assert!(job(&report, "cache-push").1.contains("405 Method Not Allowed"), "{report:#}");
        assert_eq!(job(&report, "cache-verify").0, "skipped");
        sandbox.run(&["cache", "push"]).ends(status).says(&["405 Method Not Allowed"]);
    };
    check("warn", 0, "ok");
    check("fail", 2, "could-not-check");
}

#[test]
fn what_a_watched_command_makes_of_the_stand_in_stays() {
    let (mut sandbox, nginx) = (place(TestNix::Modern), Nginx::start());
    configure(&mut sandbox, &nginx.url("/open/fleet"), "");
    on_github(&mut sandbox, Happened::PushOnMain);
    let build = |name: &str| format!("nix-build --no-out-link --argstr name {name} --expr '{EXPRESSION}'");
    let script = format!("{} && {} && echo inputs: $XTASK_INPUTS", build("web-stand-in"), build("tool"));
    let watched = sandbox.run(&["cache", "push", "--watch", "--", "sh", "-c", &script]).ends(0);
    assert!(watched.stdout.contains("inputs: locked"), "{watched:?}");
    assert_eq!(names(&nginx.files().join("open/fleet")), ["tool".to_owned()].into());
}
