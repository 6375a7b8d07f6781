//! One run over a fleet's outputs: evaluation and builds side by side, coordinated by one loop that alone decides.
//!
//! Architecture invariant: threads only carry lines from children to the loop; policy is pure (`batching`, `claims`) or belongs
//! to the two state machines (`evaluation`, `build`); nothing here is worded or printed.

pub mod batching;
pub mod build;
mod claims;
pub mod evaluation;
mod graph;
mod order;
mod progress;
mod run;
mod stopping;

pub use order::{BuildOrder, Builders, Order};
pub use progress::{Now, Outcome, Progress};
pub use run::run;

use crate::nix::query::Query;
use crate::nix::{Nix, SourceTree, Store};
use crate::supervise::ChildEvent;

/// What every part of a run needs.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The Nix in use.
    pub nix: &'a Nix,
    /// Its store.
    pub store: &'a Store,
    /// The flake, ready to be asked.
    pub query: &'a Query,
    /// Where the repository's files are.
    pub tree: SourceTree,
    /// Whether derivations may be built on this machine (`max-jobs` is not 0).
    pub local_builds: bool,
}

/// What a child said, and which.
#[derive(Debug)]
pub enum Event {
    /// An evaluation process.
    Evaluation(usize, ChildEvent),
    /// A build process.
    Build(usize, ChildEvent),
}
