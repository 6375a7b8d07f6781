//! Each fault, planted, and what is like it and none.

mod lenient;
mod strangers;

use super::*;
use crate::ci::workflow::MARK;
use crate::rules::Severity;

const WORKFLOW: &str = ".github/workflows/a.yaml";
const ACTION: &str = ".github/actions/a/action.yaml";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn told(path: &str, text: &str, generated: &[Generated]) -> Vec<String> {
    let files = [File { path: PathBuf::from(path), text: text.to_owned() }];
    let misuse = |words: &[&str]| (words.first() == Some(&"lok")).then(|| "no such job".to_owned());
    let aliases = calls::aliases("[alias]\nx = 'run --package xtask --'\n").unwrap();
    let problems = problems(&Facts { files: &files, generated, aliases: &aliases, misuse: &misuse });
    let line = |problem: &Problem| {
        let warning = if problem.severity == Severity::Warning { "warning: " } else { "" };
        format!("{}: {warning}{}", problem.place.as_ref().unwrap().line, problem.fault)
    };
    problems.iter().map(line).collect()
}

/// Each fault in order: its line, and a part of its words.
#[track_caller]
fn check(path: &str, text: &str, expected: &[(u32, &str)]) {
    let told = told(path, text, &[]);
    let fits =
        |(told, (line, part)): (&String, &(u32, &str))| told.starts_with(&format!("{line}: ")) && told.contains(part);
    assert!(told.len() == expected.len() && told.iter().zip(expected).all(fits), "{text}\n{told:#?}");
}

/// A workflow that is in order, with `job` below its only job and `on` as its events.
fn workflow(on: &str, job: &str) -> String {
    format!("on: {on}\npermissions: {{}}\njobs:\n  a:\n    timeout-minutes: 5\n{job}\n")
}

#[test]
fn which_files_are_read() {
    let check = |path: &str, expected: bool| assert_eq!(reads(Path::new(path)), expected, "{path}");
    check(".github/workflows/a.yml", true);
    check(".github/actions/a/b/action.yaml", true);
    check("action.yml", true);
    check(".github/zizmor.yml", false);
    check(".github/workflows/a.md", false);
    check("a/action.yml", false);
}

#[test]
fn what_is_no_workflow() {
    check(WORKFLOW, "a: [\n", &[(1, "not YAML")]);
    check(WORKFLOW, "# nothing\n", &[(1, "empty")]);
}

#[test]
fn drift() {
    let wanted = [Generated { path: WORKFLOW, text: format!("{MARK}\npermissions: {{}}\njobs: {{}}\n") }];
    let check = |path: &str, text: &str, expected: &[&str]| assert_eq!(told(path, text, &wanted), expected);
    check(WORKFLOW, &wanted[0].text, &[]);
    let edited = wanted[0].text.replace("jobs: {}", "jobs: {} # by hand");
    check(WORKFLOW, &edited, &["3: it is not what the job table and xtask.toml say, from this line on"]);
    let by_hand = "name: a\npermissions: {}\njobs: {}\n";
    check(WORKFLOW, by_hand, &["1: warning: it is written by hand, where the job table has one of its own"]);
    let missing = "1: it is not there, and the job table says what it holds";
    check(ACTION, "name: a\n", &[&missing.replace("it is", "warning: it is")]);
    let stray = "1: it says that it is generated, and nothing generates it any more";
    check(ACTION, &format!("{MARK}\nname: a\n"), &[missing, stray]);
}

#[test]
fn pins() {
    let step = |uses: &str| workflow("push", &format!("    steps:\n      - uses: {uses}"));
    check(WORKFLOW, &step(&format!("a/b@{COMMIT} # v1")), &[]);
    check(WORKFLOW, &step("./.github/actions/a"), &[]);
    check(WORKFLOW, &step("$/.github/actions/a"), &[]);
    check(WORKFLOW, &step("a/b@v1"), &[(7, "`a/b` is at `v1`, which its owner can move")]);
    check(WORKFLOW, &step("a/b@main # v1"), &[(7, "`a/b` is at `main`")]);
    check(WORKFLOW, &step("a/b"), &[(7, "`a/b` is at no version")]);
    check(WORKFLOW, &step(&format!("a/b@{COMMIT}")), &[(7, "warning: nothing says which version")]);
    check(WORKFLOW, &step("docker://alpine:3"), &[(7, "the image `alpine:3`")]);
    check(WORKFLOW, &step("docker://alpine@sha256:00"), &[]);
    check(
        WORKFLOW,
        "on: push\npermissions: {}\njobs:\n  a:\n    uses: a/b/.github/workflows/c.yml@v1\n",
        &[(5, "is at `v1`")],
    );
    check(ACTION, "runs:\n  using: composite\n  steps:\n    - uses: a/b@v1\n", &[(4, "is at `v1`")]);
}

#[test]
fn permissions_and_timeouts() {
    check(
        WORKFLOW,
        "on: push\njobs:\n  a:\n    steps: []\n",
        &[(3, "nothing says what the token of `a` may do"), (3, "`a` has no timeout")],
    );
    check(WORKFLOW, "on: push\njobs:\n  a:\n    permissions: {}\n    timeout-minutes: 5\n", &[]);
    check(WORKFLOW, "on: push\npermissions: write-all\njobs: {}\n", &[(2, "may write everything")]);
    let of_a_job = workflow("push", "    permissions: write-all");
    check(WORKFLOW, &of_a_job, &[(6, "may write everything")]);
}

#[test]
fn inputs_that_nothing_reads() {
    let call = |inputs: &str, run: &str| {
        let on = format!("\n  workflow_call:\n    inputs:\n{inputs}");
        workflow(&on, &format!("    if: {run}"))
    };
    check(WORKFLOW, &call("      x: {}", "inputs.x"), &[]);
    check(WORKFLOW, &call("      x: {}", "inputs['x']"), &[]);
    check(WORKFLOW, &call("      x: {}", "toJSON(inputs)"), &[]);
    check(WORKFLOW, &call("      x: {}\n      xy: {}", "inputs.xy # inputs.x"), &[(4, "the input `x` is declared")]);
    let dispatch = workflow("\n  workflow_dispatch:\n    inputs:\n      job: {}", "    if: github.event.inputs.job");
    check(WORKFLOW, &dispatch, &[]);
    let action = |using: &str| format!("inputs:\n  x: {{}}\nruns:\n  using: {using}\n  steps: []\n");
    check(ACTION, &action("composite"), &[(2, "the input `x` is declared")]);
    check(ACTION, &action("node24"), &[]);
}

#[test]
fn gates() {
    let gate = |condition: &str, script: &str| {
        workflow("push", &format!("    needs: b{condition}\n    steps:\n      - env:\n          R: ${{{{ {script}"))
    };
    let script =
        |line: &str| gate("\n    if: always()", &format!("toJSON(needs) }}}}\n        run: |\n          {line}"));
    check(WORKFLOW, &script("jq -e 'all(.[]; .result == \"success\")'"), &[]);
    let one = |condition: &str| gate(condition, "needs.b.result }}\n        run: test $R = success");
    check(WORKFLOW, &one(""), &[(4, "skipped when a job that it needs fails")]);
    check(WORKFLOW, &one("\n    if: ${{ !cancelled() }}"), &[(7, "skipped when the run is cancelled")]);
    check(WORKFLOW, &one("\n    if: failure()"), &[]);
    let lenient = "takes `skipped` for success";
    check(WORKFLOW, &script("jq -e 'all(.[]; .result == \"success\" or .result == \"skipped\")'"), &[(12, lenient)]);
    check(WORKFLOW, &script("[[ $R != success && $R != skipped ]] && exit 1"), &[(12, lenient)]);
    check(WORKFLOW, &script("grep -E '^(skipped|success)$'"), &[(12, lenient)]);
    check(WORKFLOW, &script("[[ $R == skipped || $R != success ]] && exit 1"), &[]);
    let alone = "looks for `failure` alone: `cancelled`, `skipped` counts as success";
    check(WORKFLOW, &script("! grep failure"), &[(12, alone)]);
    check(WORKFLOW, &script("! grep -E 'failure|cancelled|skipped'"), &[]);
    let goes_on =
        gate("\n    if: always()", "toJSON(needs) }}\n        run: ./verdict\n        continue-on-error: true");
    check(WORKFLOW, &goes_on, &[(12, "goes on when this step fails")]);
    let summary = "toJSON(needs) }}\n        run: ./verdict\n      - run: ./summary\n        continue-on-error: true";
    check(WORKFLOW, &gate("\n    if: always()", summary), &[]);
    let handed =
        "    needs: b\n    if: always()\n    env:\n      R: ${{ toJSON(needs) }}\n    steps:\n      - run: ./verdict";
    check(WORKFLOW, &workflow("push", handed), &[]);
    check(WORKFLOW, &workflow("push", &format!("{handed}\n        continue-on-error: true")), &[(12, "goes on")]);
    // Who stands for several, and asks after none.
    let idle = |condition: &str| {
        workflow("push", &format!("    needs: [b, c]{condition}\n    steps:\n      - run: echo done"))
    };
    let blind = "the gate `a` goes by no result of the jobs that it needs: it is green whatever became of them";
    check(WORKFLOW, &idle("\n    if: always()"), &[(4, blind)]);
    check(WORKFLOW, &idle("\n    if: ${{ success() || failure() }}"), &[(7, "the run is cancelled"), (4, blind)]);
    check(WORKFLOW, &idle(""), &[(4, "the gate `a` is skipped when a job that it needs fails")]);
    check(WORKFLOW, &idle("\n    if: failure()"), &[]);
    let asks = idle("\n    if: ${{ always() && !contains(needs.*.result, 'failure') }}");
    check(WORKFLOW, &asks, &[(7, "the gate `a` is skipped when its condition does not hold")]);
    // A job that only needs another is none.
    check(WORKFLOW, &workflow("push", "    needs: b\n    steps:\n      - run: echo"), &[]);
}

#[test]
fn path_filters() {
    let on =
        |more: &str, key: &str| workflow(&format!("\n  pull_request:\n    {key}: ['*.md']{more}"), "    steps: []");
    let fault = "one that is required is waited for without end";
    check(WORKFLOW, &on("", "paths"), &[(3, "warning: `paths` of `pull_request`")]);
    check(WORKFLOW, &on("\n  merge_group:", "paths-ignore"), &[(3, "`paths-ignore` of `pull_request`")]);
    let of_push = workflow("\n  push:\n    paths-ignore: ['*']", "    steps: []");
    check(WORKFLOW, &of_push, &[]);
    let all = workflow("\n  pull_request:\n    paths-ignore: ['*', x]", "    steps: []");
    check(WORKFLOW, &all, &[(3, fault)]);
    assert!(!told(WORKFLOW, &all, &[])[0].contains("warning"));
    assert!(!told(WORKFLOW, &on("\n  merge_group:", "paths"), &[])[0].contains("warning"));
}

#[test]
fn scripts() {
    let run = |line: &str| workflow("push", &format!("    steps:\n      - run: |\n          set -e\n          {line}"));
    let fault = "becomes part of the script";
    check(WORKFLOW, &run("echo ${{ github.event.pull_request.title }}"), &[(9, fault)]);
    check(
        WORKFLOW,
        &run("echo ${{ github.head_ref }} ${{ matrix.name }}"),
        &[(9, "`github.head_ref` becomes"), (9, "warning: `matrix.name`")],
    );
    check(WORKFLOW, &run("echo ${{ format('{0}', inputs.x) }}"), &[(9, fault)]);
    assert!(!told(WORKFLOW, &run("echo ${{ inputs.x }}"), &[])[0].contains("warning"));
    check(WORKFLOW, &run("echo ${{ github.sha }} ${{ runner.os }} \"$NAME\""), &[]);
    let own = ["hashFiles('a', 'b/**')", "github.repository_owner", "github.token", "job.status", "github.ref_type"];
    for harmless in own.into_iter().chain(["github.event.repository.name", "secrets.A", "runner.os"]) {
        check(WORKFLOW, &run(&format!("echo ${{{{ {harmless} }}}}")), &[]);
    }
    // What is known at its beginning is not known.
    for harmful in [
        "runner.os && github.event.pull_request.title",
        "github.event.repository.name || github.head_ref",
        "runner.os||github.head_ref",
        "hashFiles('a') && github.head_ref",
        "hashFiles(github.head_ref)",
        "github.token_of_others",
        "github['head_ref']",
        "secrets.A || runner[github.head_ref]",
    ] {
        check(WORKFLOW, &run(&format!("echo ${{{{ {harmful} }}}}")), &[(9, fault)]);
        assert!(!told(WORKFLOW, &run(&format!("echo ${{{{ {harmful} }}}}")), &[])[0].contains("warning"));
    }
    for harmless in [
        "runner.os == 'Linux' && 'a' || 'it''s'",
        "format('{0}-{1}', github.sha, runner['os'])",
        "github.run_id > 1.5 || true",
    ] {
        check(WORKFLOW, &run(&format!("echo ${{{{ {harmless} }}}}")), &[]);
    }
    check(WORKFLOW, &run("echo ${{ matrix.a || 'b' }}"), &[(9, "warning: `matrix.a || 'b'` becomes")]);
    for mixed in ["matrix.name || github.head_ref", "steps.a.outputs.b && github.head_ref"] {
        assert!(!told(WORKFLOW, &run(&format!("echo ${{{{ {mixed} }}}}")), &[])[0].contains("warning"), "{mixed}");
    }
    let script = |uses: &str| {
        workflow(
            "push",
            &format!(
                "    steps:\n      - uses: {uses}@{COMMIT} # v8\n        with:\n          script: f(${{{{ github.head_ref }}}})"
            ),
        )
    };
    check(WORKFLOW, &script("actions/github-script"), &[(9, fault)]);
    check(WORKFLOW, &script("a/b"), &[]);
    check(ACTION, "runs:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.x }}\n", &[(4, fault)]);
}

#[test]
fn calls_of_this_program() {
    let run = |line: &str| workflow("push", &format!("    steps:\n      - run: |\n          set -e\n          {line}"));
    let unknown = "`cargo xtask lok --fix`: no such job";
    check(WORKFLOW, &run("cargo xtask lok --fix > log"), &[(9, unknown)]);
    check(WORKFLOW, &run("/opt/bin/cargo xtask lok --fix"), &[(9, "cargo xtask lok --fix`: no such job")]);
    check(WORKFLOW, &run("ls .cargo xtask lok --fix"), &[]);
    check(WORKFLOW, &run("cargo xtask \"$JOB\" && cargo xtask lok --fix"), &[(9, unknown)]);
    check(WORKFLOW, &run("cargo xtask \"$JOB\" lok"), &[]);
    check(WORKFLOW, &run("cp target/release/xtask lok"), &[]);
    check(WORKFLOW, &run("nix run $FLAGS .#xtask -- lok \"$X\" --y"), &[(9, "`nix run .#xtask -- lok`: no such job")]);
    check(WORKFLOW, &run("cargo xtask lock; # cargo"), &[]);
    check(WORKFLOW, &run("# cargo xtask lok"), &[]);
    check(WORKFLOW, &run("cargo run -p xtask -- lok \"$A\""), &[(9, "`cargo run -p xtask -- lok`: no such job")]);
    check(WORKFLOW, &run("sudo cargo x lok"), &[(9, "`cargo x lok`: no such job")]);
    check(WORKFLOW, &run("cargo x lock && cargo run -p tool -- lok"), &[]);
    check(WORKFLOW, &run("nix run .#xtask -- lok"), &[(9, "`nix run .#xtask -- lok`: no such job")]);
    check(WORKFLOW, &run("cargo xtask lock; sh -c '\n          cargo xtask lok'"), &[(10, "`cargo xtask lok`")]);
    check(ACTION, "runs:\n  using: composite\n  steps:\n    - run: cargo x lok\n", &[(4, "no such job")]);
}
