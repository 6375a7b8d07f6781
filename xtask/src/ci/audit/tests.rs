//! Audits of whole workflows, each with what must be found in it, or must not.

use super::*;
use crate::fleet::built_in_kinds;

/// The outline of a pipeline that had grown by hand, and the times of one of its runs.
const WORKFLOW: &str = include_str!("../../../tests/fixtures/audit/ci.yaml");
const ACTION: &str = include_str!("../../../tests/fixtures/audit/action.yaml");
const RUN: &str = include_str!("../../../tests/fixtures/audit/run.json");

fn audited_files(workflows: &[(&str, &str)], runs: &[Run]) -> Result<Audit, NotRead> {
    let file = |path: &str, text: &str| File { path: PathBuf::from(path), text: text.to_owned() };
    let mut files = vec![file(".github/actions/setup-nix/action.yaml", ACTION)];
    files.extend(workflows.iter().map(|(path, text)| file(path, text)));
    audit(&Facts { files: &files, kinds: &built_in_kinds(), config: &CiConfig::default(), runs })
}

fn audited(workflow: &str, runs: &[Run]) -> Audit {
    audited_files(&[("ci.yaml", workflow)], runs).unwrap()
}

/// A workflow of `jobs`, each its key and the rest of it.
fn workflow(jobs: &[(&str, &str)]) -> String {
    let job = |(key, rest): &(&str, &str)| format!("  {key}:\n    runs-on: ubuntu-latest\n{rest}");
    format!("on: push\njobs:\n{}", jobs.iter().map(job).collect::<String>())
}

/// A job of steps that run these lines.
fn runs(lines: &[&str]) -> String {
    let step = |line: &&str| format!("      - run: |\n          {line}\n");
    format!("    steps:\n{}", lines.iter().map(step).collect::<String>())
}

/// `KEY needed`, `KEY redundant: OTHER`, `KEY unclear: WHY`, for each leg.
fn told(audit: &Audit) -> Vec<String> {
    let names = |legs: &[usize]| legs.iter().map(|at| audit.legs[*at].name.clone()).collect::<Vec<_>>().join(", ");
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::BuildsNothing => "builds nothing".to_owned(),
        Verdict::Needed => "needed".to_owned(),
        Verdict::Redundant { by, .. } => format!("redundant: {}", names(by)),
        Verdict::Unclear { why, .. } => format!("unclear: {why}"),
    };
    audit.legs.iter().zip(&audit.verdicts).map(|(leg, of)| format!("{} {}", leg.name, verdict(of))).collect()
}

fn check(jobs: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(told(&audited(&workflow(jobs), &[])), expected);
}

/// A run with jobs of these names, begins, ends, and a step `own` of so many seconds.
fn run(jobs: &[(&str, u32, u32, u32)]) -> Run {
    let time = |seconds: u32| format!("2025-10-03T10:{:02}:{:02}Z", seconds / 60, seconds % 60);
    let job = |(name, begin, end, own): &(&str, u32, u32, u32)| {
        format!(
            r#"{{"name": "{name}", "conclusion": "success", "startedAt": "{}", "completedAt": "{}",
                "steps": [{{"name": "own", "startedAt": "{}", "completedAt": "{}"}}]}}"#,
            time(*begin),
            time(*end),
            time(*begin),
            time(begin + own)
        )
    };
    Run::parse(&format!(r#"{{"jobs": [{}]}}"#, jobs.iter().map(job).collect::<Vec<_>>().join(","))).unwrap()
}

const WEB: &str = "nix build .#nixosConfigurations.web.config.system.build.toplevel";
const ALL: &str = "om ci";

#[test]
fn the_figures_of_a_pipeline_that_had_grown_by_hand() {
    let found = audited(WORKFLOW, &[Run::parse(RUN).unwrap()]);
    let by = "redundant: existing-ci-integration";
    assert_eq!(
        told(&found),
        [
            "bootstrap-verification builds nothing".to_owned(),
            "config-validation builds nothing".to_owned(),
            format!("build-matrix (stibnite) {by}"),
            format!("build-matrix (blackphos) {by}"),
            "autowiring-validation builds nothing".to_owned(),
            "secrets-workflow builds nothing".to_owned(),
            "justfile-activation builds nothing".to_owned(),
            format!("integration-tests {by}"),
            "existing-ci-integration needed".to_owned(),
        ]
    );
    let minutes = |minutes: u32, seconds: u32| f64::from(60 * minutes + seconds);
    let plan = &found.plan;
    assert_eq!(plan.wasted, Some(minutes(22, 22)));
    let (now, then) = (plan.now.unwrap(), plan.then.unwrap());
    assert_eq!((now.machines, now.machine), (9, minutes(45, 21)));
    assert_eq!((then.machines, then.machine), (6, minutes(23, 6)));
    assert_eq!(((now.wall / 60.0).round(), (then.wall / 60.0).round()), (15.0, 13.0));
    assert_eq!(
        (&*found.legs[now.last].job, &*found.legs[then.last].job),
        ("integration-tests", "existing-ci-integration")
    );
    // The check that no other job makes goes to the job that looks at the same hosts, and costs there what it costs now.
    let step = &plan.moves[0];
    assert_eq!(plan.moves.len(), 1);
    assert_eq!(found.legs[step.from].steps[step.step].name, "evaluate each host alone");
    assert_eq!((&*found.legs[step.to].job, step.seconds), ("autowiring-validation", Some(7.0)));
    let unknown: Vec<&str> = found.unknown().iter().map(|act| act.text.as_str()).collect();
    let just = "nix develop --command just --dry-run activate runner@stibnite";
    assert_eq!(unknown, ["make bootstrap", "make setup-user", just]);
}

#[test]
fn the_figures_follow_from_the_times() {
    let slower = RUN.replace("\"2025-10-03T14:14:38Z\"", "\"2025-10-03T14:24:38Z\"");
    assert_ne!(slower, RUN);
    let found = audited(WORKFLOW, &[Run::parse(&slower).unwrap()]);
    assert_eq!(found.plan.wasted, Some(1342.0 + 600.0));
    assert_eq!((found.plan.now.unwrap().wall, found.plan.then.unwrap().wall), (874.0 + 600.0, 769.0));
}

#[test]
fn who_builds_the_same_is_redundant() {
    let (web, all) = (runs(&[WEB]), runs(&[ALL]));
    check(&[("a", &web), ("b", &all)], &["a redundant: b", "b needed"]);
    // Of two that build the same, one stays.
    check(&[("a", &web), ("b", &web)], &["a needed", "b redundant: a"]);
    check(&[("a", &web), ("b", &web), ("c", &all)], &["a redundant: c", "b redundant: c", "c needed"]);
    check(
        &[("a", &runs(&[WEB, "nix build .#homeConfigurations.x.activationPackage"])), ("b", &all)],
        &["a needed", "b needed"],
    );
    check(&[("a", &web), ("b", &all.replace("om ci", "om ci --systems aarch64-linux"))], &["a needed", "b needed"]);
    let arm = web.replace("    steps", "    runs-on: ubuntu-24.04-arm\n    steps");
    let arm = format!("on: push\njobs:\n  a:\n{arm}  b:\n    runs-on: ubuntu-latest\n{all}");
    assert_eq!(told(&audited(&arm, &[])), ["a needed", "b needed"]);
    // One leg of several can be, and those of one job are one against others.
    let legs = |systems: &str| {
        format!("    strategy:\n      matrix:\n        x: [{systems}]\n{}", runs(&["nix build .#${{ matrix.x }}"]))
    };
    check(
        &[("a", &legs("p, q")), ("b", &runs(&["nix build .#p"]))],
        &["a (p) needed", "a (q) needed", "b redundant: a (p)"],
    );
    check(
        &[("a", &runs(&["nix build .#p .#q"])), ("b", &legs("p, q, r"))],
        &["a needed", "b (p) redundant: a", "b (q) redundant: a", "b (r) needed"],
    );
    let whole = legs("p, q").replace("x: [p, q]", "x: ${{ fromJSON(inputs.x) }}");
    check(&[("a", &whole), ("b", &all)], &["a (*) builds nothing", "b needed"]);
    let slow = run(&[("a", 0, 99, 0), ("b (p)", 0, 9, 0), ("b (q)", 0, 9, 0)]);
    let jobs = workflow(&[("a", &runs(&["nix build .#p .#q"])), ("b", &legs("p, q, r"))]);
    assert_eq!(told(&audited(&jobs, &[slow]))[0], "a redundant: b (p), b (q)");
}

#[test]
fn of_jobs_that_build_the_same_the_fastest_stays() {
    let jobs = workflow(&[("a", &runs(&[WEB])), ("b", &runs(&[WEB]))]);
    let found = audited(&jobs, &[run(&[("a", 0, 90, 0), ("b", 0, 60, 0)])]);
    assert_eq!(told(&found), ["a redundant: b", "b needed"]);
    assert_eq!(found.plan.wasted, Some(90.0));
}

#[test]
fn what_would_be_missed_is_not_redundant() {
    let with = |before: &str| format!("{before}{}", runs(&[ALL]));
    let web = runs(&[WEB]);
    // A build that may fail, or not run, proves nothing.
    for weak in [
        with("    continue-on-error: true\n"),
        runs(&["om ci || true"]),
        runs(&["om ci | tee log"]),
        runs(&["if test -f x; then om ci; fi"]),
        "    steps:\n      - run: om ci\n        continue-on-error: true\n".to_owned(),
        "    steps:\n      - run: om ci\n        if: github.ref == 'refs/heads/main'\n".to_owned(),
        "    env:\n      XTASK_ONLY: x\n    steps:\n      - run: cargo xtask build\n".to_owned(),
    ] {
        check(&[("a", &web), ("b", &weak)], &["a needed", "b needed"]);
    }
    let never = "    steps:\n      - run: om ci\n        if: ${{ false }}\n";
    check(&[("a", &web), ("b", never)], &["a needed", "b builds nothing"]);
    check(
        &[("a", &format!("    continue-on-error: true\n{web}")), ("b", &with("    continue-on-error: true\n"))],
        &["a redundant: b", "b needed"],
    );
    check(
        &[("a", &web), ("b", &with("    if: github.ref == 'x' && inputs.job == 'b'\n"))],
        &["a unclear: `b` runs only if `github.ref == 'x' && inputs.job == 'b'`", "b needed"],
    );
    let chosen = |job: &str, rest: &str| format!("    if: inputs.job == '{job}'\n{rest}");
    check(&[("a", &chosen("a", &web)), ("b", &chosen("b", &runs(&[ALL])))], &["a redundant: b", "b needed"]);
    check(
        &[("a", &runs(&[WEB, "make x"])), ("b", &runs(&[ALL]))],
        &["a unclear: `make x` (ci.yaml:9) is not understood", "b needed"],
    );
    check(&[("a", &runs(&[WEB, "make x"])), ("b", &runs(&["make x", ALL]))], &["a redundant: b", "b needed"]);
    check(
        &[("a", &runs(&["nix build .#x && sops -d y"])), ("b", &runs(&[ALL]))],
        &["a unclear: the step `Run nix build .#x && sops -d y` builds, and also runs `sops -d y`", "b needed"],
    );
    check(
        &[("a", &runs(&[WEB, "grep x ./result/y"])), ("b", &runs(&[ALL]))],
        &["a unclear: the step `Run grep x ./result/y` uses what was built", "b needed"],
    );
    let upload = runs(&[WEB]) + "      - uses: a/upload@v1\n        with:\n          path: result\n";
    let uses = "a unclear: the step `Run a/upload@v1` uses what was built";
    check(&[("a", &upload), ("b", &runs(&[ALL]))], &[uses, "b needed"]);
    check(
        &[("a", &runs(&["nix flake check"])), ("b", &runs(&[ALL]))],
        &["a unclear: the step `Run nix flake check` builds, and also runs `nix flake check`", "b needed"],
    );
    check(&[("a", &web), ("b", "    uses: ./.github/workflows/other.yaml\n")], &["a needed", "b / * builds nothing"]);
    check(
        &[("a", &web), ("b", "    steps:\n      - run: om ci\n        shell: nu {0}\n")],
        &["a needed", "b builds nothing"],
    );
}

#[test]
fn workflows_stand_for_each_other_only_if_the_same_starts_them() {
    let (web, all) = (workflow(&[("a", &runs(&[WEB]))]), workflow(&[("b", &runs(&[ALL]))]));
    let found = audited_files(&[("a.yaml", &web), ("b.yaml", &all)], &[]).unwrap();
    assert_eq!(told(&found), ["a redundant: b", "b needed"]);
    let of_pull_requests = web.replace("on: push", "on: pull_request");
    let found = audited_files(&[("a.yaml", &of_pull_requests), ("b.yaml", &all)], &[]).unwrap();
    assert_eq!(told(&found), ["a needed", "b needed"]);
}

#[test]
fn actions_of_the_repository_are_looked_into() {
    let action = "runs:\n  using: composite\n  steps:\n    - run: nix build .#${{ inputs.what }}\n      shell: bash\ninputs:\n  what: {}\n";
    let uses = "    steps:\n      - uses: ./build\n        with:\n          what: x\n";
    let jobs = workflow(&[("a", uses), ("b", &runs(&["nix build .#x .#y"]))]);
    let found = audited_files(&[("build/action.yml", action), ("ci.yaml", &jobs)], &[]).unwrap();
    assert_eq!(told(&found), ["a redundant: b", "b needed"]);
    let found = audited(&jobs, &[]);
    assert_eq!(told(&found), ["a builds nothing", "b needed"]);
    assert_eq!(found.unknown()[0].meaning, Meaning::Unknown("what the action does: there is no such file"));
}

#[test]
fn who_needed_what_goes_needs_what_builds_it_instead() {
    let after = |needs: &str, rest: &str| format!("    needs: {needs}\n{rest}");
    let jobs = workflow(&[
        ("a", &runs(&[WEB])),
        ("b", &after("[a]", &runs(&[ALL]))),
        ("c", &after("a", &runs(&["sops -d x"]))),
    ]);
    let times = run(&[("a", 0, 100, 0), ("b", 110, 310, 0), ("c", 101, 111, 0)]);
    let plan = audited(&jobs, &[times]).plan;
    assert_eq!((plan.now.unwrap().wall, plan.now.unwrap().last), (310.0, 1));
    // b begins at once after its 10 s of waiting; c comes 1 s after it.
    assert_eq!((plan.then.unwrap().wall, plan.then.unwrap().last), (221.0, 2));
}

#[test]
fn times_that_nobody_knows_are_not_made_up() {
    let jobs = workflow(&[("a", &runs(&[WEB])), ("b", &runs(&[ALL]))]);
    let found = audited(&jobs, &[]);
    assert_eq!((found.plan.wasted, found.plan.now, found.plan.then), (None, None, None));
    let found = audited(&jobs, &[run(&[("b", 0, 60, 0), ("c", 0, 5, 0)])]);
    assert_eq!((found.plan.wasted, found.plan.now.unwrap().machine), (None, 60.0));
    assert_eq!(found.unmatched, ["c"]);
    let three = workflow(&[("a", &runs(&[WEB])), ("b", &runs(&[ALL])), ("c", &runs(&["nix build .#x"]))]);
    let found = audited(&three, &[run(&[("a", 0, 9, 0), ("b", 0, 60, 0)])]);
    assert_eq!((found.plan.removed, found.plan.wasted), (vec![0, 2], None));
    // Of several runs, the one in the middle counts.
    let several: Vec<Run> = [50, 10, 20].iter().map(|end| run(&[("a", 0, *end, 0), ("b", 0, 9, 0)])).collect();
    assert_eq!(audited(&jobs, &several).plan.wasted, Some(20.0));
    // What failed tells nothing of how long it takes.
    let failed = r#"{"jobs": [{"name": "a", "conclusion": "failure", "startedAt": "2025-10-03T10:00:00Z",
        "completedAt": "2025-10-03T10:00:05Z"}]}"#;
    assert_eq!(audited(&jobs, &[Run::parse(failed).unwrap()]).plan.wasted, None);
    let other = failed.replace("failure", "success").replace("{\"jobs\"", "{\"workflowName\": \"Other\", \"jobs\"");
    assert_eq!(audited(&jobs, &[Run::parse(&other).unwrap()]).plan.wasted, None);
}

#[test]
fn what_is_no_workflow_is_refused_with_its_line() {
    let check = |text: &str, expected: (u32, &str)| {
        let error = audited_files(&[("ci.yaml", text)], &[]).unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), expected, "{text}");
        assert_eq!(error.file, Path::new("ci.yaml"));
    };
    check("on: push\njobs: [\n", (2, "the file is not YAML from here on"));
    check("", (1, "the file is empty"));
    check("on: push\n", (1, "it is no workflow: it has no jobs"));
}
