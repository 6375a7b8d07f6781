//! What no rule can allow.

use super::trigger::{Event, EventName, Origin};
use super::{Facts, Reach, Rules};

/// Why a push must not happen whatever the rules say, if it must not: the gravest reason.
pub fn reason(facts: &Facts, rules: &Rules) -> Option<String> {
    strangers_code(facts)
        .or_else(|| unknown_ci(facts, rules))
        .or_else(|| stand_in(facts))
        .or_else(|| dirty(facts, rules))
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
    let said_so = rules.own.iter().any(|rule| rule.events.contains(&EventName::UnknownCi));
    (!harmless && !said_so).then(|| {
        format!(
            "`{variable}` shows a CI that says nothing of forks: where it runs no stranger's code, say so by a `[[cache.rule]]` \
             in xtask.toml with `event = [\"unknown_ci\"]`"
        )
    })
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
