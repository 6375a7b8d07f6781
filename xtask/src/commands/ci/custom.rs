//! The jobs that xtask.toml adds: their command, run to its end.

use anyhow::{Result, bail};

use super::jobs::Jobs;
use crate::ci::{Job, JobResult};

impl Jobs<'_> {
    /// Runs the app or the command of `job`.
    pub(super) fn custom(&mut self, _job: &Job) -> Result<JobResult> {
        bail!("not yet")
    }
}
