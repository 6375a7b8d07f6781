//! A gate is a job that looks at the results of others: it must run when they fail, and take nothing but success for success.
//!
//! A job whose needs failed is skipped, and GitHub counts a skipped check as passed; so is one whose run was cancelled.

use super::document::Document;
use super::lenient;
use super::results::reads_results;
use super::verdict::{Gate, gate, runs_after_failure};
use crate::rules::Problem;
use crate::rules::yaml::Node;

/// What lets a gate pass that should not.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for (key, job) in document.jobs() {
        let Some(gate) = gate(&key.text, job) else { continue };
        found.extend(skipped(document, key.line, &key.text, job));
        match gate {
            Gate::Reads => {
                found.extend(lenient::problems(document, &key.text, job));
                found.extend(heedless(document, &key.text, job));
            }
            Gate::Blind => found.extend(blind(document, key.line, &key.text, job)),
        }
    }
    found
}

/// A gate that does not run when it matters.
fn skipped(document: &Document<'_>, line: u32, name: &str, job: &Node) -> Option<Problem> {
    let condition = job.get("if");
    let said = condition.and_then(Node::text).unwrap_or_default();
    if said.contains("always()") {
        return None;
    }
    let when = if runs_after_failure(said) { "the run is cancelled" } else { "a job that it needs fails" };
    let fault = format!("the gate `{name}` is skipped when {when}, and a skipped check counts as passed");
    let fix = "write `if: always()`, and fail unless the result of every job that it needs is `success`";
    Some(document.problem(condition.map_or(line, |condition| condition.line), fault, fix))
}

/// A gate that runs whatever happened, and does not ask what; or asks, and does not run.
fn blind(document: &Document<'_>, line: u32, name: &str, job: &Node) -> Option<Problem> {
    if let Some(condition) = job.get("if").filter(|condition| reads_results(condition)) {
        let fault = format!(
            "the gate `{name}` is skipped when its condition does not hold, and a skipped check counts as passed"
        );
        let fix = "write `if: always()`, and ask for the results in a step that fails";
        return Some(document.problem(condition.line, fault, fix));
    }
    let fault =
        format!("the gate `{name}` goes by no result of the jobs that it needs: it is green whatever became of them");
    let fix = "hand it `${{ toJSON(needs) }}` in `env`, and fail unless every result is `success`";
    runs_after_failure(job.text_at("if").unwrap_or_default()).then(|| document.problem(line, fault, fix))
}

/// A gate whose verdict is not heeded.
fn heedless(document: &Document<'_>, name: &str, job: &Node) -> Vec<Problem> {
    let steps = job.get("steps").map(Node::items).unwrap_or_default();
    // Where no step is handed the results, the job is, and whichever script it runs reads them.
    let handed = steps.iter().any(reads_results);
    let deciding = steps.iter().filter(|step| if handed { reads_results(step) } else { step.get("run").is_some() });
    let goes_on = deciding.filter_map(|step| step.get("continue-on-error")).filter(|node| node.text() == Some("true"));
    goes_on
        .map(|node| {
            let fault = format!("the gate `{name}` goes on when this step fails: it is green whatever its verdict is");
            document.problem(node.line, fault, "remove `continue-on-error`")
        })
        .collect()
}
