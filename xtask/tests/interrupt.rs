//! Ctrl-C and SIGTERM in the middle of `build`: an end in order, and nothing left running.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod sandbox;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fleet::{Running, flake, results, runs, statuses, wait_until};
use rustix::process::Signal;
use sandbox::{Sandbox, TestNix, program};

/// A sandbox whose package `slow` begins by making a file, and whose builder has a child that goes on until there is another.
struct Waiting {
    sandbox: Sandbox,
    begun: PathBuf,
    go_on: PathBuf,
}

impl Waiting {
    /// The builder of `slow` runs `first` before it begins, unless it need not wait.
    fn new(nix: TestNix, first: &str) -> Self {
        let sandbox = Sandbox::new(nix);
        let (begun, go_on) = (sandbox.path("begun"), sandbox.path("go-on"));
        let waits = format!(
            "test -e {go_on} || {{ {first}; touch {begun}; }}; sh -c 'while ! test -e {go_on}; do sleep 0.1; done'; echo > $out",
            begun = begun.display(),
            go_on = go_on.display()
        );
        let packages = format!(r#"quick = drv "quick" "echo > $out"; slow = drv "slow" "{waits}";"#);
        sandbox.write("flake.nix", &flake("", &packages));
        Self { sandbox, begun, go_on }
    }

    /// Starts a build and waits until it is in the middle of `slow`, with `quick` done.
    fn start(&self) -> Running {
        let running = Running::start(&self.sandbox, &["build", "--json"]);
        running.has_said("quick  built");
        wait_until("the builder has begun", || self.begun.exists());
        running
    }

    /// Fails the test if anything of the run is left, or if the next one cannot do its work.
    #[track_caller]
    fn check_afterwards(&self) {
        assert!(!runs(&[self.go_on.to_str().unwrap()]), "a builder is left");
        assert!(!runs(&["nix-store", self.sandbox.path("nix/store").to_str().unwrap()]), "a build process is left");
        fs::write(&self.go_on, "").unwrap();
        let second = self.sandbox.run(&["build", "--json"]).ends(0);
        assert_eq!(statuses(&second), ["quick present", "slow built"]);
    }
}

#[test]
fn a_build_is_ended_in_order() {
    // A builder that listens to nothing is ended all the same.
    for (nix, signal, first) in [
        (TestNix::Distribution, Signal::INT, "true"),
        (TestNix::Distribution, Signal::TERM, "trap '' INT TERM HUP"),
        (TestNix::Modern, Signal::TERM, "true"),
        (TestNix::Modern, Signal::INT, "trap '' INT TERM HUP"),
    ] {
        let waiting = Waiting::new(nix, first);
        let running = waiting.start();
        running.signal(signal);
        let ended = running.end().ends(130);
        assert_eq!(statuses(&ended), ["quick built", "slow interrupted"], "{nix:?} {signal:?}");
        assert_eq!(results(&ended)["slow"]["failed_drv"], serde_json::Value::Null, "{nix:?}: it did not fail");
        ended.says(&["slow: not finished", "2 outputs", "1 not finished"]);
        waiting.check_afterwards();
    }
}

#[test]
fn a_build_process_that_does_not_listen_is_killed() {
    // The two ways differ in how long they take: eight seconds, and none.
    for (nix, signals) in [(TestNix::Modern, 1), (TestNix::Modern, 2), (TestNix::Distribution, 2)] {
        // A stopped process hears nothing but SIGKILL.
        let waiting = Waiting::new(nix, "trap '' INT TERM HUP; kill -STOP $PPID");
        let running = waiting.start();
        for _ in 0..signals {
            running.signal(Signal::INT);
            // Two signals that are pending at once are one to a process.
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(statuses(&running.end().ends(130)), ["quick built", "slow interrupted"], "{nix:?}");
        waiting.check_afterwards();
    }
}

#[test]
fn a_builder_that_never_stops_talking_is_ended_too() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let begun = sandbox.path("begun");
        let script = format!("touch {}; while :; do echo yyyyyyyyyyyyyyyy; done", begun.display());
        sandbox.write("flake.nix", &flake("", &format!(r#"chatty = drv "chatty" "{script}";"#)));
        let running = Running::start(&sandbox, &["build", "--json"]);
        wait_until("the builder has begun", || begun.exists());
        // Time to say more than anybody takes in.
        std::thread::sleep(Duration::from_secs(2));
        running.signal(Signal::INT);
        let asked = Instant::now();
        assert_eq!(statuses(&running.end().ends(130)), ["chatty interrupted"], "{nix:?}");
        assert!(asked.elapsed() < Duration::from_secs(15), "{nix:?}: it took {:?}", asked.elapsed());
        assert!(!runs(&[begun.to_str().unwrap()]), "{nix:?}: the builder is left");
    }
}

/// A number that takes until the end of the world, in little memory.
const ENDLESS: &str = "endless = let f = n: if n == 0 then 0 else f (n - 1) + f (n - 1); in f 100;";

#[test]
fn an_evaluation_is_ended_in_order() {
    for (nix, signal) in [(TestNix::Distribution, Signal::INT), (TestNix::Modern, Signal::TERM)] {
        let sandbox = Sandbox::new(nix);
        let packages = r#"slow = drv "slow" "echo ${toString endless} > $out"; quick = drv "quick" "echo > $out";"#;
        sandbox.write("flake.nix", &flake(ENDLESS, packages));
        let running = Running::start(&sandbox, &["build", "--json"]);
        let query = sandbox.path("state/query").display().to_string();
        running.has_said("quick  built");
        wait_until("the endless evaluation has begun", || runs(&[&query, "#evaluate"]));
        running.signal(signal);
        let ended = running.end().ends(130);
        assert_eq!(statuses(&ended), ["quick built", "slow interrupted"], "{nix:?} {signal:?}");
        assert!(!runs(&[&query]), "{nix:?}: an evaluation is left");
        sandbox.write("flake.nix", &flake("endless = 1;", packages));
        assert_eq!(statuses(&sandbox.run(&["build", "--json"]).ends(0)), ["quick present", "slow built"], "{nix:?}");
    }
}

#[test]
fn discovery_is_ended_too() {
    for (nix, signal) in [(TestNix::Distribution, Signal::TERM), (TestNix::Modern, Signal::INT)] {
        let sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", &flake(ENDLESS, r#""${toString endless}" = drv "a" "echo > $out";"#));
        let running = Running::start(&sandbox, &["build"]);
        let query = sandbox.path("state/query").display().to_string();
        wait_until("discovery has begun", || runs(&[&query, "#discover"]));
        running.signal(signal);
        running.end().ends(130);
        assert!(!runs(&[&query]), "{nix:?}: an evaluation is left");
    }
}

#[test]
fn what_an_interrupt_cut_short_is_not_in_order() {
    let mut sandbox = Sandbox::new(TestNix::Distribution);
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    // The first step asks for git, and the signal comes while it does.
    let git = format!(
        "#!/bin/sh\nkill -INT $PPID\nsleep 0.2\nexec {} \"$@\"\n",
        program("git", "apt-get install git").display()
    );
    fs::write(bin.join("git"), git).unwrap();
    fs::set_permissions(bin.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = sandbox.path("bin").display().to_string() + ":" + &std::env::var("PATH").unwrap();
    sandbox.set("PATH", &path);
    sandbox.run(&["bootstrap", "--check"]).ends(130).never_says(&["in order"]);
    sandbox.run(&["build"]).ends(130);
    assert!(!sandbox.path("state/can-build").exists(), "what was not looked at is remembered as able to build");
}
