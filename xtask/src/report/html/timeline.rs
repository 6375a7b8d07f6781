//! When each worker was at what, as SVG: a row a worker, a bar a thing. Sizes are in units of the drawing, 1000 wide.

use std::collections::BTreeSet;

use super::text::escaped;
use crate::ci::RunResult;
use crate::fleet::{Span, Work};
use crate::report::words::{bytes, count, duration, seconds, shortened, store_name};

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 96.0;
const ROW: f64 = 24.0;
const BAR: f64 = 18.0;
/// Room between two kinds of work.
const GAP: f64 = 10.0;
const TOP: f64 = 24.0;
/// How wide a letter is at most, about: fonts of systems differ.
const LETTER: f64 = 9.0;
/// How many bars are drawn: the longest.
const MOST: usize = 2000;
/// How many rows are drawn.
const ROWS: usize = 80;
/// How long a name may be.
const NAME: usize = 120;

/// The timeline; nothing where nothing was at work.
#[must_use]
pub fn section(result: &RunResult) -> String {
    let mut spans: Vec<&Span> = result.all_spans().collect();
    if spans.is_empty() {
        return String::new();
    }
    spans.sort_by_key(|span| std::cmp::Reverse(span.length()));
    let rows: BTreeSet<(Work, usize)> = spans.iter().map(|span| (span.work, span.worker)).collect();
    let rows: Vec<(Work, usize)> = rows.into_iter().take(ROWS).collect();
    let drawn: Vec<&Span> =
        spans.iter().copied().take(MOST).filter(|span| rows.contains(&(span.work, span.worker))).collect();
    let left_out = spans.len() - drawn.len();
    let kinds: BTreeSet<Work> = rows.iter().map(|(work, _)| *work).collect();
    let key = |work: &Work| {
        let all = spans.iter().filter(|span| span.work == *work);
        let busy = all.clone().map(|span| span.length()).sum();
        format!("<li class=\"{0}\">{0} <b>{1} in {2}</b></li>\n", work.word(), all.count(), duration(busy))
    };
    let mut keys: String = kinds.iter().map(key).collect();
    let failed = spans.iter().filter(|span| span.failed).count();
    if failed > 0 {
        keys.push_str(&format!("<li class=\"failed\">came to nothing <b>{failed}</b></li>\n"));
    }
    let cut = if left_out == 0 {
        String::new()
    } else {
        format!("<p class=\"quiet\">{} more, which took less, are not drawn; --trace writes all.</p>\n", left_out)
    };
    format!(
        "<section>\n<h2>Timeline</h2>\n<ul class=\"key\">\n{keys}</ul>\n<div class=\"wide\">{}</div>\n{cut}</section>\n",
        drawing(result, &drawn, &rows)
    )
}

fn drawing(result: &RunResult, spans: &[&Span], rows: &[(Work, usize)]) -> String {
    let end = |span: &&Span| (span.since(result.began) + span.length()).as_secs_f64();
    let whole = spans.iter().map(end).fold(result.seconds, f64::max).max(0.001);
    let x = |at: f64| LEFT + at / whole * (WIDTH - LEFT - 4.0);
    let mut y = TOP;
    let mut tops = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 && rows.get(index - 1).is_none_or(|before| before.0 != row.0) {
            y += GAP;
        }
        tops.push(y);
        y += ROW;
    }
    let label = |(row, top): (&(Work, usize), &f64)| {
        let name = format!("{} {}", row.0.word(), row.1 + 1);
        format!("<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{name}</text>\n", LEFT - 8.0, top + 13.0)
    };
    let labels: String = rows.iter().zip(&tops).map(label).collect();
    let bars: String = spans
        .iter()
        .filter_map(|span| {
            let row = rows.iter().position(|row| *row == (span.work, span.worker))?;
            let from = span.since(result.began).as_secs_f64();
            Some(bar(span, from, x(from), x(end(span)), *tops.get(row)?))
        })
        .collect();
    let mark = |at: f64| {
        let place = x(at);
        let anchor = if place > WIDTH - 40.0 { "end" } else { "middle" };
        format!(
            "<line class=\"grid\" x1=\"{place:.1}\" x2=\"{place:.1}\" y1=\"{TOP}\" y2=\"{y}\"/>\
             <text x=\"{place:.1}\" y=\"14\" text-anchor=\"{anchor}\">{}</text>\n",
            seconds(at)
        )
    };
    let step = step(whole);
    let marks: String = (0..).map(|number| f64::from(number) * step).take_while(|at| *at <= whole).map(mark).collect();
    format!(
        "<svg class=\"timeline\" role=\"img\" aria-label=\"{} at work over {}\" viewBox=\"0 0 {WIDTH} {}\">\n{marks}{labels}{bars}</svg>\n",
        count(rows.len(), "worker"),
        seconds(whole),
        y + 4.0,
    )
}

fn bar(span: &Span, from: f64, left: f64, right: f64, top: f64) -> String {
    let name = store_name(&span.name);
    let width = (right - left).max(1.2);
    let failed = if span.failed { " failed" } else { "" };
    let about = format!(
        "{} {}{}: {}, from {}{}",
        span.work.word(),
        shortened(name, NAME),
        if span.failed { " (failed)" } else { "" },
        duration(span.length()),
        seconds(from),
        span.bytes.map(|size| format!(", {}", bytes(size))).unwrap_or_default()
    );
    let letters = ((width - 10.0) / LETTER).max(0.0) as usize;
    let inside = if letters < 4 {
        String::new()
    } else {
        let text = escaped(&shortened(name, letters.saturating_sub(1)));
        format!("<text class=\"in\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>", left + 5.0, top + 13.0)
    };
    format!(
        "<g class=\"{}{failed}\"><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>{inside}\
         <title>{}</title></g>\n",
        span.work.word(),
        escaped(&about),
    )
}

/// The seconds between two marks: a round number of which some eight fit into `whole`.
fn step(whole: f64) -> f64 {
    const ROUND: [f64; 16] =
        [0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
    ROUND.into_iter().find(|step| whole / step <= 10.0).unwrap_or(whole / 8.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        let check = |whole: f64, expected: f64| assert_eq!(step(whole), expected, "{whole}");
        check(0.004, 0.001);
        check(3.2, 0.5);
        check(65.0, 10.0);
        check(3600.0, 600.0);
        check(800_000.0, 100_000.0);
    }
}
