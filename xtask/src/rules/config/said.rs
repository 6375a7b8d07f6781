//! What texts tell: assertions and warnings of the module system, and the lines of expectations in xtask.toml.

use super::{Clue, Facts, host, is_configuration};
use crate::config::FILE;
use crate::fleet::{OutputResult, Place, Status};
use crate::rules::finding::{Finding, Subject};

/// What every module system says in front of the messages.
const FAILED: &str = "Failed assertions:\n";

/// What NixOS says, beside this rule, of a host whose state version nobody sets.
const UNSET: &str = "system.stateVersion is not set";

/// Whether a failed evaluation is a problem that this rule tells of.
#[must_use]
pub fn is_told(result: &OutputResult) -> bool {
    !failed_assertions(result).is_empty() || missing_state_version(result).is_some()
}

/// Assertions that fail, which ends an evaluation unless it is one that does not look at them; warnings, which do not; and a
/// state version that has no default and that nobody sets.
pub fn findings<'a>(facts: &Facts<'a>) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    let mut asserted: Vec<(Subject<'a>, &str, Option<Place>)> = Vec::new();
    let mut warned: Vec<(Subject<'a>, &str)> = Vec::new();
    for result in facts.results {
        let of = || Subject::from(&result.output);
        asserted.extend(failed_assertions(result).into_iter().map(|message| (of(), message, result.place.clone())));
        findings.extend(missing_state_version(result).map(|option| host::no_state_version(of(), option)));
    }
    for configuration in facts.configurations {
        let of = || Subject::from(configuration);
        asserted.extend(configuration.told.assertions.iter().map(|message| (of(), message.as_str(), None)));
        let warnings = configuration.told.warnings.iter().filter(|message| !message.starts_with(UNSET));
        warned.extend(warnings.map(|message| (of(), message.as_str())));
    }
    let messages: Vec<&str> = asserted.iter().map(|(_, message, _)| *message).collect();
    findings.extend(asserted.into_iter().map(|(of, message, told)| {
        let message = as_at_home(message, &messages);
        let (clue, text) = (Clue::Words(message.to_owned()), format!("an assertion fails: {message}"));
        Finding { told, ..Finding::new(of, clue, text, "configure it so that the assertion holds") }
    }));
    let messages: Vec<&str> = warned.iter().map(|(_, message)| *message).collect();
    findings.extend(warned.into_iter().map(|(of, message)| {
        let message = as_at_home(message, &messages);
        Finding::new(of, Clue::Words(message.to_owned()), message, "do what the warning says").warning()
    }));
    findings
}

/// A host says `ada profile: …` of what the home of ada in it says; where a home says the same by itself, its words.
fn as_at_home<'a>(message: &'a str, all: &[&str]) -> &'a str {
    let at_home = message.split_once(" profile: ").filter(|(user, _)| !user.contains(' ')).map(|(_, message)| message);
    at_home.filter(|message| all.contains(message)).unwrap_or(message)
}

/// The option that holds the state version, if it ended an evaluation that nobody sets it.
fn missing_state_version(result: &OutputResult) -> Option<&'static str> {
    let reason = reason(result)?;
    let unset = reason.contains("has no value defined") || reason.contains("is used but not defined");
    let options = ["home.stateVersion", "system.stateVersion"];
    options.into_iter().find(|option| unset && reason.contains(&format!("{option}'")))
}

/// Why the evaluation of a host or a home failed, if it did.
fn reason(result: &OutputResult) -> Option<&str> {
    result.reason.as_deref().filter(|_| is_configuration(&result.output) && result.status == Status::EvaluationFailed)
}

/// The messages of the assertions that ended the evaluation of a host or a home; none if it did not end so.
fn failed_assertions(result: &OutputResult) -> Vec<&str> {
    let Some((_, messages)) = reason(result).and_then(|reason| reason.split_once(FAILED)) else { return Vec::new() };
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
