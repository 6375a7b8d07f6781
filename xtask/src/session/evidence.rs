//! What every validation is given: one evaluation and one look at the files, shared by all of them.

use anyhow::{Context as _, Result};

use super::{Report, Session};
use crate::fleet::{self, Configuration};

/// What is known of a repository once its outputs are evaluated.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The repository, opened.
    pub session: &'a Session<'a>,
    /// What became of its outputs.
    pub fleet: &'a Report,
    /// Its hosts and homes, as far as they evaluate.
    pub configurations: Vec<Configuration>,
}

impl<'a> Evidence<'a> {
    /// Everything that `fleet` told of `session`'s repository.
    ///
    /// # Errors
    /// When what was read of a configuration is of an unknown shape.
    pub fn of(session: &'a Session<'a>, fleet: &'a Report) -> Result<Self> {
        let configurations = fleet::configurations(&fleet.results).context("read the facts of the configurations")?;
        Ok(Self { session, fleet, configurations })
    }
}
