//! The configuration that decides about a change: that of the revision it is made against, never its own.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{Config, FILE};
use crate::git::{self, FileAt};
use crate::push_policy::{Base, Origin, Trigger};

/// The configuration by which to push what `trigger` built: the one in `repository`, which is `own`; for a change that is not
/// merged yet, that of its base.
///
/// # Errors
/// As [`rules_of_base`].
pub fn deciding<'a>(repository: &Path, own: &'a Config, trigger: &Trigger) -> Result<Cow<'a, Config>> {
    match &trigger.base {
        Some(base) if trigger.origin == Origin::Own => rules_of_base(repository, base).map(Cow::Owned),
        // What a stranger built is denied before any rule, so that nobody need fetch the base to hear it.
        _ => Ok(Cow::Borrowed(own)),
    }
}

/// The configuration of the revision that a change is made against: a pull request must not permit itself to push, nor say which
/// server is shown the token.
///
/// # Errors
/// When the event does not name that revision, this checkout does not have it, or what is there cannot be read.
pub fn rules_of_base(repository: &Path, base: &Base) -> Result<Config> {
    let Base::Commit(commit) = base else {
        bail!(
            "the event does not say what the change is made against, and a change must not decide about itself: push after it \
             is merged"
        );
    };
    let commit = commit.as_str();
    match git::file_at(repository, commit, FILE)? {
        FileAt::NoCommit => bail!(
            "the base `{commit}` of the change, whose {FILE} decides about pushing, is not in this checkout: give \
             `actions/checkout` `fetch-depth: 0`, or run `git fetch --depth=1 origin {commit}` first"
        ),
        FileAt::NoFile => Ok(Config::default()),
        FileAt::Text(text) => Config::parse(&text).with_context(|| format!("at the base `{commit}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;
    use crate::push_policy::{Commit, Event, Preset};

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
        process::ask(&mut command).unwrap()
    }

    fn commit(folder: &Path, text: &str) -> Base {
        std::fs::write(folder.join(FILE), text).unwrap();
        git(folder, &["add", "--all"]);
        git(folder, &["commit", "--quiet", "--allow-empty", "--message", "a"]);
        Base::Commit(Commit::parse(&git(folder, &["rev-parse", "HEAD"])).unwrap())
    }

    fn trigger(base: Option<Base>) -> Trigger {
        let (reference, default_branch, actor) = (None, None, None);
        Trigger { event: Event::PullRequest, reference, default_branch, origin: Origin::Own, base, actor }
    }

    #[test]
    fn a_change_does_not_decide_about_itself() {
        let place = tempfile::tempdir().unwrap();
        git(place.path(), &["init", "--quiet"]);
        git(place.path(), &["commit", "--quiet", "--allow-empty", "--message", "a"]);
        let empty = Base::Commit(Commit::parse(&git(place.path(), &["rev-parse", "HEAD"])).unwrap());
        let base = commit(place.path(), "[cache]\npreset = \"targets-on-main\"\n");
        let broken = commit(place.path(), "\n[cach]\n");
        let own_text = "[cache]\npreset = \"prs-no-forks\"\nurl = \"https://mine.example.org\"\n";
        commit(place.path(), own_text);
        let own = Config::parse(own_text).unwrap();
        let check = |base: Option<Base>, expected: Preset| {
            let config = deciding(place.path(), &own, &trigger(base)).unwrap();
            assert_eq!((config.cache.preset, config.cache.url.is_some()), (expected, expected == Preset::PrsNoForks));
        };
        check(None, Preset::PrsNoForks);
        check(Some(base), Preset::TargetsOnMain);
        check(Some(empty), Preset::MainAndTags);
        let error = format!("{:#}", deciding(place.path(), &own, &trigger(Some(broken))).unwrap_err());
        assert!(
            error.starts_with("at the base `")
                && error.ends_with("`: xtask.toml:2:2: unknown key `cach`: did you mean `cache`?"),
            "{error}"
        );
    }

    #[test]
    fn a_base_that_cannot_be_had_is_an_error_with_its_fix() {
        let place = tempfile::tempdir().unwrap();
        git(place.path(), &["init", "--quiet"]);
        let absent = "1".repeat(40);
        let base = Base::Commit(Commit::parse(&absent).unwrap());
        let error = format!("{:#}", rules_of_base(place.path(), &base).unwrap_err());
        let expected = format!(
            "the base `{absent}` of the change, whose xtask.toml decides about pushing, is not in this checkout: give \
             `actions/checkout` `fetch-depth: 0`, or run `git fetch --depth=1 origin {absent}` first"
        );
        assert_eq!(error, expected);
        let fork = Trigger { origin: Origin::Fork("eve/fleet".to_owned()), ..trigger(Some(base)) };
        assert!(deciding(place.path(), &Config::default(), &fork).is_ok());
        let error = format!("{:#}", rules_of_base(place.path(), &Base::Unsaid).unwrap_err());
        let expected = "the event does not say what the change is made against, and a change must not decide about itself: push \
                        after it is merged";
        assert_eq!(error, expected);
    }
}
