//! The formats without structure, dotenv and INI, in which SOPS folds its own part into keys such as `age__list_0__map_enc`.

use super::document::{Document, Leaf};
use super::metadata::Metadata;
use super::yaml::{Comment, Key, Node, Value};

/// Reads lines of `KEY=VALUE`: dotenv, or INI with its `sections`.
#[must_use]
pub fn read(text: &str, sections: bool) -> Document {
    let mut document = Document::default();
    let mut own: Vec<(String, String, u32)> = Vec::new();
    let mut section = sections.then(|| "DEFAULT".to_owned());
    for (line, number) in text.lines().zip(1_u32..) {
        let line = line.trim();
        let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let (true, Some(name)) = (sections, name) {
            section = Some(name.to_owned());
        } else if let Some(comment) = line.strip_prefix('#').or_else(|| line.strip_prefix(';').filter(|_| sections)) {
            let path = section.iter().cloned().collect();
            document.comments.push(Comment { text: comment.trim_start().to_owned(), line: number, path });
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim(), value.trim());
            let beside =
                if sections { (section.as_deref() == Some("sops")).then_some(key) } else { key.strip_prefix("sops_") };
            if let Some(key) = beside {
                own.push((key.to_owned(), value.replace("\\n", "\n"), number));
                continue;
            }
            let path: Vec<String> = section.iter().cloned().chain([key.to_owned()]).collect();
            if document.leaves.iter().any(|leaf| leaf.path == path) {
                document.duplicates.push((key.to_owned(), number));
            }
            document.leaves.push(Leaf { path, line: number, text: value.to_owned(), in_list: false });
        }
    }
    if let Some(line) = own.iter().map(|(_, _, line)| *line).min() {
        // SOPS writes the lines of an INI file in any order.
        own.sort_by_cached_key(|(key, _, _)| numbered(key));
        document.metadata = Some(Metadata::read(&unfolded(&own), line));
    }
    document
}

/// A key whose numbers sort as numbers.
fn numbered(key: &str) -> Vec<(String, usize)> {
    let part = |part: &str| match part.strip_prefix("list_").and_then(|index| index.parse().ok()) {
        Some(index) => ("list_".to_owned(), index),
        None => (part.to_owned(), 0),
    };
    key.split("__").map(part).collect()
}

/// The tree behind keys such as `age__list_0__map_enc`.
fn unfolded(flat: &[(String, String, u32)]) -> Node {
    let mut root =
        Node { line: flat.first().map_or(1, |(_, _, line)| *line), anchor: None, value: Value::Map(Vec::new()) };
    for (key, value, line) in flat {
        let parts: Vec<&str> = key.split("__").collect();
        insert(&mut root, &parts, value, *line);
    }
    root
}

fn insert(node: &mut Node, parts: &[&str], text: &str, line: u32) {
    let Some((part, rest)) = parts.split_first() else {
        node.value = Value::Scalar { text: text.to_owned(), plain: true };
        return;
    };
    let empty = |value| Node { line, anchor: None, value };
    if let Some(index) = part.strip_prefix("list_").and_then(|index| index.parse::<usize>().ok()) {
        if !matches!(node.value, Value::List(_)) {
            node.value = Value::List(Vec::new());
        }
        // Keys come sorted, so that items come in order; an index that is far off is damage, and makes one new item.
        if let Value::List(items) = &mut node.value {
            if index >= items.len() {
                items.push(empty(Value::Map(Vec::new())));
            }
            let last = items.len() - 1;
            if let Some(item) = items.get_mut(index.min(last)) {
                insert(item, rest, text, line);
            }
        }
        return;
    }
    let key = part.strip_prefix("map_").unwrap_or(part);
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    if let Value::Map(entries) = &mut node.value {
        let at = entries.iter().position(|(known, _)| known.text == key).unwrap_or(entries.len());
        if at == entries.len() {
            entries.push((Key { text: key.to_owned(), line }, empty(Value::Map(Vec::new()))));
        }
        if let Some((_, value)) = entries.get_mut(at) {
            insert(value, rest, text, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_any_order() {
        let line = |index: usize, key: &str| format!("age__list_{index}__map_{key} = {key}{index}\n");
        let lines: String =
            (0..12).rev().flat_map(|index| [line(index, "enc"), line(11 - index, "recipient")]).collect();
        let document = read(&format!("[sops]\n{lines}"), true);
        let names: Vec<String> = document.metadata.unwrap().groups[0]
            .iter()
            .map(|who| format!("{} {}", who.name, who.enc.as_deref().unwrap()))
            .collect();
        assert_eq!(names, (0..12).map(|index| format!("recipient{index} enc{index}")).collect::<Vec<_>>());
    }

    #[test]
    fn wrapped_keys_keep_their_lines() {
        let document = read("sops_age__list_0__map_enc=a\\nb\nsops_age__list_0__map_recipient=r\n", false);
        assert_eq!(document.metadata.unwrap().groups[0][0].enc.as_deref(), Some("a\nb"));
    }

    #[test]
    fn damage_costs_no_more_than_itself() {
        let names = |text: &str| {
            let recipients = read(text, false).metadata.unwrap().groups.concat();
            recipients.into_iter().map(|who| who.name).collect::<Vec<_>>()
        };
        assert_eq!(names("sops_age__list_7__map_recipient=r\n"), ["r"]);
        assert_eq!(
            names("sops_age__list_0__map_recipient=r\nsops_age__list_9__map_recipient=s\nsops_age=x\n"),
            ["r", "s"]
        );
        assert_eq!(names("sops_age__list_0=x\nsops_age__list_0__map_recipient=r\n"), ["r"]);
    }

    #[test]
    fn what_begins_a_comment_depends_on_the_format() {
        let check = |sections: bool, expected: (usize, usize)| {
            let document = read("; a=1\n#b=2\n[c]\nd = 3\n", sections);
            assert_eq!((document.comments.len(), document.leaves.len()), expected);
            assert!(document.metadata.is_none());
        };
        check(true, (2, 1));
        check(false, (1, 2));
    }
}
