//! Scripts in steps: what is interpolated into one is code to the shell.

use super::document::Document;
use crate::rules::yaml::Node;
use crate::rules::{Problem, Severity};

/// What of GitHub's contexts nobody outside can write: numbers, hashes, and what the owner of the repository wrote.
const HARMLESS: [&str; 16] = [
    "github.action_path",
    "github.event.number",
    "github.event.pull_request.number",
    "github.event.repository.",
    "github.event_name",
    "github.job",
    "github.repository",
    "github.run_attempt",
    "github.run_id",
    "github.run_number",
    "github.server_url",
    "github.sha",
    "github.workspace",
    "runner.",
    "secrets.",
    "strategy.",
];

/// What is as harmless as what the workflow itself, or a step of it, puts there.
const DEPENDS: [&str; 5] = ["env.", "matrix.", "needs.", "steps.", "vars."];

/// Text of others that is interpolated.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for step in document.steps() {
        let handed = step.get("with").and_then(|with| with.get("script"));
        let script = step.text_at("uses").filter(|uses| uses.starts_with("actions/github-script@")).and(handed);
        for node in step.get("run").into_iter().chain(script) {
            found.extend(interpolated(document, node));
        }
    }
    found
}

/// What somebody outside may write, and a shell would read as code.
fn interpolated(document: &Document<'_>, node: &Node) -> Vec<Problem> {
    let text = node.text().unwrap_or_default();
    let expressions =
        text.split("${{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(expression, _)| expression);
    let harmful = expressions.filter(|expression| {
        let bare = expression.trim();
        !HARMLESS.iter().any(|known| bare == *known || known.ends_with('.') && bare.starts_with(known))
    });
    harmful
        .map(|expression| {
            let bare = expression.trim();
            let fault = format!("`{bare}` becomes part of the script: who writes it, writes code");
            let fix = "hand it over in `env`, and write \"$NAME\" in the script";
            let problem = document.problem(document.line_of(node.line, expression), fault, fix);
            let depends = DEPENDS.iter().any(|context| bare.starts_with(context));
            Problem { severity: if depends { Severity::Warning } else { Severity::Problem }, ..problem }
        })
        .collect()
}
