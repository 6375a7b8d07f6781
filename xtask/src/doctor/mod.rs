//! What could make a later command fail: from facts to diagnoses, each with the one command that fixes it.
//!
//! Architecture invariant: `facts` reads and decides nothing; `rules` decides and reads nothing.

mod facts;
mod rules;

pub use facts::Facts;
pub use rules::diagnose;

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// What was looked at.
    pub name: String,
    /// Whether it is well.
    pub standing: Standing,
    /// What was found, in words.
    pub found: String,
    /// The command that fixes it, or what a person does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Whether a thing is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is.
    Good,
    /// It deserves attention and makes nothing fail.
    Notice,
    /// A later command will fail because of it.
    Problem,
    /// It could not be found out.
    Unknown,
    /// It is not for this machine or user.
    Skipped,
}
