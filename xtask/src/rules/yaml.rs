//! YAML, and JSON as YAML: trees with the line of every node, the names of anchors, and the comments.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};

/// How many nodes a file may come to once its aliases are followed.
const MOST_NODES: usize = 200_000;

/// A value and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The line it begins on, counted from 1.
    pub line: u32,
    /// The anchor it carries, or that an alias in its place names.
    pub anchor: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, number, truth or nothing; `plain` if no quotes say that it is text.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file; a key may stand twice.
    Map(Vec<(Key, Node)>),
}

/// A key and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Its line.
    pub line: u32,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// What follows `#`.
    pub text: String,
    /// Its line.
    pub line: u32,
    /// The keys of the maps around it.
    pub path: Vec<String>,
}

/// A file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Yaml {
    /// Its documents.
    pub documents: Vec<Node>,
    /// Its comments.
    pub comments: Vec<Comment>,
    /// Every anchored node, with the line of its definition.
    pub anchored: Vec<Node>,
}

/// Why a file is not YAML. The reason may name keys, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotYaml {
    /// The line.
    pub line: u32,
    /// The reason.
    pub reason: &'static str,
}

impl Node {
    /// The value of `key`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known.text == key).map(|(_, value)| value)
    }

    /// The entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Value::Scalar { text, .. } = &self.value { Some(text) } else { None }
    }

    /// The text of the scalar at `key`.
    #[must_use]
    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    fn size(&self) -> usize {
        let below: usize = match &self.value {
            Value::Scalar { .. } => 0,
            Value::List(items) => items.iter().map(Self::size).sum(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
        };
        1 + below
    }
}

/// A collection whose end has not come yet.
struct Open {
    id: usize,
    line: u32,
    anchor: Option<String>,
    items: Vec<Node>,
    entries: Vec<(Key, Node)>,
    is_map: bool,
    key: Option<Key>,
}

#[derive(Default)]
struct Builder {
    yaml: Yaml,
    open: Vec<Open>,
    known: BTreeMap<usize, Node>,
    nodes: usize,
}

/// Reads `text`.
///
/// # Errors
/// When it is not YAML.
pub fn parse(text: &str) -> Result<Yaml, NotYaml> {
    let options = granit_parser::options! { emit_anchor_events: true };
    let mut builder = Builder::default();
    // The anchor of a scalar is told right after it.
    let mut waiting: Option<(Node, usize)> = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| NotYaml {
            line: line_number(error.marker().line()),
            reason: "the file is not YAML from here on",
        })?;
        let line = line_of(&span);
        if let Event::Anchor(id, name) = &event {
            builder.name(*id, name, line, waiting.as_mut());
            continue;
        }
        if let Some((node, id)) = waiting.take() {
            builder.add(node, id)?;
        }
        match event {
            Event::Scalar(text, style, id, _) => {
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                waiting = Some((Node { line, anchor: None, value }, id));
            }
            Event::SequenceStart(_, id, _) => builder.open(id, line, false),
            Event::MappingStart(_, id, _) => builder.open(id, line, true),
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(id) => {
                let known = builder.known.get(&id).cloned();
                let reason = "an alias stands inside of what it names";
                let node = Node { line, ..known.ok_or(NotYaml { line, reason })? };
                builder.add(node, 0)?;
            }
            Event::Comment(text, _) => {
                let path = builder.path();
                builder.yaml.comments.push(Comment { text: text.into_owned(), line, path });
            }
            _ => {}
        }
    }
    Ok(builder.yaml)
}

impl Builder {
    fn name(&mut self, id: usize, name: &str, line: u32, waiting: Option<&mut (Node, usize)>) {
        if let Some((node, _)) = waiting {
            node.anchor = Some(name.to_owned());
            node.line = line;
        } else if let Some(open) = self.open.iter_mut().rfind(|open| open.id == id) {
            open.anchor = Some(name.to_owned());
        }
    }

    fn open(&mut self, id: usize, line: u32, is_map: bool) {
        self.open.push(Open { id, line, anchor: None, items: Vec::new(), entries: Vec::new(), is_map, key: None });
    }

    fn close(&mut self) -> Result<(), NotYaml> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = if open.is_map { Value::Map(merged(open.entries)) } else { Value::List(open.items) };
        self.add(Node { line: open.line, anchor: open.anchor, value }, open.id)
    }

    /// Puts a whole node where it belongs.
    fn add(&mut self, node: Node, id: usize) -> Result<(), NotYaml> {
        if id != 0 {
            self.known.insert(id, node.clone());
            self.yaml.anchored.push(node.clone());
        }
        self.nodes += node.size();
        if self.nodes > MOST_NODES {
            return Err(NotYaml { line: node.line, reason: "the file is too large" });
        }
        let Some(open) = self.open.last_mut() else {
            self.yaml.documents.push(node);
            return Ok(());
        };
        if !open.is_map {
            open.items.push(node);
        } else if let Some(key) = open.key.take() {
            open.entries.push((key, node));
        } else {
            let reason = "a key is no text";
            let Value::Scalar { text, .. } = node.value else { return Err(NotYaml { line: node.line, reason }) };
            open.key = Some(Key { text, line: node.line });
        }
        Ok(())
    }

    fn path(&self) -> Vec<String> {
        self.open.iter().filter_map(|open| open.key.as_ref().map(|key| key.text.clone())).collect()
    }
}

/// The entries with those that `<<` names, where there is none of their own.
fn merged(entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.text == "<<");
    for (_, merge) in &merges {
        let one = std::slice::from_ref(merge);
        let maps = if merge.items().is_empty() { one } else { merge.items() };
        for (key, value) in maps.iter().flat_map(Node::entries) {
            if !own.iter().any(|(known, _)| known.text == key.text) {
                own.push((key.clone(), value.clone()));
            }
        }
    }
    own
}

fn line_of(span: &Span) -> u32 {
    line_number(span.start.line())
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_anchors_and_merges_are_told() {
        let text = "# top\nkeys:\n  - &ada age1x\nbase: &base\n  a: 1\nrule:\n  <<: *base\n  # in\n  b: [*ada, 'q']\n";
        let yaml = parse(text).unwrap();
        let root = &yaml.documents[0];
        let key = &root.get("keys").unwrap().items()[0];
        assert_eq!((key.anchor.as_deref(), key.line, key.text()), (Some("ada"), 3, Some("age1x")));
        let rule = root.get("rule").unwrap();
        assert_eq!(rule.text_at("a"), Some("1"));
        let list = rule.get("b").unwrap().items();
        assert_eq!((list[0].anchor.as_deref(), list[0].line), (Some("ada"), 9));
        assert_eq!(list[1].value, Value::Scalar { text: "q".to_owned(), plain: false });
        let comments: Vec<_> = yaml.comments.iter().map(|comment| (comment.line, comment.path.join("."))).collect();
        assert_eq!(comments, [(1, String::new()), (8, "rule".to_owned())]);
        let anchors: Vec<_> = yaml.anchored.iter().filter_map(|node| node.anchor.as_deref()).collect();
        assert_eq!(anchors, ["ada", "base"]);
    }

    #[test]
    fn json_is_read_with_its_lines() {
        let yaml = parse("{\n\t\"a\": {\n\t\t\"b\": [\"x\\u003c\", null]\n\t}\n}\n").unwrap();
        let list = yaml.documents[0].get("a").unwrap().get("b").unwrap();
        assert_eq!(list.items()[0].text(), Some("x<"));
        assert_eq!(list.items()[0].line, 3);
    }

    #[test]
    fn what_is_no_yaml_is_named_by_its_line_alone() {
        assert_eq!(parse("a: 1\nb: [hunter2\n").unwrap_err().reason, "the file is not YAML from here on");
        assert_eq!(parse("a: &x [*x]").unwrap_err().reason, "an alias stands inside of what it names");
        assert_eq!(parse("? [a]\n: b").unwrap_err().reason, "a key is no text");
        let mut bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for level in 1..8 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(",");
            bomb += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert!(parse(&bomb).unwrap_err().reason.contains("too large"));
        // Each item counts by itself, and once more in its list.
        let of_items = |count: usize| format!("[{}]\n--- x\n", vec!["1"; count].join(","));
        assert!(parse(&of_items(MOST_NODES / 2 - 1)).is_ok());
        assert!(parse(&of_items(MOST_NODES / 2)).is_err());
    }
}
