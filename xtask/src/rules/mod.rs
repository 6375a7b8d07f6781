//! The rules: pure functions from facts to problems.
//!
//! Architecture invariant: no I/O and no tool here; a rule never says "clean" of what could not be read.

pub mod lock;

use crate::fleet::Place;

/// Something that is wrong, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The line it is about.
    pub place: Option<Place>,
    /// What is wrong.
    pub fault: String,
    /// What mends it.
    pub fix: String,
}
