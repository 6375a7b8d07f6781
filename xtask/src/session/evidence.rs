//! What every validation is given: one evaluation and one look at the files, shared by all of them.

use anyhow::Result;

use super::{Report, Session};
use crate::fleet::Configuration;

/// What is known of a repository once its outputs are evaluated.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The repository, opened.
    pub session: &'a Session<'a>,
    /// What became of its outputs.
    pub fleet: &'a Report,
    /// Its hosts and homes, as far as they evaluate.
    pub configurations: &'a [Configuration],
}

impl<'a> Evidence<'a> {
    /// Everything that `fleet` told of `session`'s repository.
    ///
    /// # Errors
    /// When what was read of a configuration is of an unknown shape.
    pub fn of(session: &'a Session<'a>, fleet: &'a Report) -> Result<Self> {
        Ok(Self { session, fleet, configurations: fleet.configurations()? })
    }
}
