//! Problems as text and JSON: place, fault, fix.

use anyhow::Result;
use serde::Serialize;

use super::console::{Console, Mark};
use super::words::count;
use crate::rules::Problem;

/// A problem in two lines.
#[must_use]
pub fn text(problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    format!("{place}{}\n    fix: {}", problem.fault, problem.fix)
}

/// The mark in front of a problem.
#[must_use]
pub fn mark(problem: &Problem) -> Mark {
    if problem.fails() { Mark::Failed } else { Mark::Warning }
}

/// Says every problem of a check that was called by itself, and the verdict.
pub fn conclude(console: &Console, check: &str, problems: &[Problem]) {
    conclude_besides(console, check, problems, &[]);
}

/// As [`conclude`], where `failures` are said already, and only marked on GitHub.
pub fn conclude_besides(console: &Console, check: &str, problems: &[Problem], failures: &[Problem]) {
    for problem in problems {
        console.mark(mark(problem), &text(problem));
    }
    console.annotate(failures.iter().chain(problems).map(|problem| (check, problem)));
    let failing = problems.iter().filter(|problem| problem.fails()).count();
    let verdict = if failing == 0 { Mark::Ok } else { Mark::Failed };
    console.verdict(verdict, &format!("{check}: {}", tally(problems)));
}

/// `1 problem`, `no problem, 2 warnings`.
#[must_use]
pub fn tally(problems: &[Problem]) -> String {
    let failing = problems.iter().filter(|problem| problem.fails()).count();
    let warnings = problems.len() - failing;
    let failing = if failing == 0 { "no problem".to_owned() } else { count(failing, "problem") };
    if warnings == 0 { failing } else { format!("{failing}, {}", count(warnings, "warning")) }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    problems: &'a [Problem],
}

/// The problems as a JSON document, schema 1.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn json(problems: &[Problem]) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Document { schema: 1, problems })? + "\n")
}
