//! Building in processes of few targets each, each derivation once over the whole run: what runs, what failed and why.

mod hearing;
mod overdue;
mod process;
mod queue;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::Result;
use rustix::process::Signal;

pub use overdue::Overdue;
pub use process::Running;

use super::Setting;
use super::graph::Graph;
use super::set::Set;
use crate::files;
use crate::fleet::{Span, Status, free_worker};
use process::Process;
use queue::Queued;

/// The lines of a failed build's log that a report shows.
pub const LOG_TAIL: usize = 25;
/// How often a target is given another process after one died without a word.
const TRIES: usize = 2;

/// Something to build.
#[derive(Debug, Clone)]
pub struct Target {
    /// The index of its output.
    pub index: usize,
    /// The store path of its derivation.
    pub drv: String,
}

/// How a target ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The index of its output.
    pub index: usize,
    /// Built, present, or failed.
    pub status: Status,
    /// Wall seconds from the start of its process.
    pub seconds: f64,
    /// Why it failed.
    pub reason: Option<String>,
    /// The derivation that failed.
    pub failed_drv: Option<String>,
    /// The last lines of that derivation's log.
    pub log_tail: Vec<String>,
}

/// A derivation that failed in this run.
#[derive(Debug, Clone)]
struct FailedDerivation {
    reason: String,
    log_tail: Vec<String>,
}

/// The processes that build, and what still waits.
#[derive(Debug)]
pub struct Building<'a> {
    setting: &'a Setting<'a>,
    graph: Graph<'a>,
    waiting: VecDeque<Queued>,
    processes: Vec<Process>,
    /// What has failed, by number in the graph.
    failed: BTreeMap<usize, FailedDerivation>,
    all_failed: Set,
    /// Derivations of which Nix said that their outputs are valid.
    vouched: HashSet<String>,
    /// Store paths that links of earlier runs keep alive.
    linked: HashSet<String>,
    /// The only substituters to ask; those of the settings if none are named.
    substituters: Option<Vec<String>>,
    slots: usize,
    /// What every link to a result starts with.
    links: PathBuf,
    next_process: usize,
    /// Whether something changed since targets were last looked for.
    stirred: bool,
    /// Whether processes were asked to stop: what ends from now on has not failed.
    stopping: bool,
    /// When what was built and fetched.
    pub spans: Vec<Span>,
}

/// What a user who watches wants to know of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A line of a build's log.
    LogLine {
        /// The derivation.
        drv: String,
        /// The line.
        line: String,
    },
}

impl<'a> Building<'a> {
    /// Nothing waits yet; `slots` processes may run at once, and links in `roots` keep results alive.
    pub fn new(setting: &'a Setting<'a>, slots: usize, roots: &Path) -> Self {
        Self {
            setting,
            graph: Graph::new(setting.store),
            waiting: VecDeque::new(),
            processes: Vec::new(),
            failed: BTreeMap::new(),
            all_failed: Set::default(),
            vouched: HashSet::new(),
            linked: linked(roots),
            substituters: None,
            slots: slots.max(1),
            links: roots.join(files::unique_name()),
            next_process: 0,
            stirred: false,
            stopping: false,
            spans: Vec::new(),
        }
    }

    /// One more target; it is done at once if all its outputs are there, or if it, or what it needs, cannot be read.
    pub fn add(&mut self, target: Target) -> Option<Built> {
        let (index, drv) = (target.index, target.drv.clone());
        self.enqueue(target).unwrap_or_else(|error| Some(Built::unreadable(index, drv, &error)))
    }

    fn enqueue(&mut self, target: Target) -> Result<Option<Built>> {
        if self.is_result(&target.drv)? {
            return Ok(Some(Built::ok(target.index, Status::Present, 0.0)));
        }
        let queued = Queued::new(target, &mut self.graph)?;
        self.waiting.push_back(queued);
        self.stirred = true;
        Ok(None)
    }

    /// From now on, only `substituters` are asked.
    pub fn substitute_from(&mut self, substituters: Vec<String>) {
        self.substituters = Some(substituters);
    }

    /// Whether every output of `drv` is in the store, and valid.
    ///
    /// A path may stand there whole and yet be none of Nix's: a build whose hash was wrong leaves it.
    ///
    /// A store that does not answer has not said that they are.
    ///
    /// # Errors
    /// When its derivation cannot be read.
    pub fn is_result(&mut self, drv: &str) -> Result<bool> {
        if !self.graph.is_built(drv)? {
            return Ok(false);
        }
        let derivation = self.graph.derivation(drv)?;
        let unsure: Vec<String> = derivation.outputs.iter().map(|(_, path)| path.clone()).collect();
        // Nix itself made our links, and keeps alive what they lead to.
        if !self.vouched.contains(drv) && !unsure.iter().all(|path| self.linked.contains(path)) {
            if !self.setting.nix.are_valid(&unsure).unwrap_or(false) {
                self.graph.doubt(drv);
                return Ok(false);
            }
            self.vouched.insert(drv.to_owned());
        }
        Ok(true)
    }

    /// The derivations read so far.
    pub fn graph(&mut self) -> &mut Graph<'a> {
        &mut self.graph
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_done(&self) -> bool {
        self.processes.is_empty() && self.waiting.is_empty()
    }

    /// What is being built and fetched now.
    pub fn running(&self) -> impl Iterator<Item = &Running> {
        self.processes.iter().flat_map(|process| process.builds.values())
    }

    /// The number for one more that is built, or fetched.
    fn free_worker(&self, fetched: bool) -> usize {
        free_worker(self.running().filter(|running| running.fetched == fetched).map(|running| running.worker))
    }

    /// Gives up what waits and asks all processes to stop.
    pub fn stop(&mut self, signal: Signal) {
        self.stopping = true;
        self.waiting.clear();
        for process in &self.processes {
            process.child.end_with(signal);
        }
    }
}

impl Built {
    /// A target whose outputs were all there.
    #[must_use]
    pub fn present(index: usize) -> Self {
        Self::ok(index, Status::Present, 0.0)
    }

    /// A target that cannot be built since a derivation cannot be read, which is no trouble of the others.
    #[must_use]
    pub fn unreadable(index: usize, drv: String, error: &anyhow::Error) -> Self {
        let (reason, failed_drv) = (Some(format!("{error:#}")), Some(drv));
        Self { reason, failed_drv, ..Self::ok(index, Status::BuildFailed, 0.0) }
    }

    fn ok(index: usize, status: Status, seconds: f64) -> Self {
        Self { index, status, seconds, reason: None, failed_drv: None, log_tail: Vec::new() }
    }
}

/// Where the links in the folder `roots` lead; nowhere where there is no such folder yet.
fn linked(roots: &Path) -> HashSet<String> {
    let links = std::fs::read_dir(roots).into_iter().flatten().flatten();
    links.filter_map(|link| Some(std::fs::read_link(link.path()).ok()?.display().to_string())).collect()
}
