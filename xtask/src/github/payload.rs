//! The parts of an event file that say whose code runs. What is not there is absent, what is there and of another form is an error.

use serde::Deserialize;

/// An event file.
#[derive(Debug, Deserialize)]
pub struct Payload {
    /// The repository that the run is in.
    pub repository: Option<Repository>,
    /// What a push moved its branch from: zeros where there was none before.
    pub before: Option<String>,
    /// The pull request, for the events about one.
    pub pull_request: Option<PullRequest>,
    /// The run that this one follows.
    pub workflow_run: Option<Run>,
    /// The pull requests that a queue is about to merge.
    pub merge_group: Option<MergeGroup>,
    /// The issue that is commented on, which may be a pull request.
    pub issue: Option<Issue>,
}

/// A repository.
#[derive(Debug, Deserialize)]
pub struct Repository {
    /// `owner/name`.
    pub full_name: String,
    /// The branch that is shown first.
    pub default_branch: Option<String>,
}

/// A pull request.
#[derive(Debug, Deserialize)]
pub struct PullRequest {
    /// What it would bring.
    pub head: Side,
    /// Where it would go.
    pub base: Side,
}

/// One side of a pull request.
#[derive(Debug, Deserialize)]
pub struct Side {
    /// The commit.
    pub sha: Option<String>,
    /// The branch.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The repository; nothing if it was deleted.
    pub repo: Option<Repository>,
}

/// A finished run of a workflow.
#[derive(Debug, Deserialize)]
pub struct Run {
    /// What set that run off.
    pub event: Option<String>,
    /// The repository whose code it ran; nothing if it was deleted.
    pub head_repository: Option<Repository>,
}

/// Pull requests that a queue is about to merge.
#[derive(Debug, Deserialize)]
pub struct MergeGroup {
    /// The commit that they would be merged into.
    pub base_sha: Option<String>,
}

/// An issue.
#[derive(Debug, Deserialize)]
pub struct Issue {
    /// There if it is a pull request; says nothing of its origin.
    pub pull_request: Option<serde_json::Value>,
}

impl Payload {
    /// Whether `event` is about a pull request.
    #[must_use]
    pub fn is_of_pull_request(&self, event: &str) -> bool {
        let commented = self.issue.as_ref().is_some_and(|issue| issue.pull_request.is_some());
        event.starts_with("pull_request") || self.pull_request.is_some() || commented
    }
}
