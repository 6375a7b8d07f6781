//! `.sops.yaml`: who may read which file, with the names that anchors give to people and hosts.

use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::metadata::{KINDS, Recipient, selector};
use super::yaml::{self, Node, NotYaml, Value};

/// The name of the file.
pub const FILE: &str = ".sops.yaml";

/// A `.sops.yaml`.
#[derive(Debug)]
pub struct Policy {
    /// The file, relative to the repository.
    pub path: PathBuf,
    /// `creation_rules`, of which the first that matches counts.
    pub rules: Vec<Rule>,
    /// The recipients that have a name.
    pub named: Vec<Named>,
}

/// A recipient with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The anchor.
    pub anchor: String,
    /// The public key or fingerprint.
    pub recipient: String,
    /// Its line.
    pub line: u32,
}

/// A creation rule.
#[derive(Debug)]
pub struct Rule {
    /// Its line.
    pub line: u32,
    /// `path_regex` as written, and compiled; without one, the rule is for every file.
    pub path_regex: Option<(String, Regex)>,
    /// The recipients, group by group.
    pub groups: Vec<Vec<Recipient>>,
    /// How many groups are needed.
    pub shamir_threshold: Option<u32>,
    /// Which leaves are encrypted.
    pub selector: Option<(String, String)>,
    /// Whether the MAC leaves out what is not encrypted.
    pub mac_only_encrypted: bool,
}

impl Policy {
    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// When it is not YAML, or a `path_regex` is no regular expression.
    pub fn read(path: &Path, text: &str) -> Result<Self, NotYaml> {
        let yaml = yaml::parse(text)?;
        let root = yaml.documents.first();
        let rules = root.and_then(|root| root.get("creation_rules")).map(Node::items).unwrap_or_default();
        let rules = rules.iter().map(rule).collect::<Result<_, _>>()?;
        let named = |node: &Node| {
            let (anchor, recipient, line) = (node.anchor.clone()?, node.text()?.to_owned(), node.line);
            Some(Named { anchor, recipient, line })
        };
        Ok(Self { path: path.to_owned(), rules, named: yaml.anchored.iter().filter_map(named).collect() })
    }

    /// The rule for `file` and its place in the list; `file` is relative to the repository.
    #[must_use]
    pub fn rule_for(&self, file: &Path) -> Option<(usize, &Rule)> {
        let below = self.below(file)?;
        self.rules.iter().enumerate().find(|(_, rule)| rule.matches(&below))
    }

    /// `file` as the rules see it: relative to the folder of this file.
    #[must_use]
    pub fn below(&self, file: &Path) -> Option<String> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Some(file.strip_prefix(folder).ok()?.to_str()?.to_owned())
    }

    /// How to call a recipient: its anchor if it has one.
    #[must_use]
    pub fn name<'a>(&'a self, recipient: &'a str) -> &'a str {
        self.named.iter().find(|named| named.recipient == recipient).map_or(recipient, |named| &named.anchor)
    }
}

impl Rule {
    /// Whether it is for `file`, relative to the folder of `.sops.yaml`.
    #[must_use]
    pub fn matches(&self, file: &str) -> bool {
        self.path_regex.as_ref().is_none_or(|(_, regex)| regex.is_match(file))
    }

    /// How to call it: by its regular expression.
    #[must_use]
    pub fn name(&self) -> String {
        self.path_regex.as_ref().map_or_else(|| "without `path_regex`".to_owned(), |(text, _)| format!("`{text}`"))
    }

    /// All recipients, whatever their group.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.groups.iter().flatten()
    }
}

/// The policy that counts for `file`: the nearest upwards.
#[must_use]
pub fn nearest<'a>(policies: &'a [Policy], file: &Path) -> Option<&'a Policy> {
    let above = |policy: &&Policy| file.starts_with(policy.path.parent().unwrap_or(Path::new("")));
    policies.iter().filter(above).max_by_key(|policy| policy.path.components().count())
}

fn rule(node: &Node) -> Result<Rule, NotYaml> {
    let path_regex = match node.get("path_regex") {
        Some(Node { line, value: Value::Scalar { text, .. }, .. }) if !text.is_empty() => {
            let reason = "`path_regex` is no regular expression that this program knows";
            Some((text.clone(), Regex::new(text).map_err(|_| NotYaml { line: *line, reason })?))
        }
        _ => None,
    };
    let groups = match node.get("key_groups") {
        Some(groups) if !groups.items().is_empty() => groups.items().iter().map(group).collect(),
        _ => vec![group(node)],
    };
    Ok(Rule {
        line: node.line,
        path_regex,
        groups,
        shamir_threshold: node.text_at("shamir_threshold").and_then(|text| text.parse().ok()).filter(|n| *n > 0),
        selector: selector(node),
        mac_only_encrypted: node.text_at("mac_only_encrypted") == Some("true"),
    })
}

/// The recipients of one group, each once; `merge` brings those of other groups.
fn group(node: &Node) -> Vec<Recipient> {
    let mut found: Vec<Recipient> = Vec::new();
    for (kind, field) in KINDS {
        // The rules spell some lists in another way than the files.
        let spellings = match kind {
            "azure_kv" => ["azure_keyvault", "azure_kv"],
            "hc_vault" => ["hc_vault_transit_uri", "hc_vault"],
            kind => [kind, kind],
        };
        for list in spellings.iter().filter_map(|spelling| node.get(spelling)).take(1) {
            collect(kind, field, list, &mut found);
        }
    }
    for other in node.get("merge").map(Node::items).unwrap_or_default() {
        found.extend(group(other));
    }
    let mut seen = Vec::new();
    found.retain(|who| {
        let new = !seen.contains(&who.name);
        seen.push(who.name.clone());
        new
    });
    found
}

fn collect(kind: &'static str, field: &str, node: &Node, found: &mut Vec<Recipient>) {
    match &node.value {
        Value::Scalar { text, .. } => {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            found.extend(names.map(|name| Recipient { kind, name: name.to_owned(), enc: None, line: node.line }));
        }
        Value::List(items) => items.iter().for_each(|item| collect(kind, field, item, found)),
        Value::Map(_) => {
            let name = node.text_at(field).map(str::to_owned);
            found.extend(name.map(|name| Recipient { kind, name, enc: None, line: node.line }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "keys:\n  - &ada age1a\n  - &web age1w\n  - &all [age1x]\ncreation_rules:\n  \
        - path_regex: ^secrets/a\n    age: 'age1a, age1b,'\n  \
        - path_regex: b$\n    shamir_threshold: 2\n    encrypted_regex: ^p\n    key_groups:\n      - age: [*ada, *all, *ada]\n      \
        - pgp: [FP]\n        merge:\n          - age: [*web]\n";

    #[test]
    fn rules_are_read_as_sops_reads_them() {
        let policy = Policy::read(Path::new("x/.sops.yaml"), TEXT).unwrap();
        let names: Vec<Vec<Vec<&str>>> = policy
            .rules
            .iter()
            .map(|rule| {
                rule.groups.iter().map(|group| group.iter().map(|who| policy.name(&who.name)).collect()).collect()
            })
            .collect();
        assert_eq!(names, [vec![vec!["ada", "age1b"]], vec![vec!["ada", "age1x"], vec!["FP", "web"]]]);
        assert_eq!((policy.rules[1].shamir_threshold, policy.rules[1].line), (Some(2), 8));
        assert_eq!(policy.rules[1].selector, Some(("encrypted_regex".to_owned(), "^p".to_owned())));
        let check = |file: &str, expected: Option<usize>| {
            assert_eq!(policy.rule_for(Path::new(file)).map(|(at, _)| at), expected, "{file}");
        };
        check("x/secrets/ab", Some(0));
        check("x/y/secrets/ab", Some(1));
        check("x/c", None);
        check("secrets/ab", None);
    }

    #[test]
    fn other_spellings_and_no_groups() {
        let check = |rule: &str, expected: &[(&str, &str)]| {
            let policy = Policy::read(Path::new(FILE), &format!("creation_rules:\n  - {{ {rule} }}\n")).unwrap();
            let found: Vec<_> = policy.rules[0].recipients().map(|who| (who.kind, who.name.as_str())).collect();
            assert_eq!(found, expected, "{rule}");
        };
        check("azure_keyvault: 'https://v/a'", &[("azure_kv", "https://v/a")]);
        check("azure_kv: [{ name: a }]", &[("azure_kv", "a")]);
        check("hc_vault_transit_uri: 'https://v/b'", &[("hc_vault", "https://v/b")]);
        check("hc_vault: [{ key_name: b }]", &[("hc_vault", "b")]);
        check("key_groups: [], age: a", &[("age", "a")]);
    }

    #[test]
    fn a_regular_expression_that_is_none_is_named_by_its_line() {
        let error = Policy::read(Path::new(FILE), "creation_rules:\n  - age: x\n    path_regex: '['\n").unwrap_err();
        assert_eq!(error.line, 3);
    }

    #[test]
    fn the_nearest_policy_counts() {
        let policies = [".sops.yaml", "a/.sops.yaml"].map(|path| Policy::read(Path::new(path), "").unwrap());
        let nearest = |file: &str| nearest(&policies, Path::new(file)).unwrap().path.display().to_string();
        assert_eq!([nearest("a/b"), nearest("ab/b")], ["a/.sops.yaml", ".sops.yaml"]);
    }
}
