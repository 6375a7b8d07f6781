//! What a change does to a fleet, in words: for a terminal, as Markdown for the head of a pull request's summary, and as JSON.

#[cfg(test)]
pub mod example;
mod json;
mod markdown;
mod phrases;
#[cfg(test)]
mod tests;
mod text;

pub use json::{Document, document, json};
pub use markdown::markdown;
pub use phrases::verdict;
pub use text::text;
