//! The push policy: whether a run may push what it built into a cache, for which systems, and why (not); pure.
//!
//! Hard denials come first and no rule overrides them. Then, for each system, the first rule that applies decides: those of
//! xtask.toml in their order, then those for caches on the machine's own disk, then those of the preset. What no rule is about is
//! not pushed.

mod denial;
mod preset;
mod rule;
#[cfg(test)]
mod tests;
pub mod token;
mod trigger;

pub use denial::unpublished;
pub use preset::Preset;
pub use rule::{Action, Place, ReferencePattern, Rule};
pub use token::{Token, Variables};
pub use trigger::{Base, Commit, Event, EventName, Origin, Trigger};

/// What is known before a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What set the run off.
    pub trigger: Trigger,
    /// Who can read what is pushed.
    pub reach: Reach,
    /// Whether the outputs were built from the stand-in inputs.
    pub stand_in: bool,
    /// Whether the working tree differs from its commit.
    pub dirty: bool,
    /// The systems that outputs are built for.
    pub systems: Vec<String>,
    /// The cache's token.
    pub token: Token,
}

/// Who can read what is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nobody else: the cache in this program's own state folder, which is what there is without a configured one.
    Embedded,
    /// Whoever can read a folder.
    Folder,
    /// Others, over the network.
    Remote,
}

/// What the owner of the repository wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Those of xtask.toml, in their order.
    pub own: Vec<Rule>,
    /// What goes for all else.
    pub preset: Preset,
    /// Whether a working tree that differs from its commit may be pushed.
    pub allow_dirty: bool,
}

/// What becomes of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It happens.
    Push {
        /// For these systems, in the order in which they were given.
        systems: Vec<String>,
        /// By which rules.
        because: String,
        /// Why other systems are left out, if any are.
        left_out: Option<String>,
    },
    /// The rules are against it; nothing is wrong.
    Skip(String),
    /// It must not happen, whatever the rules say; nothing is wrong with the run itself.
    Deny(String),
    /// It should happen and cannot; to be said before anything is built.
    Error(String),
}

/// Whether what a run builds is pushed.
#[must_use]
pub fn decide(facts: &Facts, rules: &Rules) -> Decision {
    if let Some(reason) = denial::reason(facts, rules) {
        return Decision::Deny(reason);
    }
    if facts.systems.is_empty() {
        return Decision::Error("there is no output to push, for any system".to_owned());
    }
    let all: Vec<Rule> = rules.own.iter().cloned().chain(own_disk(facts.reach)).chain(rules.preset.rules()).collect();
    let (mut pushed, mut because, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for system in &facts.systems {
        let rule = all.iter().find(|rule| rule.applies(&facts.trigger, system));
        match rule.filter(|rule| rule.action == Action::Push) {
            Some(rule) => {
                pushed.push(system.clone());
                because.push(agreement(rule.place));
            }
            None => left_out.push((system.as_str(), refusal(rule.map(|rule| rule.place), facts, rules))),
        }
    }
    if pushed.is_empty() {
        return Decision::Skip(sentence(&left_out, facts.systems.len()));
    }
    because.dedup();
    let because = because.join(", and ");
    if let Some(complaint) = facts.token.complaint() {
        if facts.trigger.is_kept_from_secrets() {
            let reason = "but Dependabot's runs are not handed the repository's secrets: store the token as a secret of \
                          Dependabot too if they should push";
            return Decision::Skip(format!("{because}, {reason}"));
        }
        return Decision::Error(format!("{because}, but it cannot be pushed: {complaint}"));
    }
    let left_out = (!left_out.is_empty()).then(|| sentence(&left_out, facts.systems.len()));
    Decision::Push { systems: pushed, because, left_out }
}

/// The rule for a cache that only this machine reads: it is filled by whatever runs there. A folder may be shared with other
/// machines, so that in CI the rules and the preset go for it.
fn own_disk(reach: Reach) -> Option<Rule> {
    use EventName::{
        Local, MergeGroup, Other, PullRequest, PullRequestTarget, Push, Release, Schedule, UnknownCi, WorkflowDispatch,
        WorkflowRun,
    };
    let events = match reach {
        Reach::Remote => return None,
        Reach::Folder => vec![Local],
        Reach::Embedded => vec![
            Push,
            PullRequest,
            PullRequestTarget,
            WorkflowRun,
            MergeGroup,
            Schedule,
            WorkflowDispatch,
            Release,
            Other,
            Local,
            UnknownCi,
        ],
    };
    let place = Place::OwnDisk;
    Some(Rule {
        place,
        events,
        references: Vec::new(),
        same_repository: None,
        systems: Vec::new(),
        action: Action::Push,
    })
}

/// That a rule is for the push.
fn agreement(place: Place) -> String {
    match place {
        Place::Line(line) => format!("xtask.toml:{line} says push"),
        Place::Preset(preset) => format!("the preset `{}` pushes {}", preset.name(), preset.pushes()),
        Place::OwnDisk => "the cache is on this machine's own disk".to_owned(),
    }
}

/// Why a system is not pushed: the rule that is against it, or that none is for it.
fn refusal(against: Option<Place>, facts: &Facts, rules: &Rules) -> String {
    match against {
        Some(Place::Line(line)) => format!("xtask.toml:{line} says skip for {}", facts.trigger),
        _ => {
            let preset = rules.preset;
            let what = format!("the preset `{}` pushes {}, and this is", preset.name(), preset.pushes());
            format!("{what} {}: another `preset` or a `[[cache.rule]]` in xtask.toml would change that", facts.trigger)
        }
    }
}

/// Each reason once, with its systems unless it goes for all of them.
fn sentence(left_out: &[(&str, String)], of: usize) -> String {
    let mut reasons: Vec<(&String, Vec<&str>)> = Vec::new();
    for (system, reason) in left_out {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, systems)) => systems.push(system),
            None => reasons.push((reason, vec![system])),
        }
    }
    let said = reasons.iter().map(|(reason, systems)| {
        if systems.len() == of { (*reason).clone() } else { format!("{}: {reason}", systems.join(", ")) }
    });
    said.collect::<Vec<_>>().join("; ")
}
