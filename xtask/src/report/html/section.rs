//! A further section of the report, given as data: what it is about, shares over past runs as a plot, and facts.

use super::plot;
use super::text::escaped;

/// One section.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What it tells, in a sentence.
    pub about: String,
    /// Shares over runs; drawn where one has at least two points.
    pub series: Vec<Series>,
    /// Facts below the plot: what, and how much.
    pub rows: Vec<(String, String)>,
}

/// One share over runs.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is the share of.
    pub name: String,
    /// Its points, oldest first.
    pub points: Vec<Point>,
}

/// One share at one time.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Seconds since 1970.
    pub at: u64,
    /// 0 to 100.
    pub percent: f64,
}

/// The section as HTML; nothing where it holds nothing.
#[must_use]
pub fn html(section: &Section) -> String {
    let drawn = section.series.iter().any(|series| series.points.len() > 1);
    if !drawn && section.rows.is_empty() {
        return String::new();
    }
    let plot = if drawn { plot::shares(&section.series) } else { String::new() };
    let row =
        |(what, value): &(String, String)| format!("<tr><td>{}</td><td>{}</td></tr>\n", escaped(what), escaped(value));
    let rows: String = section.rows.iter().map(row).collect();
    let table =
        if rows.is_empty() { rows } else { format!("<table class=\"pairs\"><tbody>\n{rows}</tbody></table>\n") };
    format!(
        "<section>\n<h2>{}</h2>\n<p class=\"quiet\">{}</p>\n{plot}{table}</section>\n",
        escaped(&section.title),
        escaped(&section.about)
    )
}
