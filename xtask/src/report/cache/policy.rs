//! Whether a run pushes, in one sentence.

use anyhow::Result;
use serde::Serialize;

use crate::push_policy::Decision;

/// The decision.
#[must_use]
pub fn decision(decision: &Decision) -> String {
    match decision {
        Decision::Push { because, left_out: None, .. } => format!("to be pushed, since {because}"),
        Decision::Push { systems, because, left_out: Some(left_out) } => {
            format!("to be pushed for {}, since {because}; not pushed: {left_out}", systems.join(", "))
        }
        Decision::Skip(reason) | Decision::Deny(reason) => format!("not pushed: {reason}"),
        Decision::Error(reason) => reason.clone(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    decision: &'a str,
    systems: &'a [String],
    reason: String,
}

/// The decision as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn decision_json(of: &Decision) -> Result<String> {
    let (word, systems) = match of {
        Decision::Push { systems, .. } => ("push", systems.as_slice()),
        Decision::Skip(_) => ("skip", [].as_slice()),
        Decision::Deny(_) => ("deny", [].as_slice()),
        Decision::Error(_) => ("error", [].as_slice()),
    };
    let document = Document { schema: 1, decision: word, systems, reason: decision(of) };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decision_has_its_sentence() {
        let check = |given: Decision, word: &str, expected: &str| {
            assert_eq!(decision(&given), expected);
            assert!(decision_json(&given).unwrap().contains(&format!("\"decision\": \"{word}\"")));
        };
        let push = |left_out: Option<&str>| Decision::Push {
            systems: vec!["x86_64-linux".to_owned()],
            because: "xtask.toml:3 says push".to_owned(),
            left_out: left_out.map(str::to_owned),
        };
        check(push(None), "push", "to be pushed, since xtask.toml:3 says push");
        check(
            push(Some("aarch64-linux: xtask.toml:9 says skip")),
            "push",
            "to be pushed for x86_64-linux, since xtask.toml:3 says push; not pushed: aarch64-linux: xtask.toml:9 says skip",
        );
        check(Decision::Skip("why".to_owned()), "skip", "not pushed: why");
        check(Decision::Deny("why".to_owned()), "deny", "not pushed: why");
        check(Decision::Error("there is no token".to_owned()), "error", "there is no token");
    }
}
