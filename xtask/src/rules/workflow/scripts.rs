//! Scripts in steps: what is interpolated into one is code to the shell.

use super::document::Document;
use crate::rules::yaml::Node;
use crate::rules::{Problem, Severity};

/// What of GitHub's contexts nobody outside can write: numbers, hashes, and what the owner of the repository wrote.
const HARMLESS: [&str; 20] = [
    "github.action_path",
    "github.event.number",
    "github.event.pull_request.number",
    "github.event.repository.",
    "github.event_name",
    "github.job",
    "github.ref_type",
    "github.repository",
    "github.repository_owner",
    "github.run_attempt",
    "github.run_id",
    "github.run_number",
    "github.server_url",
    "github.sha",
    "github.token",
    "github.workspace",
    "job.status",
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
        let script =
            step.text_at("uses").filter(|uses| uses.to_lowercase().starts_with("actions/github-script@")).and(handed);
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
    let judged = expressions.filter_map(|expression| Some((expression, severity(expression)?)));
    judged
        .map(|(expression, severity)| {
            let bare = expression.trim();
            let fault = format!("`{bare}` becomes part of the script: who writes it, writes code");
            let fix = "hand it over in `env`, and write \"$NAME\" in the script";
            let problem = document.problem(document.line_of(node.line, expression), fault, fix);
            Problem { severity, ..problem }
        })
        .collect()
}

/// How bad it is to interpolate `expression`, by the worst of the names in it; nothing if all of them are harmless.
fn severity(expression: &str) -> Option<Severity> {
    let mut worst = None;
    for name in names(expression) {
        if HARMLESS.iter().any(|known| name == *known || known.ends_with('.') && name.starts_with(known)) {
            continue;
        }
        if !DEPENDS.iter().any(|context| name.starts_with(context)) {
            return Some(Severity::Problem);
        }
        worst = Some(Severity::Warning);
    }
    worst
}

/// The names whose values `expression` is made of, such as `github.sha`: without literals, and without functions, whose arguments
/// stand for them. An index that is no text stays where it is, `a[b]`, and makes a context one that nobody knows.
fn names(expression: &str) -> Vec<String> {
    // Every second part is a text: quotes within one are doubled, and leave an empty part between two.
    let (mut bare, mut indexed) = (String::new(), false);
    for (at, part) in expression.split('\'').enumerate() {
        if at % 2 == 0 {
            bare.push_str(part.strip_prefix(']').filter(|_| indexed).unwrap_or(part));
            indexed = false;
        } else if bare.ends_with('[') {
            bare.pop();
            bare.push('.');
            bare.push_str(part);
            indexed = true;
        }
    }
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || "_.-*[]".contains(c);
    let mut found = Vec::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find(part_of_name) {
        let (_, from) = rest.split_at(start);
        let (name, behind) = from.split_at(from.find(|c| !part_of_name(c)).unwrap_or(from.len()));
        let name = name.to_lowercase();
        let literal = ["true", "false", "null"].contains(&name.as_str()) || name.parse::<f64>().is_ok();
        if !literal && !behind.trim_start().starts_with('(') {
            found.push(name);
        }
        rest = behind;
    }
    found
}
