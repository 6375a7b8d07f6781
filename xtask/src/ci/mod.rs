//! Continuous integration as data: the jobs, their order, what became of them.
//!
//! Architecture invariant: pure; what a job does is in `commands`, how it is worded in `report`.

mod result;
mod schedule;
mod table;

pub use result::{JobResult, JobStatus, RunResult, obstacle};
pub use schedule::{Planned, plan};
pub use table::{JOBS, Job, JobName, Phase};
