//! What configurations declare is there: the file, the key with a text, the format; and whoever declares it can read it.

use std::path::{Path, PathBuf};

use super::document::Format;
use super::metadata::Metadata;
use super::policy::{self, Named, Policy};
use super::{Encrypted, Facts, Sorted, encrypted, place};
use crate::fleet::Place;
use crate::rules::Problem;

/// A secret that a configuration declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The configuration's attribute.
    pub by: String,
    /// The names under which `.sops.yaml` may know its key.
    pub names: Vec<String>,
    /// The secret's name.
    pub secret: String,
    /// The key in its file: names joined by `/`; an empty one is the whole file.
    pub key: String,
    /// Its format.
    pub format: String,
    /// Its file.
    pub file: SopsFile,
}

/// Where a declared secret's file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SopsFile {
    /// In the repository, at this path relative to it.
    Here(PathBuf),
    /// Somewhere else: in another flake.
    Elsewhere(String),
}

/// A private key that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    /// The configuration's attribute.
    pub by: String,
    /// The option.
    pub option: String,
    /// Where the key is to be.
    pub path: String,
}

/// Something wrong that several configurations may share.
struct Fault {
    place: Option<Place>,
    text: String,
    fix: String,
    warning: bool,
    by: Vec<String>,
}

/// Everything that is declared and cannot work.
#[must_use]
pub fn problems(facts: &Facts<'_>, sorted: &Sorted<'_>) -> Vec<Problem> {
    let mut faults: Vec<Fault> = Vec::new();
    for declaration in facts.declarations {
        for fault in declaration_faults(facts, sorted, declaration) {
            add(&mut faults, fault);
        }
    }
    for key in facts.key_paths.iter().filter(|key| Path::new(&key.path).starts_with(facts.store)) {
        add(&mut faults, key_in_store(facts, key));
    }
    faults.into_iter().map(problem).collect()
}

/// One fault in a shared module is one problem, however many configurations import it.
fn add(faults: &mut Vec<Fault>, fault: Fault) {
    match faults.iter_mut().find(|known| known.text == fault.text) {
        Some(known) => known.by.extend(fault.by),
        None => faults.push(fault),
    }
}

fn problem(fault: Fault) -> Problem {
    let by: Vec<String> = fault.by.iter().map(|by| format!("`{by}`")).collect();
    let text = format!("{}: declared by {}", fault.text, by.join(", "));
    match fault.warning {
        true => Problem::warning(fault.place, text, fault.fix),
        false => Problem::new(fault.place, text, fault.fix),
    }
}

fn declaration_faults(facts: &Facts<'_>, sorted: &Sorted<'_>, declared: &Declaration) -> Vec<Fault> {
    let fault = |text: String, fix: String, warning: bool| Fault {
        place: line_that_names(facts, &declared.secret),
        text: format!("`sops.secrets.{}` {text}", declared.secret),
        fix,
        warning,
        by: vec![declared.by.clone()],
    };
    let path = match &declared.file {
        SopsFile::Here(path) => path,
        SopsFile::Elsewhere(elsewhere) => {
            let text = format!("is in `{elsewhere}`, outside of this repository, and was not looked for");
            return vec![fault(
                text,
                "run `cargo xtask secrets check` in the repository of that file".to_owned(),
                true,
            )];
        }
    };
    let shown = path.display();
    if !facts.files.iter().any(|file| file.path == *path) {
        let fix = format!("add `{shown}`, or name another file in `sopsFile`");
        return vec![fault(format!("is in `{shown}`, which does not exist"), fix, false)];
    }
    let mut faults = Vec::new();
    let format = Format::of(path);
    if declared.format != format.word() {
        let text = format!("reads `{shown}` as {}, and sops takes it for {}", declared.format, format.word());
        faults.push(fault(text, format!("say `format = \"{}\";`, or rename the file", format.word()), false));
    }
    // A file that is not encrypted, or cannot be read, is a problem of its own.
    let Some(file) = sorted.encrypted.iter().find(|file| file.path == path) else { return faults };
    if declared.format == format.word() && matches!(format, Format::Yaml | Format::Json) && !declared.key.is_empty() {
        faults.extend(value_fault(file, &declared.key).map(|(text, fix)| fault(text, fix, false)));
    }
    if let Some((named, policy)) = stranger(file, &sorted.policies, &declared.names) {
        let text = format!("is in `{shown}`, which the key `{}` does not open", named.anchor);
        let fix = format!(
            "add `*{}` to the rule for `{shown}` in {}, then run `cargo xtask secrets updatekeys {shown}`",
            named.anchor,
            policy.path.display()
        );
        faults.push(Fault { place: place(&policy.path, rule_line(policy, path)), ..fault(text, fix, false) });
    }
    faults
}

fn rule_line(policy: &Policy, path: &Path) -> u32 {
    policy.rule_for(path).map_or(1, |(_, rule)| rule.line)
}

/// Why the value at `key` cannot be a secret: it is absent, or no text.
fn value_fault(file: &Encrypted<'_>, key: &str) -> Option<(String, String)> {
    let wanted: Vec<&str> = key.split('/').collect();
    let shown = file.path.display();
    let leaf = file.document.leaves.iter().find(|leaf| leaf.path == wanted && !leaf.in_list);
    let edit = format!("run `cargo xtask secrets edit {shown}`");
    let Some(leaf) = leaf else {
        let below = file
            .document
            .leaves
            .iter()
            .any(|leaf| leaf.path.starts_with(&wanted.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>()));
        return Some(match below {
            true => (
                format!("is `{key}` of `{shown}`, which is no text"),
                format!("{edit} and make it text, or name a key below it"),
            ),
            false => {
                (format!("is `{key}` of `{shown}`, which has no such key"), format!("{edit} and add it, or set `key`"))
            }
        });
    };
    let kind = encrypted::value_type(&leaf.text).unwrap_or("str");
    (kind != "str").then(|| {
        (
            format!("is `{key}` of `{shown}`, which is no text but {kind}"),
            format!("{edit} and put the value into quotes"),
        )
    })
}

/// The key of a configuration that cannot open `file`, though its rule could name it. Which key is a host's or user's is told from
/// the anchor in `.sops.yaml`; without one of that name nothing can be said. Where only one of the file and its rule name it, that is drift.
fn stranger<'a>(file: &Encrypted<'_>, policies: &'a [Policy], names: &[String]) -> Option<(&'a Named, &'a Policy)> {
    let policy = policy::nearest(policies, file.path)?;
    let called = |named: &&Named| names.iter().any(|name| is_name_of(&named.anchor, name));
    let own: Vec<&Named> = policy.named.iter().filter(called).collect();
    let (_, rule) = policy.rule_for(file.path)?;
    let held = file.document.metadata.iter().flat_map(Metadata::recipients);
    let opening: Vec<&str> = rule.recipients().chain(held).map(|who| who.name.as_str()).collect();
    let opens = |named: &&Named| opening.contains(&named.recipient.as_str());
    let first = *own.first()?;
    (!own.iter().any(opens)).then_some((first, policy))
}

/// Whether an anchor is the one of a host or user: the name itself, also behind `host-`, `server_`, `user_`, and the like.
fn is_name_of(anchor: &str, name: &str) -> bool {
    let same = |a: &str, b: &str| a.replace('_', "-").eq_ignore_ascii_case(&b.replace(['_', '@', '.'], "-"));
    let prefixes = ["host", "server", "machine", "system", "user", "admin", "home"];
    let bare = prefixes.iter().find_map(|prefix| anchor.strip_prefix(prefix)?.strip_prefix(['-', '_']));
    same(anchor, name) || bare.is_some_and(|bare| same(bare, name))
}

fn key_in_store(facts: &Facts<'_>, key: &KeyPath) -> Fault {
    let option = key.option.rsplit('.').next().unwrap_or_default();
    Fault {
        place: line_that_names(facts, option),
        text: format!("`{}` is in the Nix store, where everybody can read it", key.option),
        fix: "write the path as text in quotes, such as \"/etc/ssh/ssh_host_ed25519_key\", and change the key"
            .to_owned(),
        warning: false,
        by: vec![key.by.clone()],
    }
}

/// The one line of the repository's Nix files that names `name`, if it is one; of several, the one that speaks of secrets or
/// names a file.
fn line_that_names(facts: &Facts<'_>, name: &str) -> Option<Place> {
    let nix = facts.files.iter().filter(|file| file.path.extension().is_some_and(|extension| extension == "nix"));
    let lines: Vec<(Place, &str)> = nix
        .flat_map(|file| {
            let naming = file.text.lines().zip(1..).filter(|(line, _)| has_word(line, name));
            naming.map(|(line, number)| (Place { file: file.path.clone(), line: number }, line))
        })
        .collect();
    let one = |lines: Vec<&(Place, &str)>| if let [(place, _)] = lines.as_slice() { Some(place.clone()) } else { None };
    let speaking = |line: &&(Place, &str)| line.1.contains("secrets.") || line.1.contains("age.");
    let path = |line: &&(Place, &str)| line.1.contains("./");
    one(lines.iter().collect())
        .or_else(|| one(lines.iter().filter(speaking).collect()))
        .or_else(|| one(lines.iter().filter(path).collect()))
}

fn has_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "-_'".contains(c);
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(inside) && !after.is_some_and(inside) && !line.trim_start().starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_known_by_name() {
        let check = |anchor: &str, name: &str, expected: bool| {
            assert_eq!(is_name_of(anchor, name), expected, "{anchor} {name}")
        };
        check("web", "web", true);
        check("host_web", "web", true);
        check("server-web", "Web", true);
        check("ada_laptop", "ada@laptop", true);
        check("web2", "web", false);
        check("rehost-web", "web", false);
    }

    #[test]
    fn names_are_whole_words() {
        let check = |line: &str, expected: bool| assert_eq!(has_word(line, "token"), expected, "{line}");
        for line in ["  secrets.token = { };", "\"token\" = x", "token", "tokens token", "a # token"] {
            check(line, true);
        }
        for line in ["secrets.token-2 = { };", "# token", "  # token", "my-token", "mytoken = 1", "tokens", "token'"] {
            check(line, false);
        }
    }
}
