//! The only place that words results and prints: the terminal, `report.json`, JUnit, Markdown.
//!
//! Architecture invariant: nothing here decides anything; it is given plain data and says it.

mod console;
pub mod diagnoses;
pub mod steps;

pub use console::{Color, Console, Mark, Verbosity};
