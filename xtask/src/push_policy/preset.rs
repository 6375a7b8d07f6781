//! The policies of the five documents that this automation was gathered from, each under a name.

use serde::Deserialize;

use super::rule::{Action, Place, ReferencePattern, Rule};
use super::trigger::EventName;

/// A policy with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Every run of CI pushes, pull requests of the repository's own branches too, for Darwin alone, whose machines are dear: all
    /// that the outputs were built from, with the derivations. A push that fails is a failure.
    DarwinBuildClosure,
    /// A push to the branch `dev` pushes all that was built. A push that fails is a failure.
    BuiltOnBranch,
    /// The default branch alone pushes all that its outputs were built from. A push that fails is a failure.
    TargetsOnMain,
    /// The default branch and tags push what their outputs need at run time. A push that fails is a warning.
    #[default]
    MainAndTags,
    /// The default branch and pull requests of the repository's own branches push all that was built, but for sources. A push that
    /// fails is a failure.
    PrsNoForks,
}

/// How a branch itself is built, not a change to it.
const OF_A_BRANCH: [EventName; 3] = [EventName::Push, EventName::Schedule, EventName::WorkflowDispatch];

impl Preset {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DarwinBuildClosure => "darwin-build-closure",
            Self::BuiltOnBranch => "built-on-branch",
            Self::TargetsOnMain => "targets-on-main",
            Self::MainAndTags => "main-and-tags",
            Self::PrsNoForks => "prs-no-forks",
        }
    }

    /// What it pushes, to go behind "the preset pushes".
    #[must_use]
    pub fn pushes(self) -> &'static str {
        match self {
            Self::DarwinBuildClosure => "every run of CI, for Darwin alone",
            Self::BuiltOnBranch => "the branch `dev` alone",
            Self::TargetsOnMain => "the default branch alone",
            Self::MainAndTags => "the default branch and tags alone",
            Self::PrsNoForks => "the default branch and pull requests of this repository's own branches alone",
        }
    }

    /// Its rules; what none of them is about is not pushed.
    #[must_use]
    pub fn rules(self) -> Vec<Rule> {
        let rule = |events: &[EventName], references: &[ReferencePattern]| Rule {
            place: Place::Preset(self),
            events: events.to_vec(),
            references: references.to_vec(),
            same_repository: Some(true),
            systems: Vec::new(),
            action: Action::Push,
        };
        let default_branch = || rule(&OF_A_BRANCH, &[ReferencePattern::DefaultBranch]);
        let glob = |pattern: &str| ReferencePattern::Glob(pattern.to_owned());
        match self {
            Self::DarwinBuildClosure => {
                let own_runs = [EventName::PullRequest, EventName::MergeGroup, EventName::Release];
                let systems = vec!["*-darwin".to_owned()];
                vec![Rule { systems, ..rule(&[OF_A_BRANCH.as_slice(), &own_runs].concat(), &[]) }]
            }
            Self::BuiltOnBranch => vec![rule(&OF_A_BRANCH, &[glob("refs/heads/dev")])],
            Self::TargetsOnMain => vec![default_branch()],
            Self::MainAndTags => {
                let of_a_tag = [EventName::Tag, EventName::Release, EventName::WorkflowDispatch];
                vec![default_branch(), rule(&of_a_tag, &[glob("refs/tags/*")])]
            }
            Self::PrsNoForks => vec![default_branch(), rule(&[EventName::PullRequest], &[])],
        }
    }
}
