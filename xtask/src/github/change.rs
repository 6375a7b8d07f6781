//! What the change that a run of GitHub is about is to be compared with.

use anyhow::{Context as _, Result};

use super::{Said, said};
use crate::push_policy::Commit;

/// A change: a pull request, those that a queue is about to merge, or what was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The commit that it is made against, when the event came up.
    pub base: Commit,
    /// The commit in which GitHub merged a pull request to have it tried: its first parent is what the branch is by now.
    pub merge: Option<Commit>,
    /// The branch that a pull request is for.
    pub branch: Option<String>,
}

/// The change that this run is about; nothing where it is about none, as for a tag, a new branch, or by hand.
///
/// # Errors
/// When the event file cannot be read, or says of no commit that it is the base of a pull request.
pub fn change() -> Result<Option<Change>> {
    from(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

fn from(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Change>> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let Some(Said { event, path, payload, .. }) = said(&variable)? else { return Ok(None) };
    let commit = |said: Option<String>| said.and_then(|said| Commit::parse(&said));
    let unsaid = || format!("the event file `{path}` does not say which commit is the base");
    Ok(match event.as_str() {
        "pull_request" => {
            let side = payload.pull_request.map(|pull_request| pull_request.base).with_context(unsaid)?;
            let base = commit(side.sha).with_context(unsaid)?;
            Some(Change { base, merge: commit(variable("GITHUB_SHA")), branch: side.reference })
        }
        "merge_group" => {
            let base = payload.merge_group.and_then(|group| commit(group.base_sha)).with_context(unsaid)?;
            Some(Change { base, merge: None, branch: None })
        }
        "push" => commit(payload.before).map(|base| Change { base, merge: None, branch: None }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";
    const SHA: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

    fn of(actions: &str, event: &str, payload: &str) -> Result<Option<Change>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), payload).unwrap();
        let path = file.path().display().to_string();
        from(&|name| {
            let value = match name {
                "GITHUB_ACTIONS" => actions,
                "GITHUB_EVENT_NAME" => event,
                "GITHUB_EVENT_PATH" => &path,
                "GITHUB_REPOSITORY" => "ada/fleet",
                "GITHUB_SHA" => SHA,
                _ => return None,
            };
            Some(value.to_owned())
        })
    }

    #[test]
    fn what_a_run_is_compared_with() {
        let check = |event: &str, payload: &str, expected: Option<(&str, Option<&str>)>| {
            let commit = |hash: &str| Commit::parse(hash).unwrap();
            let expected = expected.map(|(base, merge)| Change {
                base: commit(base),
                merge: merge.map(commit),
                branch: merge.map(|_| "trunk".to_owned()),
            });
            assert_eq!(of("true", event, payload).unwrap(), expected, "{event} {payload}");
            assert_eq!(of("", event, payload).unwrap(), None);
        };
        let pull_request =
            format!(r#"{{"pull_request": {{"base": {{"sha": "{BASE}", "ref": "trunk"}}, "head": {{}}}}}}"#);
        check("pull_request", &pull_request, Some((BASE, Some(SHA))));
        // It runs what is merged already, with rights that what is compared must not have.
        check("pull_request_target", &pull_request, None);
        check("merge_group", &format!(r#"{{"merge_group": {{"base_sha": "{BASE}"}}}}"#), Some((BASE, None)));
        check("push", &format!(r#"{{"before": "{BASE}"}}"#), Some((BASE, None)));
        check("push", &format!(r#"{{"before": "{}"}}"#, "0".repeat(40)), None);
        check("push", "{}", None);
        check("workflow_dispatch", "{}", None);
    }

    #[test]
    fn a_base_that_is_not_said_is_no_absence_of_a_change() {
        let check = |event: &str, payload: &str, expected: &str| {
            let error = format!("{:#}", of("true", event, payload).unwrap_err());
            assert!(error.contains(expected), "{error}");
        };
        check(
            "pull_request",
            r#"{"pull_request": {"base": {"sha": "--all"}, "head": {}}}"#,
            "which commit is the base",
        );
        check("merge_group", "{}", "which commit is the base");
        check("pull_request", "{", "read the event file");
    }
}
