//! The generated workflow, run whole by act as GitHub would: green, red for a planted failure, green for an empty plan, and one job
//! that was chosen. Nix, git and this program are real and offline; stand-ins are only the two actions of GitHub that talk to its
//! servers, and `cargo`, which has this program built already; only where it is to call another is it the real one.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod acted_workflow;
mod packaged_xtask;
mod sandbox;

use std::fs;

use acted_workflow::{act, all, check, flake, fleet, fleet_of};
use sandbox::{Ran, Sandbox, TestNix, ran};
/// The key of a cache.
const KEY: &str = "fleet.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";

#[test]
fn a_fleet_in_order_is_green() {
    let own = "[ci.jobs.smoke]\nphase = 'verify'\nper_system = true\ncommand = ['true']\n\
               [ci.jobs.greet]\nsecrets = ['KEY']\ncommand = ['sh', '-c', 'test -f flake.nix && echo greeted by $KEY']\n";
    let sandbox = fleet("echo built", own);
    // A pull request without its event is none to `cache-policy`, and act makes none up.
    let ran = act(&sandbox, &["push", "--secret", "KEY=correct-horse"]);
    let green = [("build x86_64-linux", "succeeded"), ("greet", "succeeded"), ("ci", "succeeded")];
    check(&sandbox, &ran, 0, all(&sandbox), &green, "every job that was to run succeeded");
    assert!(ran.stdout.contains("│ greeted by ***") && !ran.stdout.contains("correct-horse"), "{}", ran.stdout);
    let steps = ["build", "cache-analytics", "smoke", "cache-push", "cache-verify"];
    assert_eq!(ran_on_the_machine_of_the_build(&ran), steps, "{}", ran.stdout);
    // Where the client is compiled, results of cargo are kept under a name of their own.
    for (job, kind) in [("plan", "-without-client-"), ("lock", "-without-client-"), ("build", "-with-client-")] {
        let of_job =
            |line: &&str| line.starts_with(&format!("[CI/{job}")) && line.contains("\"key\": \"xtask-Linux-X64-");
        let keys: Vec<&str> = ran.stdout.lines().filter(of_job).collect();
        assert!(keys.len() == 1 && keys.iter().all(|key| key.contains(kind)), "{job}: {keys:?}: {}", ran.stdout);
    }
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
            ("build", "⏭️ `cache-push` | skipped |  | not pushed: "),
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

/// The steps of the machine that builds which ran a job, by its word, in order.
fn ran_on_the_machine_of_the_build(ran: &Ran) -> Vec<&str> {
    let run = |line: &'_ str| -> Option<usize> {
        let (_, rest) = line.strip_prefix("[CI/build ")?.split_once("] ⭐ Run Main Run `")?;
        Some(line.len() - rest.len())
    };
    let words = ran.stdout.lines().filter_map(|line| Some(line.get(run(line)?..)?.trim_end().trim_end_matches('`')));
    words.collect()
}

#[test]
fn a_job_in_the_middle_of_a_machine_is_chosen_and_has_what_it_needs() {
    let own = "[ci.jobs.first]\ncommand = ['true']\n\
               [ci.jobs.smoke]\nphase = 'verify'\nper_system = true\nneeds = ['first']\ncommand = ['sh', '-c', 'echo smoked']\n\
               [ci.jobs.tell]\nphase = 'publish'\nneeds = ['cache-push']\ncommand = ['sh', '-c', 'echo told']\n";
    let sandbox = fleet("echo built", own);
    let chosen = |job: &str| act(&sandbox, &["workflow_dispatch", "--input", &format!("job={job}")]);
    let ran = chosen("cache-verify");
    check(&sandbox, &ran, 0, 3, &[("build x86_64-linux", "succeeded")], "every job that was to run succeeded");
    assert_eq!(ran_on_the_machine_of_the_build(&ran), ["cache-verify"], "{}", ran.stdout);
    assert!(ran.stdout.contains("✅ `build` | ok"), "{}", ran.stdout);
    // What another machine needs of this one, and nothing else of it.
    let ran = chosen("tell");
    check(&sandbox, &ran, 0, 4, &[("tell", "succeeded")], "every job that was to run succeeded");
    assert_eq!(ran_on_the_machine_of_the_build(&ran), ["cache-push"], "{}", ran.stdout);
    assert!(ran.stdout.contains("│ told") && !ran.stdout.contains("│ smoked"), "{}", ran.stdout);
}

#[test]
fn of_several_machines_of_a_system_the_first_runs_what_runs_once() {
    let own = "[ci]\nseconds_per_machine = 0\n\
               [ci.jobs.everywhere]\nper_system = true\ncommand = ['sh', '-c', 'echo everywhere']\n\
               [ci.jobs.smoke]\nphase = 'verify'\nneeds = ['everywhere']\nper_system = true\ncommand = ['sh', '-c', 'echo smoked']\n";
    let package = "derivation { name = \"b\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"; args = [ \"-c\" \"echo > $out\" ]; }";
    let flake = flake("echo built").replacen(
        "outputs = { self }: {",
        &format!("outputs = {{ self }}: {{ packages.x86_64-linux.b = {package};"),
        1,
    );
    let sandbox = fleet_of(Sandbox::new(TestNix::Modern).with_client(), &flake, own);
    let ran = act(&sandbox, &["workflow_dispatch", "--input", "job=smoke"]);
    // act puts the number of a machine behind its name.
    let machines = ["everywhere x86_64-linux", "build x86_64-linux-1-of-2-1", "build x86_64-linux-2-of-2-2"];
    let green = machines.map(|machine| (machine, "succeeded"));
    check(&sandbox, &ran, 0, 5, &green, "every job that was to run succeeded");
    let said = |what: &str| {
        let lines = ran.stdout.lines().filter(|line| line.contains(what));
        lines.filter_map(|line| line.strip_prefix("[CI/")?.split([']', ' ']).nth(1)).collect::<Vec<_>>()
    };
    assert_eq!(said("│ everywhere"), ["x86_64-linux"], "{}", ran.stdout);
    assert_eq!(said("│ smoked"), ["x86_64-linux-1-of-2-1"], "{}", ran.stdout);
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
