//! What is said of a fault in xtask.toml: `xtask.toml:LINE:COLUMN: what is wrong, and what would be right`.

#[cfg(test)]
mod tests;

use std::fmt::Display;

use anyhow::{Error, anyhow};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::FILE;
use crate::plain_text::nearest::instead;

/// What of a setting is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// That it is there, or its name.
    Key,
    /// What it is set to.
    Value,
}

/// The error of a text that could not be read.
#[must_use]
pub fn unreadable(text: &str, error: &toml::de::Error) -> Error {
    let place = error.span().map(|span| place_of(text, span.start)).unwrap_or_default();
    anyhow!("{FILE}{place}: {}", explanation(error))
}

/// The error of a file that is not even text: `valid` is what stands before the first byte that is none.
#[must_use]
pub fn no_text(valid: &str) -> Error {
    anyhow!("{FILE}{}: this is no UTF-8: write the file anew as UTF-8", place_of(valid, valid.len()))
}

/// The error of a setting that was read and makes no sense. `path` leads to it by keys, and by numbers from 0 into lists:
/// `["kind", "0", "set"]`; where it leads no further, what it reached is the place.
#[must_use]
pub fn senseless(text: &str, path: &[&str], part: Part, what: &dyn Display) -> Error {
    // It was read before, so that it can be read.
    let place = DeTable::parse(text).ok().and_then(|table| start_of(table.get_ref(), path, part));
    anyhow!("{FILE}{}: {what}", place.map(|start| place_of(text, start)).unwrap_or_default())
}

/// The byte at which the setting that `path` leads to begins.
fn start_of(table: &DeTable<'_>, path: &[&str], part: Part) -> Option<usize> {
    let (mut path, mut table, mut start) = (path.iter(), Some(table), None);
    while let Some(name) = path.next() {
        let Some((key, value)) = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name)) else {
            break;
        };
        let mut value: &Spanned<DeValue<'_>> = value;
        start = Some(if part == Part::Key { key.span().start } else { value.span().start });
        while let DeValue::Array(elements) = value.get_ref()
            && let Some(element) = path.next().and_then(|number| elements.get(number.parse::<usize>().ok()?))
        {
            value = element;
            start = Some(element.span().start);
        }
        table = value.get_ref().as_table();
    }
    start
}

/// `:LINE:COLUMN` of the byte at `start`.
pub fn place_of(text: &str, start: usize) -> String {
    let before = text.get(..start).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{}:{column}", line_at(text, before.len()))
}

/// The line, from 1, that holds the byte at `offset`.
pub fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// What serde and TOML call the shapes of values, and what the writer of the file calls them.
const SHAPES: [(&str, &str); 10] = [
    ("a sequence", "a list in brackets"),
    ("a string", "a text in quotes"),
    ("a map", "a table"),
    ("a boolean", "`true` or `false`"),
    ("u8", "a whole number from 0 to 255"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number from 0"),
    ("usize", "a whole number from 0"),
    ("i32", "a whole number"),
    ("i64", "a whole number"),
];

/// Keys that must be there and do not say by their name what they hold, each with an example: those of `[[cache.rule]]`.
const EXAMPLES: [(&str, &str); 2] = [("event", "event = [\"push\"]"), ("action", "action = \"push\"")];

/// The error in one line, in the words of the file, with the nearest known word where an unknown one stands.
fn explanation(error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default();
    let mut names = message.split('`').skip(1).step_by(2);
    if message.starts_with("missing field")
        && let Some(name) = names.next()
    {
        let example = EXAMPLES.iter().find(|(key, _)| *key == name);
        let example = example.map(|(_, example)| format!(": write for example `{example}`")).unwrap_or_default();
        return format!("the key `{name}` is missing here{example}");
    }
    if let Some((given, expected)) = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.rsplit_once(", expected "))
    {
        let shape = SHAPES.iter().find(|(theirs, _)| *theirs == expected).map(|(_, ours)| *ours);
        let shape = shape.unwrap_or(if expected.starts_with("struct ") { "a table" } else { expected });
        return format!("expected {shape}, not {given}");
    }
    let unknowns = [("unknown field", "key"), ("unknown variant", "value")];
    let Some((_, what)) = unknowns.iter().find(|(start, _)| message.starts_with(start)) else {
        return message.to_owned();
    };
    let Some(unknown) = names.next() else { return message.to_owned() };
    format!("unknown {what} `{unknown}`: {}", instead(unknown, names))
}
