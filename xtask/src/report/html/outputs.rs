//! The outputs: which took longest, which are largest, and every one in a table.

use super::problems::more;
use super::text::{REASON, escaped};
use crate::ci::RunResult;
use crate::fleet::{OutputResult, Status};
use crate::kept::history::History;
use crate::report::cache::output_push;
use crate::report::changes::{self, Sizes};
use crate::report::cutting::fitting;
use crate::report::words::{bytes, count, seconds, shortened};
use crate::session::Report;

/// How many of the slowest and of the largest are shown.
const FIRST: usize = 12;
/// How many bytes of the table are shown.
const MOST: usize = 500_000;

/// The slowest and the largest; nothing where no job looked at outputs.
#[must_use]
pub fn first(result: &RunResult, sizes: &Sizes) -> String {
    let Some(fleet) = &result.fleet else { return String::new() };
    let slowest = slowest(fleet);
    let largest = largest(fleet, sizes);
    if slowest.is_empty() && largest.is_empty() {
        return String::new();
    }
    format!("<div class=\"pair\">\n{slowest}{largest}</div>\n")
}

fn slowest(fleet: &Report) -> String {
    let mut slow: Vec<&OutputResult> = fleet.results.iter().filter(|result| result.seconds() >= 0.05).collect();
    slow.sort_by(|a, b| b.seconds().total_cmp(&a.seconds()));
    slow.truncate(FIRST);
    let Some(most) = slow.first().map(|result| result.seconds()) else { return String::new() };
    let row = |result: &&OutputResult| {
        let built = result.build_seconds;
        let parts = [("evaluation", result.seconds() - built), ("build", built)];
        ranked(result, &parts, most, &seconds(result.seconds()), "")
    };
    format!(
        "<section>\n<h2>Slowest outputs</h2>\n<ul class=\"key\"><li class=\"evaluation\">evaluation</li><li class=\"build\">build</li></ul>\n\
         <table class=\"few\"><tbody>\n{}</tbody></table>\n</section>\n",
        slow.iter().map(row).collect::<String>()
    )
}

fn largest(fleet: &Report, sizes: &Sizes) -> String {
    let mut large: Vec<(&OutputResult, u64)> =
        fleet.results.iter().filter_map(|result| Some((result, result.closure_bytes?))).collect();
    large.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    large.truncate(FIRST);
    let Some(most) = large.first().map(|(_, bytes)| *bytes as f64) else { return String::new() };
    let row = |(result, size): &(&OutputResult, u64)| {
        ranked(result, &[("fetch", *size as f64)], most, &bytes(*size), sizes.told(result))
    };
    let since = sizes.since().map(|since| format!("<p class=\"quiet\">With the change {}.</p>\n", escaped(&since)));
    format!(
        "<section>\n<h2>Largest closures</h2>\n{}\
         <table class=\"few\"><tbody>\n{}</tbody></table>\n</section>\n",
        since.unwrap_or_default(),
        large.iter().map(row).collect::<String>()
    )
}

/// A row with a bar whose parts are measured against `most`.
fn ranked(result: &OutputResult, parts: &[(&str, f64)], most: f64, amount: &str, change: &str) -> String {
    let mut from = 0.0;
    let mut bars = String::new();
    for (class, part) in parts {
        let width = (part / most.max(f64::MIN_POSITIVE) * 100.0).clamp(0.0, 100.0);
        bars.push_str(&format!("<rect class=\"{class}\" x=\"{from:.2}%\" width=\"{width:.2}%\" height=\"10\"/>"));
        from += width;
    }
    format!(
        "<tr><td>{}</td><td class=\"bar\"><svg width=\"100%\" height=\"10\" aria-hidden=\"true\">{bars}</svg></td>\
         <td class=\"n\">{}</td><td class=\"n quiet\">{}</td></tr>\n",
        escaped(&result.output.short()),
        escaped(amount),
        escaped(change),
    )
}

/// Every output, those that failed first; nothing where no job looked at outputs.
#[must_use]
pub fn table(run: &RunResult, history: &History, sizes: &Sizes) -> String {
    let Some(fleet) = &run.fleet else { return String::new() };
    let mut results: Vec<&OutputResult> = fleet.results.iter().collect();
    results.sort_by_key(|result| !result.status.is_failure());
    let pushed = &run.caches.outputs;
    let told = |result: &OutputResult| {
        let of = pushed.get(&result.output.attr.to_string()).map(output_push).unwrap_or_default();
        escaped(&shortened(&of, REASON / 10))
    };
    let since = sizes.since().map(|since| format!("<th class=\"n\">{}</th>", escaped(&since)));
    let row = |result: &&OutputResult| {
        let last = history.last(&result.output.attr, run.inputs);
        let reason = result
            .reason
            .as_deref()
            .and_then(|reason| reason.lines().next())
            .map(|reason| format!("<div class=\"quiet\">{}</div>", escaped(&shortened(reason, REASON / 10))));
        let was = changes::status(result, last).map(|was| format!(" <span class=\"quiet\">({was})</span>"));
        format!(
            "<tr class=\"{}\"><td><code>{}</code></td><td class=\"word\">{}</td><td class=\"word\">{}</td><td>{}{}{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td>{}{}</tr>\n",
            tone(result.status),
            escaped(&result.output.attr.to_string()),
            escaped(&result.output.kind),
            escaped(result.system().unwrap_or("?")),
            result.status.words(),
            was.unwrap_or_default(),
            reason.unwrap_or_default(),
            seconds(result.seconds()),
            result.closure_bytes.map(bytes).unwrap_or_default(),
            since
                .as_ref()
                .map(|_| format!("<td class=\"n quiet\">{}</td>", escaped(sizes.told(result))))
                .unwrap_or_default(),
            if pushed.is_empty() { String::new() } else { format!("<td>{}</td>", told(result)) },
        )
    };
    let (rows, left_out) = fitting(results.iter().map(row), MOST);
    let uncovered = fleet.uncovered.iter().map(|attr| {
        format!(
            "<li class=\"unsure\"><code>{}</code> is of no known kind: not covered</li>\n",
            escaped(&attr.to_string())
        )
    });
    let (uncovered, untold) = fitting(uncovered, MOST / 5);
    format!(
        "<section>\n<h2>{}</h2>\n<div class=\"wide\"><table class=\"outputs stacked\">\n<thead><tr><th>output</th><th>kind</th><th>system</th><th>result</th>\
         <th class=\"n\">time</th><th class=\"n\">closure</th>{}{}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n\
         {}{}<ul class=\"problems\">\n{uncovered}</ul>\n{}</section>\n",
        count(fleet.results.len(), "output"),
        since.as_deref().unwrap_or_default(),
        if pushed.is_empty() { "" } else { "<th>cache</th>" },
        sizes.note().map(|note| format!("<p class=\"quiet\">{}</p>\n", escaped(&note))).unwrap_or_default(),
        more(left_out),
        more(untold),
    )
}

fn tone(status: Status) -> &'static str {
    match status {
        status if status.is_failure() => "bad",
        Status::Skipped | Status::NothingToBuild => "quiet",
        _ => "good",
    }
}
