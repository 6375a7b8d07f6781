//! What jobs may do, and for how long: unsaid, a token may do what the repository's settings allow, and a hang costs six hours.

use super::document::Document;
use crate::rules::Problem;

/// Jobs without permissions or a timeout, and permissions without bounds.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let top = document.root.get("permissions");
    let of_jobs = document.jobs().iter().filter_map(|(_, job)| job.get("permissions"));
    for permissions in top.into_iter().chain(of_jobs).filter(|node| node.text() == Some("write-all")) {
        let fault = "the token may write everything: whoever gets to run code in one step may as well";
        found.push(document.problem(permissions.line, fault, "name what is written, such as `packages: write`"));
    }
    for (key, job) in document.jobs() {
        let name = &key.text;
        if top.is_none() && job.get("permissions").is_none() {
            let fault = format!("nothing says what the token of `{name}` may do: the repository's settings decide");
            let fix = "write `permissions: {}` at the top, and `contents: read` or what else is needed in each job";
            found.push(document.problem(key.line, fault, fix));
        }
        // A job that calls a workflow takes the timeouts of that one.
        if job.get("uses").is_none() && job.get("timeout-minutes").is_none() {
            let fault = format!("`{name}` has no timeout: if it hangs, it takes six hours");
            found.push(document.problem(key.line, fault, "write `timeout-minutes`, about twice what it usually takes"));
        }
    }
    found
}
