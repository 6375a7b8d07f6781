//! `[ci.jobs.NAME]` of xtask.toml as it is written: what it comes to, `ci::Table` says.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Budget, Runner};
use crate::ci::Phase;
use crate::config::cache::VariableName;

/// A job of your own; of one that is built in, `enabled`, `timeout` and `runner` can be said.
///
/// A job of your own does exactly one of `app`, `shell` and `command`; it has succeeded if that ends with exit status 0. Jobs run in
/// the order of the file, within their phase behind those that are built in, and need only what comes before them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct JobConfig {
    /// `false` switches it off, here and on GitHub. What needs it must be switched off too.
    #[cfg_attr(test, schemars(with = "Option<bool>"))]
    pub enabled: Option<Spanned<bool>>,
    /// How long it may take, such as `10m`; without it, 30 minutes, or what is built in.
    #[cfg_attr(test, schemars(with = "Option<Budget>"))]
    pub timeout: Option<Spanned<Budget>>,
    /// Its runner on GitHub, if it runs on one machine: `ubuntu-24.04`, or several labels that it must have.
    #[cfg_attr(test, schemars(with = "Option<Runner>"))]
    pub runner: Option<Spanned<Runner>>,
    /// What is true once it has succeeded, in one sentence.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub about: Option<Spanned<String>>,
    /// Its phase; without it, `check`.
    #[cfg_attr(test, schemars(with = "Option<Phase>"))]
    pub phase: Option<Spanned<Phase>>,
    /// The jobs that must have succeeded before it; whoever runs it alone runs them too.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub needs: Option<Spanned<Vec<Spanned<String>>>>,
    /// Jobs that it can do without, and that must have succeeded before it where the same run has them.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub after: Option<Spanned<Vec<Spanned<String>>>>,
    /// It runs this app of the flake, as `nix run .#NAME` does.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub app: Option<Spanned<String>>,
    /// It runs this command in the flake's development shell, each word by itself: `["cargo", "test"]`.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub shell: Option<Spanned<Vec<String>>>,
    /// It runs this command in the repository, each word by itself, without a shell in between: `["./deploy.sh", "--dry-run"]`.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub command: Option<Spanned<Vec<String>>>,
    /// Whether it runs on GitHub once for each system, on a machine of that system: in the phases `build` and `verify` on the (first)
    /// one that builds, in front of its push. Without it, it runs once.
    #[cfg_attr(test, schemars(with = "Option<bool>"))]
    pub per_system: Option<Spanned<bool>>,
    /// The secrets of the repository on GitHub that it is given, as environment variables of the same names. A run for a fork is
    /// given none, and skips the job.
    #[cfg_attr(test, schemars(with = "Option<Vec<VariableName>>"))]
    pub secrets: Option<Spanned<Vec<Spanned<VariableName>>>>,
    /// What its token on GitHub may do besides reading the repository: `{ packages = "write" }`.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<Scope, Access>>"))]
    pub permissions: Option<Spanned<BTreeMap<Scope, Access>>>,
    /// Globs of the files in the repository that its result depends on; without it, all of them.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub inputs: Option<Spanned<Vec<Spanned<String>>>>,
    /// Globs of files in the repository that it leaves, and that GitHub is to keep.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub artifacts: Option<Spanned<Vec<Spanned<String>>>>,
}

impl JobConfig {
    /// What is said that a built-in job says itself: each key, and the byte of the file at which its value begins.
    pub fn of_custom_jobs(&self) -> Vec<(&'static str, usize)> {
        fn start<T>(value: &Option<Spanned<T>>) -> Option<usize> {
            value.as_ref().map(|value| value.span().start)
        }
        let keys = [
            ("about", start(&self.about)),
            ("phase", start(&self.phase)),
            ("needs", start(&self.needs)),
            ("after", start(&self.after)),
            ("app", start(&self.app)),
            ("shell", start(&self.shell)),
            ("command", start(&self.command)),
            ("per_system", start(&self.per_system)),
            ("secrets", start(&self.secrets)),
            ("permissions", start(&self.permissions)),
            ("inputs", start(&self.inputs)),
            ("artifacts", start(&self.artifacts)),
        ];
        keys.into_iter().filter_map(|(key, start)| Some((key, start?))).collect()
    }
}

/// What a permission of a job's token is about.
///
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Runs of workflows.
    Actions,
    /// Attestations of what was built.
    Attestations,
    /// Checks of commits.
    Checks,
    /// The repository itself, and its releases.
    Contents,
    /// Deployments.
    Deployments,
    /// Discussions.
    Discussions,
    /// Proof to others of which run this is; `write` alone.
    IdToken,
    /// Issues.
    Issues,
    /// Packages.
    Packages,
    /// The site of the repository.
    Pages,
    /// Pull requests.
    PullRequests,
    /// What scanners found.
    SecurityEvents,
    /// Statuses of commits.
    Statuses,
}

impl Scope {
    /// GitHub's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Attestations => "attestations",
            Self::Checks => "checks",
            Self::Contents => "contents",
            Self::Deployments => "deployments",
            Self::Discussions => "discussions",
            Self::IdToken => "id-token",
            Self::Issues => "issues",
            Self::Packages => "packages",
            Self::Pages => "pages",
            Self::PullRequests => "pull-requests",
            Self::SecurityEvents => "security-events",
            Self::Statuses => "statuses",
        }
    }
}

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Looking.
    Read,
    /// Changing.
    Write,
}

impl Access {
    /// GitHub's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}
