//! Building in processes of few targets each, each derivation once over the whole run: what runs, what failed and why.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use super::claims::{self, Next, Waiting};
use super::graph::Graph;
use super::{Event, Setting};
use crate::fleet::Status;
use crate::nix::log::{LogEvent, Message};
use crate::supervise::{self, Child, ChildEvent};

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
    slots: usize,
    roots: PathBuf,
    next_process: usize,
    /// Whether something changed since targets were last looked for.
    stirred: bool,
}

#[derive(Debug)]
struct Process {
    id: usize,
    child: Child,
    targets: VecDeque<(Target, usize)>,
    started: Instant,
    claimed: HashSet<String>,
    /// What Nix says it will build; it replaces our own guess once the first activity begins.
    announced: Option<HashSet<String>>,
    builds: HashMap<u64, Running>,
    /// The derivations begun, with the last lines of each.
    begun: HashMap<String, VecDeque<String>>,
    messages: Vec<Message>,
}

/// A derivation being built or a path being fetched.
#[derive(Debug, Clone)]
pub struct Running {
    /// The store path of the derivation, or of what is fetched.
    pub path: String,
    /// Whether it is fetched.
    pub fetched: bool,
    /// The phase of the build, if it says one.
    pub phase: Option<String>,
    /// Since when.
    pub started: Instant,
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
            slots: slots.max(1),
            roots,
            next_process: 0,
            stirred: false,
        }
    }

    /// One more target; it is present if all its outputs are.
    ///
    /// # Errors
    /// When its derivation cannot be read.
    pub fn add(&mut self, target: Target) -> Result<Option<Built>> {
        if self.graph.is_built(&target.drv)? {
            return Ok(Some(Built::ok(target.index, Status::Present, 0.0)));
        }
        self.waiting.push_back((target, 0));
        self.stirred = true;
        Ok(None)
    }

    /// The derivations read so far.
    pub fn graph(&mut self) -> &mut Graph<'a> {
        &mut self.graph
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_done(&self) -> bool {
        self.processes.is_empty() && self.waiting.is_empty()
    }

    /// How many targets wait or are being built.
    pub fn left(&self) -> usize {
        self.waiting.len() + self.processes.iter().map(|process| process.targets.len()).sum::<usize>()
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
            if self.graph.is_built(&target.drv)? {
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
        let mut command = self.setting.nix.realise(&drvs, jobs, &link);
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
        });
        Ok(())
    }

    /// Takes in what process `id` said.
    pub fn hear(&mut self, id: usize, event: ChildEvent) -> Result<(Vec<Built>, Option<Heard>)> {
        let Some(at) = self.processes.iter().position(|process| process.id == id) else {
            return Ok((Vec::new(), None));
        };
        match event {
            ChildEvent::Line(line) => match LogEvent::parse(&line) {
                Some(event) => self.take_event(at, event).map(|heard| (Vec::new(), heard)),
                None => Ok((Vec::new(), None)),
            },
            ChildEvent::Ended(status) => Ok((self.end(at, status)?, None)),
        }
    }

    fn take_event(&mut self, at: usize, event: LogEvent) -> Result<Option<Heard>> {
        let process = &mut self.processes[at];
        match event {
            LogEvent::BuildStarted { id, drv, .. } => {
                process.begun.entry(drv.clone()).or_default();
                process.builds.insert(id, Running::new(drv, false));
            }
            LogEvent::FetchStarted { id, path, .. } => {
                process.builds.insert(id, Running::new(path, true));
            }
            LogEvent::LogLine { id, line } => {
                let Some(running) = process.builds.get(&id) else { return Ok(None) };
                let lines = process.begun.entry(running.path.clone()).or_default();
                if lines.len() == LOG_TAIL {
                    lines.pop_front();
                }
                lines.push_back(line.clone());
                return Ok(Some(Heard::LogLine { drv: running.path.clone(), line }));
            }
            LogEvent::Phase { id, phase } => {
                if let Some(running) = process.builds.get_mut(&id) {
                    running.phase = Some(phase);
                }
            }
            LogEvent::Planned => {
                if let Some(announced) = process.announced.take() {
                    process.claimed = announced;
                } else {
                    process.claimed.clear();
                }
                self.stirred = true;
            }
            LogEvent::Stopped { id } => {
                if let Some(running) = process.builds.remove(&id) {
                    let path = running.path;
                    if running.fetched || self.graph.is_built(&path)? {
                        self.processes[at].claimed.remove(&path);
                        self.stirred = true;
                    }
                }
            }
            LogEvent::Message(message) => {
                let blamed = process.begun.keys().find(|drv| message.level == 0 && message.names(drv)).cloned();
                process.take_message(message);
                if let Some(drv) = blamed {
                    self.note_failure(at, &drv)?;
                }
            }
        }
        Ok(None)
    }

    /// Remembers that `drv`, begun in the process at `at`, failed: unless it is built after all.
    fn note_failure(&mut self, at: usize, drv: &str) -> Result<()> {
        if self.graph.is_built(drv)? {
            return Ok(());
        }
        self.stirred = true;
        let process = &self.processes[at];
        let log_tail = process.begun.get(drv).map(|lines| lines.iter().cloned().collect()).unwrap_or_default();
        let reason = process.reason_for(drv).unwrap_or_else(|| "it did not produce its outputs".to_owned());
        self.failed.insert(drv.to_owned(), FailedDerivation { reason, log_tail });
        Ok(())
    }

    fn end(&mut self, at: usize, status: std::io::Result<std::process::ExitStatus>) -> Result<Vec<Built>> {
        let clean = status.as_ref().is_ok_and(std::process::ExitStatus::success);
        let begun: Vec<String> = self.processes[at].begun.keys().cloned().collect();
        // A process that was killed says nothing of the builds it was at; one that ended by itself has tried them.
        let killed = status.as_ref().is_ok_and(|status| status.code().is_none());
        for drv in begun {
            if !clean && !killed {
                self.note_failure(at, &drv)?;
            }
        }
        let process = self.processes.swap_remove(at);
        self.stirred = true;
        let seconds = process.started.elapsed().as_secs_f64();
        let mut done = Vec::new();
        for (target, tries) in process.targets.iter().cloned() {
            if self.graph.is_built(&target.drv)? {
                done.push(Built::ok(target.index, Status::Built, seconds));
            } else if let Some(failure) = self.failure(&target, seconds)? {
                done.push(failure);
            } else if killed && tries + 1 < TRIES {
                self.waiting.push_back((target, tries + 1));
            } else {
                let how = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
                let reason = process.last_error().unwrap_or_else(|| format!("the build ended without a word ({how})"));
                let failed_drv = Some(target.drv);
                let status = Status::BuildFailed;
                done.push(Built {
                    index: target.index,
                    status,
                    seconds,
                    reason: Some(reason),
                    failed_drv,
                    log_tail: Vec::new(),
                });
            }
        }
        Ok(done)
    }

    /// The failure of `target`, if it or something it needs has failed in this run.
    fn failure(&mut self, target: &Target, seconds: f64) -> Result<Option<Built>> {
        if self.failed.is_empty() {
            return Ok(None);
        }
        let unbuilt = self.graph.unbuilt(&target.drv)?;
        let Some((drv, failed)) = unbuilt.iter().find_map(|drv| self.failed.get_key_value(drv)) else {
            return Ok(None);
        };
        let status = if *drv == target.drv { Status::BuildFailed } else { Status::DependencyFailed };
        Ok(Some(Built {
            index: target.index,
            status,
            seconds,
            reason: Some(failed.reason.clone()),
            failed_drv: Some(drv.clone()),
            log_tail: failed.log_tail.clone(),
        }))
    }

    /// Gives up what waits and asks all processes to stop.
    pub fn stop(&mut self, signal: Signal) {
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

impl Running {
    fn new(path: String, fetched: bool) -> Self {
        Self { path, fetched, phase: None, started: Instant::now() }
    }
}

impl Process {
    fn take_message(&mut self, message: Message) {
        let text = message.text.as_str();
        if text.ends_with("will be built:") {
            self.announced = Some(HashSet::new());
        } else if let (Some(announced), Some(path)) = (&mut self.announced, text.strip_prefix("  ")) {
            if path.ends_with(".drv") {
                announced.insert(path.to_owned());
            }
        } else if message.level == 0 {
            self.messages.push(message);
        }
    }

    /// What Nix says of the failure of `drv`, in one line.
    fn reason_for(&self, drv: &str) -> Option<String> {
        let message = self.messages.iter().find(|message| message.names(drv))?;
        Some(reason(message.raw.as_ref().unwrap_or(&message.text)))
    }

    fn last_error(&self) -> Option<String> {
        let message = self.messages.last()?;
        Some(reason(message.raw.as_ref().unwrap_or(&message.text)))
    }
}

/// One line of Nix's message about a failed build: older versions say it in the first line, newer ones after `Reason:`.
fn reason(message: &str) -> String {
    let explained = message.lines().find_map(|line| line.trim().strip_prefix("Reason: "));
    let line = explained.unwrap_or_else(|| message.lines().next().unwrap_or_default()).trim_start_matches("error: ");
    match line.split_once("' failed with ") {
        Some((_, how)) => format!("builder failed with {}", how.trim_end_matches([';', '.'])),
        None => line.trim_end_matches([';', '.']).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_old_and_new_nix() {
        let check = |message: &str, expected: &str| assert_eq!(reason(message), expected);
        check("builder for '/nix/store/x.drv' failed with exit code 3", "builder failed with exit code 3");
        check(
            "builder for '/nix/store/x.drv' failed with exit code 3;\nlast 10 log lines:\n> a",
            "builder failed with exit code 3",
        );
        check(
            "Cannot build '/nix/store/x.drv'.\nReason: builder failed with exit code 3.\nOutput paths:\n  /x",
            "builder failed with exit code 3",
        );
        check(
            "hash mismatch in fixed-output derivation '/nix/store/x.drv':\n specified: a",
            "hash mismatch in fixed-output derivation '/nix/store/x.drv':",
        );
    }
}
