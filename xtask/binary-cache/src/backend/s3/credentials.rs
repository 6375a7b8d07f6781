//! The keys of a bucket: from the environment, or from a profile in the credentials file.

use std::path::PathBuf;

use cache_protocol::{Fault, FaultKind};
use rusty_s3::Credentials;

/// What is found in the environment `variable`, else in the file of profiles; nothing, if neither holds keys: then only what is
/// public can be read.
///
/// # Errors
/// When the file cannot be read, or the named profile is not in it.
pub fn find(profile: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Credentials>, Fault> {
    let variable = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    if profile.is_none()
        && let (Some(key), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
    {
        return Ok(Some(credentials(key, secret, variable("AWS_SESSION_TOKEN"))));
    }
    let named = profile.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let file = variable("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
    let file = file.or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".aws/credentials")));
    let text = match file.as_ref().map(std::fs::read_to_string) {
        Some(Ok(text)) => text,
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            let file = file.unwrap_or_default();
            return Err(Fault::new(FaultKind::Local, format!("read credentials `{}`: {error}", file.display())));
        }
        _ => String::new(),
    };
    match (in_profile(&text, named.as_deref().unwrap_or("default")), named) {
        (None, Some(name)) => {
            let file = file.map_or_else(|| "~/.aws/credentials".to_owned(), |file| file.display().to_string());
            Err(Fault::new(
                FaultKind::Usage,
                format!("profile `{name}` has no aws_access_key_id and aws_secret_access_key in `{file}`"),
            ))
        }
        (found, _) => Ok(found),
    }
}

/// What to say to who is not let in: what was sent and where that is mended, or that nothing was found.
pub fn hint(found: Option<&Credentials>) -> String {
    let variables = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    match found.map(|credentials| credentials.token().is_some()) {
        None => format!("no keys were found in {variables} or in a profile"),
        Some(false) => {
            format!("with the keys that were sent: put some that may do this into {variables} or the profile")
        }
        Some(true) => format!(
            "with the keys that were sent, which are good for a while only: put fresh ones into {variables} and \
             AWS_SESSION_TOKEN or the profile"
        ),
    }
}

fn credentials(key: String, secret: String, token: Option<String>) -> Credentials {
    match token {
        Some(token) => Credentials::new_with_token(key, secret, token),
        None => Credentials::new(key, secret),
    }
}

/// The keys below `[name]`.
fn in_profile(text: &str, name: &str) -> Option<Credentials> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let heading =
        |line: &str| line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).map(|name| name.trim().to_owned());
    let section: Vec<&str> = lines
        .skip_while(|line| heading(line).is_none_or(|found| found != name))
        .skip(1)
        .take_while(|line| heading(line).is_none())
        .collect();
    let value = |name: &str| {
        section
            .iter()
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    Some(credentials(value("aws_access_key_id")?, value("aws_secret_access_key")?, value("aws_session_token")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=hunter2\n\n[ ci ]\n; more\n\
        aws_access_key_id=B\naws_secret_access_key=hunter3\naws_session_token=T=\n[half]\naws_access_key_id=C\n";

    #[test]
    fn keys_in_a_profile() {
        let check = |name: &str, expected: Option<(&str, &str, Option<&str>)>| {
            let found = in_profile(FILE, name);
            let found = found.as_ref().map(|found| (found.key(), found.secret(), found.token()));
            assert_eq!(found, expected, "{name}");
        };
        check("default", Some(("A", "hunter2", None)));
        check("ci", Some(("B", "hunter3", Some("T="))));
        check("half", None);
        check("other", None);
    }

    #[test]
    fn the_environment_comes_first_unless_a_profile_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        std::fs::write(&file, FILE).unwrap();
        let check = |profile: Option<&str>, variables: &[(&str, &str)], expected: Result<Option<&str>, &str>| {
            let found = find(profile, |name| {
                let given = variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
                given.or_else(|| (name == "AWS_SHARED_CREDENTIALS_FILE").then(|| file.display().to_string()))
            });
            match (&found, expected) {
                (Ok(found), Ok(key)) => assert_eq!(found.as_ref().map(Credentials::key), key),
                (Err(error), Err(what)) => {
                    assert!(error.what.contains(what) && !error.what.contains("hunter"), "{error}")
                }
                _ => panic!("{found:?}"),
            }
        };
        let keys = [("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "hunter4")];
        check(None, &keys, Ok(Some("E")));
        check(Some("ci"), &keys, Ok(Some("B")));
        check(None, &[("AWS_ACCESS_KEY_ID", "E")], Ok(Some("A")));
        check(None, &[("AWS_PROFILE", "ci")], Ok(Some("B")));
        check(Some("other"), &[], Err("profile `other` has no aws_access_key_id"));
        check(Some("half"), &[], Err("profile `half` has no aws_access_key_id"));
        check(None, &[("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file")], Ok(None));
        check(None, &[("AWS_SHARED_CREDENTIALS_FILE", "/proc")], Err("read credentials `/proc`: "));
    }

    #[test]
    fn the_secret_is_never_shown() {
        let found = in_profile(FILE, "ci").unwrap();
        assert!(!format!("{found:?}").contains("hunter3"));
    }
}
