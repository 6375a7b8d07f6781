//! Event files as GitHub and Gitea write them, cut to what is read of them.

use super::*;

const SHA: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
const BASE: &str = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";

fn read(event: &str, reference: &str, payload: &str) -> Result<Trigger> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), payload).unwrap();
    let path = file.path().display().to_string();
    from(&|name| {
        let value = match name {
            "GITHUB_ACTIONS" | "CI" => "true",
            "GITHUB_EVENT_NAME" => event,
            "GITHUB_EVENT_PATH" => &path,
            "GITHUB_REF" => reference,
            "GITHUB_REPOSITORY" => "ada/fleet",
            "GITHUB_SHA" => SHA,
            "GITHUB_ACTOR" => "ada",
            _ => return None,
        };
        Some(value.to_owned())
    })
}

fn check(event: &str, reference: &str, payload: &str, expected: (Event, Origin, Option<Base>)) {
    let trigger = read(event, reference, payload).unwrap();
    assert_eq!((trigger.event, trigger.origin, trigger.base), expected, "{event} {payload}");
}

fn commit(hash: &str) -> Option<Base> {
    Some(Base::Commit(Commit::parse(hash).unwrap()))
}

fn fork() -> Origin {
    Origin::Fork("eve/fleet".to_owned())
}

fn unknown(why: &str) -> Origin {
    Origin::Unknown(why.to_owned())
}

/// A pull request from `repository` and its branch `branch`.
fn pull_request(repository: &str, branch: &str) -> String {
    format!(
        r#"{{"action": "opened", "repository": {{"full_name": "ada/fleet", "default_branch": "trunk", "fork": true}},
            "pull_request": {{"base": {{"sha": "{BASE}", "ref": "trunk", "repo": {{"full_name": "ada/fleet"}}}},
                "head": {{"sha": "{SHA}", "ref": "{branch}", "repo": {repository}}}}}}}"#
    )
}

const OWN: &str = r#"{"full_name": "ada/fleet", "fork": true}"#;
const FORK: &str = r#"{"full_name": "eve/fleet", "fork": false}"#;

#[test]
fn what_the_repository_does_itself_is_its_own() {
    let payload = r#"{"repository": {"full_name": "ada/fleet", "default_branch": "trunk"}}"#;
    check("push", "refs/heads/main", payload, (Event::Push, Origin::Own, None));
    check("push", "refs/tags/v1", payload, (Event::Tag, Origin::Own, None));
    check("schedule", "refs/heads/main", "{}", (Event::Schedule, Origin::Own, None));
    check("workflow_dispatch", "refs/heads/main", payload, (Event::WorkflowDispatch, Origin::Own, None));
    check("release", "refs/tags/v1", payload, (Event::Release, Origin::Own, None));
    let dispatch = Event::Other("repository_dispatch".to_owned());
    check("repository_dispatch", "refs/heads/main", payload, (dispatch, Origin::Own, None));
    let trigger = read("push", "refs/heads/a/b", payload).unwrap();
    let facts = [trigger.reference, trigger.default_branch, trigger.actor];
    assert_eq!(facts, ["refs/heads/a/b", "trunk", "ada"].map(|text| Some(text.to_owned())));
}

#[test]
fn pull_requests_say_where_they_come_from() {
    let review = || Event::Other("pull_request_review".to_owned());
    for (name, event) in [
        ("pull_request", Event::PullRequest),
        ("pull_request_target", Event::PullRequestTarget),
        ("pull_request_review", review()),
    ] {
        let check = |payload: &str, origin: Origin| {
            check(name, "refs/pull/7/merge", payload, (event.clone(), origin, commit(BASE)));
        };
        check(&pull_request(OWN, "topic"), Origin::Own);
        check(&pull_request(FORK, "topic"), fork());
        check(&pull_request("null", "topic"), unknown("the repository it comes from is gone"));
        let agit = "its head is no branch, but was pushed for review by whoever may read";
        check(&pull_request(OWN, "refs/pull/7/head"), unknown(agit));
    }
    let baseless = pull_request(OWN, "topic").replace(&format!("\"sha\": \"{BASE}\", "), "");
    check("pull_request", "refs/pull/7/merge", &baseless, (Event::PullRequest, Origin::Own, Some(Base::Unsaid)));
    let odd = pull_request(OWN, "topic").replace(BASE, "--output=a");
    check("pull_request", "refs/pull/7/merge", &odd, (Event::PullRequest, Origin::Own, Some(Base::Unsaid)));
}

#[test]
fn runs_that_follow_others_say_whose_code_those_ran() {
    let check = |event: &str, repository: &str, origin: Origin| {
        let payload = format!(
            r#"{{"repository": {{"full_name": "ada/fleet"}}, "workflow_run": {{"event": {event}, "head_repository": {repository}}}}}"#
        );
        check("workflow_run", "refs/heads/main", &payload, (Event::WorkflowRun, origin, commit(SHA)));
    };
    check("\"pull_request\"", OWN, Origin::Own);
    check("\"push\"", OWN, Origin::Own);
    check("\"pull_request\"", FORK, fork());
    check("\"pull_request\"", "null", unknown("the repository it comes from is gone"));
    check("null", OWN, unknown("it does not say what set off the run that it follows"));
    for event in ["workflow_run", "pull_request_target", "issue_comment"] {
        let why = format!("it follows a run of `{event}`, which does not say whose code it ran");
        check(&format!("\"{event}\""), OWN, unknown(&why));
    }
}

#[test]
fn comments_on_pull_requests_do_not_say() {
    let comment = || Event::Other("issue_comment".to_owned());
    let why = "a comment does not say where the pull request comes from";
    let of_pull_request = r#"{"issue": {"pull_request": {"url": "a"}}}"#;
    check("issue_comment", "refs/heads/main", of_pull_request, (comment(), unknown(why), Some(Base::Unsaid)));
    check("issue_comment", "refs/heads/main", r#"{"issue": {"number": 7}}"#, (comment(), Origin::Own, None));
}

#[test]
fn queues_say_what_they_merge_into() {
    let payload = format!(r#"{{"merge_group": {{"base_sha": "{BASE}", "base_ref": "refs/heads/main"}}}}"#);
    let reference = "refs/heads/gh-readonly-queue/main/pr-7-a";
    check("merge_group", reference, &payload, (Event::MergeGroup, Origin::Own, commit(BASE)));
    check("merge_group", reference, "{}", (Event::MergeGroup, Origin::Own, Some(Base::Unsaid)));
}

#[test]
fn broken_event_files_are_errors() {
    let check = |event: &str, reference: &str, payload: &str, expected: &str| {
        let error = format!("{:#}", read(event, reference, payload).unwrap_err());
        assert!(error.contains(expected), "{error}");
    };
    check("pull_request", "refs/pull/7/merge", "", "read the event file `");
    check("pull_request", "refs/pull/7/merge", "{\"pull_request\": 3}", "invalid type: integer `3`");
    check("pull_request", "refs/pull/7/merge", "{}", "` is none of `pull_request`: it has no `pull_request`");
    check("pull_request_target", "refs/heads/main", "{}", "it has no `pull_request`");
    check("workflow_run", "refs/heads/main", "{}", "it has no `workflow_run`");
    check("push", "", "{}", "this is a `push`, and `GITHUB_REF` is not set: it is not known what was pushed");
    let other = r#"{"repository": {"full_name": "eve/fleet"}}"#;
    check("push", "refs/heads/main", other, "` is about `eve/fleet`, and `GITHUB_REPOSITORY` is `ada/fleet`");
}

#[test]
fn what_is_not_said_at_all_is_an_error() {
    let check = |set: &[(&str, &str)], expected: &str| {
        let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let error = format!("{:#}", from(&variable).unwrap_err());
        assert!(error.starts_with(expected), "{error}");
    };
    let (actions, event, repository) =
        (("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_REPOSITORY", "ada/fleet"));
    check(&[actions], "`GITHUB_ACTIONS` is set and `GITHUB_EVENT_NAME` is not");
    check(&[actions, event], "`GITHUB_ACTIONS` is set and `GITHUB_REPOSITORY` is not");
    check(&[actions, event, repository], "`GITHUB_ACTIONS` is set and `GITHUB_EVENT_PATH` is not");
    let absent = [actions, event, repository, ("GITHUB_EVENT_PATH", "/no such file")];
    check(&absent, "read the event file `/no such file`, which `GITHUB_EVENT_PATH` names: No such file");
}

#[test]
fn other_ci_is_told_from_no_ci() {
    let check = |set: &[(&str, &str)], expected: Event| {
        let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let trigger = from(&variable).unwrap();
        assert_eq!((trigger.event, trigger.origin, trigger.base), (expected, Origin::Own, None));
    };
    let unknown = |name: &str| Event::UnknownCi(name.to_owned());
    check(&[], Event::Local);
    check(&[("CI", "false"), ("TRAVIS", "0"), ("GITLAB_CI", "")], Event::Local);
    check(&[("CI", "true")], unknown("CI"));
    check(&[("CI", "true"), ("GITLAB_CI", "true")], unknown("GITLAB_CI"));
    check(&[("JENKINS_URL", "https://a")], unknown("JENKINS_URL"));
    check(&[("GITHUB_ACTIONS", "yes")], unknown("GITHUB_ACTIONS"));
}
