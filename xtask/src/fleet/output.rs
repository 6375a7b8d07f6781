//! One buildable flake attribute, and what its evaluation told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::fleet::AttrPath;

/// One buildable flake attribute, as discovered: only its name is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Where it is in the flake.
    pub attr: AttrPath,
    /// The word of its kind, such as `nixos`.
    pub kind: String,
    /// The system its place in the flake names (`packages.x86_64-linux.…`); a configuration says its own when evaluated.
    pub system: Option<String>,
}

impl Output {
    /// The short name: `nixos:web`, with the system where the place in the flake names one.
    #[must_use]
    pub fn short(&self) -> String {
        match &self.system {
            Some(system) => format!("{}:{} ({system})", self.kind, self.attr.name()),
            None => format!("{}:{}", self.kind, self.attr.name()),
        }
    }
}

/// What the evaluation of one output told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// The system it is for: a configuration's own, else that of its derivation.
    pub system: String,
    /// The store path of its derivation; `None` for an output that has nothing to build, such as an app that is a source file.
    pub drv: Option<String>,
    /// What the rules read.
    pub facts: Facts,
    /// Why the facts could not be read, if the derivation could.
    pub facts_error: Option<String>,
    /// Warnings that evaluation printed.
    pub warnings: Vec<String>,
    /// Wall seconds of its evaluation.
    pub seconds: f64,
    /// Resident memory in MiB that its evaluation added to its process.
    pub memory_mib: u64,
}

/// What rules read of a configuration, by name; `nix/query/facts.nix` says the shapes.
pub type Facts = BTreeMap<String, serde_json::Value>;

/// A line of a file in the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the repository.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}
