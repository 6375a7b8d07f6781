//! One file per subcommand: its arguments and `run`, which reads, decides, acts and reports.

pub mod bootstrap;
pub mod build;
pub mod doctor;
pub mod outputs;
pub mod test;
