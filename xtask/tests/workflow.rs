//! `cargo xtask workflow`: what is generated is fresh, is what linters want, and its gate is red whenever it should be.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::{Ran, Sandbox, TestNix, program, ran, tool};

const WORKFLOW: &str = ".github/workflows/ci.yaml";
const SETUP: &str = ".github/actions/setup-nix/action.yaml";

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A repository with what is generated for `config`.
fn generated(config: &str) -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("xtask.toml", config);
    let written = "workflow generate: 2 files written";
    sandbox.run(&["workflow", "generate"]).ends(0).says(&[written, &format!("{WORKFLOW}: written")]);
    sandbox
}

fn read(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.repository().join(path)).unwrap()
}

#[test]
fn the_workflows_of_this_repository_are_fresh_and_in_order() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let repository = workspace().to_str().unwrap();
    for arguments in [&["generate", "--check"][..], &["check"], &["diff"]] {
        sandbox.run(&[&["--repo", repository, "workflow"], arguments].concat()).ends(0);
    }
}

#[test]
fn what_is_generated_is_fresh_until_somebody_edits_it() {
    let sandbox = generated("");
    sandbox.run(&["workflow", "generate"]).ends(0).says(&["workflow generate: nothing to change"]);
    sandbox.run(&["workflow", "generate", "--check"]).ends(0);
    sandbox.run(&["workflow", "check"]).ends(0).says(&["workflow: no problem"]);

    let text = read(&sandbox, WORKFLOW);
    sandbox.write(WORKFLOW, &text.replace("timeout-minutes: 285", "timeout-minutes: 600"));
    sandbox.run(&["workflow", "generate", "--check"]).ends(1).says(&["✗ .github/workflows/ci.yaml: not as generated"]);
    let diff = sandbox.run(&["workflow", "diff"]).ends(1);
    assert!(diff.stdout.contains("-     timeout-minutes: 600\n+     timeout-minutes: 285\n"), "{}", diff.stdout);
    let drift = "it is not what the job table and xtask.toml say, from this line on";
    sandbox.run(&["workflow", "check"]).ends(1).says(&[drift, "fix: run `cargo xtask workflow generate`"]);
    sandbox.run(&["workflow", "generate"]).ends(0).says(&["ci.yaml: changed", "1 file written"]);
    assert_eq!(read(&sandbox, WORKFLOW), text);

    let stray = ".github/workflows/old.yaml";
    sandbox.write(stray, &text);
    sandbox.run(&["workflow", "generate"]).ends(1).says(&["old.yaml: says that it is generated"]);
    sandbox.run(&["workflow", "check", "--json"]).ends(1).says(&["nothing generates it any more"]);
}

#[test]
fn a_run_fails_by_a_workflow_that_somebody_edited() {
    let job = ["ci", "workflow"];
    Sandbox::new(TestNix::Modern).run(&job).ends(0).says(&["- workflow: skipped: the repository has no workflow"]);
    let sandbox = generated("");
    sandbox.run(&job).ends(0).says(&["✓ workflow: "]);
    sandbox.write(WORKFLOW, &read(&sandbox, WORKFLOW).replace("if: ${{ always() }}", "if: ${{ success() }}"));
    let drift = "it is not what the job table and xtask.toml say, from this line on";
    sandbox.run(&job).ends(1).says(&["✗ workflow: ", WORKFLOW, drift]);
}

#[test]
fn what_somebody_wrote_is_not_written_over() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let own = "on: push\npermissions: {}\njobs: {}\n";
    sandbox.write(WORKFLOW, own);
    let kept = "✗ .github/workflows/ci.yaml: written by hand, and left as it is";
    sandbox.run(&["workflow", "generate"]).ends(1).says(&[kept, "generate --replace", &format!("✓ {SETUP}: written")]);
    assert_eq!(read(&sandbox, WORKFLOW), own);
    sandbox.run(&["workflow", "generate", "--check"]).ends(1).says(&[kept]);
    sandbox.run(&["workflow", "generate", "--replace"]).ends(0).says(&["ci.yaml: changed"]);
    sandbox.run(&["workflow", "check"]).ends(0);
}

#[test]
fn an_update_of_an_action_is_no_drift_and_a_branch_is() {
    let sandbox = generated("");
    let pin = |sandbox: &Sandbox, to: &str| {
        let text = read(sandbox, WORKFLOW);
        let lines = text.lines().map(|line| match line.split_once("actions/checkout@") {
            Some((before, _)) => format!("{before}actions/checkout@{to}\n"),
            None => format!("{line}\n"),
        });
        sandbox.write(WORKFLOW, &lines.collect::<String>());
    };
    pin(&sandbox, &format!("{} # v6.0.1", "b".repeat(40)));
    sandbox.run(&["workflow", "check"]).ends(0);
    pin(&sandbox, "main");
    sandbox.run(&["workflow", "check"]).ends(1).says(&["`actions/checkout` is at `main`", "from this line on"]);
}

/// Runners, jobs of one's own with everything that can be said of one, one that is switched off.
const OWN: &str = r#"
[ci]
branch = 'trunk'
[ci.runners]
x86_64-linux = 'ubuntu-24.04'
[ci.jobs]
autowiring.enabled = false
build.timeout = '90m'
lock.runner = 'ubuntu-24.04-arm'
[ci.jobs.lint]
about = "it's linted: # 'all' of it, \"really\""
shell = ['treefmt', '--ci']
after = ['lock']
[ci.jobs.everywhere]
command = ['uname']
per_system = true
[ci.jobs.try]
phase = 'verify'
needs = ['build']
app = 'try'
per_system = true
artifacts = ['out/**/*.log', 'coverage: all']
[ci.jobs.deploy]
phase = 'publish'
needs = ['lint']
command = ['sh', '-c', "echo \n::error::${{ github.head_ref }}"]
timeout = '95s'
secrets = ['DEPLOY_KEY', 'GITHUB_TOKEN']
permissions = { contents = 'write', id-token = 'write' }
inputs = ['sites/**']
"#;

#[test]
fn a_call_of_a_job_that_is_not_there_is_a_problem() {
    let sandbox = generated(OWN);
    let workflow = ".github/workflows/own.yaml";
    let calls = |job: &str| {
        format!(
            "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    timeout-minutes: 5\n    steps:\n      \
             - run: cargo xtask ci {job}\n"
        )
    };
    for job in ["deploy", "lint --skip build", "lock"] {
        sandbox.write(workflow, &calls(job));
        sandbox.run(&["workflow", "check"]).ends(0);
    }
    sandbox.write(workflow, &calls("deplyo"));
    let fault = "own.yaml:8: `cargo xtask ci deplyo`: no job is called `deplyo`: did you mean `deploy`? There are ";
    sandbox.run(&["workflow", "check"]).ends(1).says(&[fault]);
    // By whichever name cargo knows this program here.
    sandbox.write(".cargo/config.toml", "[alias]\nx = \"run --package xtask --\"\n");
    sandbox.write(workflow, &calls("lock").replace("cargo xtask ci lock", "cargo x ci lokc"));
    sandbox.run(&["workflow", "check"]).ends(1).says(&["own.yaml:8: `cargo x ci lokc`: no job is called `lokc`"]);
    sandbox.write(".cargo/config.toml", "[alias]\nx = 1\n");
    sandbox.run(&["workflow", "check"]).ends(2).says(&[".cargo/config.toml", "read the aliases of cargo"]);
    sandbox.write(".cargo/config.toml", "");
    sandbox.write(workflow, &calls("autowiring"));
    sandbox.run(&["workflow", "check"]).ends(1).says(&["the job `autowiring` is switched off: xtask.toml:7 says"]);
}

#[test]
fn every_linter_is_content_and_would_not_be_with_a_fault() {
    let sandbox = generated(OWN);
    sandbox.run(&["workflow", "check"]).ends(0).says(&["workflow: no problem"]);
    let (workflow, setup) = (read(&sandbox, WORKFLOW), read(&sandbox, SETUP));
    let zizmor = ".github/zizmor.yml";
    sandbox.write(zizmor, &fs::read_to_string(workspace().join(zizmor)).unwrap());
    let check = |what: &str, lint: &dyn Fn(&Path) -> Ran, fault: (&str, &str), expected: &str| {
        for folder in [workspace(), &sandbox.repository()] {
            let clean = lint(folder);
            assert_eq!(clean.status, 0, "{what}: {clean:?}");
        }
        sandbox.write(WORKFLOW, &workflow.replace(fault.0, fault.1));
        let faulty = lint(&sandbox.repository());
        sandbox.write(WORKFLOW, &workflow);
        assert!(
            faulty.status != 0 && format!("{}{}", faulty.stdout, faulty.stderr).contains(expected),
            "{what}: {faulty:?}"
        );
    };
    let actionlint = |folder: &Path| {
        let mut command = sandbox.command(tool("workflows/bin/actionlint"));
        ran(command.arg("-shellcheck").arg(tool("workflows/bin/shellcheck")).current_dir(folder))
    };
    check("shellcheck", &actionlint, ("--arg wanted \"$WANTED\"", "--arg wanted $WANTED"), "SC2086");
    check("actionlint", &actionlint, ("needs.plan.outputs.matrix", "needs.plan.outputs.matrices"), "matrices");
    let zizmor = |folder: &Path| {
        let mut command = sandbox.command(tool("workflows/bin/zizmor"));
        command.args(["--offline", "--persona", "auditor", "--no-progress", ".github"]);
        ran(command.current_dir(folder))
    };
    check("zizmor", &zizmor, ("persist-credentials: false", "persist-credentials: true"), "artipacked");
    let schema = |name: &'static str, path: &'static str| {
        let sandbox = &sandbox;
        move |folder: &Path| {
            let mut command = sandbox.command(program("python3", "apt-get install python3"));
            command.env("PYTHONPATH", tool("check-jsonschema")).args([
                "-m",
                "check_jsonschema",
                "--builtin-schema",
                name,
            ]);
            ran(command.arg(path).current_dir(folder))
        }
    };
    check("schema", &schema("vendor.github-workflows", WORKFLOW), ("runs-on:", "runs-at:"), "runs-at");
    let timeouts = schema("custom.github-workflows-require-timeout", WORKFLOW);
    check("timeouts", &timeouts, ("    timeout-minutes: 5\n", ""), "timeout-minutes");
    let action = schema("vendor.github-actions", SETUP);
    assert_eq!(action(workspace()).status, 0);
    sandbox.write(SETUP, &setup.replace("using:", "with:"));
    assert_ne!(action(&sandbox.repository()).status, 0);
}

/// The script of the gate, as the runner would have it.
fn gate(sandbox: &Sandbox) -> PathBuf {
    let text = read(sandbox, WORKFLOW);
    let (_, gate) = text.split_once("- name: Every job succeeded").unwrap();
    let (_, script) = gate.split_once("run: |\n").unwrap();
    let path = sandbox.path("gate.sh");
    fs::write(&path, script).unwrap();
    path
}

#[test]
fn the_gate_takes_nothing_but_success_for_success() {
    let sandbox = generated("");
    let script = gate(&sandbox);
    let check = |wanted: &str, needs: &str, expected: Result<(), &str>| {
        let mut bash = Command::new(program("bash", "apt-get install bash"));
        bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script);
        bash.env("NEEDS", needs).env("WANTED", wanted).env("PLANNED", "[\"build\"]");
        let ran = ran(bash.env("AT", "{\"cache-push\": \"build\"}"));
        let told = format!("{}{}", ran.stdout, ran.stderr);
        match expected {
            Ok(()) => {
                assert_eq!((ran.status, told.trim()), (0, "every job that was to run succeeded"), "{wanted} {needs}")
            }
            Err(lines) => assert!(ran.status != 0 && told.trim() == lines, "{wanted} {needs}: {ran:?}"),
        }
    };
    let needs = |plan: &str, empty: &str, lock: &str, build: &str| {
        format!(
            r#"{{"plan": {{"result": "{plan}", "outputs": {{"empty": "{empty}"}}}},
                "lock": {{"result": "{lock}", "outputs": {{}}}}, "build": {{"result": "{build}", "outputs": {{}}}}}}"#
        )
    };
    check("all", &needs("success", "false", "success", "success"), Ok(()));
    check("all", &needs("success", "false", "failure", "skipped"), Err("lock: failure\nbuild: skipped"));
    check("all", &needs("success", "false", "success", "cancelled"), Err("build: cancelled"));
    check("all", &needs("success", "false", "success", "skipped"), Err("build: skipped"));
    check("all", &needs("success", "false", "skipped", "success"), Err("lock: skipped"));
    // An empty plan excuses what is planned, and nothing else.
    check("all", &needs("success", "true", "success", "skipped"), Ok(()));
    check("all", &needs("success", "true", "skipped", "skipped"), Err("lock: skipped"));
    check("all", &needs("failure", "", "success", "skipped"), Err("plan: failure\nbuild: skipped"));
    check("all", &needs("skipped", "true", "success", "skipped"), Err("plan: skipped"));
    // A job that was chosen excuses the others.
    check("lock", &needs("success", "false", "success", "skipped"), Ok(()));
    check("lock", &needs("success", "false", "skipped", "skipped"), Err("lock: skipped"));
    check("lock", &needs("success", "false", "success", "failure"), Err("build: failure"));
    check("build", &needs("success", "true", "skipped", "skipped"), Ok(()));
    // One that shares a machine excuses the others, and its machine must have run.
    check("cache-push", &needs("success", "false", "skipped", "success"), Ok(()));
    check("cache-push", &needs("success", "false", "skipped", "failure"), Err("build: failure"));
    check("cache-push", &needs("success", "false", "skipped", "skipped"), Err("build: skipped"));
    check("cache-push", &needs("success", "true", "skipped", "skipped"), Ok(()));
    check("lok", &needs("success", "false", "skipped", "skipped"), Err("no job is called lok"));
    check("", &needs("success", "false", "success", "success"), Err("no job is called"));
}
