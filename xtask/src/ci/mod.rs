//! Continuous integration as data: the jobs, their order, what became of them.
//!
//! Architecture invariant: pure; what a job does is in `commands`, how it is worded in `report`.

mod affected;
pub mod audit;
mod caches;
pub mod course;
mod globs;
mod ground;
pub mod matching;
pub mod matrix;
mod restricted;
mod result;
pub mod run;
mod schedule;
mod table;
pub mod validate;
pub mod workflow;

pub use affected::is_affected;
pub use caches::{Caches, OutputPush};
pub use globs::fits;
pub use ground::Ground;
pub use restricted::restricted;
pub use result::{BaseCommit, JobResult, JobStatus, RunResult};
pub use schedule::{NOT_ASKED_FOR, Planned, plan};
#[cfg(test)]
pub use table::VERBS;
pub use table::{Extent, Inputs, Job, JobName, Permission, Phase, Table, Work};
