//! Runs, each with what must be said of it.

use super::super::audit::legs;
use super::*;
use crate::fleet::built_in_kinds;
use crate::rules::workflow::File;

const WORKFLOW: &str = "\
on: push
jobs:
  lock:
    steps: []
  build:
    strategy:
      matrix:
        host: [web, db]
    steps: []
  machines:
    name: machine ${{ matrix.name }}
    continue-on-error: ${{ matrix.allowed_to_fail }}
    strategy:
      matrix: ${{ fromJSON(needs.plan.outputs.matrix) }}
    steps: []
";
const GOOD: [(&str, &str); 4] =
    [("lock", "success"), ("build (web)", "success"), ("build (db)", "success"), ("machine x86_64-linux", "success")];

/// A run with these jobs, each of 100 s.
fn run(jobs: &[(&str, &str)]) -> String {
    let job = |(name, conclusion): &(&str, &str)| {
        format!(
            r#"{{"name": "{name}", "status": "queued", "conclusion": "{conclusion}", "startedAt": "2025-10-03T10:00:00Z",
                    "completedAt": "2025-10-03T10:01:40Z"}}"#
        )
    };
    format!(r#"{{"jobs": [{}]}}"#, jobs.iter().map(job).collect::<Vec<_>>().join(","))
}

fn validated(run: &str, budgets: &[&str]) -> Result<Vec<String>, String> {
    let file = File { path: "ci.yaml".into(), text: WORKFLOW.to_owned() };
    let config = CiConfig { allowed_to_fail: vec!["aarch64-darwin".to_owned()], ..CiConfig::default() };
    let required = legs(&[file], &built_in_kinds(), &config).unwrap();
    let budget = |text: &&str| {
        let (job, time) = text.split_once('=').unwrap();
        (job.to_owned(), time.parse().unwrap())
    };
    let budgets: Vec<(String, Budget)> = budgets.iter().map(budget).collect();
    let run = Run::parse(run).unwrap();
    let found = validate(&Facts { required: &required, run: &run, budgets: &budgets, config: &config })?;
    let shown = |problem: &Problem| {
        let place = problem.place.as_ref().map_or("-".to_owned(), |place| place.line.to_string());
        format!("{place} {}{}", if problem.fails() { "" } else { "warning: " }, problem.fault)
    };
    Ok(found.problems.iter().map(shown).collect())
}

/// What is said of a good run in which `name` ended as `conclusion` instead.
fn check(name: &str, conclusion: &str, expected: &[&str]) {
    let jobs = GOOD.map(|(job, usual)| (job, if job == name { conclusion } else { usual }));
    assert_eq!(validated(&run(&jobs), &[]).unwrap(), expected, "{name} {conclusion}");
}

#[test]
fn every_job_must_succeed() {
    check("lock", "success", &[]);
    check("lock", "failure", &["3 `lock` failed"]);
    check("lock", "cancelled", &["3 `lock` was cancelled"]);
    check("lock", "skipped", &["3 `lock` was skipped"]);
    check("lock", "timed_out", &["3 `lock` timed out"]);
    check("lock", "neutral", &["3 `lock` ended neutral, which is no success"]);
    check("lock", "stale", &["3 `lock` ended as `stale`"]);
    check("lock", "", &["3 `lock` is not done: queued"]);
    check("build (db)", "failure", &["5 `build (db)` failed"]);
    check("machine x86_64-linux", "failure", &["10 `machine x86_64-linux` failed"]);
}

#[test]
fn what_is_missing_has_not_failed() {
    assert_eq!(
        validated(&run(&GOOD[..1]), &[]).unwrap(),
        [
            "5 `build (web)` is missing: the run has no job of that name",
            "5 `build (db)` is missing: the run has no job of that name",
            "10 `machine *` is missing: the run has no job of that name",
        ]
    );
    // A matrix that was skipped as a whole goes by the key of its job.
    let skipped = [&GOOD[..3], &[("machines", "skipped")]].concat();
    assert_eq!(validated(&run(&skipped), &[]).unwrap(), ["10 `machines` was skipped"]);
    let other = "the run has none of the jobs of `ci.yaml`: name the workflow it is of with `--workflow FILE`";
    assert_eq!(validated(&run(&[("else", "success")]), &[]).unwrap_err(), other);
}

#[test]
fn what_may_fail_and_what_nobody_asked_for_are_warnings() {
    let jobs = [&GOOD[..], &[("machine aarch64-darwin", "failure"), ("else", "failure")]].concat();
    assert_eq!(
        validated(&run(&jobs), &[]).unwrap(),
        ["10 warning: `machine aarch64-darwin` failed", "- warning: `else` failed, and is no job of the workflow"]
    );
}

#[test]
fn budgets() {
    let check = |budgets: &[&str], expected: &[&str]| {
        assert_eq!(validated(&run(&GOOD), budgets).unwrap(), expected, "{budgets:?}");
    };
    let over = |name: &str| format!("5 warning: `build ({name})` took 1m40s, 10s more than its budget of 1m30s");
    check(&["lock=100s", "build=2m"], &[]);
    check(&["build=90s"], &[&over("web"), &over("db")]);
    check(&["build (db)=90s"], &[&over("db")]);
    check(&["build (d*=90s"], &[&over("db")]);
    // The first that fits counts.
    check(&["build (web)=5m", "build*=90s"], &[&over("db")]);
    let error = validated(&run(&GOOD), &["lok=1m"]).unwrap_err();
    assert!(
        error.starts_with("a budget is for `lok`, and there is no such job: there are lock, build (web)"),
        "{error}"
    );
    let untold = r#"{"jobs": [{"name": "lock", "conclusion": "success"}]}"#;
    let found = validated(untold, &["lock=1m"]).unwrap();
    assert_eq!(found[0], "3 nothing tells how long `lock` took, so its budget was not checked");
}

#[test]
fn retries_are_told() {
    let again = run(&GOOD).replace("{\"jobs\"", "{\"attempt\": 2, \"jobs\"");
    assert_eq!(validated(&again, &[]).unwrap()[0], "3 warning: `lock` was tried 2 times");
    let attempt = |number: u32, conclusion: &str| {
        format!(r#"{{"name": "lock", "run_attempt": {number}, "conclusion": "{conclusion}"}}"#)
    };
    let check = |attempts: &[String], expected: &[&str]| {
        let found = validated(&format!(r#"{{"jobs": [{}]}}"#, attempts.join(",")), &[]).unwrap();
        assert_eq!(found[..expected.len()], *expected);
        assert!(found[expected.len()].starts_with("5 `build (web)` is missing"), "{found:?}");
    };
    check(&[attempt(2, "success"), attempt(1, "failure")], &["3 warning: `lock` was tried 2 times: before, it failed"]);
    check(
        &[attempt(1, "success"), attempt(2, "failure")],
        &["3 `lock` failed", "3 warning: `lock` was tried 2 times: before, it succeeded"],
    );
    // Two of one name are two jobs.
    check(&[attempt(1, "success"), attempt(1, "failure")], &["3 `lock` failed"]);
}
