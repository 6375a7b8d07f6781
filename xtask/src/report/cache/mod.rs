//! What is said of binary caches: plans, pushes, and what was found in them.

mod analytics;
mod plan;
mod policy;
mod push;
mod verify;

use anyhow::Result;
use serde::Serialize;

pub use analytics::{analytics, analytics_line, analytics_markdown};
pub use plan::{Unbuilt, plan, unbuilt};
pub use policy::{decision, decision_json};
pub use push::{Progress, output_push, pushed, pushed_verdict, unsigned};
pub use verify::{problem, verified_verdict};

#[derive(Serialize)]
struct Document<'a, T> {
    schema: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// An answer of the client as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json<T: Serialize>(answer: &T) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Document { schema: 1, answer })? + "\n")
}
