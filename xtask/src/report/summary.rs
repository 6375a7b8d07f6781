//! The report for people: Markdown for a job summary on GitHub, a merge request, or an editor.

use super::cache::analytics_markdown;
use super::cutting::fitting;
use super::diff;
use super::jobs;
use super::outcome;
use super::words::{seconds, shortened};
use crate::ci::{Caches, JobResult, JobStatus, RunResult};
use crate::fleet::{OutputResult, Status};
use crate::kept::history::History;
use crate::rules::Problem;
use crate::session::Report;

/// How many bytes of failed outputs, of problems, of outputs, and of what no kind covers are told: with all else less than the
/// 900 KB that leave room below the 1 MiB at which GitHub takes nothing of a summary at all.
const FAILURES: usize = 450_000;
const PROBLEMS: usize = 200_000;
const OUTPUTS: usize = 180_000;
const UNCOVERED: usize = 20_000;
/// How many characters of a line, and of a text of several, are told.
const LINE: usize = 1000;
const TEXT: usize = 4000;

/// The verdict alone, for where there is no room for more.
#[must_use]
pub fn short(result: &RunResult) -> String {
    format!("## {} {}\n\nThe rest is in the report.\n\n", sign(result.status()), escaped(&jobs::verdict(result)))
}

/// The whole document: what the change does, where there is one, then what failed. `history` is what earlier runs came to.
#[must_use]
pub fn markdown(result: &RunResult, history: &History) -> String {
    let mut text = difference(result);
    text.push_str(&format!("## {} {}\n\n", sign(result.status()), escaped(&jobs::verdict(result))));
    // A comparison has said so already.
    if result.is_stand_in() && !matches!(result.difference, Some(Ok(_))) {
        text.push_str(
            "> [!WARNING]\n> **Stand-in inputs.** Every input of the flake was replaced by an embedded one: this checks structure, \
             it does not build real systems.\n\n",
        );
    }
    if let Some(fleet) = &result.fleet {
        text.push_str(&failures(fleet, &result.flags));
    }
    let problems = result.jobs.iter().flat_map(|job| job.problems.iter().map(move |problem| (job, problem)));
    let (failing, warnings): (Vec<_>, Vec<_>) = problems.partition(|(_, problem)| problem.fails());
    let items = failing.into_iter().chain(warnings).map(|(job, problem)| problem_item(job, problem));
    let (items, left_out) = fitting(items, PROBLEMS);
    if !items.is_empty() || left_out > 0 {
        text.push_str(&format!("{items}{}\n", more(left_out)));
    }
    text.push_str(&job_table(result));
    if let Some(fleet) = &result.fleet {
        text.push_str(&outputs::table(fleet, result, history));
    }
    text.push_str(&caches(&result.caches));
    text.push_str(&footer(result));
    text
}

/// What the change does to each output; or, in one line, why that cannot be told.
fn difference(result: &RunResult) -> String {
    match &result.difference {
        None => String::new(),
        Some(Ok(difference)) => format!("{}\n", diff::markdown(difference)),
        Some(Err(reason)) => {
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("> [!NOTE]\n> Not compared with the base: {}\n\n", escaped(&shortened(&reason, LINE)))
        }
    }
}

/// What there is to say of binary caches.
fn caches(caches: &Caches) -> String {
    let analytics = caches.analytics.as_ref();
    let mut text = analytics.map(|(tally, trend)| analytics_markdown(tally, trend.as_ref())).unwrap_or_default();
    let said = [("Push", &caches.push), ("Verified", &caches.verify)];
    let items = said
        .into_iter()
        .filter_map(|(what, said)| Some(format!("- **{what}**: {}\n", escaped(&shortened(said.as_ref()?, TEXT)))));
    let items: String = items.collect();
    if !items.is_empty() {
        text.push_str(&format!("\n{items}"));
    }
    text
}

fn sign(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Ok => "✅",
        JobStatus::Failed => "❌",
        JobStatus::CouldNotCheck => "⚠️",
        JobStatus::Skipped => "⏭️",
        JobStatus::Interrupted => "🛑",
    }
}

fn job_table(result: &RunResult) -> String {
    let row = |job: &JobResult| {
        let about = job.reason.clone().unwrap_or_else(|| jobs::found(job, result));
        let about = escaped(&shortened(&about, LINE));
        // What did not run took no time, rather than little.
        let took = if job.status == JobStatus::Skipped { String::new() } else { seconds(job.seconds) };
        format!("| {} `{}` | {} | {took} | {about} |\n", sign(job.status), job.name.word(), job.status.words())
    };
    format!(
        "| job | result | time | |\n|---|---|---:|---|\n{}\n",
        result.jobs.iter().filter(|job| job.is_of_this_run()).map(row).collect::<String>()
    )
}

fn problem_item(job: &JobResult, problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!("`{place}`: ")).unwrap_or_default();
    let word = job.name.word();
    let sign = if problem.fails() { "" } else { "⚠️ " };
    format!(
        "- {sign}**{word}**: {place}{}\n  Fix: {}\n",
        escaped(&shortened(&problem.fault, TEXT)),
        escaped(&shortened(&problem.fix, TEXT))
    )
}

fn failures(fleet: &Report, flags: &str) -> String {
    let one = |result: &OutputResult| {
        let title = format!("{}: {}", result.output.attr, result.status.words());
        let details = outcome::failure(result, flags);
        let details: Vec<String> = details.lines().map(|line| shortened(line, LINE)).collect();
        format!(
            "<details open><summary>❌ <b>{}</b></summary>\n\n{}\n</details>\n",
            html(&title),
            fenced(&details.join("\n"))
        )
    };
    let failed = fleet.failures().filter(|result| result.status != Status::Interrupted);
    let (text, left_out) = fitting(failed.map(one), FAILURES);
    if text.is_empty() && left_out == 0 { text } else { format!("### Failed\n\n{text}{}\n", more(left_out)) }
}

/// That there are more; in a list, and after one.
fn more(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!("\n**{left_out} more, see the report.**\n") }
}

fn footer(result: &RunResult) -> String {
    let parts = [result.revision.as_ref().map(|revision| code(revision)), result.nix.as_deref().map(escaped)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("\n<sub>{}</sub>\n", parts.join(" · ")) }
}

/// Text that shows as it is, wherever it stands in a paragraph or a table cell.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("<br>"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push_str(&html(&c.to_string())),
        }
    }
    escaped
}

pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A code span that holds `text`, even in a table cell.
pub(super) fn code(text: &str) -> String {
    format!(
        "<code>{}</code>",
        html(text)
            .replace('|', "&#124;")
            .replace('`', "&#96;")
            .replace('\n', " ")
            .replace('*', "&#42;")
            .replace('_', "&#95;")
    )
}

/// A code block that nothing in `text` ends.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let plain: String =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    format!("{fence}text\n{plain}\n{fence}\n")
}

mod outputs;
#[cfg(test)]
mod tests;
