//! What past runs tell: how long they took, and which share of the outputs was in order, and needed no build.

use super::plot;
use super::section::{Point, Section, Series};
use crate::ci::RunResult;
use crate::kept::history::{History, Run};
use crate::report::words::seconds;

/// How many of the newest runs are drawn.
const DRAWN: usize = 60;

/// The runs that are drawn, `this` the last: those with its inputs, for that part of the fleet.
fn drawn<'a>(this: &'a Run, history: &'a History) -> Vec<&'a Run> {
    let alike = |run: &&Run| run.inputs == this.inputs && run.part == this.part;
    let mut runs: Vec<&Run> = history.runs.iter().filter(alike).chain([this]).collect();
    runs.drain(..runs.len().saturating_sub(DRAWN));
    runs
}

/// The times of past runs and of this one; nothing where that is the only one.
#[must_use]
pub fn times(result: &RunResult, history: &History) -> String {
    let this = Run::of(result);
    let runs = drawn(&this, history);
    if runs.len() < 2 {
        return String::new();
    }
    let usual = history.usual_run(result);
    let says = usual.map(|usual| format!("; the line is what runs like this one usually take, {}", seconds(usual)));
    format!(
        "<section>\n<h2>Past runs</h2>\n<p class=\"quiet\">How long each of the last {} took, by how it ended, this one last{}.</p>\n{}</section>\n",
        runs.len(),
        says.unwrap_or_default(),
        plot::durations(&runs, usual),
    )
}

/// The shares of past runs that looked at outputs.
#[must_use]
pub fn shares(result: &RunResult, history: &History) -> Section {
    let this = Run::of(result);
    let runs: Vec<&Run> = drawn(&this, history).into_iter().filter(|run| run.total > 0).collect();
    let series = |name: &str, number: fn(&Run) -> usize| Series {
        name: name.to_owned(),
        points: runs
            .iter()
            .map(|run| Point { at: run.started, percent: number(run) as f64 / run.total as f64 * 100.0 })
            .collect(),
    };
    Section {
        title: "Outputs over past runs".to_owned(),
        about: "Which share did not fail, and which was in the store or a cache already.".to_owned(),
        series: vec![
            series("in order", |run| run.total.saturating_sub(run.failed)),
            series("needed no build", |run| run.unbuilt),
        ],
        rows: Vec::new(),
    }
}
