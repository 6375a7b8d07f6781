//! Rules of xtask.toml: the first that applies decides, system by system, and each decision says by what.

use super::*;
use crate::config::Config;

const LINUX: &str = "x86_64-linux";
const DARWIN: &str = "aarch64-darwin";

/// Decides about `facts` by the `[cache]` in `text`.
fn decided(text: &str, facts: &Facts) -> Decision {
    decide(facts, &Config::parse(&format!("[cache]\nurl = \"cachix://fleet\"\n{text}")).unwrap().cache.rules())
}

fn own(event: &Event, reference: &str) -> Facts {
    facts(run(event, reference, &Origin::Own))
}

fn push(systems: &[&str], because: &str, left_out: Option<&str>) -> Decision {
    let systems = systems.iter().map(|system| (*system).to_owned()).collect();
    Decision::Push { systems, because: because.to_owned(), left_out: left_out.map(str::to_owned) }
}

fn skip(reason: &str) -> Decision {
    Decision::Skip(reason.to_owned())
}

const CHANGE: &str = "another `preset` or a `[[cache.rule]]` in xtask.toml would change that";
const PRESET: &str = "the preset `main-and-tags` pushes the default branch and tags alone";

#[test]
fn the_first_rule_that_applies_decides() {
    let topic = own(&Event::Push, "refs/heads/topic");
    let text = "[[cache.rule]]\nevent = [\"push\"]\nref = [\"refs/heads/to*\"]\naction = \"push\"\n\
                [[cache.rule]]\nevent = [\"push\"]\naction = \"skip\"\n";
    assert_eq!(decided(text, &topic), push(&[LINUX, DARWIN], "xtask.toml:3 says push", None));
    let other = own(&Event::Push, "refs/heads/other");
    assert_eq!(decided(text, &other), skip("xtask.toml:7 says skip for a push of `refs/heads/other`"));
    let main = own(&Event::Push, "refs/heads/main");
    assert_eq!(decided(text, &main), skip("xtask.toml:7 says skip for a push of `refs/heads/main`"));
    assert_eq!(decided("", &main), push(&[LINUX, DARWIN], PRESET, None));
    let reason = format!("{PRESET}, and this is a push of `refs/heads/topic`: {CHANGE}");
    assert_eq!(decided("", &topic), skip(&reason));
}

#[test]
fn each_system_has_its_own_first_rule() {
    let main = own(&Event::Push, "refs/heads/main");
    let text = "[[cache.rule]]\nevent = [\"push\"]\nsystems = [\"*-linux\"]\naction = \"skip\"\n";
    let left_out = "x86_64-linux: xtask.toml:3 says skip for a push of `refs/heads/main`";
    assert_eq!(decided(text, &main), push(&[DARWIN], PRESET, Some(left_out)));
    let topic = own(&Event::Push, "refs/heads/topic");
    let preset = format!("{DARWIN}: {PRESET}, and this is a push of `refs/heads/topic`: {CHANGE}");
    let reason = format!("{LINUX}: xtask.toml:3 says skip for a push of `refs/heads/topic`; {preset}");
    assert_eq!(decided(text, &topic), skip(&reason));
    let text = format!(
        "{text}[[cache.rule]]\nevent = [\"push\"]\nsystems = [\"riscv64-linux\", \"*-darwin\"]\naction = \"push\"\n"
    );
    let left_out = "x86_64-linux: xtask.toml:3 says skip for a push of `refs/heads/topic`";
    assert_eq!(decided(&text, &topic), push(&[DARWIN], "xtask.toml:7 says push", Some(left_out)));
    let text = "[[cache.rule]]\nevent = [\"push\"]\nsystems = [\"*-darwin\"]\naction = \"push\"\n";
    assert_eq!(decided(text, &main), push(&[LINUX, DARWIN], &format!("{PRESET}, and xtask.toml:3 says push"), None));
}

#[test]
fn rules_are_about_events_refs_and_repositories() {
    let check = |rule: &str, event: &Event, reference: &str, expected: bool| {
        let decision = decided(&format!("[[cache.rule]]\n{rule}\naction = \"push\"\n"), &own(event, reference));
        assert_eq!(matches!(decision, Decision::Push { .. }), expected, "{rule} {decision:?}");
    };
    let (topic, merge, tag) = ("refs/heads/topic", "refs/pull/7/merge", "refs/tags/v1");
    check("event = [\"push\"]", &Event::Push, topic, true);
    check("event = [\"tag\"]", &Event::Push, topic, false);
    check("event = [\"schedule\", \"push\"]", &Event::Push, topic, true);
    check("event = [\"push\"]\nref = [\"refs/heads/a\", \"refs/heads/t?pic\"]", &Event::Push, topic, true);
    check("event = [\"push\"]\nref = [\"refs/heads/t\"]", &Event::Push, topic, false);
    check("event = [\"push\"]\nref = [\"default-branch\"]", &Event::Push, topic, false);
    check("event = [\"push\"]\nref = [\"*\"]", &Event::Push, topic, true);
    check("event = [\"pull_request\"]", &Event::PullRequest, merge, true);
    check("event = [\"pull_request\"]\nsame_repository = true", &Event::PullRequest, merge, true);
    check("event = [\"pull_request\"]", &Event::PullRequestTarget, topic, false);
    check("event = [\"pull_request_target\"]", &Event::PullRequestTarget, topic, true);
    check("event = [\"workflow_run\"]", &Event::WorkflowRun, topic, true);
    check("event = [\"merge_group\"]", &Event::MergeGroup, topic, true);
    check("event = [\"schedule\"]", &Event::Schedule, topic, true);
    check("event = [\"workflow_dispatch\"]", &Event::WorkflowDispatch, topic, true);
    check("event = [\"release\"]", &Event::Release, topic, true);
    check("event = [\"other\"]", &Event::Other("status".to_owned()), topic, true);
    check("event = [\"push\"]", &Event::Other("status".to_owned()), topic, false);
    check("event = [\"local\"]", &Event::Local, "-", true);
    check("event = [\"local\"]\nref = [\"*\"]", &Event::Local, "-", false);
    check("event = [\"unknown_ci\"]", &Event::UnknownCi("CI".to_owned()), "-", true);
    let tags = |rule: &str, expected: &str| {
        let decision = decided(&format!("[[cache.rule]]\n{rule}\naction = \"push\"\n"), &own(&Event::Tag, tag));
        assert!(matches!(&decision, Decision::Push { because, .. } if because == expected), "{rule} {decision:?}");
    };
    tags("event = [\"push\"]", "xtask.toml:3 says push");
    tags("event = [\"tag\"]", "xtask.toml:3 says push");
    tags("event = [\"release\"]", PRESET);
}

#[test]
fn same_repository_is_about_whose_code_runs() {
    let parsed =
        Config::parse("[[cache.rule]]\nevent = [\"pull_request\"]\nsame_repository = false\naction = \"skip\"\n");
    let rule = parsed.unwrap().cache.rules().own.remove(0);
    let applies = |same_repository: Option<bool>, origin: Origin| {
        let trigger = run(&Event::PullRequest, "refs/pull/7/merge", &origin);
        Rule { same_repository, ..rule.clone() }.applies(&trigger, LINUX)
    };
    let fork = || Origin::Fork("eve/fleet".to_owned());
    assert_eq!([applies(Some(true), Origin::Own), applies(Some(true), fork())], [true, false]);
    assert_eq!([applies(Some(false), Origin::Own), applies(Some(false), fork())], [false, true]);
    assert_eq!([applies(None, Origin::Own), applies(None, fork())], [true, true]);
}

#[test]
fn no_rule_allows_what_is_denied() {
    let all = "allow_dirty = false\n[[cache.rule]]\nevent = [\"push\", \"tag\", \"pull_request\", \"pull_request_target\", \
               \"workflow_run\", \"other\", \"local\"]\naction = \"push\"\n";
    let fork = Origin::Fork("eve/fleet".to_owned());
    let rule = "what a fork built never goes into a cache, whatever secrets and rules there are";
    for (event, name) in [
        (Event::PullRequest, "a `pull_request`"),
        (Event::PullRequestTarget, "a `pull_request_target`"),
        (Event::WorkflowRun, "a `workflow_run`"),
        (Event::Other("pull_request_review".to_owned()), "the event `pull_request_review`"),
    ] {
        let expected = format!("this is {name} from the fork `eve/fleet`: {rule}");
        assert_eq!(decided(all, &facts(run(&event, "refs/heads/main", &fork))), Decision::Deny(expected));
    }
    let gone = facts(run(&Event::PullRequest, "refs/pull/7/merge", &Origin::Unknown("it is gone".to_owned())));
    let expected = format!("this is a `pull_request`, and it may be a fork's code: it is gone; {rule}");
    assert_eq!(decided(all, &gone), Decision::Deny(expected));
    let main = || own(&Event::Push, "refs/heads/main");
    let expected = "this was built from the stand-in inputs, which is of use to nobody else: `--inputs locked` builds what can be \
                    shared";
    assert_eq!(decided(all, &Facts { stand_in: true, ..main() }), Decision::Deny(expected.to_owned()));
    let expected = "the working tree differs from its commit, so that nobody could say what was pushed: commit the changes, or \
                    write `allow_dirty = true` in `[cache]`";
    assert_eq!(decided(all, &Facts { dirty: true, ..main() }), Decision::Deny(expected.to_owned()));
    let jenkins = own(&Event::UnknownCi("JENKINS_URL".to_owned()), "-");
    let expected = "`JENKINS_URL` shows a CI that says nothing of forks: where it runs no stranger's code, say so by a \
                    `[[cache.rule]]` in xtask.toml with `event = [\"unknown_ci\"]`";
    assert_eq!(decided(all, &jenkins), Decision::Deny(expected.to_owned()));
}

#[test]
fn what_can_be_allowed_is_allowed() {
    let dirty = Facts { dirty: true, ..own(&Event::Push, "refs/heads/main") };
    assert!(matches!(decided("allow_dirty = true\n", &dirty), Decision::Push { .. }));
    let jenkins = own(&Event::UnknownCi("JENKINS_URL".to_owned()), "-");
    let said = "[[cache.rule]]\nevent = [\"unknown_ci\"]\nsystems = [\"*-darwin\"]\naction = \"push\"\n";
    let left_out = format!("{LINUX}: {PRESET}, and this is a run of an unknown CI (`JENKINS_URL` is set): {CHANGE}");
    assert_eq!(decided(said, &jenkins), push(&[DARWIN], "xtask.toml:3 says push", Some(&left_out)));
}

#[test]
fn nothing_to_push_is_an_error_where_it_is_not_denied() {
    let none = Facts { systems: Vec::new(), ..own(&Event::Push, "refs/heads/topic") };
    assert_eq!(decided("", &none), Decision::Error("there is no output to push, for any system".to_owned()));
    let denied = Facts { systems: Vec::new(), dirty: true, ..own(&Event::Push, "refs/heads/topic") };
    assert!(matches!(decided("", &denied), Decision::Deny(_)));
}

#[test]
fn caches_on_the_own_disk_need_no_rule() {
    let embedded = Facts { reach: Reach::Embedded, ..own(&Event::Push, "refs/heads/topic") };
    let because = "the cache is on this machine's own disk";
    assert_eq!(decided("", &embedded), push(&[LINUX, DARWIN], because, None));
    let skipped = decided("[[cache.rule]]\nevent = [\"push\"]\naction = \"skip\"\n", &embedded);
    assert_eq!(skipped, skip("xtask.toml:3 says skip for a push of `refs/heads/topic`"));
}
