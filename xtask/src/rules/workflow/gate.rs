//! A gate is a job that looks at the results of others: it must run when they fail, and take nothing but success for success.
//!
//! A job whose needs failed is skipped, and GitHub counts a skipped check as passed; so is one whose run was cancelled.

use super::document::{Document, texts};
use crate::rules::Problem;
use crate::rules::yaml::Node;

/// What lets a gate pass that should not.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let gates = document.jobs().iter().filter(|(_, job)| is_gate(job));
    gates
        .flat_map(|(key, job)| {
            skipped(document, key.line, &key.text, job).into_iter().chain(lenient(document, &key.text, job))
        })
        .collect()
}

/// Whether the steps of `job` look at what became of the jobs it needs.
pub fn is_gate(job: &Node) -> bool {
    let condition = job.text_at("if").unwrap_or_default();
    // What runs after a failure alone tells of it, and is no verdict.
    let tells = condition.contains("failure()") && !condition.contains("always()");
    let Some(steps) = job.get("steps").filter(|_| job.get("needs").is_some() && !tells) else { return false };
    let mut said = Vec::new();
    texts(steps, &mut said);
    said.iter().filter_map(|node| node.text()).any(|text| {
        let text = text.to_lowercase();
        text.contains("tojson(needs)") || text.contains("needs.") && text.contains(".result")
    })
}

/// A gate that does not run when it matters.
fn skipped(document: &Document<'_>, line: u32, name: &str, job: &Node) -> Option<Problem> {
    let condition = job.get("if");
    let said = condition.and_then(Node::text).unwrap_or_default();
    if said.contains("always()") {
        return None;
    }
    let when = if said.contains("cancelled()") { "the run is cancelled" } else { "a job that it needs fails" };
    let fault = format!("the gate `{name}` is skipped when {when}, and a skipped check counts as passed");
    Some(document.problem(condition.map_or(line, |condition| condition.line), fault, "write `if: always()`"))
}

/// A gate that takes something else for success.
fn lenient(document: &Document<'_>, name: &str, job: &Node) -> Vec<Problem> {
    let mut said = Vec::new();
    texts(job, &mut said);
    let mut found = Vec::new();
    for node in &said {
        let Some(text) = node.text() else { continue };
        for line in text.lines().filter(|line| alike(line)) {
            let fault =
                format!("the gate `{name}` takes `skipped` for success: a job is skipped when one that it needs fails");
            let fix = "fail unless the result is `success`, but for jobs that were not to run";
            found.push(document.problem(document.line_of(node.line, line.trim()), fault, fix));
        }
    }
    let says = |word: &str| said.iter().find(|node| node.text().is_some_and(|text| text.contains(word)));
    if let Some(failure) = says("failure").filter(|_| says("success").is_none()) {
        let missing: Vec<&str> = ["cancelled", "skipped"].into_iter().filter(|word| says(word).is_none()).collect();
        if !missing.is_empty() {
            let fault =
                format!("the gate `{name}` looks for `failure` alone: `{}` counts as success", missing.join("`, `"));
            let line = document.line_of(failure.line, "failure");
            found.push(document.problem(line, fault, "fail unless every result is `success`"));
        }
    }
    found
}

/// Whether a line asks for `success` and for `skipped` in the same way.
fn alike(line: &str) -> bool {
    let asked = |word: &str| {
        let before = line.split(word).next().filter(|before| before.len() < line.len())?;
        let tail = before.trim_end_matches(['"', '\'', ' ', '\\', '(']);
        Some(["==", "!="].into_iter().find(|sign| tail.ends_with(sign)).unwrap_or_default())
    };
    let (Some(success), Some(skipped)) = (asked("success"), asked("skipped")) else { return false };
    success == skipped || success.is_empty() || skipped.is_empty()
}
