//! Runs of GitHub: the variables and the event file by which a command knows what set it off.

use std::fs;

use crate::sandbox::{Sandbox, ran};

/// The repository that runs are in.
const REPOSITORY: &str = "fleet/fleet";

/// What set a run off.
#[derive(Debug, Clone, Copy)]
pub enum Happened {
    /// The default branch was pushed.
    PushOnMain,
    /// A pull request of this repository was opened or changed.
    PullRequest,
    /// The same from this other repository.
    Fork(&'static str),
}

/// Has every command of `sandbox` run as on GitHub after `happened`; a pull request is made against what is committed now.
pub fn on_github(sandbox: &mut Sandbox, happened: Happened) {
    let mut git = sandbox.command("git");
    let commit = ran(git.args(["rev-parse", "HEAD"])).ends(0).stdout.trim().to_owned();
    let repository = |name: &str| format!(r#"{{"full_name": "{name}", "default_branch": "main"}}"#);
    let of_pull_request = |head: &str| {
        format!(
            r#"{{"repository": {0}, "pull_request": {{"head": {{"sha": "{commit}", "ref": "change", "repo": {1}}},
                "base": {{"sha": "{commit}", "ref": "main", "repo": {0}}}}}}}"#,
            repository(REPOSITORY),
            repository(head)
        )
    };
    let (name, reference, event) = match happened {
        Happened::PushOnMain => ("push", "refs/heads/main", format!(r#"{{"repository": {}}}"#, repository(REPOSITORY))),
        Happened::PullRequest => ("pull_request", "refs/pull/7/merge", of_pull_request(REPOSITORY)),
        Happened::Fork(fork) => ("pull_request", "refs/pull/7/merge", of_pull_request(fork)),
    };
    let file = sandbox.path("event.json");
    fs::write(&file, event).unwrap();
    for (name, value) in [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_ACTOR", "ada"),
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_REF", reference),
        ("GITHUB_REPOSITORY", REPOSITORY),
        ("GITHUB_SHA", &commit),
    ] {
        sandbox.set(name, value);
    }
}
