//! Continuous integration as data: the jobs, their order, what became of them.
//!
//! Architecture invariant: pure; what a job does is in `commands`, how it is worded in `report`.

pub mod audit;
mod caches;
pub mod matching;
pub mod matrix;
mod result;
pub mod run;
mod schedule;
mod table;
pub mod validate;
pub mod workflow;

pub use caches::{Caches, OutputPush};
pub use result::{JobResult, JobStatus, RunResult, obstacle};
pub use schedule::{NOT_ASKED_FOR, Planned, plan};
pub use table::{Extent, JOBS, Job, JobName, Phase};
