//! Exact values that must not leave, read from where they are named. They are never shown.

use cache_protocol::{Fault, FaultKind, ScanValue};

/// A shorter value would be found everywhere.
const SHORTEST: usize = 8;
/// Of a longer one, so much is looked for: with hexadecimal it still fits behind the end of a block.
const LONGEST: usize = 480;

/// A value, and where it comes from.
#[derive(Clone)]
pub struct Value {
    /// For a person: `the value of $TOKEN`.
    pub source: String,
    text: Vec<u8>,
}

impl Value {
    /// What is looked for.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

/// What was read.
#[derive(Clone, Default)]
pub struct Values {
    /// What is looked for.
    pub wanted: Vec<Value>,
    /// What is too short to be looked for: where it comes from.
    pub short: Vec<String>,
}

/// Reads `values`; a variable that is not set has nothing that could leak.
///
/// # Errors
/// When a file cannot be read.
pub fn read(values: &[ScanValue], variable: &dyn Fn(&str) -> Option<String>) -> Result<Values, Fault> {
    let mut read = Values::default();
    for value in values {
        match value {
            ScanValue::Variable(name) => {
                let text = variable(name).unwrap_or_default();
                if !text.trim().is_empty() {
                    read.add(format!("the value of `{name}`"), text.as_bytes());
                }
            }
            ScanValue::File(path) => {
                let shown = path.display();
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Fault::new(FaultKind::Local, format!("read `{shown}`, whose values must not leave: {error}"))
                })?;
                let lines = text.lines().map(str::trim).zip(1..);
                for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
                    read.add(format!("the value of `{shown}` line {number}"), line.as_bytes());
                }
            }
            ScanValue::Text(value) => read.add(value.source.clone(), &value.text),
        }
    }
    Ok(read)
}

impl Values {
    fn add(&mut self, source: String, text: &[u8]) {
        // A value that was written with a final newline leaks without it.
        let text = text.trim_ascii();
        if text.len() < SHORTEST {
            self.short.push(source);
        } else {
            self.wanted.push(Value { source, text: text.get(..LONGEST).unwrap_or(text).to_vec() });
        }
    }
}
