//! Actions of others run at a commit: a branch or a tag is what its owner, or whoever has the owner's password, makes of it.

use super::document::Document;
use crate::ci::workflow::pins::is_commit;
use crate::rules::Problem;
use crate::rules::yaml::Node;

/// What `uses` names without a commit, or without saying which version that is.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let of_jobs = document.jobs().iter().map(|(_, job)| job);
    let uses = of_jobs.chain(document.steps()).filter_map(|node| node.get("uses"));
    uses.filter_map(|uses| problem(document, uses)).collect()
}

fn problem(document: &Document<'_>, uses: &Node) -> Option<Problem> {
    let said = uses.text()?;
    // Both are of the repository's own: in the checkout, and at the commit that runs.
    if said.starts_with("./") || said.starts_with("$/") {
        return None;
    }
    if let Some(image) = said.strip_prefix("docker://") {
        let fault = format!("the image `{image}` can become another one any day");
        let fix = format!(
            "name it by its digest: `docker://{}@sha256:…`",
            image.split(['@', ':']).next().unwrap_or_default()
        );
        return (!image.contains("@sha256:")).then(|| document.problem(uses.line, fault, fix));
    }
    let (action, reference) = said.split_once('@').unwrap_or((said, ""));
    if !is_commit(reference) {
        let what = if reference.is_empty() { "no version".to_owned() } else { format!("`{reference}`") };
        let fault = format!("`{action}` is at {what}, which its owner can move to anything");
        let fix = format!("name the commit, and the version behind it: `{action}@<40 digits> # {reference}`");
        return Some(document.problem(uses.line, fault, fix));
    }
    let says = document.comments.iter().any(|comment| comment.line == uses.line && !comment.text.trim().is_empty());
    (!says).then(|| {
        let problem = document.problem(
            uses.line,
            format!("nothing says which version of `{action}` this commit is"),
            "write it behind the commit, as in `# v1.2.3`: people and update bots read it there",
        );
        Problem { severity: crate::rules::Severity::Warning, ..problem }
    })
}
