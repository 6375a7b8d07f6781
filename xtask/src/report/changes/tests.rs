//! What is compared with what: the base where it is known, else the last run, and which of both is said.

use super::*;
use crate::ci::BaseCommit;
use crate::diff::{Compared, Difference};
use crate::fleet::{AttrPath, Output, Status};
use crate::kept::history::Run;
use crate::report::{diff, example};

const COMMIT_OF_BASE: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn output(name: &str, closure_bytes: Option<u64>) -> OutputResult {
    let output = Output { attr: AttrPath::new([name]), kind: "nixos".to_owned(), system: None };
    OutputResult { closure_bytes, ..OutputResult::new(output, Status::Built) }
}

fn run(outputs: &[(&str, Option<u64>)]) -> RunResult {
    let mut run = example::run();
    run.fleet.as_mut().unwrap().results = outputs.iter().map(|(name, size)| output(name, *size)).collect();
    run
}

fn difference(outputs: &[(&str, Change, Option<u64>)]) -> Difference {
    let example = diff::example::example();
    let outputs = outputs.iter().map(|(name, change, base)| {
        let output = Output { attr: AttrPath::new([*name]), kind: "nixos".to_owned(), system: None };
        let compared = Compared { change: *change, output, was: None, ..example.outputs[0].compared.clone() };
        Described { closure: (*base, None), ..Described::new(compared, None) }
    });
    Difference { outputs: outputs.collect(), ..example }
}

/// What is told of each output, the heading and the note.
fn told(run: &RunResult, history: &History) -> (Vec<String>, Option<String>, Option<String>) {
    let sizes = Sizes::of(run, history);
    let results = &run.fleet.as_ref().unwrap().results;
    (results.iter().map(|result| sizes.told(result).to_owned()).collect(), sizes.since(), sizes.note())
}

#[test]
fn without_a_base_outputs_are_compared_with_the_last_run() {
    let check = |now: Option<u64>, before: &[Option<u64>], expected: &str| {
        let runs = before.iter().map(|before| Run::of(&run(&[("a", *before)]))).collect();
        let since = (!expected.is_empty()).then(|| "since the last run".to_owned());
        assert_eq!(told(&run(&[("a", now)]), &History { runs }), (vec![expected.to_owned()], since, None));
    };
    check(Some(2048), &[], "");
    check(None, &[Some(1)], "");
    check(Some(2048), &[Some(512)], "+1.5 KiB");
    check(Some(1), &[Some(4)], "−3 B");
    check(Some(1), &[Some(7), Some(1)], "=");
    // A run that only evaluated does not know.
    check(Some(1), &[Some(4), None], "−3 B");
    check(Some(1), &[None], "");
}

#[test]
fn what_the_base_is_known_to_be_is_compared_with_before_the_last_run() {
    let now = [("changed", Some(300)), ("same", Some(20)), ("added", Some(4)), ("unknown", Some(50))];
    let last = Run::of(&run(&[("changed", Some(290)), ("same", Some(1)), ("added", Some(3)), ("unknown", Some(40))]));
    let mut of_base = Run::of(&run(&[("changed", Some(100)), ("gone", Some(9))]));
    of_base.revision = Some(COMMIT_OF_BASE.to_owned());
    let note = "* since the last run: how large it is in main is not known here";
    let check = |base: Option<&str>, runs: &[&Run], compared: bool, expected: ([&str; 4], &str, Option<&str>)| {
        let changes = [
            ("changed", Change::Changed, Some(200)),
            ("same", Change::Unchanged, None),
            ("added", Change::Added, None),
            ("unknown", Change::Changed, None),
        ];
        let run = RunResult {
            base: base.map(|name| BaseCommit { name: name.to_owned(), commit: COMMIT_OF_BASE.to_owned() }),
            difference: compared.then(|| Ok(difference(&changes))),
            ..run(&now)
        };
        let history = History { runs: runs.iter().map(|run| (*run).clone()).collect() };
        let (sizes, since, note) = expected;
        let expected = (sizes.map(str::to_owned).to_vec(), Some(since.to_owned()), note.map(str::to_owned));
        assert_eq!(told(&run, &history), expected);
    };
    check(None, &[&last], false, (["+10 B", "+19 B", "+1 B", "+10 B"], "since the last run", None));
    // Nothing is known of the base: all are compared with the last run, and that is what is said.
    check(Some("main"), &[&last], false, (["+10 B", "+19 B", "+1 B", "+10 B"], "since the last run", None));
    check(Some("main"), &[&last], true, (["+100 B", "=", "new", "+10 B*"], "since main", Some(note)));
    check(Some("main"), &[], true, (["+100 B", "=", "new", ""], "since main", None));
    // A run of the base knows of it, also where nothing was compared.
    check(Some("main"), &[&of_base, &last], false, (["+200 B", "+19 B*", "+1 B*", "+10 B*"], "since main", Some(note)));
    check(Some(COMMIT_OF_BASE), &[&of_base], false, (["+200 B", "", "", ""], "since 89abcdef0123", None));
    check(
        Some(&"b".repeat(30)),
        &[&of_base],
        false,
        (["+200 B", "", "", ""], &format!("since {}…", "b".repeat(24)), None),
    );
    // One with other inputs does not.
    let mut other = of_base.clone();
    other.inputs = Some("locked".to_owned());
    check(Some("main"), &[&other, &last], false, (["+10 B", "+19 B", "+1 B", "+10 B"], "since the last run", None));
}

#[test]
fn what_has_begun_or_ceased_to_fail() {
    let check = |now: Status, before: Option<Status>, expected: Option<&str>| {
        let result = OutputResult { status: now, ..output("a", None) };
        let last = before.map(|status| OutputRun { status, closure_bytes: None });
        assert_eq!(status(&result, last.as_ref()).as_deref(), expected);
    };
    let (built, failed) = (Status::Built, Status::BuildFailed);
    check(built, None, None);
    check(built, Some(Status::Present), None);
    check(built, Some(failed), Some("was: build failed"));
    check(failed, Some(built), Some("was: built"));
    check(failed, Some(Status::EvaluationFailed), None);
}
