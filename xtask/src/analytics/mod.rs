//! How much of what outputs need the caches have, measured before a build: path by path, and what follows from it.
//!
//! Architecture invariant: pure; the walk asks for facts through [`walk::Sources`], which `commands/cache/analytics.rs` answers.

mod history;
mod tally;
mod walk;

pub use history::{Past, Trend, trend};
pub use tally::{Build, Class, ClassTally, SubstituterTally, Tally, problems, tally};
pub use walk::{Measured, Need, Offer, Origin, Sources, Why, walk};
