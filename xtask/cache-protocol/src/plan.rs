//! What a push would do: one decision for each path, with its reason.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Cache, Fault, LocalStore};

/// What to plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Where the paths are.
    pub store: LocalStore,
    /// Where they should go.
    pub cache: Cache,
    /// What is wanted there.
    pub roots: Vec<Root>,
    /// What of it.
    pub content: Content,
    /// Paths of these closures that are pushed although the cache has them, or an upstream: what `verify` answered as
    /// [`crate::Verified::again`].
    #[serde(default)]
    pub again: Vec<String>,
    /// The file in which what the store answered is kept for the next run; one that is not there or damaged is as good as none.
    #[serde(default)]
    pub kept: Option<PathBuf>,
}

/// An output whose paths are wanted in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The output's name, for the table: `nixosConfigurations.web`.
    pub name: String,
    /// Its store paths.
    pub paths: Vec<String>,
    /// Its derivation, for the closure that it was built from.
    pub drv: Option<String>,
    /// How much around it goes along.
    pub closure: Closure,
}

/// How much around an output is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closure {
    /// The outputs themselves; what they refer to must be there already, or goes along. What lies behind a path that is there,
    /// or in an upstream cache, is not looked at.
    Outputs,
    /// All that they refer to.
    #[default]
    Runtime,
    /// All that they were built from as well, as far as it is in the store.
    Build,
    /// As `Build`, with the derivations themselves.
    BuildAndDerivations,
}

/// What of the closures is wanted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Names of keys (`cache.nixos.org-1`) of caches that everybody has: what one of them signed is not pushed.
    pub upstream: Vec<String>,
    /// Regular expressions, searched for in the whole store path: what matches is not pushed, unless something that is pushed or
    /// is in the cache already refers to it. The first that fits is named.
    pub exclude: Vec<String>,
    /// An excluded path that something else refers to is an error.
    pub strict: bool,
    /// What goes first; the first expression that fits counts.
    pub priorities: Vec<Priority>,
    /// At most this many bytes of NARs; what comes last by priority stays behind, whole closures at a time.
    pub budget: Option<u64>,
}

/// Paths that go before others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priority {
    /// A regular expression, searched for in the whole store path.
    pub pattern: String,
    /// Higher goes first; everything else has 0.
    pub priority: i32,
}

/// What a push would do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The cache, as it is shown.
    pub cache: String,
    /// Every path of the closures, in the order in which they would be pushed: higher priority first, then bigger.
    pub paths: Vec<PlannedPath>,
    /// Excluded paths that must go along all the same, if `strict` asked for them to be an error.
    pub strict_faults: Vec<String>,
    /// What is wrong with the cache, if it could not be asked.
    pub fault: Option<Fault>,
}

/// What becomes of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPath {
    /// The path.
    pub path: String,
    /// Bytes of its NAR.
    pub nar_size: u64,
    /// What becomes of it.
    pub decision: Decision,
    /// The root that it belongs to, the first of them.
    pub root: String,
    /// Its priority: its own, or that of what refers to it if that is higher, which could not be used without it.
    pub priority: i32,
    /// It matches this expression of `exclude`, and goes along because this path refers to it: expression, referrer.
    pub kept_for: Option<(String, String)>,
}

/// What becomes of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Pushed.
    Push,
    /// The cache has it.
    Present,
    /// Signed by this key of a cache that everybody has.
    Upstream(String),
    /// Excluded by this expression.
    Excluded(String),
    /// Beyond the budget, by itself or with what it refers to.
    OverBudget,
}
