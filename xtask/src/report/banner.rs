//! The banner over every result of the stand-in: it cannot be overlooked.

use crate::session::{Resolved, Why};

/// The lines to show before a run with these inputs, if any.
#[must_use]
pub fn stand_in_banner(inputs: &Resolved) -> Option<String> {
    let Resolved::StandIn { why, .. } = inputs else { return None };
    let why = match why {
        Why::Asked => "as asked".to_owned(),
        Why::Unreachable(hosts) => format!("{} cannot be reached", hosts.join(", ")),
    };
    let text = [
        format!("STAND-IN INPUTS ({why})"),
        "Every input of the flake is replaced by an embedded one: this checks structure,".to_owned(),
        "it does not build real systems. Nothing of it may be pushed or activated.".to_owned(),
    ];
    let width = text.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let edge = "━".repeat(width + 2);
    let lines: String = text.iter().map(|line| format!("┃ {line:width$} ┃\n")).collect();
    Some(format!("┏{edge}┓\n{lines}┗{edge}┛"))
}
