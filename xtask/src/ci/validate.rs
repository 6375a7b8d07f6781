//! Whether a finished run did what its workflow wanted: every job there, succeeded, and within its budget.

#[cfg(test)]
mod tests;

use super::audit::Leg;
use super::matching::matched;
use super::run::{Outcome, Run, RunJob};
use crate::config::{Budget, CiConfig};
use crate::fleet::{Place, glob};
use crate::rules::Problem;

/// What is looked at.
pub struct Facts<'a> {
    /// The jobs that the workflow has.
    pub required: &'a [Leg],
    /// The run.
    pub run: &'a Run,
    /// How long jobs may take, by name or pattern; the first that fits counts.
    pub budgets: &'a [(String, Budget)],
    /// Systems whose machines may fail.
    pub config: &'a CiConfig,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Row {
    /// The name, as GitHub shows it; as the workflow says it for one that is missing.
    pub name: String,
    /// What became of it; nothing if it is missing.
    pub outcome: Option<Outcome>,
    /// How long it took, in seconds.
    pub seconds: Option<f64>,
    /// How long it might, in seconds.
    pub budget_seconds: Option<u32>,
    /// Which attempt this was, if that is told.
    pub attempt: Option<u32>,
    /// What became of it in earlier attempts, as far as the run tells.
    pub earlier: Vec<Outcome>,
    /// Whether the run succeeds without it.
    pub may_fail: bool,
    /// Whether the workflow has such a job.
    pub required: bool,
}

impl Row {
    /// Whether it took longer than it might.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.seconds.zip(self.budget_seconds).is_some_and(|(seconds, budget)| seconds > f64::from(budget))
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// Every job of the workflow, then what else the run has.
    pub rows: Vec<Row>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Validates the run.
///
/// # Errors
/// When the run has none of the jobs, and so is of another workflow; when a budget is for a job that neither the workflow nor the run
/// has: it would never be looked at.
pub fn validate(facts: &Facts<'_>) -> Result<Validation, String> {
    let names: Vec<&str> = facts.required.iter().map(|leg| leg.name.as_str()).collect();
    let mut matched = matched(&names, facts.run);
    if matched.others.len() == facts.run.jobs.len() {
        let file = facts.required.first().map(|leg| leg.file.display().to_string()).unwrap_or_default();
        return Err(format!(
            "the run has none of the jobs of `{file}`: name the workflow it is of with `--workflow FILE`"
        ));
    }
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    let mut used = vec![false; facts.budgets.len()];
    for (leg, jobs) in facts.required.iter().zip(&mut matched.found) {
        // A matrix that was skipped is one job by the key of its own.
        if jobs.is_empty()
            && let Some(at) = matched.others.iter().position(|job| job.name == leg.job)
        {
            jobs.push(matched.others.remove(at));
        }
        let place = Some(Place { file: leg.file.clone(), line: leg.line });
        let mut of_leg = latest(jobs)
            .into_iter()
            .map(|(job, earlier)| row(job, earlier, may_fail(leg, job, facts.config)))
            .collect::<Vec<_>>();
        if of_leg.is_empty() {
            let fault = format!("`{}` is missing: the run has no job of that name", leg.name);
            problems.push(Problem::new(
                place.clone(),
                fault,
                "is it a run of this workflow, as it is here? `--workflow FILE` names another",
            ));
            of_leg.push(Row {
                name: leg.name.clone(),
                outcome: None,
                seconds: None,
                budget_seconds: None,
                attempt: None,
                earlier: Vec::new(),
                may_fail: false,
                required: true,
            });
        }
        for row in &mut of_leg {
            row.budget_seconds = budget(facts.budgets, &mut used, |name| glob(name, &row.name) || is_for(name, leg));
            problems.extend(faults(row, place.as_ref()));
        }
        rows.extend(of_leg);
    }
    for (job, earlier) in latest(&matched.others) {
        let mut row = Row { required: false, ..row(job, earlier, true) };
        row.budget_seconds = budget(facts.budgets, &mut used, |name| glob(name, &row.name));
        let fault = format!("`{}` {}, and is no job of the workflow", row.name, job.outcome.words());
        problems.push(Problem::warning(
            None,
            fault,
            "is it a run of this workflow, as it is here? `--workflow FILE` names another",
        ));
        rows.push(row);
    }
    let unused = facts.budgets.iter().zip(&used).find(|(_, used)| !**used);
    match unused {
        Some(((name, _), _)) => {
            let known: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            Err(format!("a budget is for `{name}`, and there is no such job: there are {}", known.join(", ")))
        }
        None => Ok(Validation { rows, problems }),
    }
}

/// Whether a budget for `name` is for the job, whatever the run says.
#[must_use]
pub fn is_for(name: &str, leg: &Leg) -> bool {
    name == leg.job || glob(name, &leg.name)
}

/// The budget of the job that `fits` knows the names of; all that fit count as looked at.
fn budget(budgets: &[(String, Budget)], used: &mut [bool], fits: impl Fn(&str) -> bool) -> Option<u32> {
    let mut first = None;
    for ((_, budget), used) in budgets.iter().zip(used).filter(|((name, _), _)| fits(name)) {
        *used = true;
        first = first.or(Some(budget.seconds));
    }
    first
}

fn row(job: &RunJob, earlier: Vec<Outcome>, may_fail: bool) -> Row {
    Row {
        name: job.name.clone(),
        outcome: Some(job.outcome.clone()),
        seconds: job.seconds(),
        budget_seconds: None,
        attempt: job.attempt,
        earlier,
        may_fail,
        required: true,
    }
}

/// Each job at its last attempt, with what became of it before.
fn latest<'a>(jobs: &[&'a RunJob]) -> Vec<(&'a RunJob, Vec<Outcome>)> {
    let mut found: Vec<(&RunJob, Vec<Outcome>)> = Vec::new();
    let mut ordered = jobs.to_vec();
    ordered.sort_by_key(|job| job.attempt);
    for job in ordered {
        // Two of one name at one attempt are two jobs.
        match found.iter_mut().find(|(known, _)| known.name == job.name && known.attempt < job.attempt) {
            Some((known, earlier)) => {
                earlier.push(known.outcome.clone());
                *known = job;
            }
            None => found.push((job, Vec::new())),
        }
    }
    found
}

/// Whether the run succeeds without the job: the workflow says so, or leaves it to the system, which xtask.toml allows to fail.
fn may_fail(leg: &Leg, job: &RunJob, config: &CiConfig) -> bool {
    leg.lenient.unwrap_or_else(|| config.allowed_to_fail.iter().any(|system| job.name.contains(system.as_str())))
}

fn faults(row: &Row, place: Option<&Place>) -> Vec<Problem> {
    let Some(outcome) = &row.outcome else { return Vec::new() };
    let mut found = Vec::new();
    let name = &row.name;
    if *outcome != Outcome::Succeeded {
        let fix = match outcome {
            Outcome::Succeeded | Outcome::Failed => "`gh run view --log-failed` shows why",
            Outcome::Cancelled => "`gh run rerun` runs it again, unless a newer run took its place",
            Outcome::Skipped => {
                "a job that it needs did not succeed, or its condition did not hold: look at the jobs before it"
            }
            Outcome::TimedOut => "give it more `timeout-minutes`, or less to do",
            Outcome::Neutral => "let it end with success or failure",
            Outcome::Running(_) => "wait for it: `gh run watch`",
            Outcome::Other(_) => "the page of the run says what GitHub wants",
        };
        let make = if row.may_fail { Problem::warning } else { Problem::new };
        found.push(make(place.cloned(), format!("`{name}` {}", outcome.words()), fix.to_owned()));
    }
    let retried = row.attempt.is_some_and(|attempt| attempt > 1);
    if retried || !row.earlier.is_empty() {
        let before: Vec<String> = row.earlier.iter().map(Outcome::words).collect();
        let before = if before.is_empty() { String::new() } else { format!(": before, it {}", before.join(", then ")) };
        let fault = format!("`{name}` was tried {} times{before}", row.attempt.unwrap_or(row.earlier.len() as u32 + 1));
        found.push(Problem::warning(
            place.cloned(),
            fault,
            "what succeeds only now and then hides something: look at the earlier log",
        ));
    }
    if let Some(budget) = row.budget_seconds {
        match row.seconds {
            Some(seconds) if row.is_over() => {
                let took = Budget { seconds: seconds as u32 };
                let (more, budget) = (Budget { seconds: took.seconds - budget }, Budget { seconds: budget });
                let fault = format!("`{name}` took {took}, {more} more than its budget of {budget}");
                found.push(Problem::warning(place.cloned(), fault, "make it faster, or raise its budget"));
            }
            None if *outcome == Outcome::Succeeded => {
                let fault = format!("nothing tells how long `{name}` took, so its budget was not checked");
                found.push(Problem::new(
                    place.cloned(),
                    fault,
                    "`gh run view ID --json jobs` tells when jobs began and ended",
                ));
            }
            _ => {}
        }
    }
    found
}
