//! The jobs of a run on a terminal: the plan, one line a job, everything that failed once more at the end.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::console::{Console, Mark, Verbosity};
use super::words::{count, seconds, typed};
use super::{files, outcome, problems};
use crate::ci::{Extent, Job, JobName, JobResult, JobStatus, NOT_ASKED_FOR, Planned, RunResult};
use crate::kept::history::History;
use crate::rules::Problem;

/// The plan, one line a job, with how long each usually takes for `part` of the fleet as far as `history` tells; `late` are the jobs
/// that GitHub has only after the push.
#[must_use]
pub fn plan(planned: &[Planned], late: &[&Job], history: &History, part: &str) -> String {
    let width = planned.iter().map(|row| row.job.name.word().len()).max().unwrap_or(0);
    let usual = |row: &Planned| usual(row, history, part).map(|usual| format!("usually {}", seconds(usual)));
    let usual_width = planned.iter().filter_map(usual).map(|usual| usual.len() + 2).max().unwrap_or(0);
    let line = |row: &Planned| {
        let word = row.job.name.word();
        let about = row.left_out.as_ref().map_or_else(|| row.job.about.to_string(), |why| format!("({why})"));
        let usual = usual(row).unwrap_or_default();
        let needed_by = needed_by(planned, row);
        let why = match &needed_by[..] {
            [] => String::new(),
            jobs => format!(", needed by {}", jobs.join(", ")),
        };
        let (phase, extent) = (row.job.phase.word(), extent(&row.job));
        format!("{word:width$}  {phase:7}  {extent:10}  {usual:usual_width$}{about}{why}\n")
    };
    let runs = |job: &&&Job| planned.iter().any(|row| row.job.name == job.name && row.left_out.is_none());
    let behind = late.iter().filter(runs).map(|job| format!("\n{}\n", behind_the_push(job)));
    planned.iter().map(line).chain(behind).collect()
}

/// What is otherwise on GitHub with a job that has to wait there until machines of each system are done, their push included.
#[must_use]
pub fn behind_the_push(job: &Job) -> String {
    format!(
        "`{}` needs what machines of each system do, and runs on one machine for all. Here it comes before anything is published; on \
         GitHub those machines have pushed by then, and what fails in it keeps back only what comes after them. With `per_system = \
         true` it runs on them, in front of the push.",
        job.word()
    )
}

/// That of the machines of `system`, one alone runs `jobs`.
#[must_use]
pub fn on_the_first(system: &str, jobs: &[&Job]) -> String {
    let words: Vec<String> = jobs.iter().map(|job| format!("`{}`", job.word())).collect();
    let (runs, keeps) = if words.len() == 1 { ("runs", "keeps") } else { ("run", "keep") };
    format!(
        "{system} has several machines: {} {runs} on the first alone, and {keeps} back the push of that one",
        words.join(", ")
    )
}

/// On which machines of GitHub a job runs.
fn extent(job: &Job) -> &'static str {
    match job.machine.extent {
        Extent::Once => "once",
        Extent::PerSystem => "per system",
    }
}

/// Why a job runs that is there for others: which of those that run need it. Where all jobs run, nobody asks that.
fn needed_by<'a>(planned: &'a [Planned], row: &Planned) -> Vec<&'a str> {
    if row.left_out.is_some() || planned.iter().all(|row| row.left_out.as_deref() != Some(NOT_ASKED_FOR)) {
        return Vec::new();
    }
    let running = planned.iter().filter(|other| other.left_out.is_none());
    running.filter(|other| other.job.needs.contains(&row.job.name)).map(|other| other.job.name.word()).collect()
}

#[derive(Serialize)]
struct PlannedJson<'a> {
    name: &'a str,
    phase: &'a str,
    about: &'a str,
    extent: &'a str,
    needs: Vec<&'a str>,
    needed_by: Vec<&'a str>,
    left_out: Option<&'a str>,
    after_push_on_github: bool,
    usual_seconds: Option<f64>,
}

/// The seconds that a job which runs usually takes.
fn usual(row: &Planned, history: &History, part: &str) -> Option<f64> {
    history.usual_seconds(row.job.name.word(), part, None).filter(|_| row.left_out.is_none())
}

#[derive(Serialize)]
struct PlanJson<'a> {
    schema: u32,
    jobs: Vec<PlannedJson<'a>>,
}

/// The plan as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn plan_json(planned: &[Planned], late: &[&Job], history: &History, part: &str) -> Result<String> {
    let is_late = |row: &Planned| late.iter().any(|job| job.name == row.job.name);
    let told = |row| PlannedJson { after_push_on_github: is_late(row), ..planned_json(planned, row, history, part) };
    let jobs = planned.iter().map(told).collect();
    Ok(serde_json::to_string_pretty(&PlanJson { schema: 1, jobs })? + "\n")
}

fn planned_json<'a>(planned: &'a [Planned], row: &'a Planned, history: &History, part: &str) -> PlannedJson<'a> {
    PlannedJson {
        name: row.job.name.word(),
        phase: row.job.phase.word(),
        about: &row.job.about,
        extent: extent(&row.job),
        needs: row.job.needs.iter().map(|need| need.word()).collect(),
        needed_by: needed_by(planned, row),
        left_out: row.left_out.as_deref(),
        after_push_on_github: false,
        usual_seconds: usual(row, history, part),
    }
}

/// The mark in front of a job.
fn mark(status: JobStatus) -> Mark {
    match status {
        JobStatus::Ok => Mark::Ok,
        JobStatus::Skipped => Mark::Skipped,
        JobStatus::Failed | JobStatus::CouldNotCheck | JobStatus::Interrupted => Mark::Failed,
    }
}

/// Says what became of one job, and what it found.
pub fn done(console: &Console, job: &Job, result: &JobResult) {
    if console.verbosity() == Verbosity::Quiet {
        // What failed is told at the end: once is enough.
        return;
    }
    console.mark(mark(result.status), &line(job, result));
    for problem in &result.problems {
        console.mark(problems::mark(problem), &problems::text(problem));
    }
}

fn line(job: &Job, result: &JobResult) -> String {
    let word = job.name.word();
    let words = result.status.words();
    let reason = result.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match result.status {
        JobStatus::Ok => {
            // What it came to tells more than what it is about, and both seldom fit in a line.
            format!("{word}: {}  {}", result.reason.as_deref().unwrap_or(&job.about), seconds(result.seconds))
        }
        JobStatus::Failed => format!("{word}: {words}{reason}  {}", seconds(result.seconds)),
        _ => format!("{word}: {words}{reason}"),
    }
}

/// Says everything that failed once more, then the verdict, then where the reports are.
pub fn conclude(console: &Console, result: &RunResult, folder: &Path) {
    let failures = result.fleet.iter().flat_map(|fleet| fleet.failures());
    if result.jobs.iter().any(JobResult::is_failure) {
        console.line("");
    }
    for failure in failures {
        console.mark(Mark::Failed, &outcome::failure(failure, &result.flags));
    }
    for job in result.jobs.iter().filter(|job| job.is_failure()) {
        for problem in job.problems.iter().filter(|problem| problem.fails()) {
            console.mark(Mark::Failed, &format!("{}: {}", job.name.word(), problems::text(problem)));
        }
        if let Some(reason) = job.reason.as_ref().filter(|_| job.problems.is_empty()) {
            console.mark(Mark::Failed, &format!("{}: {}: {reason}", job.name.word(), job.status.words()));
        }
    }
    let marked = annotated(result);
    console.annotate(marked.iter().map(|(job, problem)| (*job, problem)));
    console.verdict(mark(result.status()), &format!("ci: {}", verdict(result)));
    console.line(&format!("  report: {}", typed(&folder.join(files::HTML))));
}

/// What a job found, in a few words: problems, or how many outputs it could not build; nothing where it found none.
pub(super) fn found(job: &JobResult, result: &RunResult) -> String {
    if !job.problems.is_empty() {
        return problems::tally(&job.problems);
    }
    let failed = result.fleet.iter().flat_map(|fleet| fleet.failures()).count();
    if job.name != JobName::Build || failed == 0 {
        String::new()
    } else {
        format!("{} failed", count(failed, "output"))
    }
}

/// What is marked on GitHub, with the job's word: outputs that failed, problems, and jobs that could not check.
fn annotated(result: &RunResult) -> Vec<(&'static str, Problem)> {
    let failures = result.fleet.iter().flat_map(|fleet| fleet.failures());
    let failures = failures.map(|failure| (JobName::Build.word(), outcome::problem(failure, &result.flags)));
    let problems =
        result.jobs.iter().flat_map(|job| job.problems.iter().map(|problem| (job.name.word(), problem.clone())));
    let unchecked = result.jobs.iter().filter(|job| job.status == JobStatus::CouldNotCheck && job.problems.is_empty());
    let unchecked = unchecked.filter_map(|job| {
        let fault = format!("{}: {}", job.status.words(), job.reason.as_ref()?);
        Some((job.name.word(), Problem::new(None, fault, format!("cargo xtask ci {}", job.name.word()))))
    });
    unchecked.chain(failures).chain(problems).collect()
}

/// The verdict in one line: what failed first, by name.
#[must_use]
pub fn verdict(result: &RunResult) -> String {
    let told = result.jobs.iter().filter(|job| job.is_of_this_run());
    let named = |status: JobStatus| {
        let names: Vec<&str> = told.clone().filter(|job| job.status == status).map(|job| job.name.word()).collect();
        // What went well, or was left out, needs no names once there are many.
        let names = match names.len() {
            many if many > 3 && [JobStatus::Ok, JobStatus::Skipped].contains(&status) => count(many, "job"),
            _ => names.join(", "),
        };
        (!names.is_empty()).then(|| format!("{names} {}", status.words()))
    };
    let worst = [JobStatus::Interrupted, JobStatus::CouldNotCheck, JobStatus::Failed];
    let mut parts: Vec<String> = worst.into_iter().filter_map(named).collect();
    parts.extend([JobStatus::Ok, JobStatus::Skipped].into_iter().filter_map(named));
    if let Some(fleet) = &result.fleet {
        let outputs = count(fleet.results.len(), "output");
        let failed = fleet.failures().count();
        parts.push(if failed > 0 { format!("{failed} of {outputs} failed") } else { outputs });
    }
    if result.is_stand_in() {
        parts.push("stand-in inputs".to_owned());
    }
    parts.push(seconds(result.seconds));
    parts.join(" · ")
}
