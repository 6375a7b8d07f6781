//! How `cargo xtask ci` goes through its jobs: their time, their end from outside, their order, and what they say.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod fleet;
mod sandbox;

use std::fs;
use std::path::Path;

use fleet::{Running, flake, runs, wait_until};
use rustix::process::Signal;
use sandbox::{Ran, Sandbox, TestNix};
use serde_json::Value;

/// A number that takes until the end of the world, in little memory.
const ENDLESS: &str = "endless = let f = n: if n == 0 then 0 else f (n - 1) + f (n - 1); in f 100;";
/// The jobs that need a cache, which these tests are not about.
const CACHES: &str = "cache-policy,cache-analytics,cache-push,cache-verify";

fn timeout(sandbox: &Sandbox, job: &str, time: &str) {
    sandbox.write("xtask.toml", &format!("[ci.jobs.{job}]\ntimeout = \"{time}\"\n"));
}

fn report(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&fs::read(sandbox.path("state/report/report.json")).unwrap()).unwrap()
}

/// The status of the job or output `name` in the report.
fn status(sandbox: &Sandbox, name: &str) -> String {
    let report = report(sandbox);
    let named = |thing: &&Value| {
        ["name", "attr"].iter().any(|key| thing[key].as_str().is_some_and(|text| text.rsplit('.').next() == Some(name)))
    };
    let all = ["jobs", "outputs"].iter().flat_map(|things| report[things].as_array().unwrap());
    let found: Vec<&str> = all.filter(named).map(|thing| thing["status"].as_str().unwrap()).collect();
    found.join(" ")
}

/// A builder that goes on until there is another file, and one that is done at once.
fn waiting(sandbox: &Sandbox, go_on: &Path, needed_by: &str) {
    let go_on = go_on.display();
    let script = format!("echo waiting; sh -c 'while ! test -e {go_on}; do sleep 0.1; done'; echo > $out");
    let quick = r#"quick = drv "quick" "echo > $out";"#;
    sandbox
        .write("flake.nix", &flake(&format!(r#"asleep = drv "asleep" "{script}";"#), &format!("{quick} {needed_by}")));
}

#[test]
fn a_build_that_hangs_is_ended_and_named() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix).with_client();
        let go_on = sandbox.path("go-on");
        waiting(&sandbox, &go_on, r#"asleep = asleep; needy = drv "needy" "cat ${asleep}; echo > $out";"#);
        timeout(&sandbox, "build", "20s");
        sandbox.run(&["ci"]).ends(1).says(&[
            "✓ config",
            "✗ build: failed: timed out after 20s while building asleep of package:",
            "packages.x86_64-linux.asleep: build failed\n    timed out after 20s\n    │ waiting",
            "- cache-push: skipped: it needs `build`, which failed",
        ]);
        assert!(!runs(&[go_on.to_str().unwrap()]), "{nix:?}: a builder is left");
        assert!(!runs(&["nix-store", sandbox.path("nix/store").to_str().unwrap()]), "{nix:?}: a build is left");
        let told = ["build", "quick", "asleep", "cache-verify"].map(|name| status(&sandbox, name));
        assert_eq!(told, ["failed", "built", "build-failed", "skipped"], "{nix:?}");
        let needy = status(&sandbox, "needy");
        assert!(["dependency-failed", "interrupted"].contains(&needy.as_str()), "{nix:?}: {needy}");
        // The next run takes it up again.
        fs::write(&go_on, "").unwrap();
        timeout(&sandbox, "build", "30m");
        sandbox.run(&["ci", "build"]).ends(0);
    }
}

#[test]
fn an_evaluation_that_hangs_is_ended_and_named() {
    for (nix, arguments) in
        [(TestNix::Distribution, &["ci", "--skip", CACHES][..]), (TestNix::Modern, &["ci", "build"])]
    {
        let sandbox = Sandbox::new(nix);
        let packages = r#"slow = drv "slow" "echo ${toString endless} > $out"; quick = drv "quick" "echo > $out";"#;
        sandbox.write("flake.nix", &flake(ENDLESS, packages));
        timeout(&sandbox, "build", "20s");
        let ran = sandbox.run(arguments).ends(1);
        let ran = ran.says(&["✗ build: failed: timed out after 20s while evaluating package:slow (x86_64-linux)"]);
        assert!(!runs(&[&sandbox.path("state/query").display().to_string()]), "{nix:?}: an evaluation is left");
        assert_eq!(["build", "slow"].map(|name| status(&sandbox, name)), ["failed", "evaluation-failed"], "{nix:?}");
        if arguments.contains(&"build") {
            // Where outputs are evaluated for their build alone, those that could be are built.
            assert_eq!(status(&sandbox, "quick"), "built");
        } else {
            ran.says(&["✓ lock", "- config: skipped: it needs what `build` evaluates, and that failed"]);
        }
    }
}

#[test]
fn a_check_alone_has_its_own_time() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &flake(ENDLESS, r#"slow = drv "slow" "echo ${toString endless} > $out";"#));
    timeout(&sandbox, "config", "15s");
    let expected = "✗ config: failed: timed out after 15s while evaluating package:slow (x86_64-linux)";
    sandbox.run(&["ci", "config"]).ends(1).says(&[expected]);
    // The names of the outputs are asked for first, and may take as long.
    sandbox.write("flake.nix", &flake(ENDLESS, r#""${toString endless}" = drv "a" "echo > $out";"#));
    let ran = sandbox.run(&["ci", "config"]).ends(1);
    let line = ran.stderr.lines().find(|line| line.starts_with("✗ config: ")).unwrap();
    assert!(line.contains("failed: timed out after 15s: ") && line.contains(" was ended before it was done"), "{line}");
    assert!(!runs(&[&sandbox.path("state/query").display().to_string()]), "an evaluation is left");
}

#[test]
fn a_build_that_is_killed_from_outside_has_failed_and_the_rest_goes_on() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let packages = r#"killed = drv "killed" "kill -KILL $PPID; sleep 1"; quick = drv "quick" "echo > $out";"#;
        sandbox.write("flake.nix", &flake("", packages));
        let ran = sandbox.run(&["ci", "--skip", CACHES]).ends(1);
        ran.says(&[
            "packages.x86_64-linux.killed: build failed\n    the build ended without a word (signal: 9 (SIGKILL))",
        ]);
        assert_eq!(["build", "quick", "lock"].map(|name| status(&sandbox, name)), ["failed", "built", "ok"], "{nix:?}");
    }
}

#[test]
fn a_job_of_ones_own_that_hangs_or_is_killed_has_failed_and_leaves_nothing() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &flake("", r#"a = drv "a" "echo > $out";"#));
    let job = |name: &str, script: &str| {
        format!(
            "[ci.jobs.{name}]\ncommand = [\"sh\", \"-c\", \"{script}\"]\nneeds = [\"bootstrap\"]\ntimeout = \"3s\"\n"
        )
    };
    // It hears no signal that can be ignored, and what it has started is in a session of its own.
    let hang = "trap '' INT TERM; setsid sleep 3671 & echo waiting; while :; do sleep 3671; done";
    let next = "[ci.jobs.next]\ncommand = [\"true\"]\nneeds = [\"hanging\"]\n";
    sandbox.write("xtask.toml", &[&job("hanging", hang), next, &job("killed", "kill -KILL $$")].concat());
    let ran = sandbox.run(&["ci", "lock", "hanging", "next", "killed"]).ends(1);
    ran.says(&[
        "│ waiting",
        "✗ hanging: failed: timed out after 3s: ",
        "- next: skipped: it needs `hanging`, which failed",
        "✗ killed: failed",
        "was ended by signal 9",
        "✓ lock",
    ]);
    let told = ["hanging", "next", "killed", "lock"].map(|name| status(&sandbox, name));
    assert_eq!(told, ["failed", "skipped", "failed", "ok"]);
    assert!(!runs(&["sleep 3671"]), "something is left");
}

/// Interrupts a run once `begun` says that it is where it should be.
fn interrupted(sandbox: &Sandbox, begun: &dyn Fn() -> bool) -> Ran {
    let running = Running::start(sandbox, &["ci", "--skip", CACHES]);
    wait_until("the run has come to it", begun);
    running.signal(Signal::INT);
    running.end().ends(130)
}

#[test]
fn a_run_that_is_cancelled_says_how_far_every_job_has_come() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let query = sandbox.path("state/query").display().to_string();
    sandbox.write("flake.nix", &flake(ENDLESS, r#"slow = drv "slow" "echo ${toString endless} > $out";"#));
    let ran = interrupted(&sandbox, &|| runs(&[&query, "#evaluate"]));
    ran.says(&["✗ build: not finished", "- config: skipped: "]);
    assert_eq!(["lock", "config", "build"].map(|name| status(&sandbox, name)), ["ok", "skipped", "interrupted"]);
    assert!(!runs(&[&query]), "an evaluation is left");

    let go_on = sandbox.path("go-on");
    waiting(&sandbox, &go_on, "asleep = asleep;");
    interrupted(&sandbox, &|| runs(&[go_on.to_str().unwrap(), "sleep"])).says(&["✗ build: not finished", "✓ config"]);
    assert_eq!(["config", "build"].map(|name| status(&sandbox, name)), ["ok", "interrupted"]);
    assert!(!runs(&[go_on.to_str().unwrap()]), "a builder is left");
}

#[test]
fn jobs_are_heard_one_after_the_other_in_the_order_of_the_table() {
    let mut sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &flake("", r#"a = drv "a" "echo > $out";"#));
    sandbox.write("nix.conf", "extra-substituters = http://a.io\n");
    sandbox.set("XTASK_INPUTS", "standin");
    sandbox.set("GITHUB_ACTIONS", "true");
    for _ in 0..3 {
        let ran = sandbox.run(&["ci", "--skip", CACHES, "--keep-going"]).ends(1);
        let words = [
            "bootstrap",
            "lock",
            "config",
            "activation",
            "autowiring",
            "independence",
            "secrets",
            "cache-config",
            "build",
        ];
        let place = |word: &&str| {
            let marks = ["✓", "✗", "-"].map(|mark| ran.stderr.find(&format!("{mark} {word}: ")));
            marks.into_iter().flatten().min().unwrap_or_else(|| panic!("{word}: {}", ran.stderr))
        };
        let places: Vec<usize> = words.iter().map(place).collect();
        assert!(places.is_sorted(), "{}", ran.stderr);
        // What a job found stands below it, and groups neither nest nor stay open.
        let problem = ran.stderr.find("nix.conf:1: `http://a.io` is not https").unwrap();
        assert!((places[7]..places[8]).contains(&problem), "{}", ran.stderr);
        let mut open = false;
        for line in ran.stderr.lines() {
            match line {
                line if line.starts_with("::group::") => assert!(!std::mem::replace(&mut open, true), "{}", ran.stderr),
                "::endgroup::" => assert!(std::mem::replace(&mut open, false), "{}", ran.stderr),
                _ => {}
            }
        }
        assert!(!open);
    }
}

#[test]
fn what_is_left_out_tells_the_time_that_saves() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &flake("", r#"a = drv "a" "sleep 4; echo > $out";"#));
    sandbox.run(&["ci", "--skip", CACHES]).ends(0);
    sandbox.write("nix.conf", "extra-substituters = http://a.io\n");
    let ran = sandbox.run(&["ci", "--skip", CACHES]).ends(1);
    let line = ran.stderr.lines().find(|line| line.starts_with("- build: ")).unwrap();
    assert!(line.starts_with("- build: skipped: phase `check` failed: `cache-config`; saved about "), "{line}");
}
