//! Every output in one table, folded away; those that failed first.

use super::{LINE, OUTPUTS, UNCOVERED, code, escaped, more};
use crate::ci::RunResult;
use crate::fleet::{OutputResult, Status};
use crate::kept::history::History;
use crate::report::cache::output_push;
use crate::report::changes::{self, Sizes};
use crate::report::cutting::fitting;
use crate::report::words::{bytes, count, seconds, shortened};
use crate::session::Report;

/// The table; nothing where there is no output.
pub fn table(fleet: &Report, run: &RunResult, history: &History) -> String {
    let sizes = Sizes::of(run, history);
    let all = sorted(&fleet.results).into_iter();
    let (rows, left_out) = fitting(all.map(|result| row(result, run, history, &sizes)), OUTPUTS);
    let uncovered =
        fleet.uncovered.iter().map(|attr| format!("- {} is of no known kind: not covered\n", code(&attr.to_string())));
    let (uncovered, untold) = fitting(uncovered, UNCOVERED);
    if fleet.results.is_empty() && fleet.uncovered.is_empty() {
        return String::new();
    }
    // What a push did to each is a column where there was one.
    let (push, line) = if run.caches.outputs.is_empty() { ("", "") } else { (" cache |", "---|") };
    // So is how sizes have changed, where that is known of any.
    let since = sizes.since().map(|since| (format!(" {} |", escaped(&since)), "---:|"));
    let (since, aligned) = since.unwrap_or_default();
    let note = sizes.note().map(|note| format!("\n<sub>{}</sub>\n", escaped(&note))).unwrap_or_default();
    format!(
        "\n<details><summary>{}</summary>\n\n| output | kind | system | result | time | closure |{since}{push}\n\
         |---|---|---|---|---:|---:|{aligned}{line}\n{rows}{}{note}\n{uncovered}{}</details>\n",
        count(fleet.results.len(), "output"),
        more(left_out),
        more(untold),
    )
}

/// Those that failed, those that have something to tell, and the others, each slowest first.
fn sorted(results: &[OutputResult]) -> Vec<&OutputResult> {
    let mut results: Vec<&OutputResult> = results.iter().collect();
    let place = |status: Status| match status {
        status if status.is_failure() => 0,
        Status::Skipped | Status::NothingToBuild => 2,
        _ => 1,
    };
    results.sort_by(|a, b| place(a.status).cmp(&place(b.status)).then(b.seconds().total_cmp(&a.seconds())));
    results
}

fn row(result: &OutputResult, run: &RunResult, history: &History, sizes: &Sizes) -> String {
    let attr = result.output.attr.to_string();
    let reason = result.reason.as_deref().map(|reason| reason.lines().next().unwrap_or_default());
    let reason = reason.map(|reason| format!(": {}", escaped(&shortened(reason, LINE)))).unwrap_or_default();
    let closure = result.closure_bytes.map(bytes).unwrap_or_default();
    let last = history.last(&result.output.attr, run.inputs);
    let was = changes::status(result, last).map(|was| format!(" ({was})")).unwrap_or_default();
    let change = sizes.since().map(|_| format!(" {} |", escaped(sizes.told(result)))).unwrap_or_default();
    let pushed = &run.caches.outputs;
    let told = pushed.get(&attr).map(|of| escaped(&shortened(&output_push(of), LINE))).unwrap_or_default();
    let told = if pushed.is_empty() { String::new() } else { format!(" {told} |") };
    format!(
        "| {} | {} | {} | {}{was}{reason} | {} | {closure} |{change}{told}\n",
        code(&attr),
        result.output.kind,
        result.system().unwrap_or("?"),
        result.status.words(),
        seconds(result.seconds()),
    )
}
