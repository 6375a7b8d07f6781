//! An encrypted file is as its rule in `.sops.yaml` would make it: recipients, groups, selector.

use std::collections::BTreeSet;

use super::document::Format;
use super::metadata::{DEFAULT_SELECTOR, Recipient};
use super::policy::{self, Policy, Rule};
use super::{Encrypted, place};
use crate::rules::Problem;

/// How `file` differs from what its rule says.
#[must_use]
pub fn problems(file: &Encrypted<'_>, policies: &[Policy]) -> Vec<Problem> {
    let Some(metadata) = &file.document.metadata else { return Vec::new() };
    let problem = |fault: String, fix: String| Problem::new(place(file.path, metadata.line), fault, fix);
    let Some(policy) = policy::nearest(policies, file.path) else {
        let fix = "write a .sops.yaml with a rule for it";
        return vec![problem(
            "the file is encrypted, and there is no .sops.yaml that says for whom".to_owned(),
            fix.to_owned(),
        )];
    };
    let Some((_, rule)) = policy.rule_for(file.path) else {
        let fault = format!("no rule of {} covers this file", policy.path.display());
        return vec![problem(fault, "add a `path_regex` that matches it, or mend the one that should".to_owned())];
    };
    let mut problems = Vec::new();
    let named = rule.recipients().next().is_some();
    if let Some(fault) = recipients(file, policy, rule).filter(|_| named) {
        let fix = format!("run `cargo xtask secrets updatekeys {}`, or mend {}", file.path.display(), at(policy, rule));
        problems.push(problem(fault, fix));
    }
    problems.extend(settings(file, rule).map(|(file_says, rule_says)| {
        let fault = format!("the file has {file_says}, and its rule ({}) wants {rule_says}", at(policy, rule));
        problem(fault, "make the rule say what the file has, or encrypt the file anew by its rule".to_owned())
    }));
    problems
}

fn at(policy: &Policy, rule: &Rule) -> String {
    format!("{}:{}", policy.path.display(), rule.line)
}

/// Whom the file is encrypted for and should not be, and the other way round.
fn recipients(file: &Encrypted<'_>, policy: &Policy, rule: &Rule) -> Option<String> {
    let metadata = file.document.metadata.as_ref()?;
    let (present, wanted) = (identities(metadata.recipients()), identities(rule.recipients()));
    let called = |set: BTreeSet<&String>| {
        set.into_iter().map(|who| format!("`{}`", policy.name(who))).collect::<Vec<_>>().join(", ")
    };
    let missing = called(wanted.difference(&present).collect());
    let extra = called(present.difference(&wanted).collect());
    match (missing.as_str(), extra.as_str()) {
        ("", "") => groups(file, policy, rule),
        (_, "") => Some(format!("the file is not encrypted for {missing}, whom its rule ({}) names", at(policy, rule))),
        ("", _) => {
            Some(format!("the file is encrypted for {extra}, whom its rule ({}) does not name", at(policy, rule)))
        }
        _ => Some(format!(
            "the file is encrypted for {extra}, and not for {missing}, as its rule ({}) says",
            at(policy, rule)
        )),
    }
}

/// How the recipients are divided into groups, if not as the rule says. A rule that divides them by accident is a problem of its own.
fn groups(file: &Encrypted<'_>, policy: &Policy, rule: &Rule) -> Option<String> {
    let metadata = file.document.metadata.as_ref()?;
    let sets = |groups: &[Vec<Recipient>]| groups.iter().map(|group| identities(group.iter())).collect::<BTreeSet<_>>();
    if rule.groups.len() > 1 && rule.shamir_threshold.is_none() {
        return None;
    }
    let threshold =
        |groups: usize, said: Option<u32>| if groups > 1 { said.or(u32::try_from(groups).ok()) } else { None };
    let (has, wants) = (metadata.groups.len(), rule.groups.len());
    let (needs, should) = (threshold(has, metadata.shamir_threshold), threshold(wants, rule.shamir_threshold));
    if sets(&metadata.groups) == sets(&rule.groups) && needs == should {
        return None;
    }
    let told = |groups: usize, needed: Option<u32>| match needed {
        Some(needed) => format!("keys of {needed} of {groups} groups"),
        None => "one key".to_owned(),
    };
    Some(format!(
        "the file needs {}, and its rule ({}) asks for {} or groups them otherwise",
        told(has, needs),
        at(policy, rule),
        told(wants, should)
    ))
}

/// The recipients that can be compared by name; services whose two spellings differ are counted only.
fn identities<'a>(recipients: impl Iterator<Item = &'a Recipient>) -> BTreeSet<String> {
    let mut counted = 0;
    let identity = |recipient: &Recipient| match recipient.kind {
        // What follows an SSH key is a remark.
        "age" if recipient.name.starts_with("ssh-") => {
            recipient.name.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ")
        }
        "age" | "kms" | "gcp_kms" => recipient.name.clone(),
        "pgp" => recipient.name.to_uppercase().replace(' ', ""),
        kind => {
            counted += 1;
            format!("{kind} {counted}")
        }
    };
    recipients.map(identity).collect()
}

/// What the file has and its rule wants, where selector or MAC differ.
fn settings(file: &Encrypted<'_>, rule: &Rule) -> Option<(String, String)> {
    let metadata = file.document.metadata.as_ref()?;
    // A binary file is one value: nothing is selected.
    if file.format == Format::Binary {
        return None;
    }
    let selector = |said: Option<&(String, String)>| {
        let (name, value) = said.map_or(DEFAULT_SELECTOR, |(name, value)| (name, value));
        format!("`{name}: {value}`")
    };
    let (has, wants) = (selector(metadata.selector.as_ref()), selector(rule.selector.as_ref()));
    if has != wants {
        return Some((has, wants));
    }
    let mac = |only: bool| format!("`mac_only_encrypted: {only}`");
    let (has, wants) = (metadata.mac_only_encrypted, rule.mac_only_encrypted);
    (has != wants).then(|| (mac(has), mac(wants)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::document;
    use super::*;

    /// What is told of the file at `path`, in whose own part `sops` stands, under a rule that says `rule`.
    #[track_caller]
    fn check_at(path: &str, rule: &str, sops: &str, expected: &[&str]) {
        let policy = Policy::read(Path::new(policy::FILE), &format!("creation_rules:\n  - {rule}\n")).unwrap();
        let document = document::read(Format::Yaml, &format!("sops: {{ {sops} }}\n")).unwrap();
        let path = Path::new(path);
        let found = problems(&Encrypted { path, format: Format::of(path), document }, &[policy]);
        assert_eq!(found.into_iter().map(|problem| problem.fault).collect::<Vec<_>>(), expected, "{rule}");
    }

    #[track_caller]
    fn check(rule: &str, sops: &str, expected: &[&str]) {
        check_at("a.yaml", rule, sops, expected);
    }

    fn extra(who: &str) -> String {
        format!("the file is encrypted for `{who}`, whom its rule (.sops.yaml:2) does not name")
    }

    #[test]
    fn recipients_are_compared_as_they_are_written() {
        let both = |file: &str, rule: &str| {
            format!("the file is encrypted for `{file}`, and not for `{rule}`, as its rule (.sops.yaml:2) says")
        };
        check("age: ssh-ed25519 AAAA ada@web", "age: [{ recipient: ssh-ed25519 AAAA }]", &[]);
        let other = both("ssh-ed25519 AAAB", "ssh-ed25519 AAAA");
        check("age: ssh-ed25519 AAAA ada@web", "age: [{ recipient: ssh-ed25519 AAAB ada@web }]", &[&other]);
        // Only what follows an SSH key is a remark.
        let plugin = both("age1x a b", "age1x a c");
        check("age: age1x a c", "age: [{ recipient: age1x a b }]", &[&plugin]);
        check("pgp: ab cd", "pgp: [{ fp: ABCD }]", &[]);
        check("pgp: abce", "pgp: [{ fp: ABCD }]", &[&both("ABCD", "ABCE")]);
        check("kms: 'arn:a'", "kms: [{ arn: 'arn:a' }]", &[]);
        check("kms: 'arn:a'", "kms: [{ arn: 'arn:b' }]", &[&both("arn:b", "arn:a")]);
        check("gcp_kms: [{ resource_id: a }]", "gcp_kms: [{ resource_id: b }]", &[&both("b", "a")]);
    }

    #[test]
    fn recipients_that_files_spell_otherwise_are_counted() {
        check("azure_keyvault: 'https://v/a'", "azure_kv: [{ name: a }]", &[]);
        let two = "azure_kv: [{ name: a }, { name: b }]";
        check("azure_keyvault: 'https://v/a'", two, &[&extra("azure_kv 2")]);
        check("azure_keyvault: 'https://v/a,https://v/b'", two, &[]);
    }

    #[test]
    fn a_rule_that_names_nobody_is_told_of_elsewhere() {
        check("path_regex: a", "age: [{ recipient: age1a }]", &[]);
        check("age: age1b", "age: [{ recipient: age1a }, { recipient: age1b }]", &[&extra("age1a")]);
    }

    #[test]
    fn groups_and_how_many_of_them_are_needed() {
        let groups = |groups: &[&str], field: &str| {
            let member =
                |who: char| if field.is_empty() { format!("age1{who}") } else { format!("{{ {field}: age1{who} }}") };
            let group =
                |group: &&str| format!("{{ age: [{}] }}", group.chars().map(member).collect::<Vec<_>>().join(", "));
            format!("key_groups: [{}]", groups.iter().map(group).collect::<Vec<_>>().join(", "))
        };
        let check = |rule: &[&str], wanted: u32, file: &[&str], needed: u32, expected: &[&str]| {
            let rule = format!("{{ {}, shamir_threshold: {wanted} }}", groups(rule, ""));
            check(&rule, &format!("{}, shamir_threshold: {needed}", groups(file, "recipient")), expected);
        };
        let fault = |has: &str, wants: &str| {
            format!("the file needs {has}, and its rule (.sops.yaml:2) asks for {wants} or groups them otherwise")
        };
        let (one, two) = ("keys of 1 of 2 groups", "keys of 2 of 2 groups");
        check(&["a", "b"], 2, &["b", "a"], 2, &[]);
        check(&["a", "b"], 1, &["a", "b"], 1, &[]);
        // A file that does not say how many are needed needs all.
        check(&["a", "b"], 2, &["a", "b"], 0, &[]);
        check(&["a", "b"], 1, &["a", "b"], 2, &[&fault(two, one)]);
        check(&["a", "bc"], 2, &["ab", "c"], 2, &[&fault(two, two)]);
        // Of one group, no number is needed.
        check(&["ab"], 2, &["ab"], 0, &[]);
        check(&["ab"], 0, &["a", "b"], 0, &[&fault(two, "one key")]);
        // A rule that divides its recipients and does not say how many are needed is told of elsewhere.
        check(&["a", "b"], 0, &["ab"], 0, &[]);
    }

    #[test]
    fn settings_of_what_has_many_values() {
        let rule = "{ age: age1a, encrypted_regex: ^p }";
        let sops = "age: [{ recipient: age1a }]";
        let fault =
            "the file has `unencrypted_suffix: _unencrypted`, and its rule (.sops.yaml:2) wants `encrypted_regex: ^p`";
        check(rule, sops, &[fault]);
        check(rule, &format!("{sops}, encrypted_regex: ^p"), &[]);
        check_at("a.bin", rule, sops, &[]);
    }
}
