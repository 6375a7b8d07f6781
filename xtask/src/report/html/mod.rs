//! A run as one HTML file for people: no script, no network, light and dark, on a screen and on paper.
//!
//! Nothing from a log or a name can become markup: every text passes [`text::escaped`], sizes of drawings are attributes, and the
//! policy at the head of the file allows no script, no address, and no style but the one of known hash.

mod caches;
mod outputs;
mod plot;
mod problems;
mod section;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod trends;

pub use caches::caches;
pub use section::{Point, Section};

use super::changes::Sizes;
use super::jobs;
use super::words::{count, seconds, shortened};
use crate::ci::{JobResult, JobStatus, RunResult};
use crate::fleet::Status;
use crate::kept::history::History;
use text::{date, escaped};

const STYLE: &str = include_str!("style.css");

/// The whole document; `sections` are shown after what the run itself tells.
#[must_use]
pub fn document(result: &RunResult, history: &History, sections: &[Section]) -> String {
    let title = format!("{} · {}", result.status().words(), date(result.started));
    let hash = data_encoding::BASE64.encode(&hmac_sha256::Hash::hash(STYLE.as_bytes()));
    let sizes = Sizes::of(result, history);
    let mut body = head(result, history);
    body.push_str(&stand_in(result));
    body.push_str(&facts(result, history));
    body.push_str(&problems::section(result));
    body.push_str(&job_table(result, history));
    body.push_str(&timeline::section(result));
    body.push_str(&outputs::first(result, &sizes));
    body.push_str(&trends::times(result, history));
    let shares = trends::shares(result, history);
    body.push_str(&std::iter::once(&shares).chain(sections).map(section::html).collect::<String>());
    body.push_str(&outputs::table(result, history, &sizes));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{body}</main>\n{}</body>\n</html>\n",
        escaped(&title),
        footer(result),
    )
}

/// The class that gives a job's state its colour.
fn tone(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Ok => "good",
        JobStatus::Failed | JobStatus::Interrupted => "bad",
        JobStatus::CouldNotCheck => "unsure",
        JobStatus::Skipped => "quiet",
    }
}

/// The mark of a job's state, which tells it without colour.
fn sign(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Ok => "✓",
        JobStatus::Failed => "✗",
        JobStatus::CouldNotCheck => "?",
        JobStatus::Interrupted => "■",
        JobStatus::Skipped => "–",
    }
}

fn head(result: &RunResult, history: &History) -> String {
    let status = result.status();
    let says = match status {
        JobStatus::Ok | JobStatus::Skipped => "Everything is in order",
        JobStatus::Failed => "Something failed",
        JobStatus::CouldNotCheck => "Not everything could be checked",
        JobStatus::Interrupted => "The run was interrupted",
    };
    let usual = history.usual_run(result).map(|usual| format!(", usually {}", seconds(usual))).unwrap_or_default();
    format!(
        "<header class=\"verdict {tone}\">\n<span class=\"sign\" aria-hidden=\"true\">{sign}</span>\n<div><h1>{says}</h1>\n\
         <p>{}</p>\n<p class=\"quiet\">{} UTC · took {}{usual}</p></div>\n</header>\n",
        escaped(&jobs::verdict(result)),
        date(result.started),
        seconds(result.seconds),
        tone = tone(status),
        sign = sign(status),
    )
}

fn stand_in(result: &RunResult) -> String {
    if !result.is_stand_in() {
        return String::new();
    }
    "<aside class=\"banner\"><strong>Stand-in inputs.</strong> Every input of the flake was replaced by an embedded one: this \
     checks structure, it does not build real systems. Nothing of it may leave this machine or be activated.</aside>\n"
        .to_owned()
}

/// The numbers that a person looks for first.
fn facts(result: &RunResult, history: &History) -> String {
    let mut facts: Vec<(String, String)> = Vec::new();
    if let Some(fleet) = &result.fleet {
        let number = |wanted: fn(Status) -> bool| fleet.results.iter().filter(|result| wanted(result.status)).count();
        facts.push(("outputs".to_owned(), fleet.results.len().to_string()));
        facts.push(("failed".to_owned(), number(Status::is_failure).to_string()));
        facts.push(("built".to_owned(), number(|status| status == Status::Built).to_string()));
        let unbuilt = number(|status| matches!(status, Status::Present | Status::Cached));
        facts.push(("there or cached".to_owned(), unbuilt.to_string()));
    }
    let problems = result.jobs.iter().flat_map(|job| &job.problems).filter(|problem| problem.fails()).count();
    facts.push(("problems found".to_owned(), problems.to_string()));
    let runs = history.runs.len();
    if runs > 0 {
        let well = history.runs.iter().filter(|run| run.status == JobStatus::Ok).count();
        facts.push((format!("of {} went well", count(runs, "kept run")), well.to_string()));
    }
    let card = |(what, number): &(String, String)| {
        let class = if what == "failed" && number != "0" { " class=\"bad\"" } else { "" };
        format!("<div{class}><b>{number}</b><span>{}</span></div>\n", escaped(what))
    };
    format!(
        "<section class=\"facts\" aria-label=\"Numbers\">\n{}</section>\n",
        facts.iter().map(card).collect::<String>()
    )
}

fn job_table(result: &RunResult, history: &History) -> String {
    let jobs = || result.jobs.iter().filter(|job| job.is_of_this_run());
    let usual = |job: &JobResult| {
        let ran = job.status != JobStatus::Skipped;
        history.usual_seconds(job.name.word(), &result.part, result.inputs).filter(|_| ran).map(seconds)
    };
    let is_usual_known = jobs().any(|job| usual(job).is_some());
    let row = |job: &JobResult| {
        let ran = job.status != JobStatus::Skipped;
        let usual = usual(job).unwrap_or_default();
        let usual = if is_usual_known { format!("<td class=\"n quiet\">{usual}</td>") } else { String::new() };
        let found = jobs::found(job, result);
        let about = || result.table.row(job.name).map(|row| row.about.to_string()).unwrap_or_default();
        let found = if found.is_empty() && job.status == JobStatus::Ok { about() } else { found };
        let about = job.reason.clone().unwrap_or(found);
        format!(
            "<tr class=\"{}\"><td><span class=\"sign\" aria-hidden=\"true\">{}</span> <b>{}</b></td><td>{}</td>\
             <td class=\"n\">{}</td>{usual}<td>{}</td></tr>\n",
            tone(job.status),
            sign(job.status),
            escaped(job.name.word()),
            job.status.words(),
            if ran { seconds(job.seconds) } else { String::new() },
            escaped(&shortened(&about, text::REASON)),
        )
    };
    format!(
        "<section>\n<h2>Jobs</h2>\n<div class=\"wide\"><table class=\"jobs stacked\">\n<thead><tr><th>job</th><th>result</th><th class=\"n\">time</th>\
         {}<th></th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n</section>\n",
        if is_usual_known { "<th class=\"n\">usually</th>" } else { "" },
        jobs().map(row).collect::<String>()
    )
}

fn footer(result: &RunResult) -> String {
    let parts = [result.revision.as_deref(), result.nix.as_deref(), result.inputs];
    let parts: Vec<String> =
        parts.into_iter().flatten().map(|part| format!("<code>{}</code>", escaped(part))).collect();
    format!("<footer>{}</footer>\n", parts.join(" · "))
}
