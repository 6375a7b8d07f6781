//! Evaluation processes that die or grow too large, and results that are kept from run to run.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sandbox::fleet::flake;
use sandbox::{Ran, Sandbox, TestNix, ran};

/// A fleet in which the evaluation of one output waits for a build, which waits for the file `go` and meanwhile tells, as a
/// file `worker-PID`, which process evaluates it.
fn waiting_fleet(sandbox: &Sandbox) -> String {
    let wait = format!(
        r#"cd {}; : > worker-$PPID; while [ ! -e go ] && [ -d /proc/$PPID ]; do sleep 0.02; done; [ -e go ] && echo '"x"' > $out"#,
        sandbox.path("signals").display()
    );
    let body = r#"  packages.x86_64-linux.a = linux "a";
      packages.x86_64-linux.slow = linux (import (derivation {
        name = "wait"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" ''WAIT'' ];
      }));
      packages.x86_64-linux.z = linux "z";"#;
    flake(&body.replace("WAIT", &wait))
}

/// The evaluating process that is not among `known`, once it is at the output that waits.
fn next_worker(sandbox: &Sandbox, run: &mut Child, known: &[i32]) -> i32 {
    let patience = Instant::now();
    loop {
        let names = fs::read_dir(sandbox.path("signals")).unwrap().map(|entry| entry.unwrap().file_name());
        let workers = names.filter_map(|name| name.to_str()?.strip_prefix("worker-")?.parse().ok());
        if let Some(pid) = workers.into_iter().find(|pid| !known.contains(pid)) {
            return pid;
        }
        assert!(run.try_wait().unwrap().is_none(), "the run ended before it was waited for");
        assert!(patience.elapsed() < Duration::from_secs(60), "no evaluation came to the output that waits");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The parent of a process, as Linux shows it.
fn parent(pid: i32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned()
}

/// Runs `outputs` on the fleet that waits; kills the process that waits `times` times, then lets it go on.
fn killed(sandbox: &Sandbox, times: usize) -> Ran {
    fs::create_dir_all(sandbox.path("signals")).unwrap();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
    command.args(["outputs", "--json", "--workers", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = command.spawn().unwrap();
    let mut dead = Vec::new();
    for _ in 0..times {
        let worker = next_worker(sandbox, &mut run, &dead);
        assert_eq!(parent(worker), run.id().to_string(), "this is no child of the run");
        kill_process(Pid::from_raw(worker).unwrap(), Signal::KILL).unwrap();
        dead.push(worker);
    }
    fs::write(sandbox.path("signals/go"), "").unwrap();
    let output = run.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_killed_evaluation_is_tried_again_once() {
    for nix in TestNix::ALL {
        let check = |times: usize, status: i32, slow: &str| {
            let sandbox = Sandbox::new(nix);
            sandbox.write("flake.nix", &waiting_fleet(&sandbox));
            let run = killed(&sandbox, times).ends(status);
            let expected = ["a evaluated", slow, "z evaluated"].map(|line| format!("packages.x86_64-linux.{line}"));
            assert_eq!(run.answer().statuses(), expected, "{nix:?}");
            run
        };
        check(1, 0, "slow evaluated");
        check(2, 1, "slow evaluation-failed").says(&[
            "packages.x86_64-linux.slow: evaluation failed\n    \
             the evaluating process ended without a word, twice (signal: 9 (SIGKILL))",
            "3 outputs · 1 failed",
        ]);
    }
}

#[test]
fn an_output_that_outgrows_the_bound_on_memory_says_so() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        // A list of ten million elements takes at least 240 MB, whatever the collector does.
        let body = r#"  packages.x86_64-linux.a = linux "a";
          packages.x86_64-linux.large = let list = builtins.genList (at: at) 10000000; in
            linux "large-${toString (builtins.length list + builtins.foldl' (x: y: x) 0 list + builtins.head list)}";
          packages.x86_64-linux.z = linux "z";"#;
        sandbox.write("flake.nix", &flake(body));
        let run = sandbox.run(&["build", "--json", "--max-memory", "150M"]).ends(1).says(&[
            "packages.x86_64-linux.large: evaluation failed\n    \
             its evaluation needs more than 150 MiB, the bound on memory: raise it with --max-memory",
            "3 outputs · 1 failed",
        ]);
        let expected = ["a built", "large evaluation-failed", "z built"];
        assert_eq!(run.answer().statuses(), expected.map(|line| format!("packages.x86_64-linux.{line}")), "{nix:?}");
        sandbox.run(&["build", "--max-memory", "2G"]).ends(0);
    }
}

/// How many outputs a run did not have to evaluate.
#[track_caller]
fn unchanged(sandbox: &Sandbox, arguments: &[&str]) -> usize {
    let run = sandbox.run(&[&["outputs"], arguments].concat()).ends(0);
    let verdict = run.stderr.lines().last().unwrap_or_default().to_owned();
    match verdict.split(" · ").find_map(|part| part.strip_suffix(" unchanged since the last evaluation")) {
        Some(count) => count.parse().unwrap(),
        None => 0,
    }
}

fn kept_results(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("state/evaluation.json")
}

#[test]
fn an_unchanged_tree_is_not_evaluated_again() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let (repository, submodule) = (sandbox.repository(), sandbox.path("vendored"));
        fs::create_dir(&submodule).unwrap();
        fs::write(submodule.join("file"), "").unwrap();
        sandbox.git(&submodule, &["init", "--quiet"]);
        sandbox.git(&submodule, &["add", "file"]);
        sandbox.git(&submodule, &["commit", "--quiet", "--message=first"]);
        let body = r#"  packages.x86_64-linux.a = linux "a-${builtins.replaceStrings [ "\n" ] [ "" ] (builtins.readFile ./name)}";
          packages.x86_64-linux.b = linux "b";"#;
        sandbox.write("flake.nix", &flake(body));
        sandbox.write("name", "one\n");
        sandbox.git(&repository, &["submodule", "--quiet", "add", submodule.to_str().unwrap(), "vendored"]);
        sandbox.git(&repository, &["commit", "--quiet", "--message=all"]);
        let counts = |change: &str| {
            assert_eq!(unchanged(&sandbox, &[]), 0, "{nix:?}: {change} was not seen");
            assert_eq!(unchanged(&sandbox, &[]), 2, "{nix:?}: after {change} nothing was kept");
        };
        counts("a first look");
        assert_eq!(unchanged(&sandbox, &["--fresh"]), 0);
        assert_eq!(unchanged(&sandbox, &["package:b"]), 1);
        // What Nix does not see is no change.
        sandbox.write_untracked("untracked", "");
        assert_eq!(unchanged(&sandbox, &[]), 2);

        sandbox.write_untracked("name", "two\n");
        counts("an edit");
        let answer = sandbox.run(&["outputs", "--json"]).ends(0).answer();
        let drv = answer.output("packages.x86_64-linux.a")["drv"].as_str().unwrap().to_owned();
        assert!(drv.ends_with("-a-two.drv"), "{drv}");
        fs::set_permissions(repository.join("name"), fs::Permissions::from_mode(0o755)).unwrap();
        counts("a mode");
        sandbox.git(&repository, &["commit", "--quiet", "--all", "--message=second"]);
        counts("a commit");
        fs::write(repository.join("vendored/file"), "changed").unwrap();
        counts("a change inside a submodule");
        fs::write(repository.join("vendored/file"), "changed again").unwrap();
        counts("another change inside a submodule");
        sandbox.git(&repository, &["rm", "--quiet", "--cached", "vendored"]);
        counts("a submodule that is gone");
        fs::write(repository.join("xtask.toml"), "[[kind]]\nname = \"image\"\nset = \"images.*\"\n").unwrap();
        counts("another kind");
        sandbox.write_nix_conf(&format!("{}system = i686-linux\n", sandbox::WORKING_NIX_CONF));
        counts("a setting of Nix");

        for damage in [&b""[..], b"{", b"\xff", b"{\"schema\":1}"] {
            fs::write(kept_results(&sandbox), damage).unwrap();
            counts("damage");
        }
        let mut kept = fs::read(kept_results(&sandbox)).unwrap();
        kept.truncate(kept.len() / 2);
        fs::write(kept_results(&sandbox), kept).unwrap();
        counts("a file cut short");

        let bin = nix.bin().join("nix-store");
        ran(sandbox.command(bin).args(["--delete", &drv])).ends(0);
        assert_eq!(unchanged(&sandbox, &[]), 1, "{nix:?}: a derivation that is gone counts");
        assert_eq!(unchanged(&sandbox, &[]), 2);
        assert!(sandbox.path("nix/store").join(drv.rsplit('/').next().unwrap()).exists(), "{nix:?}: {drv}");
    }
}

#[test]
fn a_folder_outside_git_is_watched_too() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let repository = sandbox.repository();
        fs::remove_dir_all(repository.join(".git")).unwrap();
        assert_eq!([unchanged(&sandbox, &[]), unchanged(&sandbox, &[])], [0, 1], "{nix:?}");
        fs::write(repository.join("new"), "").unwrap();
        assert_eq!([unchanged(&sandbox, &[]), unchanged(&sandbox, &[])], [0, 1], "{nix:?}");
        fs::set_permissions(repository.join("new"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!([unchanged(&sandbox, &[]), unchanged(&sandbox, &[])], [0, 1], "{nix:?}");
    }
}

#[test]
fn what_failed_is_evaluated_again() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", &flake("packages.x86_64-linux = { a = linux \"a\"; bad = throw \"bad\"; };"));
        for kept in
            ["evaluation took", "1 unchanged since the last evaluation", "1 unchanged since the last evaluation"]
        {
            sandbox.run(&["build"]).ends(1).says(&["packages.x86_64-linux.bad: evaluation failed", kept]);
        }
    }
}

#[test]
fn a_fleet_larger_than_a_command_line_is_evaluated() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let body = r#"packages.x86_64-linux = builtins.listToAttrs (builtins.genList (number: rec {
        name = "package-number-${toString number}"; value = linux name; }) 3000);"#;
    sandbox.write("flake.nix", &flake(body));
    let answer = sandbox.run(&["outputs", "--json", "--workers", "1"]).ends(0).answer();
    assert_eq!(answer.outputs().iter().filter(|output| output["status"] == "evaluated").count(), 3000);
}

/// A word of Nix about itself, as its log has it.
const BUSY: &str = r#"echo '@nix {"action":"msg","level":0,"msg":"error: SQLite database is busy"}' >&2; exit 1"#;

#[test]
fn what_fails_before_any_output_began_is_tried_again() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", &flake(r#"packages.x86_64-linux = { a = linux "a"; b = linux "b"; };"#));
        let once = format!("mkdir {} 2> /dev/null", sandbox.path("once").display());
        let script = |when: &str| format!("case \"$*\" in *'#evaluate'*) if {when}; then {BUSY}; fi;; esac");
        sandbox.intercept(nix, "nix", &script(&once));
        sandbox.run(&["outputs", "--workers", "1"]).ends(0);
        assert!(sandbox.path("once").exists(), "{nix:?}: nothing went wrong");

        sandbox.intercept(nix, "nix", &script("true"));
        sandbox.run(&["outputs", "--fresh"]).ends(1).says(&["packages.x86_64-linux.b: ", "SQLite database is busy"]);
    }
}

#[test]
fn an_evaluation_that_ends_well_before_it_is_done_is_not_asked_for_ever() {
    let mut sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.write("flake.nix", &flake(r#"packages.x86_64-linux = { a = linux "a"; b = linux "b"; };"#));
    sandbox.intercept(TestNix::Distribution, "nix", "case \"$*\" in *'#evaluate'*) exit 0;; esac");
    sandbox.run(&["outputs"]).ends(1).says(&["packages.x86_64-linux.a: ", "without a word, twice"]);
}
