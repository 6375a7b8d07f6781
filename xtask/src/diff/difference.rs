//! Everything that was found out about a change, as data for the report.

use super::{Causes, Compared, FileChange, Influence, PackageChanges};

/// What a change does.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The base as it was asked for.
    pub base: String,
    /// The commit of the base.
    pub commit: String,
    /// What it is compared with: a commit, with `-dirty` where the working tree differs from it.
    pub head: Option<String>,
    /// The word for the inputs of both.
    pub inputs: &'static str,
    /// Whether those are stand-ins.
    pub is_stand_in: bool,
    /// The files that differ.
    pub files: Vec<FileChange>,
    /// Every output of either.
    pub outputs: Vec<Described>,
    /// What somebody who reads this should know, a sentence each.
    pub notes: Vec<String>,
}

/// One output, and what was found out about its change.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The output in both revisions.
    pub compared: Compared,
    /// The system it is for, as far as known.
    pub system: Option<String>,
    /// Why its derivation is another one.
    pub causes: Option<Causes>,
    /// The bytes of its closure in the base and now, where it is built.
    pub closure: (Option<u64>, Option<u64>),
    /// How its packages differ.
    pub packages: Option<Packages>,
    /// The files of the change that it depends on.
    pub files: Option<Files>,
}

/// How packages differ, and where their names come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    /// Where their names come from.
    pub named: Named,
    /// How they differ.
    pub changes: PackageChanges,
}

/// Where the names of packages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// What is needed at run time.
    Closure,
    /// What is needed to build it, since not both are built.
    BuildGraph,
}

/// The files of the change that an output depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// These, by their place among all files of the change.
    Told(Influence),
    /// None of them: it holds the revision of the flake, or its source as a whole.
    NoneOfThem,
    /// It could not be told, and why.
    NotTold(String),
}

impl Described {
    /// An output of which nothing more was found out.
    #[must_use]
    pub fn new(compared: Compared, system: Option<String>) -> Self {
        Self { compared, system, causes: None, closure: (None, None), packages: None, files: None }
    }
}
