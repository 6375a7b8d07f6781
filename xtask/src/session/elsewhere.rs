//! Evaluation of outputs in other trees than the repository's: one tree for each.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::Session;
use crate::fleet::{AttrPath, Output};
use crate::nix::query::{Elsewhere, Query};
use crate::nix::{Reference, SourceTree};
use crate::pipeline::batching::{Estimate, Limits};
use crate::pipeline::evaluation::Task;
use crate::pipeline::{self, Order, Setting, Systems};
use crate::report::Watcher;

/// The derivation of an output, or why it has none.
pub type Derived = Result<String, String>;

impl Session<'_> {
    /// What derivations configurations have, each in the tree of its number: `trees/0`, `trees/1`, ….
    ///
    /// # Errors
    /// When Nix cannot be run, or the run is interrupted.
    pub fn derive_elsewhere(&self, asked: &[(usize, AttrPath)], trees: &Path, limits: Limits) -> Result<Vec<Derived>> {
        self.derive_elsewhere_by(self.query(), asked, trees, limits)
    }

    /// The flake, ready to be asked elsewhere with the inputs that it has in `commit`; as it is where a stand-in takes their place.
    ///
    /// # Errors
    /// When the query cannot be written.
    pub fn query_with_inputs_in(&self, commit: &str) -> Result<Query> {
        let repository = &self.context.repository;
        let Some(checkout) = self.checkout.as_ref().filter(|_| !self.inputs.is_stand_in()) else {
            return Ok(self.query().clone());
        };
        let reference = Reference::Url(checkout.flake_reference(repository));
        let locked = Reference::Url(checkout.flake_reference_in(repository, commit));
        Query::write_with_inputs(&self.context.state, &reference, Some(&locked), self.inputs.overrides())
    }

    /// As [`Session::derive_elsewhere`], with another query for the same flake.
    ///
    /// # Errors
    /// As [`Session::derive_elsewhere`].
    pub fn derive_elsewhere_by(
        &self,
        query: &Query,
        asked: &[(usize, AttrPath)],
        trees: &Path,
        limits: Limits,
    ) -> Result<Vec<Derived>> {
        let numbers: Vec<usize> = asked.iter().map(|(number, _)| *number).collect();
        let below = self.below_top();
        let query = query.elsewhere(Elsewhere { trees: trees.to_owned(), numbers: numbers.clone(), below });
        let costs = self.costs();
        let task = |(_, attr): &(usize, AttrPath)| {
            let mut kind = self.kinds.iter().find(|kind| kind.holds(attr))?.clone();
            // Only the derivation counts here, and facts would cost time.
            kind.configuration = false;
            let output = Output { attr: attr.clone(), kind: kind.name.clone(), system: None };
            let usual = Estimate { seconds: kind.usual_seconds, memory_mib: None };
            let estimate = costs.estimate(&output).unwrap_or(usual);
            Some((Task { output, kind, estimate, asked: Vec::new(), last_system: None }, None))
        };
        let tasks: Vec<_> = asked.iter().filter_map(task).collect();
        let order = Order { tasks, limits, build: None, fail_fast: false, systems: Systems(Vec::new()) };
        let setting = Setting {
            nix: &self.nix,
            store: &self.store,
            query: &query,
            // No place in a copy is a place in the repository.
            tree: SourceTree { root: trees.join("none"), in_store: None },
            max_jobs: self.settings.max_jobs,
        };
        let mut watcher = Watcher::new(&self.context.console, self.flags());
        let outcome = pipeline::run(&setting, &order, &mut |progress| watcher.show_quietly(progress));
        watcher.finish();
        if let Some(trouble) = outcome.trouble {
            return Err(trouble);
        }
        if outcome.interrupted || outcome.results.len() != asked.len() {
            bail!("the run was interrupted");
        }
        let derived = outcome.results.into_iter().zip(numbers).map(|(result, number)| {
            let copy = format!("{}/", trees.join(number.to_string()).display());
            let why = |reason: String| reason.replace(&copy, "");
            let drv = result.evaluated.and_then(|told| told.drv);
            drv.ok_or_else(|| result.reason.map_or_else(|| "it has no derivation".to_owned(), why))
        });
        Ok(derived.collect())
    }

    /// The repository's folder in its checkout.
    #[must_use]
    pub fn below_top(&self) -> PathBuf {
        let top = self.checkout.as_ref().map(|checkout| checkout.top.as_path());
        let below = top.and_then(|top| self.context.repository.strip_prefix(top).ok());
        below.unwrap_or(Path::new("")).to_owned()
    }
}
