//! The generated workflow, run whole by act as GitHub would: green, red for a planted failure, green for an empty plan, and one job
//! that was chosen. Nix, git and this program are real and offline; stand-ins are only the two actions of GitHub that talk to its
//! servers, and `cargo`, which has this program built already; only where it is to call another is it the real one.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod packaged_xtask;
mod sandbox;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sandbox::{Ran, Sandbox, TestNix, ran, tool};

const WORKFLOW: &str = ".github/workflows/ci.yaml";

/// Where the words of the gate are kept, in the sandbox.
const VERDICT: &str = "verdict";

/// A host that builds with `script`, and with which no validation finds fault.
fn flake(script: &str) -> String {
    format!(
        r#"{{
  outputs = {{ self }}: {{
    nixosConfigurations.atlas = {{
      config = {{
        networking.hostName = "atlas";
        nixpkgs.hostPlatform.system = "x86_64-linux";
        system.stateVersion = "25.11";
        system.build.toplevel = derivation {{
          name = "atlas";
          system = "x86_64-linux";
          builder = "/bin/sh";
          args = [ "-c" "/bin/mkdir $out; echo > $out/activate; {script}" ];
        }};
      }};
      pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    }};
  }};
}}
"#
    )
}

/// The key of a cache.
const KEY: &str = "fleet.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";

const STUB: &str = "name: stub
description: stands for an action that talks to GitHub
inputs: {path: {description: a}, key: {description: a}, restore-keys: {description: a}, name: {description: a}}
runs:
  using: composite
  steps:
    - run: |
        echo \"$INPUTS\"
        [ -z \"$KEPT\" ] || [ ! -d \"$KEPT\" ] || cat \"$KEPT\"/*/summary.md
      shell: bash
      env: {INPUTS: '${{ toJSON(inputs) }}', KEPT: '${{ inputs.path }}'}
";

/// A repository with its workflow, committed.
fn fleet(script: &str, config: &str) -> Sandbox {
    fleet_of(Sandbox::new(TestNix::Modern).with_client(), &flake(script), config)
}

/// The same with this flake, in `sandbox`.
fn fleet_of(mut sandbox: Sandbox, flake: &str, config: &str) -> Sandbox {
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let cargo = format!(
        "[ -z \"$CARGO_ALIAS_XTASK\" ] || exec '{}' \"$@\"\n[ \"$1\" = xtask ] || exit 9\nshift\nexec '{}' \"$@\"",
        env!("CARGO"),
        env!("CARGO_BIN_EXE_xtask")
    );
    // act does not read the terminal of a step that failed to its end, so that its last lines may be lost.
    let verdict = sandbox.path(VERDICT);
    let jq = format!(
        "'{}' \"$@\" > '{said}' 2>&1\nended=$?\ncat '{said}'\nexit $ended",
        which::which("jq").unwrap().display(),
        said = verdict.display()
    );
    for (name, script) in [("cargo", cargo), ("jq", jq)] {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}:{}", bin.display(), TestNix::Modern.bin().display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path);
    sandbox.write("flake.nix", flake);
    sandbox.write("xtask.toml", config);
    sandbox.run(&["workflow", "generate"]).ends(0);
    let repository = sandbox.repository();
    sandbox.git(&repository, &["add", "--all"]);
    sandbox.git(&repository, &["commit", "--quiet", "--message=fleet"]);
    sandbox
}

/// Runs the workflow for the event that `arguments` begin with.
fn act(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    fs::write(sandbox.path(VERDICT), "").unwrap();
    let mut act = sandbox.command(tool("workflows/bin/act"));
    act.args(arguments).args(["--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"]);
    for (name, file) in [("cache", ".github/actions/setup-nix/action.yaml"), ("upload-artifact", WORKFLOW)] {
        let stub = sandbox.path(&format!("stubs/{name}"));
        fs::create_dir_all(&stub).unwrap();
        fs::write(stub.join("action.yml"), STUB).unwrap();
        let text = fs::read_to_string(sandbox.repository().join(file)).unwrap();
        let used = text.lines().find_map(|line| line.trim().strip_prefix(&format!("uses: actions/{name}@"))).unwrap();
        let commit = used.split(' ').next().unwrap();
        act.arg("--local-repository").arg(format!("actions/{name}@{commit}={}", stub.display()));
    }
    ran(&mut act)
}

/// How each job ended that ran: `succeeded` or `failed`.
fn ends(ran: &Ran) -> BTreeMap<String, String> {
    let end = |line: &str| {
        let (job, end) = line.strip_prefix("[CI/")?.split_once(']')?;
        let (_, word) = end.split_once("Job ")?;
        Some((job.trim().to_owned(), word.trim().to_owned()))
    };
    ran.stdout.lines().filter_map(end).collect()
}

#[track_caller]
fn check(sandbox: &Sandbox, ran: &Ran, status: i32, jobs: usize, some: &[(&str, &str)], said: &str) {
    assert_eq!(ran.status, status, "{}", ran.stdout);
    let ends = ends(ran);
    assert_eq!(ends.len(), jobs, "{ends:?}\n{}", ran.stdout);
    for (job, end) in some {
        assert_eq!(ends.get(*job).map(String::as_str), Some(*end), "{job}: {ends:?}");
    }
    let others = ends.iter().filter(|(job, _)| !some.iter().any(|(named, _)| job == named));
    assert!(others.clone().all(|(_, end)| end == "succeeded"), "{ends:?}");
    let verdict = fs::read_to_string(sandbox.path(VERDICT)).unwrap();
    assert_eq!(verdict.trim_end(), said, "{}", ran.stdout);
}

/// How many jobs the workflow has; a fleet for one system has one machine for each.
fn all(sandbox: &Sandbox) -> usize {
    let text = fs::read_to_string(sandbox.repository().join(WORKFLOW)).unwrap();
    text.lines().filter(|line| line.starts_with("    runs-on: ")).count()
}

#[test]
fn a_fleet_in_order_is_green() {
    let own =
        "[ci.jobs.greet]\nsecrets = ['KEY']\ncommand = ['sh', '-c', 'test -f flake.nix && echo greeted by $KEY']\n";
    let sandbox = fleet("echo built", own);
    // A pull request without its event is none to `cache-policy`, and act makes none up.
    let ran = act(&sandbox, &["push", "--secret", "KEY=correct-horse"]);
    let green = [("build x86_64-linux", "succeeded"), ("greet", "succeeded"), ("ci", "succeeded")];
    check(&sandbox, &ran, 0, all(&sandbox), &green, "every job that was to run succeeded");
    assert!(ran.stdout.contains("│ greeted by ***") && !ran.stdout.contains("correct-horse"), "{}", ran.stdout);
    // Reports are handed to what keeps them.
    assert!(ran.stdout.contains("\"name\": \"report-build-x86_64-linux\""), "{}", ran.stdout);
}

#[test]
fn a_pull_request_is_built_compared_and_told_why_nothing_is_pushed() {
    for (from, why) in [
        ("ada/fleet", "the preset `main-and-tags` pushes the default branch and tags alone"),
        ("eve/fleet", "from the fork `eve/fleet`: what a fork built never"),
    ] {
        // A cache that others read; none of its secrets is known to such a run.
        let sandbox = Sandbox::new(TestNix::Modern).with_client();
        let url = "https://fleet.cachix.org";
        let names = format!(
            "{{\n  nixConfig = {{ extra-substituters = [ \"{url}\" ]; extra-trusted-public-keys = [ \"{KEY}\" ]; }};"
        );
        let flake = |script: &str| flake(script).replacen('{', &names, 1);
        let config = format!("[cache]\nurl = \"{url}\"\n");
        let sandbox = fleet_of(sandbox, &flake("echo built"), &config);
        let repository = sandbox.repository();
        // Where act takes the name of the repository from.
        sandbox.git(&repository, &["remote", "add", "origin", "https://github.com/ada/fleet.git"]);
        let mut git = sandbox.command("git");
        let base = ran(git.arg("-C").arg(&repository).args(["rev-parse", "HEAD"])).ends(0).stdout.trim().to_owned();
        sandbox.write("flake.nix", &flake("echo built otherwise"));
        sandbox.git(&repository, &["commit", "--quiet", "--all", "--message=change"]);
        let marker = sandbox.path("injected");
        let title = format!("\"; touch '{0}' #$(touch '{0}')`touch '{0}'`\n::add-mask::atlas", marker.display());
        let of = |name: &str| serde_json::json!({ "full_name": name, "default_branch": "main" });
        let event = serde_json::json!({ "number": 7, "repository": of("ada/fleet"), "pull_request": {
            "number": 7, "title": title, "body": title,
            "base": { "sha": base, "ref": "main", "repo": of("ada/fleet") },
            "head": { "sha": base, "ref": title, "label": title, "repo": of(from) },
        }});
        let file = sandbox.path("event.json");
        fs::write(&file, event.to_string()).unwrap();
        let ran = act(&sandbox, &["pull_request", "--eventpath", file.to_str().unwrap()]);
        let green = [("build x86_64-linux", "succeeded"), ("diff", "succeeded"), ("ci", "succeeded")];
        check(&sandbox, &ran, 0, all(&sandbox), &green, "every job that was to run succeeded");
        let said = |job: &str, what: &str| {
            ran.stdout.lines().any(|line| line.starts_with(&format!("[CI/{job}")) && line.contains(what))
        };
        for (job, what) in [
            ("diff", "| ## 1 output: 1 changed"),
            ("diff", "by flake.nix"),
            ("build", "✅ `build` | ok"),
            ("build", "⏭️ `cache-push` | skipped | 0.0 s | not pushed: "),
            ("build", why),
        ] {
            assert!(said(job, what), "{from}: {job}: {what}: {}", ran.stdout);
        }
        assert!(!marker.exists(), "what others wrote was run");
    }
}

#[test]
fn a_host_that_does_not_build_is_red() {
    let sandbox = fleet("exit 3", "");
    let red = [("build x86_64-linux", "failed"), ("ci", "failed")];
    check(&sandbox, &act(&sandbox, &["push"]), 1, all(&sandbox), &red, "build: failure");
}

#[test]
fn an_empty_plan_is_green() {
    let sandbox = fleet("echo built", "[ci]\nexcluded = [\"x86_64-linux\"]\n");
    let ran = act(&sandbox, &["push"]);
    check(&sandbox, &ran, 0, all(&sandbox) - 1, &[("ci", "succeeded")], "every job that was to run succeeded");
    assert!(ran.stdout.contains("nothing to build: every output is for an excluded system"), "{}", ran.stdout);
}

#[test]
fn one_job_runs_alone_and_its_failure_is_red() {
    let sandbox = fleet("exit 3", "[ci.jobs.broken]\ncommand = ['false']\n");
    let green = [("ci", "succeeded")];
    check(
        &sandbox,
        &act(&sandbox, &["workflow_dispatch", "--input", "job=lock"]),
        0,
        3,
        &green,
        "every job that was to run succeeded",
    );
    let red = [("build x86_64-linux", "failed"), ("ci", "failed")];
    check(&sandbox, &act(&sandbox, &["workflow_dispatch", "--input", "job=build"]), 1, 3, &red, "build: failure");
    let red = [("broken", "failed"), ("ci", "failed")];
    check(&sandbox, &act(&sandbox, &["workflow_dispatch", "--input", "job=broken"]), 1, 3, &red, "broken: failure");
}

#[test]
fn this_program_comes_from_a_cache_of_the_flake_where_one_has_it() {
    let sandbox = Sandbox::new(TestNix::Modern).with_client();
    packaged_xtask::sources(&sandbox);
    let flake = packaged_xtask::flake(&sandbox, &flake("echo built"), "self", &packaged_xtask::this_program());
    let sandbox = fleet_of(sandbox, &flake, "");
    packaged_xtask::fill(&sandbox);
    let ran = act(&sandbox, &["workflow_dispatch", "--input", "job=lock"]);
    check(&sandbox, &ran, 0, 3, &[("ci", "succeeded")], "every job that was to run succeeded");
    // Once when it is asked for its version, and once for the job.
    for job in ["[CI/plan", "[CI/lock"] {
        let lines = ran.stdout.lines().filter(|line| line.starts_with(job) && line.contains(packaged_xtask::TAKEN));
        assert_eq!(lines.count(), 2, "{job}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("\"key\": \"xtask-"), "cargo's cache is asked for nothing: {}", ran.stdout);
}
