//! The only place that words results and prints: the terminal, `report.json`, JUnit, Markdown.
//!
//! Architecture invariant: nothing here decides anything; it is given plain data and says it.

mod annotations;
mod as_before;
pub mod audit;
pub mod audit_json;
mod banner;
pub mod cache;
pub mod cache_provision;
pub mod cache_setup;
mod changes;
pub mod choice;
pub mod closed;
mod columns;
mod console;
mod cutting;
pub mod diagnoses;
pub mod diff;
#[cfg(test)]
pub mod example;
pub mod explain;
pub mod files;
mod html;
pub mod jobs;
pub mod json;
mod junit;
pub mod outcome;
pub mod overdue;
pub mod problems;
mod progress;
mod runner;
pub mod step_files;
pub mod steps;
mod summary;
mod trace;
pub mod turns;
pub mod validation;
pub mod words;

pub use as_before::{as_before, idle_globs};
pub use banner::{caches_not_asked, stand_in_banner};
pub use console::{Color, Console, Mark, Verbosity};
pub use progress::Watcher;
