//! The rules: pure functions from facts to problems.
//!
//! Architecture invariant: no I/O and no tool here; a rule never says "clean" of what could not be read.

pub mod activation;
pub mod autowiring;
pub mod cache_config;
pub mod cache_doctor;
pub mod config;
mod finding;
pub mod garnix;
pub mod independence;
pub mod lock;
pub mod secrets;
pub mod source;
pub mod workflow;
pub mod yaml;

use crate::fleet::Place;

/// Whether something that was found fails the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It does.
    Problem,
    /// It deserves attention, and fails nothing.
    Warning,
}

/// Something that is wrong, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Whether it fails the check.
    pub severity: Severity,
    /// The line it is about.
    pub place: Option<Place>,
    /// What is wrong.
    pub fault: String,
    /// What mends it.
    pub fix: String,
}

impl Problem {
    /// A problem that fails the check.
    #[must_use]
    pub fn new(place: Option<Place>, fault: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, place, fault: fault.into(), fix: fix.into() }
    }

    /// Something that deserves attention, and fails nothing.
    #[must_use]
    pub fn warning(place: Option<Place>, fault: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(place, fault, fix) }
    }

    /// Whether it fails the check.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.severity == Severity::Problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_fails_nothing() {
        assert!(Problem::new(None, "a", "b").fails());
        assert!(!Problem::warning(None, "a", "b").fails());
    }
}
