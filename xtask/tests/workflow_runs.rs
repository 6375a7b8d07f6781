//! `cargo xtask workflow audit` and `validate-run`: what they say of a pipeline that had grown by hand, and of runs of it.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::path::Path;

use expect_test::expect;
use sandbox::{Sandbox, TestNix};

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audit").join(name)).unwrap()
}

/// The entries of a JSON object, one a line.
fn lines(value: &serde_json::Value) -> String {
    value.as_object().unwrap().iter().map(|(key, value)| format!("{key}: {value}\n")).collect()
}

/// A repository with the pipeline, and the path of a run of it.
fn pipeline() -> (Sandbox, String) {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write(".github/workflows/ci.yaml", &fixture("ci.yaml"));
    sandbox.write(".github/actions/setup-nix/action.yaml", &fixture("action.yaml"));
    sandbox.write("run.json", &fixture("run.json"));
    let run = "run.json".to_owned();
    (sandbox, run)
}

#[test]
fn an_audit_shows_who_builds_what_twice_and_what_it_costs() {
    let (sandbox, run) = pipeline();
    let ran = sandbox.run(&["workflow", "audit", "--runs", &run]).ends(1);
    expect![[r#"
          #  job                       time
        - 1  bootstrap-verification    1m29s   builds nothing that is understood
        - 2  config-validation         1m14s   evaluates, builds nothing
        ✗ 3  build-matrix (stibnite)   4m01s   redundant: `existing-ci-integration` builds the same
        ✗ 4  build-matrix (blackphos)  4m04s   redundant: `existing-ci-integration` builds the same
        - 5  autowiring-validation     2m38s   evaluates, builds nothing
        - 6  secrets-workflow          1m37s   builds nothing
        - 7  justfile-activation       3m17s   builds nothing that is understood
        ✗ 8  integration-tests         14m17s  redundant: `existing-ci-integration` builds the same
        ✓ 9  existing-ci-integration   12m44s  builds 6 whole sets

          output                                3  4  5  8  9
          nixos:stibnite-nixos                  ●  ·  ○  ●  ●
          nixos:blackphos-nixos                 ·  ●  ○  ●  ●
          home:runner@stibnite (x86_64-linux)   ·  ·  ○  ●  ●
          home:runner@blackphos (x86_64-linux)  ·  ·  ○  ●  ●
          home:raquel@blackphos (x86_64-linux)  ·  ·  ○  ●  ●
          nixos:* (x86_64-linux)                ·  ·  ○  ·  ●
          home:* (x86_64-linux)                 ·  ·  ○  ·  ●
          package:* (x86_64-linux)              ·  ·  ·  ·  ●
          check:* (x86_64-linux)                ·  ·  ·  ·  ●
          devshell:* (x86_64-linux)             ·  ·  ·  ·  ●
          app:* (x86_64-linux)                  ·  ·  ·  ·  ●
          ● builds  ◐ builds under a condition, or its failure is lost  ○ evaluates

          remove  `build-matrix`, `integration-tests`
          move    step `evaluate each host alone` (7.0 s) from `integration-tests` to `autowiring-validation`
          wasted  22m22s of machine time in each run

                        now                then
          jobs          9                  6
          machine time  45m21s             23m06s                   49 % less
          wall time     14m34s             12m49s                   about 15 → 13 min
          ends last     integration-tests  existing-ci-integration

        not understood, so nothing was taken for redundant because of it:
        ! .github/workflows/ci.yaml:19  make bootstrap
        ! .github/workflows/ci.yaml:22  make setup-user
        ! .github/workflows/ci.yaml:82  nix develop --command just --dry-run activate runner@stibnite
    "#]]
    .assert_eq(&ran.stdout);
    expect![[r#"
        ✗ workflow audit: 3 jobs are redundant, which costs 22m22s a run
    "#]]
    .assert_eq(&ran.stderr);
    let without = sandbox.run(&["workflow", "audit"]).ends(1);
    assert!(without.stdout.contains("times   not known: `gh run view ID --json jobs"), "{}", without.stdout);
    assert!(without.stdout.contains("alone` (no run tells its time) from `integration-tests`"), "{}", without.stdout);
    assert!(!without.stdout.contains("wasted"), "{}", without.stdout);
}

#[test]
fn an_audit_answers_in_json() {
    let (sandbox, run) = pipeline();
    let workflow = sandbox.repository().join(".github/workflows/ci.yaml");
    let ran = sandbox.run(&["workflow", "audit", workflow.to_str().unwrap(), "--json", "--runs", &run]).ends(1);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["schema"], 1);
    expect![[r#"
        move: [{"from":"integration-tests","seconds":7.0,"step":"evaluate each host alone","to":"autowiring-validation"}]
        now: {"ends_last":"integration-tests","jobs":9,"machine_seconds":2721.0,"wall_seconds":874.0}
        remove: ["build-matrix (stibnite)","build-matrix (blackphos)","integration-tests"]
        then: {"ends_last":"existing-ci-integration","jobs":6,"machine_seconds":1386.0,"wall_seconds":769.0}
        wasted_seconds: 1342.0
    "#]].assert_eq(&lines(&answer["plan"]));
    expect![[r#"
        by: ["existing-ci-integration"]
        file: ".github/workflows/ci.yaml"
        job: "integration-tests"
        line: 84
        name: "integration-tests"
        seconds: 857.0
        verdict: "redundant"
        why: null
    "#]]
    .assert_eq(&lines(&answer["jobs"][7]));
    expect![[r#"
        attr: "nixosConfigurations.stibnite-nixos"
        built_by: ["build-matrix (stibnite)","integration-tests","existing-ci-integration"]
        evaluated_by: ["autowiring-validation","integration-tests"]
        kind: "nixos"
        perhaps_built_by: []
        system: "x86_64-linux"
    "#]]
    .assert_eq(&lines(&answer["outputs"][0]));
    expect![[r#"
        command: "make bootstrap"
        file: ".github/workflows/ci.yaml"
        line: 19
        why: "what this program builds, if anything"
    "#]]
    .assert_eq(&lines(&answer["not_understood"][0]));
}

#[test]
fn an_audit_without_a_find_is_clean_and_one_that_cannot_read_is_none() {
    let (sandbox, run) = pipeline();
    let workflow = ".github/workflows/ci.yaml";
    let text = fixture("ci.yaml");
    sandbox.write(workflow, &text.replace("om ci run", "just build"));
    sandbox.write("short.json", &fixture("run.json")[..500]);
    let short = run.replace("run.json", "short.json");
    sandbox.run(&["workflow", "audit", "--runs", &short]).ends(2).says(&["short.json: not a run: EOF while parsing"]);
    let gone = run.replace("run.json", "gone.json");
    sandbox.run(&["workflow", "audit", "--runs", &gone]).ends(2).says(&["read the run `", "gone.json`: No such file"]);
    sandbox.write(workflow, &text.replace("    runs-on: ubuntu-latest", "    runs-on: [ubuntu-latest"));
    sandbox.run(&["workflow", "audit"]).ends(2).says(&["ci.yaml:16: the file is not YAML from here on"]);
    sandbox.run(&["workflow", "audit", &gone]).ends(2).says(&["read the workflow `"]);
    fs::remove_file(sandbox.repository().join(workflow)).unwrap();
    sandbox.run(&["workflow", "audit"]).ends(2).says(&["no workflow in `.github/workflows` of"]);

    let one = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: nix build .#a .#b\n";
    sandbox.write(workflow, one);
    let ran = sandbox.run(&["workflow", "audit"]).ends(0).says(&["✓ workflow audit: 1 job of 1 build"]);
    assert!(ran.stdout.contains("package:b (x86_64-linux)  ●"), "{}", ran.stdout);
    sandbox.write(workflow, &one.replace("nix build .#a .#b", "make"));
    sandbox.run(&["workflow", "audit"]).ends(0).says(&["! workflow audit: no job builds anything that is understood"]);
}

#[test]
fn a_run_is_validated_against_its_workflow() {
    let (sandbox, run) = pipeline();
    let validate = |more: &[&str], status: i32, says: &[&str]| {
        sandbox.run(&[&["workflow", "validate-run", &run], more].concat()).ends(status).says(says)
    };
    let clean = validate(&[], 0, &["✓ workflow validate-run: no problem"]);
    expect![[r#"
          job                       time    budget  tries
        ✓ bootstrap-verification    1m29s   -       1      succeeded
        ✓ config-validation         1m14s   -       1      succeeded
        ✓ build-matrix (stibnite)   4m01s   -       1      succeeded
        ✓ build-matrix (blackphos)  4m04s   -       1      succeeded
        ✓ autowiring-validation     2m38s   -       1      succeeded
        ✓ secrets-workflow          1m37s   -       1      succeeded
        ✓ justfile-activation       3m17s   -       1      succeeded
        ✓ integration-tests         14m17s  -       1      succeeded
        ✓ existing-ci-integration   12m44s  -       1      succeeded
    "#]]
    .assert_eq(&clean.stdout);
    let budgets = ["--budget", "integration-tests=10m", "--budget", "build-matrix=5m"];
    let over = "! .github/workflows/ci.yaml:84: `integration-tests` took 14m17s, 4m17s more than its budget of 10m";
    let ran = validate(&budgets, 0, &[over]);
    assert!(
        ran.stdout.contains("! integration-tests         14m17s  10m00s  1      succeeded, over its budget"),
        "{}",
        ran.stdout
    );
    validate(&[&budgets[..], &["--strict"]].concat(), 1, &["workflow validate-run: 1 problem"]);
    validate(&["--budget", "build=10"], 2, &["`10` is no time: write it as `12m44s`, `90s` or `1h30m`"]);
    validate(&["--budget", "build"], 2, &["`build` is no budget: write it as `build=40m`"]);
    validate(
        &["--budget", "build=10m"],
        2,
        &["a budget is for `build`, and there is no such job: there are bootstrap-ver"],
    );

    sandbox.write("xtask.toml", "[ci.budgets]\n\"integration-*\" = \"10m\"\n");
    validate(&[], 0, &[over]);
    validate(&["--budget", "integration-tests=20m"], 0, &["no problem"]);
    // A budget of the file may be for a job of another workflow, and must be for one.
    sandbox.write("xtask.toml", "[ci.budgets]\nship = \"10m\"\n");
    validate(&[], 2, &["a budget is for `ship`, and there is no such job"]);
    sandbox.write(".github/workflows/ship.yaml", "name: Ship\non: push\njobs:\n  ship:\n    steps: []\n");
    validate(&[], 0, &["no problem"]);
    sandbox.write("xtask.toml", "[ci.budgets]\nx = \"soon\"\n");
    validate(&[], 2, &["xtask.toml:2:5: `soon` is no time"]);
    sandbox.write("xtask.toml", "");

    let text = fixture("run.json");
    sandbox.write("run.json", &text.replacen("\"conclusion\": \"success\"", "\"conclusion\": \"cancelled\"", 1));
    validate(&[], 1, &["✗ .github/workflows/ci.yaml:13: `bootstrap-verification` was cancelled"]);
    sandbox.write("run.json", &text.replace("build-matrix (stibnite)", "build-matrix (other)"));
    let ran = validate(
        &["--json"],
        1,
        &["`build-matrix (stibnite)` is missing", "`build-matrix (other)` succeeded, and is no job"],
    );
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&answer["schema"], &answer["jobs"][2]["outcome"]), (&1.into(), &serde_json::Value::Null));
    expect![[r#"
        attempt: 1
        budget_seconds: null
        earlier: []
        may_fail: false
        name: "bootstrap-verification"
        outcome: {"is":"succeeded"}
        required: true
        seconds: 89.0
    "#]]
    .assert_eq(&lines(&answer["jobs"][0]));
    sandbox.write("run.json", "{\"jobs\": []}");
    validate(&[], 2, &["run.json: the run has no jobs; `gh run view ID --json jobs,workflowName,attempt` writes one"]);
    sandbox.write("run.json", "{\n  \"jobs\": 3\n}");
    validate(&[], 2, &["run.json: not a run: invalid type: integer `3`, expected a sequence at line 2 column 11"]);
}

#[test]
fn the_workflow_of_a_run_is_found() {
    let (sandbox, run) = pipeline();
    let text = fixture("run.json");
    sandbox.write("run.json", &text.replace("\"workflowName\": \"CI\"", "\"workflowName\": \"Else\""));
    let unknown = "the run is of the workflow `Else`, and the repository has `CI`: name it with `--workflow FILE`";
    sandbox.run(&["workflow", "validate-run", &run]).ends(2).says(&[unknown]);
    let workflow = sandbox.repository().join(".github/workflows/ci.yaml");
    let named = ["workflow", "validate-run", &run, "--workflow", workflow.to_str().unwrap()];
    sandbox.run(&named).ends(0).says(&["no problem"]);
    // Without a workflow, the jobs are those of the table.
    fs::remove_file(&workflow).unwrap();
    let table = "the run has none of the jobs of `.github/workflows/ci.yaml`: name the workflow";
    sandbox.run(&["workflow", "validate-run", &run]).ends(2).says(&[table]);
    let other = text.replace("secrets-workflow", "secrets");
    sandbox.write("run.json", &other);
    sandbox
        .run(&["workflow", "validate-run", &run])
        .ends(1)
        .says(&["`cache-config` is missing", "`build *` is missing"]);
}

#[test]
fn the_examples_of_the_help_work() {
    let (sandbox, _) = pipeline();
    let check = |verb: &str, statuses: &[i32]| {
        let help = sandbox.run(&["workflow", verb, "--help"]).ends(0).stdout;
        let (_, examples) = help.split_once("Examples:").unwrap();
        let mut tried = 0;
        for line in examples.lines().filter_map(|line| line.trim().strip_prefix("cargo xtask ")) {
            let words = line.split("  ").next().unwrap().split_whitespace().map(|word| word.trim_matches('\''));
            let words: Vec<String> = words
                .map(|word| word.replace("build=", "build-matrix=").replace("lock=", "secrets-workflow="))
                .collect();
            let mut command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
            let ran = sandbox::ran(command.args(&words).current_dir(sandbox.repository()));
            assert!(statuses.contains(&ran.status), "{line}: {ran:?}");
            tried += 1;
        }
        assert_eq!(tried, 2);
    };
    check("audit", &[1]);
    check("validate-run", &[0]);
}
