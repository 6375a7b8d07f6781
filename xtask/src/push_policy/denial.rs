//! What no rule can allow.

use super::trigger::{Event, EventName, Origin, Trigger};
use super::{Facts, Reach, Rules};

/// Why a push must not happen whatever the rules say, if it must not: the gravest reason.
pub fn reason(facts: &Facts, rules: &Rules) -> Option<String> {
    strangers_code(facts)
        .or_else(|| unknown_ci(facts, rules))
        .or_else(|| stand_in(facts))
        .or_else(|| dirty(facts, rules))
}

/// Why a run that `trigger` set off publishes nothing, whatever its jobs are: what it looks at is merged nowhere, or may be anybody's.
#[must_use]
pub fn unpublished(trigger: &Trigger, rules: &Rules) -> Option<String> {
    let event = &trigger.event;
    match &trigger.origin {
        Origin::Own => {}
        Origin::Fork(repository) => {
            return Some(format!("this is {event} from the fork `{repository}`: a stranger's code is never published"));
        }
        Origin::Unknown(why) => {
            return Some(format!("this is {event}, and it may be a fork's code, which is never published: {why}"));
        }
    }
    match event {
        Event::PullRequest | Event::PullRequestTarget | Event::MergeGroup => {
            Some(format!("this is {event}, a change that is not merged: it is published by the run of what is"))
        }
        Event::UnknownCi(variable) if !allows_unknown_ci(rules) => Some(unknown(variable)),
        _ => None,
    }
}

/// Who can put something into a cache decides what the machines run that read it; a fork is anybody. `pull_request_target` and
/// `workflow_run` hand the repository's secrets to such a run, so that a token proves nothing
/// (<https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/>).
fn strangers_code(facts: &Facts) -> Option<String> {
    let event = &facts.trigger.event;
    let rule = "what a fork built never goes into a cache, whatever secrets and rules there are";
    match &facts.trigger.origin {
        Origin::Own => None,
        Origin::Fork(repository) => Some(format!("this is {event} from the fork `{repository}`: {rule}")),
        Origin::Unknown(why) => Some(format!("this is {event}, and it may be a fork's code: {why}; {rule}")),
    }
}

fn unknown_ci(facts: &Facts, rules: &Rules) -> Option<String> {
    let Event::UnknownCi(variable) = &facts.trigger.event else { return None };
    // Nobody else reads the cache of the state folder, so that it does not matter whose code fills it.
    let harmless = facts.reach == Reach::Embedded;
    (!harmless && !allows_unknown_ci(rules)).then(|| unknown(variable))
}

fn allows_unknown_ci(rules: &Rules) -> bool {
    rules.own.iter().any(|rule| rule.events.contains(&EventName::UnknownCi))
}

fn unknown(variable: &str) -> String {
    format!(
        "`{variable}` shows a CI that says nothing of forks: where it runs no stranger's code, say so by a `[[cache.rule]]` \
         in xtask.toml with `event = [\"unknown_ci\"]`"
    )
}

fn stand_in(facts: &Facts) -> Option<String> {
    (facts.stand_in && facts.reach == Reach::Remote).then(|| {
        "this was built from the stand-in inputs, which is of use to nobody else: `--inputs locked` builds what can be shared"
            .to_owned()
    })
}

fn dirty(facts: &Facts, rules: &Rules) -> Option<String> {
    (facts.dirty && !rules.allow_dirty).then(|| {
        "the working tree differs from its commit, so that nobody could say what was pushed: commit the changes, or write \
         `allow_dirty = true` in `[cache]`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push_policy::{Action, Place, Rule};

    #[test]
    fn only_what_is_merged_and_ones_own_is_published() {
        let check = |event: Event, origin: Origin, expected: Option<&str>| {
            let trigger = Trigger { event, reference: None, default_branch: None, origin, base: None, actor: None };
            let told = unpublished(&trigger, &Rules::default());
            assert_eq!(told.is_some(), expected.is_some(), "{told:?}");
            assert!(told.unwrap_or_default().contains(expected.unwrap_or_default()), "{trigger:?}");
        };
        for event in [Event::Push, Event::Tag, Event::Schedule, Event::WorkflowDispatch, Event::Release, Event::Local] {
            check(event, Origin::Own, None);
        }
        for event in [Event::PullRequest, Event::PullRequestTarget, Event::MergeGroup] {
            let said = format!("this is {event}, a change that is not merged");
            check(event, Origin::Own, Some(&said));
        }
        for event in [Event::PullRequest, Event::WorkflowRun] {
            let said = format!("this is {event} from the fork `eve/fleet`: a stranger's code is never published");
            check(event, Origin::Fork("eve/fleet".to_owned()), Some(&said));
        }
        check(Event::WorkflowRun, Origin::Own, None);
        check(
            Event::Other("fork".to_owned()),
            Origin::Unknown("nobody says".to_owned()),
            Some("published: nobody says"),
        );
        let unknown = || Event::UnknownCi("GITLAB_CI".to_owned());
        check(unknown(), Origin::Own, Some("`GITLAB_CI` shows a CI that says nothing of forks"));
        let rule = Rule {
            place: Place::Line(1),
            events: vec![EventName::UnknownCi],
            references: Vec::new(),
            same_repository: None,
            systems: Vec::new(),
            action: Action::Push,
        };
        let rules = Rules { own: vec![rule], ..Rules::default() };
        let trigger = Trigger {
            event: unknown(),
            reference: None,
            default_branch: None,
            origin: Origin::Own,
            base: None,
            actor: None,
        };
        assert_eq!(unpublished(&trigger, &rules), None);
    }
}
