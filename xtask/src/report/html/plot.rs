//! Plots as SVG: the time of past runs as bars, shares over runs as lines. Sizes are in units of the drawing, 1000 wide.

use super::section::Series;
use super::text::{date, escaped};
use crate::ci::JobStatus;
use crate::kept::history::Run;
use crate::report::words::seconds;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 64.0;
const HEIGHT: f64 = 150.0;
const TOP: f64 = 12.0;
/// The lines of a plot differ by these, and by their marks.
const STROKES: usize = 4;

/// The wall time of `runs`, oldest first: a bar each, with the colour of how it ended.
#[must_use]
pub fn durations(runs: &[&Run], usual: Option<f64>) -> String {
    let most = runs.iter().map(|run| run.seconds).fold(usual.unwrap_or(0.0), f64::max).max(0.1);
    let step = (WIDTH - LEFT) / runs.len().max(1) as f64;
    let bar = |(index, run): (usize, &&Run)| {
        let height = (run.seconds / most * HEIGHT).max(2.0);
        let about = format!("{} · {} · {}", date(run.started), run.status.words(), seconds(run.seconds));
        let width = (step * 0.76).min(60.0);
        let left = LEFT + step * index as f64 + (step - width) / 2.0;
        // How it ended is told without colour too, where there is room.
        let sign = if width < 10.0 || height < 16.0 {
            String::new()
        } else {
            let (x, y, sign) = (left + width / 2.0, TOP + HEIGHT - 5.0, super::sign(run.status));
            format!("<text class=\"in\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{sign}</text>")
        };
        format!(
            "<rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"2\"><title>{}</title></rect>{sign}\n",
            super::tone(run.status),
            left,
            TOP + HEIGHT - height,
            width,
            escaped(&about),
        )
    };
    let bars: String = runs.iter().enumerate().map(bar).collect();
    let line = usual.map(|usual| {
        let y = TOP + HEIGHT - usual / most * HEIGHT;
        format!("<line class=\"usual\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n")
    });
    let marks = [0.0, 0.5, 1.0].map(|part| (part, seconds(most * part)));
    let ends = runs.first().zip(runs.last()).map(|(first, last)| (first.started, last.started));
    let well = runs.iter().filter(|run| run.status == JobStatus::Ok).count();
    let label = format!("The time of {} past runs, of which {well} went well", runs.len());
    frame(&label, &marks, ends, &format!("{bars}{}", line.unwrap_or_default()))
}

/// Shares over runs: a line each, named below.
#[must_use]
pub fn shares(series: &[Series]) -> String {
    let times = || series.iter().flat_map(|series| series.points.iter().map(|point| point.at));
    let longest = series.iter().map(|series| series.points.len()).max().unwrap_or(0);
    let step = (WIDTH - LEFT - 16.0) / longest.saturating_sub(1).max(1) as f64;
    let line = |(index, series): (usize, &Series)| {
        // All end with the newest run, however far back each goes.
        let first = longest - series.points.len();
        let place = |(at, point): (usize, &super::Point)| {
            let percent = if point.percent.is_finite() { point.percent.clamp(0.0, 100.0) } else { 0.0 };
            (LEFT + 8.0 + step * (first + at) as f64, TOP + HEIGHT - percent / 100.0 * HEIGHT)
        };
        let places: Vec<(f64, f64)> = series.points.iter().enumerate().map(place).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dot = |((x, y), point): (&(f64, f64), &super::Point)| {
            let about = format!("{} · {} · {:.0} %", series.name, date(point.at), point.percent);
            format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{}</title></circle>", escaped(&about))
        };
        let dots: String = places.iter().zip(&series.points).map(dot).collect();
        format!("<g class=\"line l{}\"><polyline points=\"{}\"/>{dots}</g>\n", index % STROKES, path.join(" "))
    };
    let lines: String = series.iter().enumerate().map(line).collect();
    let marks = [0.0, 0.5, 1.0].map(|part| (part, format!("{:.0} %", part * 100.0)));
    let ends = times().min().zip(times().max());
    let key = |(index, series): (usize, &Series)| {
        let now = series.points.last().map(|point| format!(" {:.0} %", point.percent)).unwrap_or_default();
        format!("<li class=\"l{}\">{}<b>{now}</b></li>\n", index % STROKES, escaped(&series.name))
    };
    let keys: String = series.iter().enumerate().map(key).collect();
    format!("{}<ul class=\"key\">\n{keys}</ul>\n", frame("Shares over past runs", &marks, ends, &lines))
}

/// Axes and labels around what is drawn.
fn frame(label: &str, marks: &[(f64, String)], ends: Option<(u64, u64)>, drawn: &str) -> String {
    let mark = |(part, text): &(f64, String)| {
        let y = TOP + HEIGHT - part * HEIGHT;
        format!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 8.0,
            y + 4.0,
            escaped(text)
        )
    };
    let bottom = TOP + HEIGHT + 18.0;
    let ends = ends.map(|(first, last)| {
        format!(
            "<text x=\"{LEFT}\" y=\"{bottom}\">{}</text><text x=\"{WIDTH}\" y=\"{bottom}\" text-anchor=\"end\">{}</text>\n",
            date(first),
            date(last)
        )
    });
    format!(
        "<div class=\"wide\"><svg class=\"plot\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {}\">\n{}{drawn}{}</svg></div>\n",
        escaped(label),
        bottom + 6.0,
        marks.iter().map(mark).collect::<String>(),
        ends.unwrap_or_default(),
    )
}
