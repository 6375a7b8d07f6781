//! The policy against tables that are written down, not computed.

mod presets;
mod rules;
mod tokens;
mod truth;

use super::*;

/// A run, as its event, its ref and whose code it runs.
fn run(event: &Event, reference: &str, origin: &Origin) -> Trigger {
    Trigger {
        event: event.clone(),
        reference: Some(reference.to_owned()).filter(|reference| reference != "-"),
        default_branch: Some("main".to_owned()),
        origin: origin.clone(),
        base: None,
        actor: None,
    }
}

/// What there is to push to a remote cache whose token is there.
fn facts(trigger: Trigger) -> Facts {
    let systems = vec!["x86_64-linux".to_owned(), "aarch64-darwin".to_owned()];
    let token = Token::Ready("CACHIX_AUTH_TOKEN".to_owned());
    Facts { trigger, reach: Reach::Remote, stand_in: false, dirty: false, systems, token }
}

/// Every event with the refs that it comes with, as <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>
/// has it.
fn runs() -> Vec<(Event, &'static str)> {
    vec![
        (Event::Push, "refs/heads/main"),
        (Event::Push, "refs/heads/dev"),
        (Event::Push, "refs/heads/topic"),
        (Event::Tag, "refs/tags/v1"),
        (Event::PullRequest, "refs/pull/7/merge"),
        (Event::PullRequestTarget, "refs/heads/main"),
        (Event::WorkflowRun, "refs/heads/main"),
        (Event::MergeGroup, "refs/heads/gh-readonly-queue/main/pr-7-a"),
        (Event::Schedule, "refs/heads/main"),
        (Event::WorkflowDispatch, "refs/heads/main"),
        (Event::WorkflowDispatch, "refs/heads/dev"),
        (Event::WorkflowDispatch, "refs/heads/topic"),
        (Event::WorkflowDispatch, "refs/tags/v1"),
        (Event::Release, "refs/tags/v1"),
        (Event::Other("issue_comment".to_owned()), "refs/heads/main"),
        (Event::Local, "-"),
        (Event::UnknownCi("CI".to_owned()), "-"),
    ]
}

/// The word for an event in a table.
fn word(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}

#[test]
fn commits_are_whole_hashes() {
    let check = |text: &str, expected: bool| {
        assert_eq!(Commit::parse(text).map(|commit| commit.as_str() == text), expected.then_some(true), "{text}");
    };
    check(&"a1".repeat(20), true);
    check(&"A1".repeat(32), true);
    check(&"0".repeat(40), false);
    check(&"a1".repeat(19), false);
    check(&"g1".repeat(20), false);
    check("--output=/a", false);
    check("", false);
}
