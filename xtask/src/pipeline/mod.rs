//! One run over a fleet's outputs: evaluation and builds side by side, coordinated by one loop that alone decides.
//!
//! Architecture invariant: threads only carry what children say to the loop; policy is pure (`batching`, `claims`) or belongs
//! to the two state machines (`evaluation`, `build`); nothing here is worded or printed.

pub mod batching;
pub mod build;
mod claims;
pub mod evaluation;
mod graph;
mod held;
mod order;
mod progress;
mod run;
mod set;

pub use order::{BuildOrder, Builders, Order, Systems};
pub use progress::{Now, Outcome, Progress};
pub use run::run;

use crate::nix::query::Query;
use crate::nix::{Having, Nix, SourceTree, Store};
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
    /// How many derivations may be built on this machine at once; none where it is 0.
    pub max_jobs: usize,
}

/// What the loop hears.
#[derive(Debug)]
pub enum Event {
    /// What an evaluation process said.
    Evaluation(usize, ChildEvent),
    /// What a build process said.
    Build(usize, ChildEvent),
    /// What substituters have of what is held back.
    Had(Vec<Having>),
}
