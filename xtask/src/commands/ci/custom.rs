//! The jobs that xtask.toml adds: their command, run to its end.

use anyhow::{Result, bail};

use super::shared::Jobs;
use crate::ci::{Job, JobResult};

impl Jobs<'_> {
    /// Runs the app or the command of `job`.
    pub(super) fn custom(&self, _job: &Job) -> Result<JobResult> {
        bail!("not yet")
    }
}
