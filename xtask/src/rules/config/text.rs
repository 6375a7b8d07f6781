//! What texts tell: the assertions in an error, and the lines of expectations in xtask.toml.

use crate::config::FILE;
use crate::fleet::{OutputResult, Place, Status};

/// What every module system says in front of the messages.
const FAILED: &str = "Failed assertions:\n";

/// The messages of the assertions that ended the evaluation of a host or a home; none if it did not end so.
#[must_use]
pub fn failed_assertions(result: &OutputResult) -> Vec<&str> {
    let is_configuration = matches!(result.output.kind.as_str(), "nixos" | "darwin" | "home");
    let reason = result.reason.as_deref().filter(|_| is_configuration && result.status == Status::EvaluationFailed);
    let Some((_, messages)) = reason.and_then(|reason| reason.split_once(FAILED)) else { return Vec::new() };
    let mut found = Vec::new();
    let mut rest = messages.trim().strip_prefix("- ");
    while let Some(text) = rest {
        let (message, after) = text.split_once("\n- ").map_or((text, None), |(message, after)| (message, Some(after)));
        found.push(message.trim());
        rest = after;
    }
    found
}

/// The places of `[[expect]]` in the text of xtask.toml, in order.
#[must_use]
pub fn places_of_expectations(text: &str) -> Vec<Place> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| line.trim().starts_with("[[expect]]"));
    lines.map(|(line, _)| Place { file: FILE.into(), line }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttrPath, Output};

    #[test]
    fn assertions_are_read_from_the_error() {
        let check = |kind: &str, status: Status, reason: &str, expected: &[&str]| {
            let output = Output { attr: AttrPath::new(["a", "b"]), kind: kind.to_owned(), system: None };
            let result = OutputResult { reason: Some(reason.to_owned()), ..OutputResult::new(output, status) };
            assert_eq!(failed_assertions(&result), expected, "{reason:?}");
        };
        let failed = Status::EvaluationFailed;
        check("nixos", failed, "Failed assertions:\n- a", &["a"]);
        check("home", failed, "\nFailed assertions:\n- a\nmore\n- b - c\n", &["a\nmore", "b - c"]);
        check("package", failed, "Failed assertions:\n- a", &[]);
        check("nixos", Status::Skipped, "Failed assertions:\n- a", &[]);
        check("darwin", failed, "the option `x' is not there", &[]);
    }

    #[test]
    fn expectations_have_lines() {
        let lines: Vec<u32> = places_of_expectations("[lock]\n[[expect]]\nx = 1\n# [[expect]]\n [[expect]] # two")
            .iter()
            .map(|place| place.line)
            .collect();
        assert_eq!(lines, [2, 5]);
    }
}
