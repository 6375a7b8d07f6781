//! An exact value that must not leave. It is never shown.

/// A shorter value would be found everywhere.
const SHORTEST: usize = 8;
/// Of a longer one, so much is looked for: with hexadecimal it still fits behind the end of a block.
const LONGEST: usize = 480;

/// A value, and what it is called.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// For a person, never the value: ``the value of `TOKEN` ``.
    pub source: String,
    text: Vec<u8>,
}

// The value is never shown, not even by accident.
impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl Value {
    /// What is looked for of `text`; nothing if that is too short to be told from anything else.
    #[must_use]
    pub fn new(source: String, text: &[u8]) -> Option<Self> {
        // A value that was written with a final newline leaks without it.
        let text = text.trim_ascii();
        let wanted = text.get(..LONGEST).unwrap_or(text).to_vec();
        (text.len() >= SHORTEST).then_some(Self { source, text: wanted })
    }

    /// What is looked for.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_neither_short_nor_long() {
        let check = |text: &str, expected: Option<usize>| {
            let value = Value::new("the key".to_owned(), text.as_bytes());
            assert_eq!(value.as_ref().map(|value| value.text().len()), expected, "{text}");
            assert!(value.is_none_or(|value| format!("{value:?}") == "the key"));
        };
        check("1234567", None);
        check(" 1234567\n", None);
        check("12345678\n", Some(8));
        check(&"a".repeat(480), Some(480));
        check(&"a".repeat(481), Some(480));
    }
}
