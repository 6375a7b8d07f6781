//! What GitHub, or a forge that speaks its dialect (Gitea, Forgejo), says of the run: its variables and its event file.
//!
//! Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>; Gitea's and Forgejo's runners set the same variables.

mod change;
mod origin;
mod payload;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result, bail};

use crate::push_policy::{Base, Commit, Event, Origin, Trigger, Variables};
pub use change::change;
use payload::Payload;

/// Variables that show a CI, most telling first.
const CI_VARIABLES: [&str; 16] = [
    "GITLAB_CI",
    "BUILDKITE",
    "CIRCLECI",
    "CIRRUS_CI",
    "DRONE",
    "GARNIX_CI",
    "SEMAPHORE",
    "TRAVIS",
    "WOODPECKER",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "CODEBUILD_BUILD_ID",
    "BITBUCKET_BUILD_NUMBER",
    "GITHUB_ACTIONS",
    "CI",
];

/// What set this run off.
///
/// # Errors
/// When this is a run of GitHub that does not say what it must, or whose event file cannot be read: that is never taken for "no
/// fork".
pub fn trigger() -> Result<Trigger> {
    from(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// The names of the environment's variables, and whether each holds anything; no value leaves here.
#[must_use]
pub fn variables() -> Variables {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), !value.is_empty())).collect()
}

fn from(variable: &dyn Fn(&str) -> Option<String>) -> Result<Trigger> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let Some(Said { event, repository, path, payload }) = said(&variable)? else { return Ok(elsewhere(&variable)) };
    if let Some(said) = payload.repository.as_ref().filter(|said| said.full_name != repository) {
        bail!("the event file `{path}` is about `{}`, and `GITHUB_REPOSITORY` is `{repository}`", said.full_name);
    }
    let reference = variable("GITHUB_REF");
    Ok(Trigger {
        event: kind(&event, reference.as_deref())?,
        origin: origin::of(&event, &payload, &repository)
            .with_context(|| format!("the event file `{path}` is none of `{event}`"))?,
        base: base(&event, &payload, variable("GITHUB_SHA")),
        reference,
        default_branch: payload.repository.and_then(|repository| repository.default_branch),
        actor: variable("GITHUB_ACTOR"),
    })
}

/// The event of a run of GitHub, as its variables and its file have it.
struct Said {
    event: String,
    repository: String,
    path: String,
    payload: Payload,
}

fn said(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Said>> {
    if variable("GITHUB_ACTIONS").as_deref() != Some("true") {
        return Ok(None);
    }
    let named = |name: &str| variable(name).with_context(|| format!("`GITHUB_ACTIONS` is set and `{name}` is not"));
    let (event, repository, path) =
        (named("GITHUB_EVENT_NAME")?, named("GITHUB_REPOSITORY")?, named("GITHUB_EVENT_PATH")?);
    let reading = || format!("read the event file `{path}`, which `GITHUB_EVENT_PATH` names");
    let text = std::fs::read_to_string(&path).with_context(reading)?;
    let payload = serde_json::from_str(&text).with_context(reading)?;
    Ok(Some(Said { event, repository, path, payload }))
}

/// A run without GitHub: of another CI, or by hand.
fn elsewhere(variable: &dyn Fn(&str) -> Option<String>) -> Trigger {
    let shows = |name: &&str| variable(name).is_some_and(|value| !["false", "0"].contains(&value.as_str()));
    let (event, origin) = match CI_VARIABLES.iter().find(|name| shows(name)) {
        // Whose code it is, the policy asks the user.
        Some(name) => (Event::UnknownCi((*name).to_owned()), Origin::Own),
        None => (Event::Local, Origin::Own),
    };
    Trigger { event, reference: None, default_branch: None, origin, base: None, actor: None }
}

fn kind(event: &str, reference: Option<&str>) -> Result<Event> {
    Ok(match event {
        "push" => match reference {
            Some(tag) if tag.starts_with("refs/tags/") => Event::Tag,
            Some(_) => Event::Push,
            None => bail!("this is a `push`, and `GITHUB_REF` is not set: it is not known what was pushed"),
        },
        "pull_request" => Event::PullRequest,
        "pull_request_target" => Event::PullRequestTarget,
        "workflow_run" => Event::WorkflowRun,
        "merge_group" => Event::MergeGroup,
        "schedule" => Event::Schedule,
        "workflow_dispatch" => Event::WorkflowDispatch,
        "release" => Event::Release,
        other => Event::Other(other.to_owned()),
    })
}

/// The revision that a change which is not merged yet is made against.
fn base(event: &str, payload: &Payload, revision: Option<String>) -> Option<Base> {
    let said = match event {
        // `GITHUB_SHA` of a `workflow_run` is the newest commit of the default branch, whatever the run before was about.
        "workflow_run" => revision,
        "merge_group" => payload.merge_group.as_ref().and_then(|group| group.base_sha.clone()),
        _ if payload.is_of_pull_request(event) => {
            payload.pull_request.as_ref().and_then(|pull_request| pull_request.base.sha.clone())
        }
        _ => return None,
    };
    Some(said.and_then(|said| Commit::parse(&said)).map_or(Base::Unsaid, Base::Commit))
}
