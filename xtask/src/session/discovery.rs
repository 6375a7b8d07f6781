//! Discovery: the names of a flake's outputs, one `nix eval` unless a set throws.

use anyhow::{Context as _, Result, bail};

use super::{Session, inputs};
use crate::fleet::{AttrPath, Output, OutputResult, Status, Step};
use crate::nix::log::LogEvent;
use crate::nix::query::Finding;
use crate::nix::{Fault, fault};
use crate::process;

/// What a flake declares.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Its outputs, each with the index of its kind.
    pub outputs: Vec<(Output, usize)>,
    /// Sets that could not be looked into.
    pub failed: Vec<FailedSet>,
    /// Derivations that no kind covers.
    pub uncovered: Vec<AttrPath>,
    /// Where the flake's source is in the store.
    pub source: Option<String>,
}

/// A set of outputs that throws when its names are asked for; `None` is the flake as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSet {
    /// Where it is.
    pub attr: Option<AttrPath>,
    /// Why.
    pub fault: Fault,
}

impl FailedSet {
    /// The failed set as one failed output.
    #[must_use]
    pub fn result(&self) -> OutputResult {
        let attr = self.attr.clone().unwrap_or_else(|| AttrPath::new(["outputs"]));
        let kind = if self.attr.is_some() { "set" } else { "flake" };
        let mut result =
            OutputResult::new(Output { attr, kind: kind.to_owned(), system: None }, Status::EvaluationFailed);
        result.reason = Some(self.fault.reason.clone());
        result.place = self.fault.place.clone();
        result
    }
}

/// A flake with more throwing sets than this is not asked further.
const PATIENCE: usize = 50;

impl Session<'_> {
    /// Asks the flake for the names of its outputs.
    ///
    /// # Errors
    /// When Nix cannot be run, or an input cannot be had: every set would fail for that one reason.
    pub fn discover(&self) -> Result<Discovery> {
        let mut skip = Vec::new();
        let mut failed = Vec::new();
        loop {
            let mut attempt = self.attempt(&skip)?;
            let Some(set) = attempt.failed.pop() else {
                attempt.failed = failed;
                return Ok(attempt);
            };
            if !self.inputs.is_stand_in() {
                let reason = &set.fault.reason;
                inputs::blame(self.context, &self.nix, &self.store, self.lock.as_ref(), reason)?;
            }
            let attr = set.attr.clone();
            failed.push(set);
            match attr {
                Some(attr) if failed.len() < PATIENCE && !skip.contains(&attr) => skip.push(attr),
                _ => return Ok(Discovery { failed, ..attempt }),
            }
        }
    }

    /// One look; at most one set has failed in it.
    fn attempt(&self, skip: &[AttrPath]) -> Result<Discovery> {
        let mut discovery = Discovery::default();
        let mut looking = None;
        let mut messages = Vec::new();
        let output = process::probe(&mut self.query().discover(&self.nix, &self.kinds, skip))?;
        for line in output.stderr.split(|byte| *byte == b'\n') {
            let Some(LogEvent::Message(message)) = LogEvent::parse(line) else { continue };
            match self.query().finding(&message).context("discover the flake's outputs")? {
                None => messages.push(message),
                Some(Finding::Looking { begin }) => looking = Some(begin).filter(|path| !path.is_empty()),
                Some(Finding::Source { source }) => discovery.source = Some(source),
                Some(Finding::Uncovered { uncovered }) => discovery.uncovered.push(AttrPath::new(uncovered)),
                Some(Finding::Output { output }) => {
                    let kind = &self.kinds[output.pattern];
                    let system = kind.set.iter().zip(&output.path).find(|(step, _)| **step == Step::System);
                    let system = system.map(|(_, name)| name.clone()).or_else(|| {
                        // `formatter.<system>` names outputs by their systems.
                        (kind.name == "formatter").then(|| output.path.last().cloned()).flatten()
                    });
                    let found = Output { attr: AttrPath::new(output.path), kind: kind.name.clone(), system };
                    discovery.outputs.push((found, output.pattern));
                }
                Some(other) => bail!("discovery said {other:?}, which belongs to evaluation"),
            }
        }
        if !output.status.success() {
            let tree = self.tree(discovery.source.as_deref());
            let reason = || format!("`nix eval` ended without a word ({})", output.status);
            let fault = fault(&messages, &tree).unwrap_or_else(|| Fault { reason: reason(), place: None });
            discovery.failed.push(FailedSet { attr: looking.map(AttrPath::new), fault });
        }
        Ok(discovery)
    }
}
