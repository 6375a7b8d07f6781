//! Inputs that are declared and never read: whoever sets one believes that it does something.

use super::document::{Document, texts};
use crate::rules::Problem;
use crate::rules::yaml::{Key, Node};

/// What `workflow_call`, `workflow_dispatch` and composite actions declare and nothing reads.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let mut declared: Vec<&Key> = Vec::new();
    let of_events =
        document.events().into_iter().filter(|(name, ..)| ["workflow_call", "workflow_dispatch"].contains(name));
    for inputs in of_events.filter_map(|(.., said)| said?.get("inputs")) {
        declared.extend(inputs.entries().iter().map(|(key, _)| key));
    }
    // Other actions read their inputs in a program of their own.
    if document.root.get("runs").and_then(|runs| runs.text_at("using")) == Some("composite") {
        let inputs = document.root.get("inputs").map(Node::entries).unwrap_or_default();
        declared.extend(inputs.iter().map(|(key, _)| key));
    }
    let mut said = Vec::new();
    for part in ["jobs", "runs", "env", "concurrency", "run-name", "outputs"] {
        document.root.get(part).into_iter().for_each(|node| texts(node, &mut said));
    }
    let said: Vec<&str> = said.iter().filter_map(|node| node.text()).collect();
    let unread = declared.into_iter().filter(|key| !said.iter().any(|text| reads(text, &key.text)));
    unread
        .map(|key| {
            let fault = format!("the input `{}` is declared, and nothing reads it", key.text);
            document.problem(key.line, fault, format!("read it as `inputs.{}`, or remove it", key.text))
        })
        .collect()
}

/// Whether `text` reads the input `name`, or all of them.
fn reads(text: &str, name: &str) -> bool {
    let dotted = format!("inputs.{name}");
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "_-".contains(c));
    text.match_indices(&dotted).any(|(at, _)| text.get(at + dotted.len()..).is_some_and(ends))
        || text.contains(&format!("inputs['{name}']"))
        || text.to_lowercase().contains("tojson(inputs)")
}
