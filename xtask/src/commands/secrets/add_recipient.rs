//! Let somebody read files: name their key in `.sops.yaml`, and encrypt the files for them too

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::updatekeys::update;
use super::workshop::Workshop;
use crate::age;
use crate::context::{Context, Ending};
use crate::report::Mark;
use crate::rules::secrets::{Policy, nearest, sort};

/// Let somebody read files: name their key in `.sops.yaml`, and encrypt the files for them too
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How to call them: the name of the person or host, as the flake has it
    name: String,
    /// Their public key
    key: String,
    /// Files that they are to read; the rules for these name them, for every file of those rules
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets add-recipient bob age1sgh57quyxzlzvsaad5d33eh5vwewdw55rjl3etd4fcgc243p353q8lcmux secrets/web.yaml";

/// Adds the recipient, or changes nothing.
///
/// # Errors
/// When the key is none, `.sops.yaml` is written in a way that cannot be added to, or no key of the user opens a file.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    if !age::is_recipient(&args.key)? {
        bail!("`{}` is no public key of age", args.key);
    }
    let mut workshop = Workshop::open(context)?;
    let files: Vec<PathBuf> = args.files.iter().map(|file| workshop.named(file)).collect::<Result<_>>()?;
    let mut changed = Vec::new();
    for file in &files {
        let sorted = sort(&workshop.files);
        let policy =
            nearest(&sorted.policies, file).with_context(|| format!("no .sops.yaml is for `{}`", file.display()))?;
        let (at, rule) = policy.rule_for(file).with_context(|| format!("no rule covers `{}`", file.display()))?;
        if rule.recipients().any(|who| who.name == args.key) {
            continue;
        }
        let path = policy.path.clone();
        let old = workshop.files.iter().find(|known| known.path == path).context("find the policy again")?;
        let text = added(policy, &old.text, at, &args.name, &args.key)?;
        drop(sorted);
        workshop.replace(&path, text);
        changed.push(path);
    }
    let due = due(&workshop, &args.key);
    for path in &due {
        update(&mut workshop, path, false)?;
    }
    let written: Vec<PathBuf> = changed.iter().chain(&due).cloned().collect();
    workshop.put_back(&written)?;
    let shown: Vec<String> = due.iter().map(|path| format!("`{}`", path.display())).collect();
    let told = if shown.is_empty() { "nothing new".to_owned() } else { shown.join(", ") };
    context.console.mark(Mark::Ok, &format!("`{}` reads {told}", args.name));
    Ok(Ending::Clean)
}

/// The encrypted files whose rule names `key` and that are not encrypted for it.
fn due(workshop: &Workshop, key: &str) -> Vec<PathBuf> {
    let sorted = sort(&workshop.files);
    let wants = |path: &std::path::Path| {
        let rule = nearest(&sorted.policies, path).and_then(|policy| policy.rule_for(path));
        rule.is_some_and(|(_, rule)| rule.recipients().any(|who| who.name == key))
    };
    let due = sorted.encrypted.iter().filter(|file| wants(file.path));
    let has = |metadata: &crate::rules::secrets::Metadata| metadata.recipients().any(|who| who.name == key);
    due.filter(|file| !file.document.metadata.as_ref().is_some_and(has)).map(|file| file.path.to_owned()).collect()
}

/// The text of `.sops.yaml` with `name` among the keys, and in the rule at `at`.
fn added(policy: &Policy, text: &str, at: usize, name: &str, key: &str) -> Result<String> {
    let rule = policy.rules.get(at).context("find the rule again")?;
    let by_hand = || {
        format!(
            "{}: written in a way that this program does not add to: add `{key}` by hand, then run `cargo xtask secrets updatekeys`",
            policy.path.display()
        )
    };
    if policy.named.iter().any(|named| named.anchor == name && named.recipient != key) {
        bail!("{}: `{name}` is the name of another key", policy.path.display());
    }
    let known = policy.named.iter().any(|named| named.anchor == name);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // From the end of the file towards its beginning, so that lines keep their numbers.
    let last = rule.groups.last().and_then(|group| group.last()).with_context(by_hand)?;
    insert_after(&mut lines, last.line, &format!("- *{name}")).with_context(by_hand)?;
    if !known {
        let last = policy.named.iter().map(|named| named.line).max().with_context(by_hand)?;
        insert_after(&mut lines, last, &format!("- &{name} {key}")).with_context(by_hand)?;
    }
    let text = lines.join("\n") + "\n";
    let again = Policy::read(&policy.path, &text).ok().with_context(by_hand)?;
    let names = |rule: &crate::rules::secrets::Rule| rule.recipients().map(|who| who.name.clone()).collect::<Vec<_>>();
    for (number, (old, new)) in policy.rules.iter().zip(&again.rules).enumerate() {
        let mut expected = names(old);
        if number == at {
            expected.push(key.to_owned());
        }
        if again.rules.len() != policy.rules.len() || names(new) != expected {
            bail!(by_hand());
        }
    }
    Ok(text)
}

/// Inserts an item behind the list's item on that line, as far indented.
fn insert_after(lines: &mut Vec<String>, line: u32, item: &str) -> Option<()> {
    let at = usize::try_from(line).ok()?;
    let before = lines.get(at.checked_sub(1)?)?;
    let indent = before.len() - before.trim_start().len();
    if !before.trim_start().starts_with("- ") {
        return None;
    }
    let text = format!("{}{item}", " ".repeat(indent));
    lines.insert(at, text);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TEXT: &str = "keys:\n  - &ada age1a\n  - &web age1w # host\ncreation_rules:\n  - path_regex: ^a$\n    key_groups:\n      - age:\n          - *ada\n  - path_regex: ^b$\n    age: age1a\n";

    #[test]
    fn a_key_is_added_where_it_belongs() {
        let policy = Policy::read(Path::new(".sops.yaml"), TEXT).unwrap();
        let new = added(&policy, TEXT, 0, "bob", "age1b").unwrap();
        let expected =
            TEXT.replace("# host\n", "# host\n  - &bob age1b\n").replace("- *ada\n", "- *ada\n          - *bob\n");
        assert_eq!(new, expected);
        let known = added(&policy, TEXT, 0, "web", "age1w").unwrap();
        assert_eq!(known, TEXT.replace("- *ada\n", "- *ada\n          - *web\n"));
    }

    #[test]
    fn what_cannot_be_added_to_is_left_alone() {
        let policy = Policy::read(Path::new(".sops.yaml"), TEXT).unwrap();
        let error = |at, name| added(&policy, TEXT, at, name, "age1b").unwrap_err().to_string();
        assert!(error(1, "bob").contains("add `age1b` by hand"));
        assert!(error(0, "ada").contains("`ada` is the name of another key"));
    }
}
