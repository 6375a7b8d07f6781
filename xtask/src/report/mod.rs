//! The only place that words results and prints: the terminal, `report.json`, JUnit, Markdown.
//!
//! Architecture invariant: nothing here decides anything; it is given plain data and says it.

mod banner;
mod console;
pub mod diagnoses;
pub mod json;
pub mod outcome;
mod progress;
pub mod steps;
pub mod words;

pub use banner::stand_in_banner;
pub use console::{Color, Console, Mark, Verbosity};
pub use progress::Watcher;
