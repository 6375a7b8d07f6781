//! How much of what outputs need the caches have, measured before a build: path by path, and what follows from it.
//!
//! Architecture invariant: pure; the walk asks for facts through [`walk::Sources`], which `commands/cache/analytics.rs` answers.

mod history;
mod tally;
mod walk;

pub use history::{Past, PastSubstituter, Trend, trend};
#[cfg(test)]
pub use tally::Build;
pub use tally::{Class, ClassTally, Large, SubstituterTally, Tally, problems, tally};
pub use walk::{Measured, Need, Offer, Sources, walk};
