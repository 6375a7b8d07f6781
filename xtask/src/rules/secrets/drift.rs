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
