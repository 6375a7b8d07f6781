//! The validation of a run, on a terminal and as JSON.

use anyhow::Result;
use serde::Serialize;

use super::columns::{Line, table};
use super::console::Mark;
use super::words::seconds;
use crate::ci::run::Outcome;
use crate::ci::validate::{Row, Validation};
use crate::rules::Problem;

/// Every job in one line.
#[must_use]
pub fn text(validation: &Validation) -> String {
    let head = ["job", "time", "budget", "tries", ""].map(str::to_owned).to_vec();
    let lines: Vec<Line> = std::iter::once((None, head)).chain(validation.rows.iter().map(line)).collect();
    table(&lines)
}

fn line(row: &Row) -> Line {
    let mark = match &row.outcome {
        Some(Outcome::Succeeded) if row.is_over() => Mark::Warning,
        Some(Outcome::Succeeded) => Mark::Ok,
        _ if row.may_fail => Mark::Warning,
        _ => Mark::Failed,
    };
    let words = row.outcome.as_ref().map_or("is missing".to_owned(), Outcome::words);
    let mut words = vec![words];
    words.extend(row.is_over().then(|| "over its budget".to_owned()));
    words.extend((row.may_fail && row.required).then(|| "may fail".to_owned()));
    words.extend((!row.required).then(|| "of no job of the workflow".to_owned()));
    let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let cells = vec![
        row.name.clone(),
        cell(row.seconds.map(seconds)),
        cell(row.budget_seconds.map(|budget| seconds(f64::from(budget)))),
        cell(row.attempt.map(|attempt| attempt.to_string())),
        words.join(", "),
    ];
    (Some(mark), cells)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    jobs: &'a [Row],
    problems: &'a [Problem],
}

/// The validation as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(validation: &Validation) -> Result<String> {
    let document = Document { schema: 1, jobs: &validation.rows, problems: &validation.problems };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
