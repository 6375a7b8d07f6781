//! One rule of the policy: which runs and systems it is about, and what it says of them.

use serde::Deserialize;

use super::preset::Preset;
use super::trigger::{EventName, Origin, Trigger};
use crate::fleet::glob;

/// One rule; the first that applies decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands.
    pub place: Place,
    /// The events it is about, any of them.
    pub events: Vec<EventName>,
    /// The refs it is about, any of them; none means all, and runs without a ref.
    pub references: Vec<ReferencePattern>,
    /// Whether the code must be, or must not be, of this repository.
    pub same_repository: Option<bool>,
    /// Globs of the systems it is about, any of them; none means all.
    pub systems: Vec<String>,
    /// What it says.
    pub action: Action,
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this line of xtask.toml.
    Line(usize),
    /// In a preset.
    Preset(Preset),
    /// In this program, for caches on the machine's own disk.
    OwnDisk,
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Push.
    Push,
    /// Do not.
    Skip,
}

/// Refs that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferencePattern {
    /// Those that fit a glob, in which `*` stands for any run of characters, slashes included.
    Glob(String),
    /// The default branch, as the event names it; `main` or `master` where it names none.
    DefaultBranch,
}

impl ReferencePattern {
    fn matches(&self, reference: &str, default_branch: Option<&str>) -> bool {
        match self {
            Self::Glob(pattern) => glob(pattern, reference),
            Self::DefaultBranch => reference.strip_prefix("refs/heads/").is_some_and(|branch| match default_branch {
                Some(default) => branch == default,
                None => ["main", "master"].contains(&branch),
            }),
        }
    }
}

impl Rule {
    /// Whether this rule is about what `trigger` builds for `system`.
    #[must_use]
    pub fn applies(&self, trigger: &Trigger, system: &str) -> bool {
        self.events.iter().any(|name| name.names(&trigger.event))
            && self.fits_reference(trigger)
            && self.same_repository.is_none_or(|wanted| wanted == (trigger.origin == Origin::Own))
            && (self.systems.is_empty() || self.systems.iter().any(|pattern| glob(pattern, system)))
    }

    fn fits_reference(&self, trigger: &Trigger) -> bool {
        let Some(reference) = &trigger.reference else { return self.references.is_empty() };
        let default = trigger.default_branch.as_deref();
        self.references.is_empty() || self.references.iter().any(|pattern| pattern.matches(reference, default))
    }
}
