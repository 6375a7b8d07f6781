//! Evaluation in worker processes: which are started, and what they said.

mod memory;
mod worker;

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::batching::{Estimate, Limits};
use super::{Event, Setting};
use crate::fleet::{Asked, Evaluated, Facts, Kind, Output, Span, free_worker};
use crate::nix::log::{LogEvent, Message};
use crate::nix::query::{self, Finding, Item};
use crate::nix::{Fault, fault};
use crate::supervise::{self, ChildEvent};
use worker::{Current, Worker};

/// How often an output is given another process after one died without a word.
const TRIES: usize = 2;

/// One output on its way.
#[derive(Debug, Clone)]
pub struct Task {
    /// The output.
    pub output: Output,
    /// Its kind.
    pub kind: Kind,
    /// What it is expected to cost.
    pub estimate: Estimate,
    /// Further attributes to read of it.
    pub asked: Vec<Asked>,
    /// The system it had in an earlier run.
    pub last_system: Option<String>,
}

/// What became of one output's evaluation.
#[derive(Debug)]
pub struct Verdict {
    /// The index of its task.
    pub index: usize,
    /// What it told, or why it failed.
    pub told: Result<Evaluated, Failure>,
}

/// Why an evaluation failed, and what was known by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The fault.
    pub fault: Fault,
    /// The system the configuration had said.
    pub system: Option<String>,
}

/// The processes that evaluate, and what still waits.
#[derive(Debug)]
pub struct Evaluation<'a> {
    setting: &'a Setting<'a>,
    tasks: &'a [Task],
    limits: Limits,
    pending: VecDeque<usize>,
    /// Outputs that outgrew a shared process: each gets the whole bound for itself, when no other runs.
    alone: VecDeque<usize>,
    tries: Vec<usize>,
    estimates: Vec<Estimate>,
    workers: Vec<Worker>,
    next_worker: usize,
    largest_mib: u64,
    /// The most memory in MiB seen over all processes at once.
    pub peak_mib: u64,
    /// When each process was at what.
    pub spans: Vec<Span>,
}

impl<'a> Evaluation<'a> {
    /// Everything in `wanted` (indices of `tasks`) waits, longest first.
    pub fn new(setting: &'a Setting<'a>, tasks: &'a [Task], wanted: Vec<usize>, limits: Limits) -> Self {
        let mut pending = wanted;
        pending.sort_by(|&a, &b| tasks[b].estimate.seconds.total_cmp(&tasks[a].estimate.seconds));
        Self {
            setting,
            tasks,
            limits,
            pending: pending.into(),
            alone: VecDeque::new(),
            tries: vec![0; tasks.len()],
            estimates: tasks.iter().map(|task| task.estimate).collect(),
            workers: Vec::new(),
            next_worker: 0,
            largest_mib: 0,
            peak_mib: 0,
            spans: Vec::new(),
        }
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_done(&self) -> bool {
        self.workers.is_empty() && self.pending.is_empty() && self.alone.is_empty()
    }

    /// How many outputs wait or are being evaluated.
    pub fn left(&self) -> usize {
        self.pending.len() + self.alone.len() + self.workers.iter().map(|worker| worker.batch.len()).sum::<usize>()
    }

    /// The outputs being evaluated now, and since when.
    pub fn running(&self) -> impl Iterator<Item = (usize, Instant)> {
        self.workers.iter().filter_map(|worker| worker.current.as_ref()).map(|current| (current.index, current.started))
    }

    /// Starts as many processes as limits allow.
    pub fn dispatch(&mut self, events: &SyncSender<Event>) -> Result<()> {
        while self.workers.len() < self.limits.workers && !self.workers.iter().any(|worker| worker.alone) {
            if self.has_room() {
                let estimates: Vec<Estimate> = self.pending.iter().map(|&index| self.estimates[index]).collect();
                let count = self.limits.batch(&estimates);
                let count = query::fitting(self.pending.iter().take(count).map(|&index| self.item(index)));
                let batch = self.pending.drain(..count).collect();
                self.start(batch, false, events)?;
            } else if let (true, true, Some(index)) =
                (self.workers.is_empty(), self.pending.is_empty(), self.alone.front().copied())
            {
                self.alone.pop_front();
                self.start(vec![index], true, events)?;
            } else {
                return Ok(());
            }
        }
        Ok(())
    }

    fn start(&mut self, batch: Vec<usize>, alone: bool, events: &SyncSender<Event>) -> Result<()> {
        let items: Vec<Item<'_>> = batch.iter().map(|&index| self.item(index)).collect();
        let mut command = self.setting.query.evaluate(self.setting.nix, &items);
        if !alone {
            // Collecting costs a third more time and frees nothing that is worth it: the process ends soon.
            command.env("GC_DONT_GC", "1");
        }
        let id = self.next_worker;
        self.next_worker += 1;
        let events = events.clone();
        // The receiver lives as long as the run; a child that outlives it has nobody to tell.
        let child = supervise::start(&mut command, move |event| drop(events.send(Event::Evaluation(id, event))))
            .context("start an evaluation")?;
        let (batch, messages) = (batch.into(), Vec::new());
        let number = free_worker(self.workers.iter().map(|worker| worker.number));
        let worker = Worker { id, number, child, batch, messages, current: None, done: 0, alone, ended_by_us: false };
        self.workers.push(worker);
        Ok(())
    }

    fn item(&self, index: usize) -> Item<'_> {
        let task = &self.tasks[index];
        Item { index, output: &task.output, kind: &task.kind, asked: &task.asked }
    }

    /// Takes in what worker `id` said.
    pub fn hear(&mut self, id: usize, event: ChildEvent) -> Result<Vec<Verdict>> {
        let Some(at) = self.workers.iter().position(|worker| worker.id == id) else { return Ok(Vec::new()) };
        match event {
            ChildEvent::Line(line) => match LogEvent::parse(&line) {
                Some(LogEvent::Message(message)) => self.take_message(at, message),
                _ => Ok(Vec::new()),
            },
            ChildEvent::Ended(status) => Ok(self.end(at, status)),
        }
    }

    fn take_message(&mut self, at: usize, message: Message) -> Result<Vec<Verdict>> {
        let finding = self.setting.query.finding(&message)?;
        let span = self.span(at, false);
        let worker = &mut self.workers[at];
        let mut verdicts = Vec::new();
        match finding {
            None => worker.take_message(message),
            Some(Finding::Begin { begin }) => {
                // What is not a configuration has no facts, so the next one's beginning is its end.
                verdicts.extend(worker.finish(Facts::new(), None));
                worker.current = Some(Current::new(begin, worker.child.resident_mib()));
            }
            Some(Finding::System { system, .. }) => {
                if let Some(current) = &mut worker.current {
                    current.system = system;
                }
            }
            Some(Finding::Derivation { index, drv, built }) => {
                if let Some(current) = &mut worker.current {
                    current.system = current.system.take().or(built);
                    current.drv = Some(drv);
                }
                if !self.tasks[index].kind.configuration {
                    verdicts.extend(worker.finish(Facts::new(), None));
                }
            }
            Some(Finding::Facts { facts, .. }) => verdicts.extend(worker.finish(facts, None)),
            Some(_) => {}
        }
        self.spans.extend(span.filter(|_| !verdicts.is_empty()));
        for verdict in &verdicts {
            self.learn(at, verdict);
        }
        Ok(verdicts)
    }

    /// When the worker at `at` has been at its output.
    fn span(&self, at: usize, failed: bool) -> Option<Span> {
        let index = self.workers[at].current.as_ref()?.index;
        self.workers[at].span(&self.tasks[index].output, failed)
    }

    fn end(&mut self, at: usize, status: std::io::Result<std::process::ExitStatus>) -> Vec<Verdict> {
        self.spans.extend(self.span(at, true));
        let mut worker = self.workers.swap_remove(at);
        let mut verdicts = Vec::new();
        let is_clean = status.as_ref().is_ok_and(std::process::ExitStatus::success) && worker.batch.is_empty();
        if !worker.ended_by_us && !is_clean {
            verdicts.extend(self.blame(&mut worker, &status));
        }
        // What is left was not begun, or was ended by us before it was done.
        for index in worker.batch.into_iter().rev() {
            self.pending.push_front(index);
        }
        verdicts
    }

    /// The fault of the output that a process which ended by itself was at.
    fn blame(&mut self, worker: &mut Worker, status: &std::io::Result<std::process::ExitStatus>) -> Option<Verdict> {
        let fault = fault(&worker.messages, &self.setting.tree);
        let known = worker.current.as_ref().is_some_and(|current| current.drv.is_some());
        if known {
            let reason = fault.map_or_else(|| "the evaluation ended".to_owned(), |fault| fault.reason);
            return worker.finish(Facts::new(), Some(reason));
        }
        let index = worker.batch.front().copied()?;
        let current = worker.current.take();
        if current.is_none() || fault.is_none() {
            // No output was begun yet, so none is at fault; or it died without a word, as by `kill -9` or for lack of memory.
            self.tries[index] += 1;
            if self.tries[index] < TRIES {
                return None;
            }
        }
        let fault = fault.unwrap_or_else(|| {
            let how = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
            Fault { reason: format!("the evaluating process ended without a word, twice ({how})"), place: None }
        });
        worker.batch.pop_front();
        let system = current.and_then(|current| current.system);
        Some(Verdict { index, told: Err(Failure { fault, system }) })
    }

    /// Gives up what waits and ends all processes: nothing they hold needs an end in order, and a Nix that computes does not listen.
    pub fn stop(&mut self) {
        self.pending.clear();
        self.alone.clear();
        for worker in &mut self.workers {
            worker.ended_by_us = true;
            worker.batch.clear();
            worker.child.kill();
        }
    }
}
