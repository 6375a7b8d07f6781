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
