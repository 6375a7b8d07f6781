//! YAML as text, for the few shapes that workflows need: maps in order, with comments, which libraries drop.

/// How many characters of a list are read in one line.
const LONGEST_ROW: usize = 90;
/// How many characters of a text are read in one line.
const LONGEST_TEXT: usize = 110;

/// A map, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    above: Option<String>,
    key: String,
    value: Value,
    beside: Option<String>,
}

/// What a key has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, quoted where YAML would read something else.
    Text(String),
    /// A number or a truth, as it is.
    Plain(String),
    /// A list, in one line where that is short enough to be read.
    Row(Vec<String>),
    /// Text of several lines, kept as they are.
    Lines(String),
    /// One text, broken into lines.
    Folded(Vec<String>),
    /// Items, one below the other.
    List(Vec<String>),
    /// A map.
    Map(Map),
    /// Maps, one below the other.
    Maps(Vec<Map>),
    /// `{}`.
    Empty,
    /// Nothing behind the key.
    Nothing,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        if map.0.is_empty() { Self::Empty } else { Self::Map(map) }
    }
}

impl Map {
    /// No key yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.push(Entry { above: None, key: key.to_owned(), value: value.into(), beside: None });
        self
    }

    /// With one more key, if there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With a comment behind the last key.
    #[must_use]
    pub fn beside(mut self, comment: &str) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.beside = Some(comment.to_owned());
        }
        self
    }

    /// With a comment in front of the last key.
    #[must_use]
    pub fn above(mut self, comment: &str) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.above = Some(comment.to_owned());
        }
        self
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0, false);
        text
    }

    /// Writes every key with `indent`; the first continues a line if `begun`.
    fn write(&self, text: &mut String, indent: usize, begun: bool) {
        let spaces = " ".repeat(indent);
        for (at, entry) in self.0.iter().enumerate() {
            if let Some(comment) = &entry.above {
                text.push_str(&format!("{spaces}# {comment}\n"));
            }
            if at > 0 || !begun {
                text.push_str(&spaces);
            }
            text.push_str(&scalar(&entry.key, ""));
            text.push(':');
            let beside = entry.beside.as_ref().map(|comment| format!(" # {comment}")).unwrap_or_default();
            entry.value.write(text, indent, &beside);
        }
    }
}

impl Value {
    /// `expression`, broken behind `||` and `&&` where it is too long to be read in one line.
    pub fn wrapped(expression: String) -> Self {
        if expression.chars().count() <= LONGEST_TEXT {
            return Self::Text(expression);
        }
        let mut lines: Vec<String> = vec![String::new()];
        for part in expression.split_inclusive("|| ").flat_map(|part| part.split_inclusive("&& ")) {
            match lines.last_mut().filter(|line| line.chars().count() + part.chars().count() <= LONGEST_TEXT) {
                Some(line) => line.push_str(part),
                None => lines.push(part.to_owned()),
            }
        }
        Self::Folded(lines.iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect())
    }

    fn write(&self, text: &mut String, indent: usize, beside: &str) {
        let inner = " ".repeat(indent + 2);
        let lines = |text: &mut String, sign: &str, lines: &mut dyn Iterator<Item = &str>| {
            text.push_str(&format!(" {sign}{beside}\n"));
            lines.for_each(|line| text.push_str(&format!("{}\n", format!("{inner}{line}").trim_end())));
        };
        match self {
            Self::Text(one) => text.push_str(&format!(" {}{beside}\n", scalar(one, ""))),
            Self::Plain(one) => text.push_str(&format!(" {one}{beside}\n")),
            Self::Row(items) => {
                let row = items.iter().map(|item| scalar(item, ",[]{}")).collect::<Vec<_>>().join(", ");
                if row.chars().count() > LONGEST_ROW {
                    return Self::List(items.clone()).write(text, indent, beside);
                }
                text.push_str(&format!(" [{row}]{beside}\n"));
            }
            Self::Lines(whole) => lines(text, "|", &mut whole.lines()),
            Self::Folded(parts) => lines(text, ">-", &mut parts.iter().map(String::as_str)),
            Self::List(items) => {
                text.push_str(&format!("{beside}\n"));
                items.iter().for_each(|item| text.push_str(&format!("{inner}- {}\n", scalar(item, ""))));
            }
            Self::Map(map) => {
                text.push_str(&format!("{beside}\n"));
                map.write(text, indent + 2, false);
            }
            Self::Maps(maps) => {
                text.push_str(&format!("{beside}\n"));
                for map in maps {
                    text.push_str(&format!("{inner}- "));
                    map.write(text, indent + 4, true);
                }
            }
            Self::Empty => text.push_str(&format!(" {{}}{beside}\n")),
            Self::Nothing => text.push_str(&format!("{beside}\n")),
        }
    }
}

/// `text` as YAML reads it as text: in single quotes where it must be; `also` must not be in it unquoted.
fn scalar(text: &str, also: &str) -> String {
    let special = |c: char| "-?:,[]{}#&*!|>'\"%@`~ ".contains(c);
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    let plain = !text.is_empty()
        && !text.starts_with(special)
        // The key that GitHub calls `on` is one for every reader that it has.
        && (!word || text == "on")
        && text.parse::<f64>().is_err()
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.contains(|c| also.contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::yaml::parse;

    #[test]
    fn every_shape_is_written_and_read_back() {
        let step = Map::new().with("name", "a").with("run", Value::Lines("one\n\n  two\n".to_owned()));
        let map = Map::new()
            .with("on", Map::new().with("push", Value::Nothing).beside("all"))
            .with("none", Map::new())
            .with("if", Value::Folded(vec!["a &&".to_owned(), "b".to_owned()]))
            .with("short", Value::wrapped("a || b".to_owned()))
            .with("wrapped", Value::wrapped(format!("{} || b && c == {} && d", "a".repeat(100), "e".repeat(120))))
            .with("row", Value::Row(vec!["a, b".to_owned(), "c".to_owned()]))
            .above("why")
            .with("long", Value::Row(vec!["x".repeat(50), "y".repeat(50)]))
            .with("list", Value::List(vec!["*".to_owned()]))
            .with("minutes", Value::Plain("5".to_owned()))
            .with("steps", Value::Maps(vec![step.clone(), step]))
            .with_some("never", None::<String>);
        expect_test::expect![[r"
            on:
              push: # all
            none: {}
            if: >-
              a &&
              b
            short: a || b
            wrapped: >-
              aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa || b &&
              c == eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee &&
              d
            # why
            row: ['a, b', c]
            long:
              - xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
              - yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
            list:
              - '*'
            minutes: 5
            steps:
              - name: a
                run: |
                  one

                    two
              - name: a
                run: |
                  one

                    two
        "]]
        .assert_eq(&map.text());
        let read = parse(&map.text()).unwrap().documents.remove(0);
        assert_eq!(read.get("steps").unwrap().items()[1].text_at("run"), Some("one\n\n  two\n"));
        assert_eq!(read.text_at("if"), Some("a && b"));
        assert_eq!(read.text_at("wrapped").map(|text| text.split(' ').count()), Some(9));
    }

    #[test]
    fn what_would_be_something_else_is_quoted() {
        let check = |text: &str, expected: &str| {
            assert_eq!(scalar(text, ""), expected);
            let read = parse(&format!("key: {expected}\n")).unwrap().documents.remove(0);
            assert_eq!(read.text_at("key"), Some(text));
        };
        check("${{ a }}", "${{ a }}");
        check("a: b", "'a: b'");
        check("a #b", "'a #b'");
        check("it's", "it's");
        check("'it's", "'''it''s'");
        check("true", "'true'");
        check("1.5", "'1.5'");
        check("", "''");
        check("a:", "'a:'");
        check("!a", "'!a'");
    }
}
