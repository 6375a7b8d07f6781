//! Continuous integration as data: the jobs, their order, what became of them.
//!
//! Architecture invariant: pure; what a job does is in `commands`, how it is worded in `report`.

pub mod matrix;
mod result;
mod schedule;
mod table;
pub mod workflow;

pub use result::{Caches, JobResult, JobStatus, RunResult, obstacle};
pub use schedule::{Planned, plan};
pub use table::{Extent, JOBS, Job, JobName, Phase};
