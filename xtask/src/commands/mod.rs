//! One file per subcommand: its arguments and `run`, which reads, decides, acts and reports.

mod bootstrap;
mod build;
mod ci;
mod doctor;
mod lock;
mod outputs;
mod test;

use anyhow::Result;

use crate::context::{Context, Ending};

/// Every subcommand.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Bootstrap(bootstrap::Args),
    Build(build::Args),
    Ci(ci::Args),
    Doctor(doctor::Args),
    Lock(lock::Args),
    Outputs(outputs::Args),
    Test(test::Args),
}

impl Command {
    /// Runs it to its end.
    ///
    /// # Errors
    /// When it could not do its work.
    pub fn run(&self, context: &Context) -> Result<Ending> {
        match self {
            Self::Bootstrap(args) => bootstrap::run(context, args),
            Self::Build(args) => build::run(context, args),
            Self::Ci(args) => ci::run(context, args),
            Self::Doctor(args) => doctor::run(context, args),
            Self::Lock(args) => lock::run(context, args),
            Self::Outputs(args) => outputs::run(context, args),
            Self::Test(args) => test::run(context, args),
        }
    }
}
