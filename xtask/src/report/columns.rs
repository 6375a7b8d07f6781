//! Tables: columns as wide as what is in them, and nothing else drawn.

use unicode_width::UnicodeWidthStr as _;

use super::console::Mark;
use super::words::cut;
use crate::plain_text::without_control;

/// The widest that a cell may be.
const WIDEST: usize = 100;

/// A line of a table: its mark and its cells.
pub type Line = (Option<Mark>, Vec<String>);

/// The lines with their cells one below the other; marks are coloured.
#[must_use]
pub fn table(lines: &[Line]) -> String {
    let lines: Vec<Line> =
        lines.iter().map(|(mark, cells)| (*mark, cells.iter().map(|cell| fit(cell)).collect())).collect();
    let columns = lines.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
    let width =
        |column: usize| lines.iter().filter_map(|(_, cells)| Some(cells.get(column)?.width())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |(mark, cells): &Line| {
        let cells =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        let text = cells.collect::<Vec<_>>().join("  ");
        let sign = mark.map_or(" ".to_owned(), |mark| {
            let (sign, style) = mark.sign();
            format!("{style}{sign}{style:#}")
        });
        format!("{}\n", format!("{sign} {text}").trim_end())
    };
    lines.iter().map(line).collect()
}

/// A cell on one line: what is in it came from a workflow or a run.
fn fit(cell: &str) -> String {
    cut(&without_control(&cell.split_whitespace().collect::<Vec<_>>().join(" ")), WIDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other() {
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let lines = [(None, cells(&["a", "ü", "c"])), (None, cells(&["long", "●", ""])), (None, Vec::new())];
        assert_eq!(table(&lines), "  a     ü  c\n  long  ●\n\n");
        let odd = [(None, cells(&["a\n  b\u{1b}[31m", &"x".repeat(200)]))];
        assert_eq!(table(&odd), format!("  a b  {}…\n", "x".repeat(WIDEST - 1)));
    }
}
