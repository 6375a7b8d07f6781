//! What became of a repository's outputs in one run, as data: for rules, reports and the exit status.

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};

use crate::fleet::{self, AtWork, AttrPath, Configuration, Output, OutputResult, Span, Status};
use crate::supervise::deadline::Over;

/// What a run did.
#[derive(Debug, Clone)]
pub struct Report {
    /// One result an output.
    pub results: Vec<OutputResult>,
    /// Every attribute that discovery named, evaluated or not: outputs of every kind, modules, overlays.
    pub named: Vec<AttrPath>,
    /// Derivations of the flake that no kind covers.
    pub uncovered: Vec<AttrPath>,
    /// Every output that the flake declares, wanted or not.
    pub declared: Vec<Output>,
    /// Nix files of the flake that git does not know, relative to the repository: Nix does not see them.
    pub invisible: Vec<PathBuf>,
    /// Why the run could not do all of its work: what is not done counts as not finished.
    pub trouble: Option<String>,
    /// What could not be remembered for later runs, and why: it costs nothing of this one.
    pub troubles: Vec<String>,
    /// Why the links that were asked for could not be made.
    pub unlinked: Option<String>,
    /// Whether it was ended before everything was done.
    pub interrupted: bool,
    /// Why, where its deadline ended it.
    pub over: Option<Over>,
    /// What it was at then.
    pub at_work: Vec<AtWork>,
    /// How many outputs needed no evaluation, since nothing had changed.
    pub kept: usize,
    /// The most memory in MiB seen over all evaluation processes at once.
    pub peak_mib: u64,
    /// When what was discovered, evaluated, built and fetched.
    pub spans: Vec<Span>,
    /// Wall seconds.
    pub seconds: f64,
    /// The tree that was evaluated, as [`Session::key`](super::Session::key) says it.
    pub key: Option<String>,
    /// What [`Report::configurations`] has read, since every validation asks for it.
    pub configurations: OnceLock<Vec<Configuration>>,
}

impl Report {
    /// Its hosts and homes, as far as they evaluate.
    ///
    /// # Errors
    /// When what was read of a configuration is of an unknown shape.
    pub fn configurations(&self) -> Result<&[Configuration]> {
        if let Some(read) = self.configurations.get() {
            return Ok(read);
        }
        let read = fleet::configurations(&self.results).context("read the facts of the configurations")?;
        Ok(self.configurations.get_or_init(|| read))
    }

    /// The results that did not succeed.
    pub fn failures(&self) -> impl Iterator<Item = &OutputResult> {
        self.results.iter().filter(|result| result.status.is_failure())
    }

    /// Why a run that built nothing at all is no success, if so.
    #[must_use]
    pub fn nothing_done(&self) -> Option<String> {
        let first = self.results.first()?;
        let skipped = self.results.iter().all(|result| result.status == Status::Skipped);
        skipped.then(|| format!("every output was skipped: {}", first.reason.as_deref().unwrap_or_default()))
    }
}
