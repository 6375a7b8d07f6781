//! What is said before a run: the banner over every result of the stand-in, which cannot be overlooked, and caches not asked.

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
        // With the frame, no wider than a terminal of 80 columns.
        "Every input of the flake is replaced by an embedded one: this checks".to_owned(),
        "structure, it does not build real systems.".to_owned(),
        "Nothing of it may leave this machine or be activated.".to_owned(),
    ];
    let width = text.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let edge = "━".repeat(width + 2);
    let lines: String = text.iter().map(|line| format!("┃ {line:width$} ┃\n")).collect();
    Some(format!("┏{edge}┓\n{lines}┗{edge}┛"))
}

/// That caches which the flake names are not asked, and how they would be.
#[must_use]
pub fn caches_not_asked(caches: &[String]) -> String {
    let caches: Vec<String> = caches.iter().map(|cache| format!("`{cache}`")).collect();
    format!(
        "flake.nix names {}, not asked here: to accept what flakes name, put `accept-flake-config = true` into nix.conf",
        caches.join(", ")
    )
}
