//! What starts a workflow: filters that leave a required check waiting, and events that hand secrets to the code of strangers.

use super::document::{Document, texts};
use super::verdict::gate;
use crate::rules::yaml::Node;
use crate::rules::{Problem, Severity};

/// Events that run with the secrets of the repository, whoever caused them.
const TRUSTED: [&str; 2] = ["pull_request_target", "workflow_run"];

/// Path filters and code of forks.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let mut found = filters(document);
    found.extend(strangers(document));
    found
}

/// A check that is not reported is not passed: a pull request that changes nothing of the paths waits for ever.
fn filters(document: &Document<'_>) -> Vec<Problem> {
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

/// Code of a fork that runs with the repository's secrets.
fn strangers(document: &Document<'_>) -> Vec<Problem> {
    let events = document.events();
    let Some((event, ..)) = events.iter().find(|(name, ..)| TRUSTED.contains(name)) else { return Vec::new() };
    let mut found = Vec::new();
    for step in document.steps() {
        let checks_out = step.text_at("uses").is_some_and(|uses| uses.starts_with("actions/checkout@"));
        let mut said = Vec::new();
        let of = if checks_out { step.get("with") } else { step.get("run") };
        of.into_iter().for_each(|node| texts(node, &mut said));
        let of_a_fork = |text: &str| {
            ["head.sha", "head.ref", "head.repo", "head_ref", "head_sha", "head_branch", "head_commit", "refs/pull/"]
                .iter()
                .any(|word| checks_out && text.contains(word))
                || !checks_out && text.contains("gh pr checkout")
        };
        if let Some(node) = said.iter().find(|node| node.text().is_some_and(of_a_fork)) {
            let fault = format!(
                "`{event}` runs with the repository's secrets and a token that writes, and this checks out the code of a pull \
                 request: whoever opens one has them"
            );
            let fix = "check it out under `pull_request`, where a fork has no secrets";
            found.push(document.problem(node.line, fault, fix));
        }
    }
    found
}
