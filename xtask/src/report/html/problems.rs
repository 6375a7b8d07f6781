//! What a person has to mend, first: problems that checks found, jobs that could not check, outputs that failed, warnings.

use super::text::{REASON, escaped};
use crate::ci::{JobResult, JobStatus, RunResult};
use crate::fleet::{OutputResult, Status};
use crate::report::cutting::fitting;
use crate::report::outcome;
use crate::report::words::{count, shortened, store_name};
use crate::rules::Problem;

/// How many bytes of failed outputs, of problems and of warnings are shown.
const MOST: [usize; 3] = [700_000, 300_000, 100_000];
/// How many characters of a line of a log are shown.
const LOG_LINE: usize = 400;
/// Up to how many failures are all unfolded from the start; of more, the first alone.
const OPEN: usize = 3;

/// Everything that went wrong; nothing where all went well.
#[must_use]
pub fn section(result: &RunResult) -> String {
    let failed = result.fleet.iter().flat_map(|fleet| fleet.failures());
    let failed: Vec<&OutputResult> = failed.filter(|failed| failed.status != Status::Interrupted).collect();
    let failures = failed.len();
    let unfolded =
        failed.iter().enumerate().map(|(index, failed)| failure(failed, &result.flags, index == 0 || failures <= OPEN));
    let of = |fails: bool| {
        let all = result.jobs.iter().flat_map(|job| job.problems.iter().map(move |problem| (job, problem)));
        all.filter(move |(_, problem)| problem.fails() == fails).map(|(job, problem)| item(job, problem))
    };
    let unchecked = result.jobs.iter().filter(|job| job.status == JobStatus::CouldNotCheck).filter_map(|job| {
        let reason = shortened(job.reason.as_deref()?, REASON);
        Some(format!("<li class=\"unsure\"><b>{}</b> could not check: {}</li>\n", job.name.word(), escaped(&reason)))
    });
    let interrupted = result.fleet.iter().flat_map(|fleet| &fleet.results);
    let interrupted = interrupted.filter(|result| result.status == Status::Interrupted).count();
    let mut text = listed("What to mend", unchecked.chain(of(true)), MOST[1]);
    let (shown, left_out) = fitting(unfolded, MOST[0]);
    if !failed.is_empty() {
        text.push_str(&format!(
            "<section>\n<h2>{} failed</h2>\n{shown}{}</section>\n",
            count(failed.len(), "output"),
            more(left_out)
        ));
    }
    if interrupted > 0 {
        text.push_str(&format!("<p class=\"quiet\">{} not finished.</p>\n", count(interrupted, "output")));
    }
    text + &listed("Warnings", of(false), MOST[2])
}

fn listed(title: &str, items: impl Iterator<Item = String>, most: usize) -> String {
    let (items, left_out) = fitting(items, most);
    if items.is_empty() && left_out == 0 {
        return String::new();
    }
    format!("<section>\n<h2>{title}</h2>\n<ul class=\"problems\">\n{items}</ul>\n{}</section>\n", more(left_out))
}

/// That there are more.
pub(super) fn more(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!("<p class=\"quiet\">{left_out} more, see report.json.</p>\n") }
}

fn item(job: &JobResult, problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!("<code>{}</code>: ", escaped(&place.to_string())));
    let class = if problem.fails() { "bad" } else { "unsure" };
    format!(
        "<li class=\"{class}\"><b>{}</b> {}{}<p class=\"fix\">{}</p></li>\n",
        escaped(job.name.word()),
        place.unwrap_or_default(),
        escaped(&shortened(&problem.fault, REASON)),
        escaped(&shortened(&problem.fix, REASON)),
    )
}

fn failure(failed: &OutputResult, flags: &str, open: bool) -> String {
    let mut text = String::new();
    if let Some(place) = &failed.place {
        text.push_str(&format!("<p>at <code>{}</code></p>\n", escaped(&place.to_string())));
    }
    if let (Status::DependencyFailed, Some(drv)) = (failed.status, &failed.failed_drv) {
        text.push_str(&format!("<p>It needs <code>{}</code>, which failed.</p>\n", escaped(store_name(drv))));
    }
    if let Some(reason) = &failed.reason {
        text.push_str(&format!("<p class=\"reason\">{}</p>\n", escaped(&shortened(reason, REASON))));
    }
    if !failed.log_tail.is_empty() {
        let lines: Vec<String> = failed.log_tail.iter().map(|line| escaped(&shortened(line, LOG_LINE))).collect();
        text.push_str(&format!("<pre>{}</pre>\n", lines.join("\n")));
    }
    if let Some(drv) = &failed.failed_drv {
        text.push_str(&format!("<p>whole log: <code>nix log {}</code></p>\n", escaped(drv)));
    }
    let again = escaped(&outcome::reproduce(failed, flags));
    format!(
        "<details class=\"failure\"{}><summary><span class=\"sign\" aria-hidden=\"true\">✗</span> <b>{}</b> <span>{}</span></summary>\n\
         {text}<p>reproduce: <code>{again}</code></p>\n</details>\n",
        if open { " open=\"\"" } else { "" },
        escaped(&failed.output.attr.to_string()),
        failed.status.words(),
    )
}
