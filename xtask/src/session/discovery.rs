//! Discovery: the names of a flake's outputs, one `nix eval` unless a set throws.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Session, inputs};
use crate::fleet::{AttrPath, Kind, Output, OutputResult, Selector, Status, Step};
use crate::nix::log::LogEvent;
use crate::nix::query::Finding;
use crate::nix::{Fault, Reach, fault};
use crate::pipeline::Progress;
use crate::supervise;

/// What a flake declares.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Its outputs, each with the index of its kind.
    pub outputs: Vec<(Output, usize)>,
    /// What it declares besides, in sets that layouts name: modules, overlays.
    pub named: Vec<AttrPath>,
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
    /// Whether some of `selectors` may name an output of it; none names all.
    #[must_use]
    pub fn is_wanted(&self, selectors: &[Selector], kinds: &[Kind]) -> bool {
        let Some(attr) = &self.attr else { return true };
        selectors.is_empty() || selectors.iter().any(|selector| selector.may_name_below(attr, kinds))
    }

    /// The failed set as one failed output.
    #[must_use]
    pub fn result(&self, kinds: &[Kind]) -> OutputResult {
        let attr = self.attr.clone().unwrap_or_else(|| AttrPath::new(["outputs"]));
        let kind = if self.attr.is_some() { "set" } else { "flake" };
        let system = kinds.iter().find(|kind| kind.may_be_below(&attr)).and_then(|kind| kind.system_in(&attr));
        let mut result = OutputResult::new(Output { attr, kind: kind.to_owned(), system }, Status::EvaluationFailed);
        result.reason = Some(self.fault.reason.clone());
        result.place = self.fault.place.clone();
        result
    }
}

/// A flake with more throwing sets than this is not asked further.
const PATIENCE: usize = 50;
/// How often a watcher is told that discovery goes on.
const SHOW: Duration = Duration::from_millis(100);

impl Session<'_> {
    /// Asks the flake for the names of its outputs, telling `watch` that it is at it.
    ///
    /// # Errors
    /// When Nix cannot be run, its store cannot be used, or an input cannot be had: every set would fail for that one reason.
    pub fn discover(&self, watch: &mut dyn FnMut(Progress<'_>)) -> Result<Discovery> {
        let (started, mut shown) = (Instant::now(), Instant::now());
        let mut meanwhile = || {
            if shown.elapsed() >= SHOW {
                shown = Instant::now();
                watch(Progress::Discovering(started.elapsed()));
            }
        };
        let mut skip = Vec::new();
        let (mut failed, mut closed) = (Vec::new(), Vec::new());
        loop {
            let mut attempt = self.attempt(&skip, &mut meanwhile)?;
            let Some(set) = attempt.failed.pop() else {
                attempt.failed = failed;
                attempt.uncovered.extend(closed);
                return Ok(attempt);
            };
            if set.attr.is_none() {
                self.needs_store()?;
            }
            if !self.inputs.is_stand_in() {
                let declared = self.declared.clone().unwrap_or_default();
                inputs::blame(self.context, &self.store, &declared, self.lock.as_ref(), &set.fault.reason)?;
            }
            let attr = set.attr.clone();
            match attr.clone().filter(|attr| self.is_of_no_kind(attr)) {
                // What is of no kind is not covered anyway, whether it can be looked into or not.
                Some(attr) => closed.push(attr),
                None => failed.push(set),
            }
            match attr {
                Some(attr) if skip.len() < PATIENCE && !skip.contains(&attr) => skip.push(attr),
                _ => return Ok(Discovery { failed, ..attempt }),
            }
        }
    }

    /// Whether no kind has outputs there, and no layout names it.
    fn is_of_no_kind(&self, attr: &AttrPath) -> bool {
        let head = attr.components().first();
        let begins = |set: &Vec<Step>| matches!(set.first(), Some(Step::Named(name)) if Some(name) == head);
        let is_named = self.named_sets.iter().any(begins);
        !is_named && !self.kinds.iter().any(|kind| kind.may_be_below(attr))
    }

    /// A flake that cannot be asked at all is not to blame where the store is.
    fn needs_store(&self) -> Result<()> {
        match self.nix.reach_store()? {
            Reach::Closed(failure) => {
                bail!("the store cannot be used: {}: `cargo xtask doctor` says more", failure.said)
            }
            Reach::Open { .. } => Ok(()),
        }
    }

    /// One look; at most one set has failed in it.
    fn attempt(&self, skip: &[AttrPath], meanwhile: &mut dyn FnMut()) -> Result<Discovery> {
        let mut discovery = Discovery::default();
        let mut looking = None;
        let mut messages = Vec::new();
        let mut command = self.query().discover(&self.nix, &self.kinds, &self.named_sets, skip);
        let (lines, status) = supervise::listen(&mut command, meanwhile)?;
        for line in lines {
            let Some(LogEvent::Message(message)) = LogEvent::parse(&line) else { continue };
            match self.query().finding(&message).context("discover the flake's outputs")? {
                None => messages.push(message),
                Some(Finding::Looking { begin }) => looking = Some(begin).filter(|path| !path.is_empty()),
                Some(Finding::Source { source }) => discovery.source = Some(source),
                Some(Finding::Uncovered { uncovered }) => discovery.uncovered.push(AttrPath::new(uncovered)),
                Some(Finding::Output { output }) => {
                    let attr = AttrPath::new(output.path);
                    let Some(pattern) = output.pattern else {
                        discovery.named.push(attr);
                        continue;
                    };
                    let kind = &self.kinds[pattern];
                    let system = kind.system_in(&attr);
                    let found = Output { attr, kind: kind.name.clone(), system };
                    discovery.outputs.push((found, pattern));
                }
                Some(other) => bail!("discovery said {other:?}, which belongs to evaluation"),
            }
        }
        if !status.success() {
            let tree = self.tree(discovery.source.as_deref());
            let reason = || format!("`nix eval` ended without a word ({status})");
            let fault = fault(&messages, &tree).unwrap_or_else(|| Fault { reason: reason(), place: None });
            discovery.failed.push(FailedSet { attr: looking.map(AttrPath::new), fault });
        }
        Ok(discovery)
    }
}
