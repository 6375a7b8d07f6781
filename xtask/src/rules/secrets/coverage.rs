//! The rules of `.sops.yaml` say what they seem to: each is used, matches what it means, and asks for one key where one is meant.

use std::path::Path;

use regex_lite::Regex;

use super::policy::{self, Policy, Rule};
use super::{Facts, Sorted, place};
use crate::rules::Problem;

/// Files that no rule is meant for; one that matches any of them says nothing about names.
const ORDINARY: [&str; 5] = ["flake.nix", "README.md", ".sops.yaml", ".github/workflows/ci.yaml", "package.json"];
/// Extensions of data, which has no business in plain text among secrets; a file without one is data too.
const DATA: [&str; 14] =
    ["", "bin", "conf", "dec", "enc", "env", "ini", "json", "key", "pem", "toml", "txt", "yaml", "yml"];

/// Whether a file is meant to be encrypted: a rule names such files, or it lies among secrets.
#[must_use]
pub fn is_meant_secret(path: &Path, policies: &[Policy]) -> bool {
    let Some(policy) = policy::nearest(policies, path) else { return false };
    let Some(below) = policy.below(path) else { return false };
    let by_rule = policy.rule_for(path).is_some_and(|(_, rule)| !is_broad(rule) && foreign(rule, &below).is_none());
    by_rule || lies_among_secrets(path)
}

/// Whether `path` is data below a folder called `secrets`.
fn lies_among_secrets(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folders = path.parent().unwrap_or(Path::new("")).components();
    let among = folders.into_iter().any(|folder| folder.as_os_str() == "secrets");
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    among && DATA.contains(&extension) && (!name.starts_with('.') || name == ".env")
}

/// Whether the rule is for any file there is, so that matching it says nothing.
fn is_broad(rule: &Rule) -> bool {
    ORDINARY.iter().any(|file| rule.matches(file))
}

/// Every rule that does not do what it seems to.
#[must_use]
pub fn problems(facts: &Facts<'_>, sorted: &Sorted<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for policy in &sorted.policies {
        let files = secret_files(sorted, policy);
        for (at, rule) in policy.rules.iter().enumerate() {
            problems.extend(accidental_groups(policy, rule));
            problems.extend(unanchored(facts, policy, rule));
            problems.extend(useless(policy, at, rule, &files));
        }
        problems.extend(idle_names(sorted, policy));
    }
    problems
}

/// The files that `policy` is for, relative to its folder.
fn secret_files(sorted: &Sorted<'_>, policy: &Policy) -> Vec<String> {
    let own = |file: &Path| policy::nearest(&sorted.policies, file).is_some_and(|nearest| nearest.path == policy.path);
    let paths =
        sorted.encrypted.iter().map(|file| file.path).chain(sorted.plain.iter().map(|file| file.path.as_path()));
    let unreadable = sorted.unreadable.iter().filter_map(|problem| Some(problem.place.as_ref()?.file.as_path()));
    paths.chain(unreadable).filter(|path| own(path)).filter_map(|path| policy.below(path)).collect()
}

fn accidental_groups(policy: &Policy, rule: &Rule) -> Option<Problem> {
    if rule.recipients().next().is_none() {
        let fault = format!("the rule {} names nobody", rule.name());
        return Some(Problem::new(
            place(&policy.path, rule.line),
            fault,
            "add `age:` with the recipients, or remove the rule",
        ));
    }
    let groups = rule.groups.len();
    (groups > 1 && rule.shamir_threshold.is_none()).then(|| {
        let fault =
            format!("the rule {} has {groups} key groups, so that nobody opens its files with one key", rule.name());
        let fix = format!("put all recipients into one item of `key_groups`, or say `shamir_threshold: {groups}`");
        Problem::new(place(&policy.path, rule.line), fault, fix)
    })
}

/// A regular expression that begins with a folder, or ends in an extension, and does not say that the path does.
fn unanchored(facts: &Facts<'_>, policy: &Policy, rule: &Rule) -> Option<Problem> {
    let (text, _) = rule.path_regex.as_ref()?;
    if !open_start(text) && !open_end(text) {
        return None;
    }
    let start = if open_start(text) { "^" } else { "" };
    let end = if open_end(text) { "$" } else { "" };
    let fix = format!("write `{start}{text}{end}`");
    let stranger = facts.files.iter().find_map(|file| foreign(rule, &policy.below(&file.path)?));
    let place = place(&policy.path, rule.line);
    Some(match stranger {
        Some(file) => {
            Problem::new(place, format!("the rule {} is not anchored: it matches `{file}` too", rule.name()), fix)
        }
        None => Problem::warning(
            place,
            format!("the rule {} is not anchored: it matches other folders or endings too", rule.name()),
            fix,
        ),
    })
}

/// `file`, if the rule matches it only for want of an anchor.
fn foreign(rule: &Rule, file: &str) -> Option<String> {
    let (text, regex) = rule.path_regex.as_ref()?;
    let (start, end) = (if open_start(text) { "^" } else { "" }, if open_end(text) { "$" } else { "" });
    let anchored = Regex::new(&format!("{start}(?:{text}){end}")).ok()?;
    (regex.is_match(file) && !anchored.is_match(file)).then(|| file.to_owned())
}

/// Whether it begins with the name of a folder, and would match in the middle of a path.
fn open_start(regex: &str) -> bool {
    let literal: String = regex.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_/".contains(*c)).collect();
    literal.contains('/')
}

/// Whether it ends in an extension, and would match a longer one.
fn open_end(regex: &str) -> bool {
    let tail = regex.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    tail.len() < regex.len() && tail.ends_with("\\.")
}

/// A rule that is never the first to match.
fn useless(policy: &Policy, at: usize, rule: &Rule, files: &[String]) -> Option<Problem> {
    let first = |file: &String| policy.rules.iter().position(|rule| rule.matches(file));
    if files.iter().any(|file| first(file) == Some(at)) {
        return None;
    }
    let before = policy.rules.get(..at).unwrap_or_default();
    let taken = files.iter().filter(|file| rule.matches(file)).find_map(first);
    let shadow = taken
        .and_then(|taken| policy.rules.get(taken))
        .or_else(|| before.iter().find(|rule| rule.path_regex.is_none()));
    let place = place(&policy.path, rule.line);
    if let Some(shadow) = shadow {
        let fault = format!("the rule {} never counts: the one on line {} matches first", rule.name(), shadow.line);
        return Some(Problem::new(place, fault, "put it before that rule, or remove it"));
    }
    // A file that no rule covers is told of already, and may be the one that this rule was for.
    let uncovered = files.iter().any(|file| first(file).is_none());
    let fault = format!("the rule {} matches no file", rule.name());
    (!uncovered).then(|| Problem::warning(place, fault, "remove it, or mend its `path_regex`"))
}

/// Names of keys for which nothing is encrypted.
fn idle_names(sorted: &Sorted<'_>, policy: &Policy) -> Vec<Problem> {
    let ruled = |name: &str| policy.rules.iter().flat_map(Rule::recipients).any(|who| who.name == name);
    let metadata = || sorted.encrypted.iter().filter_map(|file| file.document.metadata.as_ref());
    let held = |name: &str| metadata().any(|metadata| metadata.recipients().any(|who| who.name == name));
    let idle = policy.named.iter().filter(|named| !ruled(&named.recipient) && !held(&named.recipient));
    idle.map(|named| {
        let fault = format!("no rule names the key `{}`", named.anchor);
        Problem::warning(place(&policy.path, named.line), fault, "add it to a rule, or remove it")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_meant_by_a_rule_or_a_folder() {
        let check = |rule: &str, path: &str, expected: bool| {
            let text = format!("creation_rules:\n  - age: a\n    path_regex: '{rule}'\n");
            let policy = Policy::read(Path::new("x/.sops.yaml"), &text).unwrap();
            assert_eq!(is_meant_secret(Path::new(path), &[policy]), expected, "{rule} {path}");
        };
        check(r"^keys/.*\.yaml$", "x/keys/a.yaml", true);
        check(r"^keys/.*\.yaml$", "x/other/a.yaml", false);
        check(r"^keys/.*\.yaml$", "keys/a.yaml", false);
        // What any file matches, or only for want of an anchor, means nothing.
        check(".*", "x/other/a.yaml", false);
        check(r"\.yaml$", "x/other/a.yaml", false);
        check(r"keys/.*\.yaml$", "x/my/keys/a.yaml", false);
        check(r"keys/.*\.yaml$", "x/keys/a.yaml", true);
        for path in ["x/secrets/a.yaml", "x/a/secrets/b/c.txt", "x/secrets/id_ed25519", "x/secrets/.env"] {
            check("^none$", path, true);
        }
        for path in ["x/secret/a.yaml", "x/secrets/a.nix", "x/secrets/.hidden", "x/secrets/.env.yaml", "x/secrets"] {
            check("^none$", path, false);
        }
    }

    #[test]
    fn a_regular_expression_is_open_where_a_path_goes_on() {
        for (regex, start, end) in [
            ("secrets/a", true, false),
            ("my-secrets_2/a", true, false),
            ("^secrets/a", false, false),
            ("secrets", false, false),
            (r".*/a", false, false),
            (r"^a\.yaml", false, true),
            (r"^a\.yaml$", false, false),
            (r"^a\.", false, false),
            ("^yaml", false, false),
            ("^a.yaml", false, false),
        ] {
            assert_eq!((open_start(regex), open_end(regex)), (start, end), "{regex}");
        }
    }
}
