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

/// Says every problem of a check that was called by itself, and the verdict.
pub fn conclude(console: &Console, check: &str, problems: &[Problem]) {
    for problem in problems {
        console.mark(Mark::Failed, &text(problem));
    }
    let mark = if problems.is_empty() { Mark::Ok } else { Mark::Failed };
    console.mark(mark, &format!("{check}: {}", count(problems.len(), "problem")));
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
