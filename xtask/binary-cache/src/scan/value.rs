//! Exact values that must not leave, read from where they are named. They are never shown.

use cache_protocol::{Fault, FaultKind, ScanValue};
use secret_patterns::Value;

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
        match Value::new(source.clone(), text) {
            Some(value) => self.wanted.push(value),
            None => self.short.push(source),
        }
    }
}
