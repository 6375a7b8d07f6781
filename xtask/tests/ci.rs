//! `cargo xtask ci`: the jobs, their reports, and every way in which a run must not end 0.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod ci_fleet;
mod sandbox;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use ci_fleet::{ci, host};
use sandbox::{Sandbox, TestNix};
use serde_json::Value;

/// A flake with two hosts, one file each.
const FLEET: &str = r#"{
  outputs = { self }: {
    nixosConfigurations = builtins.mapAttrs (name: _: import (./hosts + "/${name}")) (builtins.readDir ./hosts);
  };
}
"#;

/// A fleet of two hosts that build.
fn fleet(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix).with_client();
    sandbox.write("flake.nix", FLEET);
    sandbox.write("hosts/atlas/default.nix", &host("atlas", "echo built"));
    sandbox.write("hosts/borea/default.nix", &host("borea", "echo built"));
    sandbox
}

fn report(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&fs::read(sandbox.path("state/report/report.json")).unwrap()).unwrap()
}

/// `name: status` of each of the things in a report.
fn statuses(report: &Value, things: &str, name: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let things = report[things].as_array().unwrap().iter();
    things.map(|thing| format!("{}: {}", text(&thing[name]), text(&thing["status"]))).collect()
}

/// `name: status` of the jobs that these tests are about: validations have tests of their own.
fn jobs(report: &Value) -> Vec<String> {
    let about = |job: &String| ["bootstrap:", "lock:", "build:"].iter().any(|name| job.starts_with(name));
    statuses(report, "jobs", "name").into_iter().filter(about).collect()
}

#[test]
fn a_clean_fleet_ends_0_with_reports_and_is_not_evaluated_again() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        ci(&sandbox, &[]).ends(0).says(&["✓ lock", "✓ build", "✓ ci: ", " jobs ok · ", " · 2 outputs"]);
        let first = report(&sandbox);
        assert_eq!(first["schema"], 1);
        assert_eq!(first["inputs"], "locked");
        assert_eq!(jobs(&first), ["bootstrap: ok", "lock: ok", "build: ok"]);
        let expected = ["nixosConfigurations.atlas: built", "nixosConfigurations.borea: built"];
        assert_eq!(statuses(&first, "outputs", "attr"), expected);
        assert!(first["outputs"][0]["closure_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{first}");
        assert!(first["outputs"][0]["drv"].as_str().is_some_and(|drv| drv.ends_with("-atlas.drv")));
        let junit = fs::read_to_string(sandbox.path("state/report/junit.xml")).unwrap();
        assert!(junit.contains(r#"<testsuite name="build" tests="3" failures="0" errors="0" skipped="0""#), "{junit}");
        assert!(fs::read_to_string(sandbox.path("state/report/summary.md")).unwrap().starts_with("## ✅ "));
        ci(&sandbox, &[]).ends(0).says(&["nixosConfigurations.atlas  up to date"]);
        assert_eq!(report(&sandbox)["outputs"][0]["status"], "present");
    }
}

#[test]
fn a_host_that_does_not_build_is_named_and_the_other_is_built() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("hosts/atlas/default.nix", &host("atlas", "echo checking; exit 3"));
        let ran = ci(&sandbox, &[]).ends(1);
        let last = ran.stderr.rsplit("✗ build: failed").next().unwrap();
        for text in ["nixosConfigurations.atlas: build failed", "exit code 3", "│ checking", "✗ ci: build failed"] {
            assert!(last.contains(text), "not repeated at the end: {text}\n{}", ran.stderr);
        }
        let report = report(&sandbox);
        assert_eq!(report["status"], "failed");
        let expected = ["nixosConfigurations.atlas: build-failed", "nixosConfigurations.borea: built"];
        assert_eq!(statuses(&report, "outputs", "attr"), expected);
        let junit = fs::read_to_string(sandbox.path("state/report/junit.xml")).unwrap();
        assert!(junit.contains("<failure message=\"build failed: builder failed with exit code 3\">"), "{junit}");
        let summary = fs::read_to_string(sandbox.path("state/report/summary.md")).unwrap();
        assert!(summary.contains("<b>nixosConfigurations.atlas: build failed</b>"), "{summary}");
    }
}

#[test]
fn a_host_that_does_not_evaluate_is_named_with_its_line_and_the_other_is_built() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("hosts/atlas/default.nix", "let broken =\n  throw \"it is broken\";\nin broken");
    let ran = ci(&sandbox, &[]).ends(1);
    let last = ran.stderr.rsplit("✗ build: failed").next().unwrap();
    for text in ["nixosConfigurations.atlas: evaluation failed", "hosts/atlas/default.nix:2", "it is broken"] {
        assert!(last.contains(text), "not repeated at the end: {text}\n{}", ran.stderr);
    }
    let expected = ["nixosConfigurations.atlas: evaluation-failed", "nixosConfigurations.borea: built"];
    assert_eq!(statuses(&report(&sandbox), "outputs", "attr"), expected);
}

#[test]
fn reports_go_where_they_are_wanted() {
    let sandbox = fleet(TestNix::Modern);
    let folder = sandbox.path("elsewhere/reports");
    let ran = ci(&sandbox, &["--report-dir", folder.to_str().unwrap(), "--json"]).ends(0);
    let answered: Value = serde_json::from_str(&ran.stdout).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!(answered, written);
    assert!(folder.join("junit.xml").is_file() && folder.join("summary.md").is_file());
    assert!(!sandbox.path("state/report").exists());
}

#[test]
fn only_wanted_jobs_run_and_none_at_all_is_an_error() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("hosts/atlas/default.nix", "throw \"broken\"");
    ci(&sandbox, &["lock"]).ends(0).says(&["- build: skipped: not asked for"]);
    assert_eq!(jobs(&report(&sandbox)), ["bootstrap: ok", "lock: ok", "build: skipped"]);
    // A validation alone is no success where there was something that it could not look at.
    ci(&sandbox, &["config"]).ends(1).says(&["✗ config: failed", "not every output evaluates"]);
    ci(&sandbox, &["lock", "build", "--skip", "build"]).ends(0).says(&["- build: skipped: skipped as asked"]);
    ci(&sandbox, &["lock", "--skip", "bootstrap,lock"]).ends(2).says(&["every job is skipped"]);
    ci(&sandbox, &["deploy"]).ends(2).says(&["deploy"]);
    let plan = ci(&sandbox, &["--plan", "lock"]).ends(0).stdout;
    let builds = |line: &str| {
        line.starts_with("build ") && line.ends_with("  (not asked for)") && line.contains("  per system  ")
    };
    assert!(plan.lines().any(builds) && plan.contains(" what the other jobs need, needed by lock"), "{plan}");
    let plan: Value = serde_json::from_str(&ci(&sandbox, &["--plan", "--json"]).ends(0).stdout).unwrap();
    let lock = &plan["jobs"][1];
    assert_eq!([&lock["needs"][0], &lock["extent"]], ["bootstrap", "once"]);
}

#[test]
fn a_lock_that_does_not_fit_fails_its_job_and_with_it_the_later_phases() {
    let mut sandbox = fleet(TestNix::Modern);
    sandbox.write(
        "flake.nix",
        &FLEET.replace("outputs = { self }", "inputs.a.url = \"github:a/b\"; outputs = { self, ... }"),
    );
    sandbox.set("XTASK_INPUTS", "standin");
    ci(&sandbox, &[]).ends(1).says(&[
        "there is no flake.lock that pins them",
        "fix: run `nix flake lock`",
        "✓ config",
        "- build: skipped: phase `check` failed: `lock`\n",
        "- cache-push: skipped: phase `check` failed: `lock`\n",
    ]);
    assert_eq!(jobs(&report(&sandbox)), ["bootstrap: ok", "lock: failed", "build: skipped"]);
    let evaluated = ["nixosConfigurations.atlas: evaluated", "nixosConfigurations.borea: evaluated"];
    assert_eq!(statuses(&report(&sandbox), "outputs", "attr"), evaluated);
    ci(&sandbox, &["--keep-going"]).ends(1).says(&["✓ build"]);
    assert_eq!(jobs(&report(&sandbox)), ["bootstrap: ok", "lock: failed", "build: ok"]);
    assert_eq!(report(&sandbox)["inputs"], "stand-in");
    sandbox.run(&["lock"]).ends(1).says(&["there is no flake.lock that pins them", "lock: 1 problem"]);
    ci(&sandbox, &["--fail-fast"])
        .ends(1)
        .says(&["- build: skipped: `lock` failed, and the first failure ends the run"]);
    let lock = r#"{"nodes": {"root": {"inputs": {"a": "a"}}, "a": {
        "locked": {"type": "github", "owner": "a", "repo": "b", "rev": "0", "narHash": "sha256-x", "lastModified": 1},
        "original": {"type": "github", "owner": "a", "repo": "b"}}}, "root": "root", "version": 7}"#;
    sandbox.write_untracked("flake.lock", lock);
    ci(&sandbox, &["lock"]).ends(1).says(&["git does not track flake.lock", "git add --intent-to-add flake.lock"]);
    sandbox.write("flake.lock", lock);
    ci(&sandbox, &["lock"]).ends(0);
    sandbox.write("xtask.toml", "[lock]\nallowed_owners = [\"nixos\"]\n");
    ci(&sandbox, &["lock"]).ends(1).says(&["which is not on the list of owners"]);
}

#[test]
fn a_run_that_rewrites_the_lock_is_found_out() {
    let sandbox = fleet(TestNix::Modern);
    let lock = sandbox.repository().join("flake.lock");
    let write = format!("echo '{{}}' > {}; echo built", lock.display());
    sandbox.write("hosts/atlas/default.nix", &host("atlas", &write));
    ci(&sandbox, &[]).ends(1).says(&["flake.lock changed while the checks ran", "✗ ci: lock failed · "]);
}

#[test]
fn what_cannot_be_checked_is_reported_and_never_ends_0() {
    let sandbox = fleet(TestNix::Modern);
    ci(&sandbox, &[]).ends(0);
    sandbox.write_nix_conf("this is no setting\n");
    ci(&sandbox, &[]).ends(2).says(&["✗ bootstrap: could not check", "- build: skipped: it needs `bootstrap`"]);
    let report = report(&sandbox);
    assert_eq!(report["status"], "could-not-check");
    assert_eq!(jobs(&report), ["bootstrap: could-not-check", "lock: skipped", "build: skipped"]);
    let junit = fs::read_to_string(sandbox.path("state/report/junit.xml")).unwrap();
    assert!(junit.contains("<error message="), "{junit}");
}

#[test]
fn an_empty_flake_is_no_success() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", "{ outputs = { self }: { }; }");
    ci(&sandbox, &[]).ends(2).says(&["✗ build: could not check", "an empty discovery is never a success"]);
}

#[test]
fn a_fleet_that_nothing_here_can_build_is_no_success() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &sandbox::FLAKE.replace("x86_64-linux", "riscv64-linux"));
    let texts = ["every output was skipped: no builder for riscv64-linux", "could not check"];
    ci(&sandbox, &[]).ends(2).says(&texts);
    sandbox.run(&["build"]).ends(2).says(&texts[..1]);
}

/// A run in which `borea` is being built, until somebody writes to the pipe at the path that is returned.
fn started(sandbox: &Sandbox) -> (Child, PathBuf) {
    let (began, pipe) = (sandbox.path("began"), sandbox.path("pipe"));
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let script = format!("echo > {}; read line < {}", began.display(), pipe.display());
    sandbox.write("hosts/borea/default.nix", &host("borea", &script));
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
    let child = command.arg("ci").stderr(Stdio::piped()).spawn().unwrap();
    while !began.exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, pipe)
}

#[test]
fn an_interrupted_run_reports_what_it_knows() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.run(&["build", "nixos:atlas"]).ends(0);
    let (child, _) = started(&sandbox);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("✗ ci: build not finished"), "{stderr}");
    let report = report(&sandbox);
    assert_eq!(report["status"], "interrupted");
    let expected = ["nixosConfigurations.atlas: present", "nixosConfigurations.borea: interrupted"];
    assert_eq!(statuses(&report, "outputs", "attr"), expected);
}

#[test]
fn a_killed_run_leaves_no_report_of_an_earlier_one() {
    let sandbox = fleet(TestNix::Modern);
    ci(&sandbox, &[]).ends(0);
    assert!(sandbox.path("state/report/report.json").exists());
    let (mut child, pipe) = started(&sandbox);
    child.kill().unwrap();
    child.wait().unwrap();
    // Lets a builder that outlived its run end; opened for both, a pipe never blocks.
    fs::OpenOptions::new().read(true).write(true).open(pipe).unwrap().write_all(b"\n").unwrap();
    assert!(!sandbox.path("state/report/report.json").exists());
}

#[test]
fn problems_are_marked_on_github_and_command_nothing() {
    let mut sandbox = fleet(TestNix::Modern);
    // The folder's name is in the place of one problem, and in the text of the other.
    sandbox.write("a\n::error::forged,\r/nix.conf", "extra-substituters = http://a.io\n");
    sandbox.set("XTASK_INPUTS", "standin");
    sandbox.set("GITHUB_ACTIONS", "true");
    for arguments in [&["cache-config"][..], &["ci", "cache-config"]] {
        let ran = sandbox.run(arguments).ends(1);
        let commands: Vec<&str> =
            ran.stderr.split(['\n', '\r']).filter(|line| line.trim_start().starts_with("::")).collect();
        let commands: Vec<&str> = commands.into_iter().filter(|line| !line.contains("group::")).collect();
        let [first, second] = commands[..] else { panic!("{commands:?}") };
        let file = "a%0A%3A%3Aerror%3A%3Aforged%2C%0D/nix.conf";
        let expected = format!(
            "::error file={file},line=1,title=cargo xtask cache-config::`http://a.io` is not https%0Afix: write `https://a.io`"
        );
        assert_eq!(first, expected);
        assert!(second.starts_with("::error file=flake.nix,line=1,title=cargo xtask cache-config::"), "{second}");
        assert!(second.contains("but `a%0A::error::forged,%0D/nix.conf` does"), "{second}");
    }
}
