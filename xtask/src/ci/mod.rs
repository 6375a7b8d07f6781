//! Continuous integration as data: the jobs, their order, what became of them.
//!
//! Architecture invariant: pure; what a job does is in `commands`, how it is worded in `report`.

pub mod audit;
mod caches;
pub mod course;
pub mod matching;
pub mod matrix;
mod result;
pub mod run;
mod schedule;
mod table;
pub mod validate;
pub mod workflow;

pub use caches::{Caches, OutputPush};
pub use result::{JobResult, JobStatus, RunResult};
pub use schedule::{NOT_ASKED_FOR, Planned, plan};
#[cfg(test)]
pub use table::VERBS;
pub use table::{Extent, Job, JobName, Permission, Phase, Table, Work};
