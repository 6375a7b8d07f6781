//! Each wrapped key of a file is for the one whom its label names, as far as the header of the age file tells.

use super::metadata::Recipient;
use super::policy::{self, Policy};
use super::{Encrypted, place, stanza};
use crate::rules::Problem;

/// Every wrapped key that is not what its label says.
#[must_use]
pub fn problems(file: &Encrypted<'_>, policies: &[Policy]) -> Vec<Problem> {
    let Some(metadata) = &file.document.metadata else { return Vec::new() };
    let policy = policy::nearest(policies, file.path);
    let name =
        |recipient: &Recipient| policy.map_or(&*recipient.name, |policy| policy.name(&recipient.name)).to_owned();
    let path = file.path.display();
    let fix = format!(
        "find out who changed the file (`git log -- {path}`), then run `cargo xtask secrets updatekeys --rotate {path}`"
    );
    let mut problems = Vec::new();
    let mut problem = |line: u32, fault: String| problems.push(Problem::new(place(file.path, line), fault, &*fix));
    if metadata.recipients().next().is_none() {
        problem(metadata.line, "the file is encrypted for nobody".to_owned());
    }
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for recipient in metadata.recipients().filter(|recipient| recipient.kind == "age") {
        let called = name(recipient);
        let Some(stanzas) = recipient.enc.as_deref().and_then(stanza::stanzas) else {
            problem(recipient.line, format!("the key that is wrapped for `{called}` is no age file"));
            continue;
        };
        let [only] = stanzas.as_slice() else {
            let count = stanzas.len();
            problem(
                recipient.line,
                format!("the key that is wrapped for `{called}` opens for {count} recipients, not for one"),
            );
            continue;
        };
        let twin = seen
            .iter()
            .find(|(_, arguments)| !only.arguments.is_empty() && *arguments == only.arguments && only.kind == "X25519");
        if !stanza::fits(only, &recipient.name) {
            problem(recipient.line, format!("the key that is labelled `{called}` is wrapped for somebody else"));
        } else if let Some((other, _)) = twin {
            problem(recipient.line, format!("the key that is labelled `{called}` is the one wrapped for `{other}`"));
        }
        seen.push((called, only.arguments.clone()));
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::document::{self, Format};
    use super::super::tests::wrapped;
    use super::*;

    /// What is told of a file for these recipients of `kind`, each with the stanza that its wrapped key has.
    #[track_caller]
    fn check(kind: &str, recipients: &[(&str, &str)], expected: &[&str]) {
        let field = if kind == "age" { "recipient" } else { "fp" };
        let item = |(name, stanza): &(&str, &str)| format!("{{ {field}: {name}, enc: {:?} }}", wrapped(stanza));
        let items: Vec<String> = recipients.iter().map(item).collect();
        let document = document::read(Format::Yaml, &format!("sops: {{ {kind}: [{}] }}\n", items.join(", "))).unwrap();
        let found = problems(&Encrypted { path: Path::new("a.yaml"), format: Format::Yaml, document }, &[]);
        assert_eq!(found.into_iter().map(|problem| problem.fault).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_wrapped_key_is_for_one() {
        check("age", &[("age1a", "X25519 a"), ("age1b", "X25519 b")], &[]);
        let twin = "the key that is labelled `age1b` is the one wrapped for `age1a`";
        check("age", &[("age1a", "X25519 a"), ("age1b", "X25519 a")], &[twin]);
        // Two keys without arguments may differ, and one SSH key may stand twice under two remarks.
        check("age", &[("age1a", "X25519"), ("age1b", "X25519")], &[]);
        let ssh = |remark: &'static str| (remark, "ssh-ed25519 ungWvw");
        check("age", &[ssh("ssh-ed25519 YWJj ada"), ssh("ssh-ed25519 YWJj bob")], &[]);
        let other = "the key that is labelled `age1a` is wrapped for somebody else";
        check("age", &[("age1a", "ssh-ed25519 a")], &[other]);
    }

    #[test]
    fn nobody_and_those_of_other_kinds() {
        check("age", &[], &["the file is encrypted for nobody"]);
        check("pgp", &[("ABCD", "nothing of age")], &[]);
    }
}
