//! Runs played through by hand: `+name` is begun, `-name (why)` is left out, `name` or `name!` ends well or not.

use super::*;
use crate::ci::{Table, plan};

const USUAL: Wishes = Wishes { fail_fast: false, keep_going: false, at_once: 99 };

/// The rows of these jobs, as in the table.
fn rows(names: &[JobName]) -> Vec<Planned> {
    let mut rows = plan(&Table::default(), &[], &[]);
    rows.retain(|row| names.contains(&row.job.name));
    rows
}

/// Plays a run: each step is what ends, and what is to happen then.
fn check(names: &[JobName], wishes: Wishes, steps: &[(&str, &str)]) {
    let rows = rows(names);
    let mut course = Course::new(&rows, wishes, vec![None; rows.len()]);
    play(&rows, &mut course, steps);
    assert!(course.is_over(), "{course:?}");
}

#[track_caller]
fn play(rows: &[Planned], course: &mut Course<'_>, steps: &[(&str, &str)]) {
    for (ends, expected) in steps {
        for end in ends.split_whitespace() {
            let (name, status) = match end.split_at(end.len() - 1) {
                (name, "!") => (name, JobStatus::Failed),
                (name, "?") => (name, JobStatus::CouldNotCheck),
                (name, "^") => (name, JobStatus::Interrupted),
                _ => (end, JobStatus::Ok),
            };
            let index = || rows.iter().position(|row| row.job.name.word() == name).unwrap();
            let task = match name {
                "EVALUATION" => Task::Evaluation,
                "MEASUREMENT" => Task::Measurement,
                _ => Task::Job(index()),
            };
            course.ended(task, status);
        }
        let word = |index: usize| rows[index].job.name.word();
        let said = |step: Step| match step {
            Step::Begin(Task::Evaluation) => "+EVALUATION".to_owned(),
            Step::Begin(Task::Measurement) => "+MEASUREMENT".to_owned(),
            Step::Begin(Task::Job(index)) => format!("+{}", word(index)),
            Step::LeaveOut(index, reason) => format!("-{} ({reason})", word(index)),
        };
        let said: Vec<String> = course.steps().into_iter().map(said).collect();
        assert_eq!(said.join(" "), *expected, "after {ends:?}");
    }
}

use JobName::{Bootstrap, Build, CacheAnalytics, CachePolicy, CachePush, CacheVerify, Config, Lock, Secrets};

#[test]
fn what_does_not_need_each_other_runs_side_by_side_over_one_evaluation() {
    check(
        &[Bootstrap, Lock, Config, Secrets, Build, CacheAnalytics],
        USUAL,
        &[
            ("", "+bootstrap"),
            ("", ""),
            ("bootstrap", "+lock +EVALUATION"),
            ("lock", ""),
            ("EVALUATION", "+config +secrets +MEASUREMENT"),
            ("MEASUREMENT config", ""),
            ("secrets", "+build"),
            ("build", "+cache-analytics"),
            ("cache-analytics", ""),
        ],
    );
}

#[test]
fn no_more_than_fits_is_at_work_at_once() {
    check(
        &[Bootstrap, Lock, Config, Secrets, Build],
        Wishes { at_once: 2, ..USUAL },
        &[
            ("bootstrap", ""),
            ("", "+bootstrap"),
            ("bootstrap", "+lock +EVALUATION"),
            ("EVALUATION", "+config"),
            ("lock", "+secrets"),
            ("config secrets", "+build"),
            ("build", ""),
        ][1..],
    );
}

#[test]
fn a_build_alone_evaluates_as_it_builds() {
    check(
        &[Bootstrap, CachePolicy, Build, CachePush, CacheVerify],
        USUAL,
        &[
            ("", "+bootstrap"),
            ("bootstrap", "+cache-policy"),
            ("cache-policy", "+build"),
            ("build", "+cache-push"),
            ("cache-push", "+cache-verify"),
            ("cache-verify", ""),
        ],
    );
    // Without a build, whoever looks at outputs has them evaluated.
    check(
        &[Bootstrap, CachePush],
        USUAL,
        &[("", "+bootstrap"), ("bootstrap", "+EVALUATION"), ("EVALUATION", "+cache-push"), ("cache-push", "")],
    );
}

#[test]
fn a_phase_that_fails_ends_the_run_when_its_jobs_have_ended() {
    let jobs = [Bootstrap, Lock, Config, Build, CacheAnalytics, CachePush];
    let out = "phase `check` failed: `lock`, `config`";
    let left = format!("-build ({out}) -cache-analytics ({out}) -cache-push ({out})");
    let begins = [("", "+bootstrap"), ("bootstrap", "+lock +EVALUATION"), ("lock!", ""), ("EVALUATION", "+config")];
    check(&jobs, USUAL, &[&begins[..], &[("config?", left.as_str())]].concat());
    // Wished so, the other phases are gone through all the same, but for what needs what has failed.
    let going = Wishes { keep_going: true, ..USUAL };
    let goes = [
        ("", "+bootstrap"),
        ("bootstrap", "+lock +EVALUATION"),
        ("lock!", ""),
        ("EVALUATION", "+config +MEASUREMENT"),
        ("config MEASUREMENT", "+build"),
        ("build!", "-cache-analytics (it needs `build`, which failed) -cache-push (it needs `build`, which failed)"),
    ];
    check(&jobs, going, &goes);
}

#[test]
fn the_first_failure_ends_the_run_where_that_is_wished() {
    let out = "`lock` failed, and the first failure ends the run";
    let (config, build) = (format!("-config ({out})"), format!("-build ({out})"));
    let steps = [("", "+bootstrap"), ("bootstrap", "+lock +EVALUATION"), ("lock!", &format!("{config} {build}"))];
    let rows = rows(&[Bootstrap, Lock, Config, Build]);
    let mut course = Course::new(&rows, Wishes { fail_fast: true, ..USUAL }, vec![None; rows.len()]);
    play(&rows, &mut course, &steps);
    // What runs is called off, and waited for.
    assert!(course.is_called_off() && !course.is_over());
    course.ended(Task::Evaluation, JobStatus::Skipped);
    assert!(course.is_over());
}

#[test]
fn what_could_not_be_evaluated_is_told_once() {
    let jobs = [Bootstrap, Config, Secrets, Build];
    let out = "it needs what `build` evaluates, and that could not check";
    let both = format!("-config ({out}) -secrets ({out})");
    check(&jobs, USUAL, &[("", "+bootstrap"), ("bootstrap", "+EVALUATION"), ("EVALUATION? build?", &both)]);
    // Where there is no such job, each says it of itself.
    let each = [("", "+bootstrap"), ("bootstrap", "+EVALUATION"), ("EVALUATION?", "+config +secrets")];
    check(&jobs[..3], USUAL, &[&each[..], &[("config? secrets?", "")]].concat());
}

#[test]
fn after_an_interrupt_and_without_what_it_needs_nothing_begins() {
    let interrupted = "the run was interrupted";
    let all = format!("-config ({interrupted}) -build ({interrupted})");
    let begins = [("", "+bootstrap"), ("bootstrap", "+lock +EVALUATION")];
    check(&[Bootstrap, Lock, Config, Build], USUAL, &[&begins[..], &[("EVALUATION lock^", all.as_str())]].concat());
    let needs = "it needs `bootstrap`, which could not check";
    let all = format!("-lock ({needs}) -build ({needs})");
    check(&[Bootstrap, Lock, Build], USUAL, &[("", "+bootstrap"), ("bootstrap?", &all)]);
    // What it comes after is as good as needed where the run has it.
    let needs = "it needs `cache-policy`, which failed";
    let steps = [("", "+bootstrap"), ("bootstrap", "+cache-policy"), ("cache-policy!", &format!("-build ({needs})"))];
    check(&[Bootstrap, CachePolicy, Build], USUAL, &steps);
}

#[test]
fn what_is_left_out_tells_the_time_that_saves() {
    let mut rows = rows(&[Bootstrap, Lock, Build, CachePush]);
    rows[3].left_out = Some("skipped as asked".to_owned());
    let mut course = Course::new(&rows, USUAL, vec![None, Some(300.0), Some(200.0), Some(500.0)]);
    let asked = "-cache-push (skipped as asked)";
    let steps = [("", format!("+bootstrap {asked}")), ("bootstrap", "+lock".to_owned())];
    play(&rows, &mut course, &steps.each_ref().map(|(ends, then)| (*ends, then.as_str())));
    course.spent(2, 10.0);
    play(&rows, &mut course, &[("lock!", "-build (phase `check` failed: `lock`; saved about 3m10s)")]);
    // A moment is not worth a word.
    let mut course = Course::new(&rows, USUAL, vec![None, None, Some(0.9), None]);
    play(&rows, &mut course, &[("", &format!("+bootstrap {asked}")), ("bootstrap", "+lock")]);
    play(&rows, &mut course, &[("lock!", "-build (phase `check` failed: `lock`)")]);
}
