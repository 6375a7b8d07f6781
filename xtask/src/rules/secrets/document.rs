//! A file of secrets in any format of SOPS: its leaves with path and line, its comments, and what SOPS wrote beside them.

use std::path::Path;

use super::flat;
use super::metadata::Metadata;
use super::yaml::{self, Comment, Node, NotYaml, Value};

/// How SOPS reads a file, which it tells from the extension alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.yaml`, `.yml`.
    Yaml,
    /// `.json`.
    Json,
    /// `.env`.
    Dotenv,
    /// `.ini`.
    Ini,
    /// Anything else.
    Binary,
}

/// A file of secrets, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its values.
    pub leaves: Vec<Leaf>,
    /// Its comments, but those inside of SOPS's own part.
    pub comments: Vec<Comment>,
    /// Keys that stand twice in one map, with the line of the second.
    pub duplicates: Vec<(String, u32)>,
    /// SOPS's own part; a file without it is not encrypted.
    pub metadata: Option<Metadata>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The keys that lead to it; places in lists do not count.
    pub path: Vec<String>,
    /// Its line.
    pub line: u32,
    /// Its text; empty also where there is nothing.
    pub text: String,
    /// Whether it stands in a list, below its path.
    pub in_list: bool,
}

impl Format {
    /// The format of the file at `path`.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            Some("env") => Self::Dotenv,
            Some("ini") => Self::Ini,
            _ => Self::Binary,
        }
    }

    /// The word for it in SOPS and sops-nix.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
        }
    }
}

/// Whether `text` can hold SOPS's own part; cheap, and wrong on one side only.
#[must_use]
pub fn may_be_encrypted(format: Format, text: &str) -> bool {
    match format {
        Format::Yaml => text.lines().any(|line| line.trim_end() == "sops:"),
        Format::Json | Format::Binary => text.trim_start().starts_with('{') && text.contains("\"sops\""),
        Format::Dotenv => text.lines().any(|line| line.starts_with("sops_")),
        Format::Ini => text.lines().any(|line| line.trim() == "[sops]"),
    }
}

/// Reads a file.
///
/// # Errors
/// When it is not of its format.
pub fn read(format: Format, text: &str) -> Result<Document, NotYaml> {
    match format {
        Format::Yaml | Format::Json => Ok(structured(&yaml::parse(text)?)),
        // A binary file is one value in JSON once it is encrypted, and anything before.
        Format::Binary if may_be_encrypted(format, text) => Ok(structured(&yaml::parse(text)?)),
        Format::Binary => Ok(Document::default()),
        Format::Dotenv => Ok(flat::read(text, false)),
        Format::Ini => Ok(flat::read(text, true)),
    }
}

fn structured(yaml: &yaml::Yaml) -> Document {
    let mut document = Document::default();
    for root in &yaml.documents {
        for (key, value) in root.entries() {
            if key.text == "sops" && matches!(value.value, Value::Map(_)) {
                document.metadata.get_or_insert_with(|| Metadata::read(value, key.line));
            }
        }
        collect(root, &mut Vec::new(), false, &mut document);
    }
    let inside = |comment: &Comment| comment.path.first().is_some_and(|key| key == "sops");
    document.comments = yaml.comments.iter().filter(|comment| !inside(comment)).cloned().collect();
    document
}

fn collect(node: &Node, path: &mut Vec<String>, in_list: bool, document: &mut Document) {
    match &node.value {
        Value::Scalar { text, plain } => {
            let nothing = *plain && ["null", "~"].contains(&text.as_str());
            let text = if nothing { String::new() } else { text.clone() };
            document.leaves.push(Leaf { path: path.clone(), line: node.line, text, in_list });
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, path, true, document)),
        Value::Map(entries) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                let own = path.is_empty() && key.text == "sops" && matches!(value.value, Value::Map(_));
                if entries.iter().take(at).any(|(before, _)| before.text == key.text) {
                    document.duplicates.push((key.text.clone(), key.line));
                }
                if !own {
                    path.push(key.text.clone());
                    collect(value, path, in_list, document);
                    path.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves, comments, recipients and duplicates of a file, as one text.
    fn told(format: Format, text: &str) -> String {
        let document = read(format, text).unwrap();
        let mut told = Vec::new();
        told.extend(document.leaves.iter().map(|leaf| format!("{}:{}={}", leaf.line, leaf.path.join("."), leaf.text)));
        told.extend(document.comments.iter().map(|comment| format!("{}#{}", comment.line, comment.text)));
        told.extend(document.duplicates.iter().map(|(key, line)| format!("{line}:{key} twice")));
        if let Some(metadata) = document.metadata {
            let recipients: Vec<_> = metadata.recipients().map(|who| format!("{}:{}", who.line, who.name)).collect();
            told.push(format!(
                "{} sops {} without {}",
                metadata.line,
                recipients.join(","),
                metadata.missing.join(",")
            ));
        }
        told.join(" ")
    }

    #[test]
    fn every_format_is_read() {
        assert_eq!(
            told(Format::Yaml, "#c\na:\n  - b: 1\n  - ~\na: 2\nsops:\n  # own\n  age:\n    - recipient: x\n  mac: m\n"),
            "3:a.b=1 4:a= 5:a=2 1#c 5:a twice 6 sops 9:x without version,lastmodified"
        );
        assert_eq!(
            told(
                Format::Json,
                "{\n\"a\": {\"b\": \"x\"},\n\"sops\": {\"version\": \"3\",\n\"age\": [{\"recipient\": \"r\"}]}}"
            ),
            "2:a.b=x 3 sops 4:r without mac,lastmodified"
        );
        let dotenv = "#c\na=x y\nsops_age__list_0__map_enc=e\\nf\nsops_age__list_0__map_recipient=r\n\
            sops_age__list_1__map_recipient=s\nsops_version=3\na=z\n";
        assert_eq!(told(Format::Dotenv, dotenv), "2:a=x y 7:a=z 1#c 7:a twice 3 sops 3:r,5:s without mac,lastmodified");
        let ini = "[s]\n; c\na = 1\n[sops]\nmac = m\nage__list_0__map_recipient = r\nage__list_0__map_enc = a\\nb\n";
        assert_eq!(told(Format::Ini, ini), "3:s.a=1 2#c 5 sops 7:r without version,lastmodified");
        assert_eq!(
            told(Format::Binary, "{\"data\": \"x\", \"sops\": {}}"),
            "1:data=x 1 sops  without mac,version,lastmodified"
        );
        assert_eq!(told(Format::Binary, "\0\u{1}"), "");
    }

    #[test]
    fn the_format_is_that_of_the_extension() {
        let check = |path: &str, word: &str| assert_eq!(Format::of(Path::new(path)).word(), word, "{path}");
        check("a/b.yaml", "yaml");
        check("b.yml", "yaml");
        check("b.json", "json");
        check(".env", "binary");
        check("b.env", "dotenv");
        check("b.ini", "ini");
        check("b.txt", "binary");
    }

    #[test]
    fn what_may_be_encrypted_holds_the_part_of_sops() {
        let check = |format: Format, text: &str, expected: bool| {
            assert_eq!(may_be_encrypted(format, text), expected, "{text}");
        };
        check(Format::Yaml, "a: 1\nsops: \n", true);
        check(Format::Yaml, "a: sops\n  sops:\n", false);
        check(Format::Json, " {\"sops\": {}}", true);
        check(Format::Json, "{\"a\": 1}", false);
        check(Format::Binary, "\"sops\"", false);
        check(Format::Dotenv, "a=1\nsops_mac=x", true);
        check(Format::Dotenv, "a=sops_", false);
        check(Format::Ini, "[a]\n [sops] \n", true);
        check(Format::Ini, "sops = 1", false);
    }

    #[test]
    fn only_a_map_at_the_top_is_the_part_of_sops() {
        let check = |text: &str, expected: &str| assert_eq!(told(Format::Yaml, text), expected, "{text}");
        check("sops: a\n", "1:sops=a");
        check("a:\n  sops:\n    b: 1\n", "3:a.sops.b=1");
        check("sops:\n  mac: m\n---\nsops:\n  version: v\n", "1 sops  without version,lastmodified");
        check("a: \"null\"\nb: null\nc: ~\n", "1:a=null 2:b= 3:c=");
        check(
            "a:\n  # of a\n  b: 1\nsops:\n  # own\n  mac: m\n",
            "3:a.b=1 2# of a 4 sops  without version,lastmodified",
        );
    }

    #[test]
    fn key_groups_are_groups() {
        let text =
            "sops:\n  key_groups:\n    - age: [{recipient: a}]\n    - pgp: [{fp: b}]\n      age: [{recipient: c}]\n";
        let groups = read(Format::Yaml, text).unwrap().metadata.unwrap().groups;
        let names: Vec<Vec<_>> =
            groups.iter().map(|group| group.iter().map(|who| who.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["a"], vec!["c", "b"]]);
        // What has no groups has one.
        let ungrouped = read(Format::Yaml, "sops:\n  key_groups: []\n  age: [{recipient: a}]\n").unwrap();
        assert_eq!(ungrouped.metadata.unwrap().groups.concat().len(), 1);
    }
}
