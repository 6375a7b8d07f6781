//! What is kept of runs, what is forgotten, and what is told of them.

use super::*;
use crate::report::example;

fn run(seconds: f64) -> RunResult {
    let mut result = example::run();
    result.seconds = seconds;
    for job in &mut result.jobs {
        (job.seconds, job.status) = (seconds, JobStatus::Ok);
    }
    result
}

#[test]
fn what_is_added_is_read_and_what_is_damaged_is_not() {
    let state = tempfile::tempdir().unwrap();
    assert_eq!(History::read(state.path()), History::default());
    History::add(state.path(), &run(1.0)).unwrap();
    let path = state.path().join("history.jsonl");
    let line = std::fs::read_to_string(&path).unwrap();
    let damaged = [
        "",
        "{",
        &line[..line.len() / 2],
        "\u{0}\u{0}",
        &line.replace("\"schema\":1", "\"schema\":2"),
        &line.replacen("\"seconds\":1.0", "\"seconds\":-1.0", 1),
    ];
    std::fs::write(&path, [&damaged.join("\n").into_bytes()[..], b"\xff\n", line.as_bytes()].concat()).unwrap();
    History::add(state.path(), &run(2.0)).unwrap();
    let read = History::read(state.path());
    assert_eq!(read.runs.iter().map(|run| run.seconds).collect::<Vec<_>>(), [1.0, 2.0]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 1);
}

#[test]
fn only_so_many_are_kept_and_of_few_each_output() {
    let runs: Vec<Run> = (0..KEPT + 3).map(|number| Run::of(&run(number as f64))).collect();
    let kept = kept(&runs);
    assert_eq!((kept.len(), kept[0].seconds), (KEPT, 3.0));
    assert_eq!(kept.iter().filter(|run| !run.outputs.is_empty()).count(), DETAILED);
    assert!(!kept[KEPT - 1].outputs.is_empty());
}

#[test]
fn the_usual_time_is_the_middle_of_what_went_well() {
    let history = |seconds: &[f64]| History { runs: seconds.iter().map(|seconds| Run::of(&run(*seconds))).collect() };
    let check = |history: &History, expected: Option<f64>| {
        assert_eq!(history.usual_seconds("build", "", Some("stand-in")), expected);
        assert_eq!(history.usual_seconds("build", "", None), expected);
    };
    check(&history(&[]), None);
    check(&history(&[3.0]), Some(3.0));
    check(&history(&[1.0, 9.0, 2.0]), Some(2.0));
    check(&history(&[&[100.0; 20][..], &[1.0; RECENT][..]].concat()), Some(1.0));
    let mut failed = history(&[1.0, 2.0, 3.0]);
    failed.runs[2].jobs.get_mut("build").unwrap().status = JobStatus::Failed;
    check(&failed, Some(1.0));
    failed.runs[0].jobs.get_mut("build").unwrap().as_before = true;
    check(&failed, Some(2.0));
    assert_eq!(failed.usual_seconds("build", "", Some("locked")), None);
    assert_eq!(failed.usual_seconds("nothing", "", None), None);
    assert_eq!(failed.usual_seconds("build", "nixos:*", None), None);
}

#[test]
fn runs_of_other_jobs_say_nothing_of_this_one() {
    let mut history = History { runs: [5.0, 1.0, 2.0].map(|seconds| Run::of(&run(seconds))).to_vec() };
    assert_eq!(history.usual_run(&run(0.0)), Some(2.0));
    history.runs[1].jobs.remove("lock");
    history.runs[2].status = JobStatus::Failed;
    assert_eq!(history.usual_run(&run(0.0)), Some(5.0));
    history.runs[0].part = "nixos:*".to_owned();
    assert_eq!(history.usual_run(&run(0.0)), None);
}

#[test]
fn an_output_is_compared_with_when_it_was_last_looked_at() {
    let mut history = History { runs: vec![Run::of(&run(1.0)), Run::of(&run(2.0))] };
    let web = AttrPath::new(["nixosConfigurations", "web"]);
    history.runs[0].outputs.get_mut(&web.to_string()).unwrap().closure_bytes = Some(7);
    let bytes = |history: &History, inputs| history.last(&web, inputs).map(|last| last.closure_bytes);
    assert_eq!(bytes(&history, Some("stand-in")), Some(Some(1536)));
    history.runs[1].outputs.clear();
    assert_eq!(bytes(&history, Some("stand-in")), Some(Some(7)));
    assert_eq!(bytes(&history, Some("locked")), None);
}
