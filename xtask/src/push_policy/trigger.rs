//! What set a run off, as plain facts: the event, the ref, whose code it runs, and which revision may say what becomes of it.

use std::fmt;

use serde::Deserialize;

/// What set a run off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The event.
    pub event: Event,
    /// The ref it is about, whole: `refs/heads/main`, `refs/tags/v1`, `refs/pull/7/merge`.
    pub reference: Option<String>,
    /// The branch that the repository shows first, without `refs/heads/`.
    pub default_branch: Option<String>,
    /// Whose code runs.
    pub origin: Origin,
    /// Where the rules are read for it: the revision that the change is made against. Nothing where the checkout itself may say.
    pub base: Option<Base>,
    /// Who set it off.
    pub actor: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A branch was pushed.
    Push,
    /// A tag was pushed.
    Tag,
    /// A pull request was opened or changed; secrets are kept from forks.
    PullRequest,
    /// The same, with the secrets of the repository, even for forks.
    PullRequestTarget,
    /// Another workflow ran, for whatever reason; with the secrets of the repository.
    WorkflowRun,
    /// Pull requests are about to be merged by a queue.
    MergeGroup,
    /// The clock.
    Schedule,
    /// Somebody pressed the button.
    WorkflowDispatch,
    /// A release was published or changed.
    Release,
    /// Any other event, by the forge's name.
    Other(String),
    /// No CI: a person at a machine.
    Local,
    /// A CI that says nothing that is understood here; the variable that shows it.
    UnknownCi(String),
}

/// Whose code runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// That of somebody who may write to this repository.
    Own,
    /// That of another repository.
    Fork(String),
    /// It cannot be known; why.
    Unknown(String),
}

/// The revision that a change is made against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// This commit.
    Commit(Commit),
    /// The event does not say.
    Unsaid,
}

impl Trigger {
    /// Whether the forge keeps the repository's secrets from this run though the code is its own, as it does from Dependabot's
    /// (<https://docs.github.com/en/code-security/reference/supply-chain-security/troubleshoot-dependabot/troubleshooting-dependabot-on-github-actions>).
    #[must_use]
    pub fn is_kept_from_secrets(&self) -> bool {
        self.actor.as_deref() == Some("dependabot[bot]")
    }
}

/// The hash of a commit, in hexadecimal: nothing that git could take for an option or for an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit(String);

impl Commit {
    /// A commit by its whole SHA-1 or SHA-256; the hash of zeros stands for no commit at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let whole = [40, 64].contains(&text.len());
        (hexadecimal && whole && text.bytes().any(|byte| byte != b'0')).then(|| Self(text.to_owned()))
    }

    /// The hash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The word for an event in `xtask.toml`, as GitHub spells it where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// A branch or a tag was pushed.
    Push,
    /// A tag was pushed.
    Tag,
    /// A pull request was opened or changed.
    PullRequest,
    /// The same, with the secrets of the repository.
    PullRequestTarget,
    /// Another workflow ran.
    WorkflowRun,
    /// Pull requests are about to be merged by a queue.
    MergeGroup,
    /// The clock.
    Schedule,
    /// Somebody pressed the button.
    WorkflowDispatch,
    /// A release was published or changed.
    Release,
    /// Any other event of the forge.
    Other,
    /// No CI: a person at a machine.
    Local,
    /// A CI that says nothing that is understood here; a rule with this word says that no stranger's code runs there.
    UnknownCi,
}

impl EventName {
    /// Whether `event` goes by this word.
    #[must_use]
    pub fn names(self, event: &Event) -> bool {
        match event {
            Event::Push => self == Self::Push,
            Event::Tag => matches!(self, Self::Push | Self::Tag),
            Event::PullRequest => self == Self::PullRequest,
            Event::PullRequestTarget => self == Self::PullRequestTarget,
            Event::WorkflowRun => self == Self::WorkflowRun,
            Event::MergeGroup => self == Self::MergeGroup,
            Event::Schedule => self == Self::Schedule,
            Event::WorkflowDispatch => self == Self::WorkflowDispatch,
            Event::Release => self == Self::Release,
            Event::Other(_) => self == Self::Other,
            Event::Local => self == Self::Local,
            Event::UnknownCi(_) => self == Self::UnknownCi,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Push => "a push",
            Self::Tag => "a pushed tag",
            Self::PullRequest => "a `pull_request`",
            Self::PullRequestTarget => "a `pull_request_target`",
            Self::WorkflowRun => "a `workflow_run`",
            Self::MergeGroup => "a `merge_group`",
            Self::Schedule => "a `schedule`",
            Self::WorkflowDispatch => "a `workflow_dispatch`",
            Self::Release => "a `release`",
            Self::Other(name) => return write!(f, "the event `{name}`"),
            Self::Local => "a run outside of CI",
            Self::UnknownCi(variable) => return write!(f, "a run of an unknown CI (`{variable}` is set)"),
        })
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reference {
            Some(reference) => write!(f, "{} of `{reference}`", self.event),
            None => write!(f, "{}", self.event),
        }
    }
}
