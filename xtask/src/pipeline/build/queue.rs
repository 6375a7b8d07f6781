//! The targets that wait, each with what it still needs, and starting processes for those that can start.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::process::Process;
use super::{Building, Built, Target};
use crate::fleet::Status;
use crate::pipeline::Event;
use crate::pipeline::claims::{self, Next, Waiting};
use crate::pipeline::graph::Graph;
use crate::pipeline::set::Set;
use crate::supervise;

/// A target, and what is known of its way.
#[derive(Debug, Clone)]
pub(super) struct Queued {
    pub(super) target: Target,
    /// How many processes that had it died without a word.
    pub(super) tries: usize,
    /// Its own derivation and those it needs, as far as not built by what the graph of `age` knew.
    needs: Set,
    age: usize,
}

impl Queued {
    pub(super) fn new(target: Target, graph: &mut Graph<'_>) -> Result<Self> {
        let needs = graph.needs(&target.drv)?;
        Ok(Self { target, tries: 0, needs, age: graph.age() })
    }

    /// What it needs, as far as was known when that was last asked.
    pub(super) fn last_needs(&self) -> &Set {
        &self.needs
    }

    /// What it needs, as far as not built by what `graph` knows now.
    pub(super) fn needs(&mut self, graph: &mut Graph<'_>) -> Result<&Set> {
        if self.age == graph.age() {
            self.needs.subtract(graph.built());
        } else {
            // Its closure is walked again only where something may have come into the store unheard.
            self.needs = graph.needs(&self.target.drv)?;
            self.age = graph.age();
        }
        Ok(&self.needs)
    }
}

impl Building<'_> {
    /// Starts processes for targets that can start; those that need what has failed are done.
    pub fn dispatch(&mut self, events: &SyncSender<Event>) -> Result<Vec<Built>> {
        let mut done = Vec::new();
        while self.stirred && self.busy() < self.slots && !self.waiting.is_empty() {
            done.extend(self.settle()?);
            let waiting =
                self.waiting.iter().map(|queued| Waiting { index: queued.target.index, unbuilt: &queued.needs });
            let waiting: Vec<Waiting<'_>> = waiting.collect();
            let mut claimed = Set::default();
            for process in &self.processes {
                claimed.unite(&process.claimed);
            }
            match claims::next(&waiting, &claimed, self.processes.len(), self.slots) {
                Next::Wait => self.stirred = false,
                Next::Targets { targets, jobs } => self.start(&targets.into_iter().collect(), jobs, events)?,
            }
        }
        Ok(done)
    }

    /// How many slots are taken: one a process, and one for each further build that it runs.
    fn busy(&self) -> usize {
        let builds = |process: &Process| process.builds.values().filter(|running| !running.fetched).count();
        self.processes.iter().map(|process| builds(process).max(1)).sum()
    }

    /// Takes out of the queue what was built meanwhile, and what needs a derivation that has failed.
    fn settle(&mut self) -> Result<Vec<Built>> {
        let mut done = Vec::new();
        let mut still = VecDeque::new();
        for mut queued in std::mem::take(&mut self.waiting) {
            if self.is_result(&queued.target.drv)? {
                done.push(Built::ok(queued.target.index, Status::Built, 0.0));
            } else if let Some(failure) = self.failure(&mut queued, 0.0)? {
                done.push(failure);
            } else {
                still.push_back(queued);
            }
        }
        self.waiting = still;
        Ok(done)
    }

    fn start(&mut self, indices: &HashSet<usize>, jobs: usize, events: &SyncSender<Event>) -> Result<()> {
        let (targets, still): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|queued| indices.contains(&queued.target.index));
        self.waiting = still;
        let drvs: Vec<String> = targets.iter().map(|queued| queued.target.drv.clone()).collect();
        let mut claimed = Set::default();
        for queued in &targets {
            claimed.unite(&queued.needs);
        }
        let id = self.next_process;
        self.next_process += 1;
        let mut link = self.links.clone().into_os_string();
        link.push(format!("-{id}"));
        let jobs = jobs.min(self.setting.max_jobs);
        let mut command = self.setting.nix.realise(&drvs, jobs, link.as_ref(), self.substituters.as_deref());
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
}
