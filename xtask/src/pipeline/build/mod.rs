//! Building in processes of few targets each, each derivation once over the whole run: what runs, what failed and why.

mod hearing;
mod process;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::process::Signal;

pub use process::Running;

use super::claims::{self, Next, Waiting};
use super::graph::Graph;
use super::{Event, Setting};
use crate::fleet::Status;
use crate::supervise;
use process::Process;

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
    waiting: VecDeque<(Target, usize)>,
    processes: Vec<Process>,
    failed: HashMap<String, FailedDerivation>,
    /// Derivations of which Nix said that their outputs are valid.
    vouched: HashSet<String>,
    /// Store paths that links of earlier runs keep alive.
    linked: HashSet<String>,
    /// The only substituters to ask; those of the settings if none are named.
    substituters: Option<Vec<String>>,
    slots: usize,
    roots: PathBuf,
    next_process: usize,
    /// Whether something changed since targets were last looked for.
    stirred: bool,
    /// Whether processes were asked to stop: what ends from now on has not failed.
    stopping: bool,
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
    pub fn new(setting: &'a Setting<'a>, slots: usize, roots: PathBuf) -> Self {
        Self {
            setting,
            graph: Graph::new(setting.store),
            waiting: VecDeque::new(),
            processes: Vec::new(),
            failed: HashMap::new(),
            vouched: HashSet::new(),
            linked: linked(&roots),
            substituters: None,
            slots: slots.max(1),
            roots,
            next_process: 0,
            stirred: false,
            stopping: false,
        }
    }

    /// One more target; it is present if all its outputs are.
    ///
    /// # Errors
    /// When its derivation cannot be read.
    pub fn add(&mut self, target: Target) -> Result<Option<Built>> {
        if self.is_result(&target.drv)? {
            return Ok(Some(Built::ok(target.index, Status::Present, 0.0)));
        }
        self.waiting.push_back((target, 0));
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
    /// # Errors
    /// When its derivation cannot be read, or the store cannot be asked.
    pub fn is_result(&mut self, drv: &str) -> Result<bool> {
        if !self.graph.is_built(drv)? {
            return Ok(false);
        }
        let derivation = self.graph.derivation(drv)?;
        let unsure: Vec<String> = derivation.outputs.iter().map(|(_, path)| path.clone()).collect();
        // Nix itself made our links, and keeps alive what they lead to.
        if !self.vouched.contains(drv) && !unsure.iter().all(|path| self.linked.contains(path)) {
            if !self.setting.nix.are_valid(&unsure)? {
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

    /// Starts processes for targets that can start; those that need what has failed are done.
    pub fn dispatch(&mut self, events: &Sender<Event>) -> Result<Vec<Built>> {
        let mut done = Vec::new();
        while self.stirred && self.processes.len() < self.slots && !self.waiting.is_empty() {
            done.extend(self.settle()?);
            let waiting = self.unbuilt()?;
            let claimed: HashSet<&str> = self.processes.iter().flat_map(|p| &p.claimed).map(String::as_str).collect();
            match claims::next(&waiting, &claimed, self.processes.len(), self.slots) {
                Next::Wait => self.stirred = false,
                Next::Targets { targets, jobs } => {
                    let claimed = waiting.iter().filter(|w| targets.contains(&w.index)).flat_map(|w| w.unbuilt.clone());
                    self.start(&targets, claimed.collect(), jobs, events)?;
                }
            }
        }
        Ok(done)
    }

    /// Takes out of the queue what was built meanwhile, and what needs a derivation that has failed.
    fn settle(&mut self) -> Result<Vec<Built>> {
        let mut done = Vec::new();
        let mut still = VecDeque::new();
        for (target, tries) in std::mem::take(&mut self.waiting) {
            if self.is_result(&target.drv)? {
                done.push(Built::ok(target.index, Status::Built, 0.0));
            } else if let Some(failure) = self.failure(&target, 0.0)? {
                done.push(failure);
            } else {
                still.push_back((target, tries));
            }
        }
        self.waiting = still;
        Ok(done)
    }

    fn unbuilt(&mut self) -> Result<Vec<Waiting>> {
        let graph = &mut self.graph;
        self.waiting
            .iter()
            .map(|(target, _)| Ok(Waiting { index: target.index, unbuilt: graph.unbuilt(&target.drv)? }))
            .collect()
    }

    fn start(
        &mut self,
        indices: &[usize],
        claimed: HashSet<String>,
        jobs: usize,
        events: &Sender<Event>,
    ) -> Result<()> {
        let (targets, still): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(target, _)| indices.contains(&target.index));
        self.waiting = still;
        let drvs: Vec<String> = targets.iter().map(|(target, _)| target.drv.clone()).collect();
        let id = self.next_process;
        self.next_process += 1;
        let link = self.roots.join(format!("{}-{id}", std::process::id()));
        let jobs = if self.setting.local_builds { jobs } else { 0 };
        let mut command = self.setting.nix.realise(&drvs, jobs, &link, self.substituters.as_deref());
        let events = events.clone();
        // The receiver lives as long as the run; a child that outlives it has nobody to tell.
        let child = supervise::start(&mut command, move |event| drop(events.send(Event::Build(id, event))))
            .context("start a build")?;
        self.processes.push(Process {
            id,
            child,
            targets,
            started: Instant::now(),
            claimed,
            announced: None,
            builds: HashMap::new(),
            begun: HashMap::new(),
            messages: Vec::new(),
            has_news: false,
        });
        Ok(())
    }

    /// Gives up what waits and asks all processes to stop.
    pub fn stop(&mut self, signal: Signal) {
        self.stopping = true;
        self.waiting.clear();
        for process in &self.processes {
            if signal == Signal::KILL { process.child.kill() } else { process.child.signal(signal) }
        }
    }
}

impl Built {
    /// A target whose outputs were all there.
    #[must_use]
    pub fn present(index: usize) -> Self {
        Self::ok(index, Status::Present, 0.0)
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
