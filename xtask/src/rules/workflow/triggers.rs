//! What starts a workflow: filters that leave a required check waiting.

use super::document::Document;
use super::verdict::gate;
use crate::rules::yaml::Node;
use crate::rules::{Problem, Severity};

/// A check that is not reported is not passed: a pull request that changes nothing of the paths waits for ever.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let events = document.events();
    let is_required = events.iter().any(|(name, ..)| *name == "merge_group")
        || document.jobs().iter().any(|(key, job)| gate(&key.text, job).is_some());
    let mut found = Vec::new();
    for (name, _, said) in events.iter().filter(|(name, ..)| ["pull_request", "pull_request_target"].contains(name)) {
        let keys = said.map(Node::entries).unwrap_or_default();
        for (key, paths) in keys.iter().filter(|(key, _)| key.text == "paths" || key.text == "paths-ignore") {
            let everything = key.text == "paths-ignore"
                && paths.items().iter().any(|item| matches!(item.text(), Some("*" | "**" | "**/*")));
            let fault = format!(
                "`{}` of `{name}`: where the paths do not fit, no check is reported, and one that is required is waited for \
                 without end",
                key.text
            );
            let fix = "remove it, and decide inside of the jobs what there is to do";
            let problem = document.problem(key.line, fault, fix);
            let severity = if is_required || everything { Severity::Problem } else { Severity::Warning };
            found.push(Problem { severity, ..problem });
        }
    }
    found
}
