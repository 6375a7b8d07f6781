//! What a command builds is pushed while it runs, and the command's own exit status is passed on.

use std::time::{Duration, Instant};

use crate::event::{Happened, on_github};
use crate::place::{embedded, names, place};
use crate::sandbox::{Ran, Sandbox, TestNix, WORKING_NIX_CONF};

fn watch(sandbox: &Sandbox, script: &str) -> Ran {
    sandbox.run(&["cache", "push", "--watch", "--", "sh", "-c", script])
}

/// Fails the test unless the cache has what is called `expected`; it may have the source of the flake besides.
#[track_caller]
fn has(sandbox: &Sandbox, expected: &[&str]) {
    let found = names(&embedded(sandbox));
    assert!(expected.iter().all(|name| found.contains(*name)), "{found:?}");
}

const BUILD: &str = "nix build --no-link .#upper";

#[test]
fn what_is_built_is_pushed_while_the_command_runs() {
    for nix in TestNix::ALL {
        let sandbox = place(nix);
        // It ends by itself only once the cache has what it built.
        let wait = format!(
            "for i in $(seq 1200); do
                [ $(cat {}/*.narinfo 2>/dev/null | grep -c '^StorePath: .*-\\(lower\\|middle\\|upper\\)$') = 3 ] && exit 7
                sleep 0.1
            done; exit 9",
            embedded(&sandbox).display()
        );
        watch(&sandbox, &format!("{BUILD} && {wait}")).ends(7).says(&["✓ cache push: "]);
    }
}

#[test]
fn what_was_there_before_is_not_pushed_and_success_is_passed_on() {
    let sandbox = place(TestNix::Modern);
    sandbox.run(&["build", "upper"]);
    watch(&sandbox, "true").ends(0);
    assert_eq!(names(&embedded(&sandbox)), [].into());
    watch(&sandbox, "kill -9 $$").ends(137);
}

#[test]
fn a_command_runs_although_nothing_may_be_pushed() {
    let mut sandbox = place(TestNix::Modern);
    on_github(&mut sandbox, Happened::Fork("eve/fleet"));
    watch(&sandbox, &format!("{BUILD} && echo done && exit 3"))
        .ends(3)
        .says(&["- cache push: not pushed: this is a `pull_request` from the fork `eve/fleet`"]);
    assert_eq!(names(&embedded(&sandbox)), [].into());
}

#[test]
fn a_push_that_fails_does_not_end_the_command_and_is_the_exit_status_of_one_that_succeeds() {
    let sandbox = place(TestNix::Distribution);
    // A file where the folder of the cache has to be.
    std::fs::create_dir_all(sandbox.path("state")).unwrap();
    std::fs::write(embedded(&sandbox), "").unwrap();
    let done = sandbox.path("done");
    let check = |on_failure: &str, status: i32, said: &str| {
        sandbox.write("xtask.toml", &format!("[cache]\non_failure = \"{on_failure}\"\n"));
        std::fs::remove_file(&done).ok();
        let name = format!("built-{on_failure}");
        let script =
            format!("nix-build --no-out-link --argstr name {name} --expr '{EXPRESSION}' && touch {}", done.display());
        watch(&sandbox, &script).ends(status).says(&[said, "Not a directory"]);
        assert!(done.exists());
    };
    check("warn", 0, "! cache push: read `");
    check("fail", 2, "error: read `");
}

#[test]
fn what_is_not_valid_keeps_nothing_back() {
    let sandbox = place(TestNix::Modern);
    // As what failed a check leaves it behind.
    let broken = sandbox.path("nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-broken").display().to_string();
    let script = format!(
        "touch {broken} && touch -d @1 {broken} && sleep 2 && \
        nix-build --no-out-link --argstr name Cargo.lock --expr '{EXPRESSION}' && {BUILD}"
    );
    let ran = sandbox.run(&["--verbose", "cache", "push", "--watch", "--", "sh", "-c", &script]).ends(0);
    ran.says(&[&format!("`{broken}` was not pushed, or never became valid")]);
    has(&sandbox, &["Cargo.lock", "lower", "middle", "upper"]);
}

#[test]
fn that_nobody_signs_what_is_pushed_is_said_once() {
    let sandbox = place(TestNix::Distribution);
    let cache = sandbox.path("unsigned").display().to_string();
    sandbox.write("xtask.toml", &format!("[cache]\nurl = \"file://{cache}\"\nallow_dirty = true\n"));
    let build = |name: &str| {
        format!(
            "nix-build --no-out-link --argstr name {name} --expr '{EXPRESSION}' && \
            for i in $(seq 1200); do grep -q -- '-{name}$' {cache}/*.narinfo && break; sleep 0.1; done; \
            [ $i != 1200 ] || exit 9\n"
        )
    };
    // Two pushes: the second thing is built once the first one is there.
    let ran = watch(&sandbox, &format!("{}{}", build("one"), build("two"))).ends(0);
    let warning =
        format!("! nothing here signs what is pushed to file://{cache}, and Nix takes nothing unsigned\n    fix: name");
    assert_eq!(ran.stderr.matches(&warning).count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("cache push: 1 path pushed").count(), 2, "{}", ran.stderr);
}

#[test]
fn what_is_for_a_system_that_is_not_allowed_stays() {
    let sandbox = place(TestNix::Modern);
    sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}extra-platforms = aarch64-linux\n"));
    let rules = "[[cache.rule]]\nevent = [\"local\"]\nsystems = [\"aarch64-linux\"]\naction = \"skip\"\n";
    let build = |name: &str, system: &str| {
        format!("nix-build --no-out-link --argstr name {name} --argstr system {system} --expr '{EXPRESSION}'")
    };
    let check = |number: u8, rules: &str, expected: &[&str]| {
        sandbox.write("xtask.toml", rules);
        std::fs::remove_dir_all(embedded(&sandbox)).ok();
        let [here, there] = [("x86_64-linux", "here"), ("aarch64-linux", "there")]
            .map(|(system, name)| build(&format!("{name}-{number}"), system));
        let script = format!("{here} && {there} && echo {number} > added-{number} && nix-store --add added-{number}");
        watch(&sandbox, &script).ends(0);
        let expected = expected.iter().map(|name| format!("{name}-{number}")).collect();
        assert_eq!(names(&embedded(&sandbox)), expected);
    };
    check(1, "", &["added", "here", "there"]);
    // Nobody knows what system that is for which was added.
    check(2, rules, &["here"]);
}

#[test]
fn a_signal_is_passed_on_and_what_was_built_until_then_is_pushed() {
    let sandbox = place(TestNix::Modern);
    let ready = sandbox.path("ready");
    let script = format!("trap '{BUILD}; exit 5' TERM; touch {}; while :; do sleep 0.1; done", ready.display());
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
    let mut child = command.args(["cache", "push", "--watch", "--", "sh", "-c", &script]).spawn().unwrap();
    let started = Instant::now();
    while !ready.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "the command never began");
        std::thread::sleep(Duration::from_millis(50));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    let signalled = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if signalled.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("the command was never told");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    has(&sandbox, &["lower", "middle", "upper"]);
}

/// A derivation of a given name, and of a system.
pub const EXPRESSION: &str = "{ name, system ? \"x86_64-linux\" }: derivation { \
    inherit name system; builder = \"/bin/sh\"; args = [ \"-c\" \"echo > $out\" ]; }";
