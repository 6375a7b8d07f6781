//! Whose code a run is about. Secrets in the environment prove nothing: `pull_request_target` and `workflow_run` have them for forks
//! too.

use anyhow::{Context as _, Result};

use super::payload::{Payload, PullRequest, Repository, Run};
use crate::push_policy::Origin;

/// Events that themselves run without saying whose code set them off, so that a run which follows one cannot know either.
const SILENT: [&str; 3] = ["workflow_run", "pull_request_target", "issue_comment"];

/// Whose code a run of `event` in `repository` is about.
///
/// # Errors
/// When the payload lacks what such an event has.
pub fn of(event: &str, payload: &Payload, repository: &str) -> Result<Origin> {
    if event == "workflow_run" {
        let run = payload.workflow_run.as_ref().context("it has no `workflow_run`")?;
        return Ok(of_run(run, repository));
    }
    if !payload.is_of_pull_request(event) {
        return Ok(Origin::Own);
    }
    match &payload.pull_request {
        Some(pull_request) => Ok(of_pull_request(pull_request, repository)),
        None if payload.issue.is_some() => {
            Ok(Origin::Unknown("a comment does not say where the pull request comes from".to_owned()))
        }
        None => Err(anyhow::anyhow!("it has no `pull_request`")),
    }
}

/// `head.repo.fork` would say of every pull request in a repository that is a fork itself that it comes from one, and of none that it
/// goes from there to the original: what counts is whether head and base are the same repository.
fn of_pull_request(pull_request: &PullRequest, repository: &str) -> Origin {
    // Gitea's AGit flow makes pull requests without a branch, which whoever may read may push; their head is shown in the
    // repository itself, under the ref of the pull request.
    if pull_request.head.reference.as_deref().is_some_and(|reference| reference.starts_with("refs/pull/")) {
        return Origin::Unknown("its head is no branch, but was pushed for review by whoever may read".to_owned());
    }
    same(pull_request.head.repo.as_ref(), repository)
}

fn of_run(run: &Run, repository: &str) -> Origin {
    match run.event.as_deref() {
        None => Origin::Unknown("it does not say what set off the run that it follows".to_owned()),
        Some(event) if SILENT.contains(&event) => {
            Origin::Unknown(format!("it follows a run of `{event}`, which does not say whose code it ran"))
        }
        Some(_) => same(run.head_repository.as_ref(), repository),
    }
}

fn same(head: Option<&Repository>, repository: &str) -> Origin {
    match head {
        Some(head) if head.full_name == repository => Origin::Own,
        Some(head) => Origin::Fork(head.full_name.clone()),
        None => Origin::Unknown("the repository it comes from is gone".to_owned()),
    }
}
