//! One run over a fleet's outputs: evaluation and builds side by side, coordinated by one loop that alone decides.
//!
//! Architecture invariant: threads only carry lines from children to the loop; policy is pure (`batching`, `claims`) or belongs
//! to the two state machines (`evaluation`, `build`); nothing here is worded or printed.

pub mod batching;
pub mod build;
mod claims;
pub mod evaluation;
mod graph;

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use crate::fleet::{AttrPath, Evaluated, OutputResult, Status};
use crate::interrupt;
use crate::nix::query::Query;
use crate::nix::{Nix, SourceTree, Store};
use crate::supervise::ChildEvent;
use batching::Limits;
use build::{Building, Built, Heard, Target};
use evaluation::{Evaluation, Task, Verdict};

/// What every part of a run needs.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The Nix in use.
    pub nix: &'a Nix,
    /// Its store.
    pub store: &'a Store,
    /// The flake, ready to be asked.
    pub query: &'a Query,
    /// Where the repository's files are.
    pub tree: SourceTree,
    /// Further attribute paths to read of each configuration.
    pub attributes: &'a [AttrPath],
    /// Whether derivations may be built on this machine (`max-jobs` is not 0).
    pub local_builds: bool,
}

/// What a run is to do.
#[derive(Debug)]
pub struct Order {
    /// The outputs, and what is known of them from an earlier run.
    pub tasks: Vec<(Task, Option<Evaluated>)>,
    /// What evaluation may use.
    pub limits: Limits,
    /// How to build, if at all.
    pub build: Option<BuildOrder>,
    /// Stop at the first failure.
    pub fail_fast: bool,
}

/// How to build.
#[derive(Debug, Clone)]
pub struct BuildOrder {
    /// Build processes at once.
    pub slots: usize,
    /// The folder for links that keep results alive.
    pub roots: PathBuf,
    /// What is built where.
    pub builders: Builders,
    /// The substituters whose outputs are not fetched; empty to fetch and build everything.
    pub skip_cached: Vec<String>,
}

/// The systems and features that builds can be had for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Builders {
    /// Each builder's systems and features.
    pub offers: Vec<(Vec<String>, Vec<String>)>,
    /// The only systems to build for; none names all.
    pub wanted: Vec<String>,
}

impl Builders {
    /// Why a derivation cannot be built by any of them.
    #[must_use]
    pub fn refusal(&self, system: &str, features: &[String]) -> Option<String> {
        if !self.wanted.is_empty() && system != "builtin" && !self.wanted.iter().any(|wanted| wanted == system) {
            return Some(format!("{system} was not asked for"));
        }
        let offers: Vec<_> = self.offers.iter().filter(|(systems, _)| systems.iter().any(|s| s == system)).collect();
        if system != "builtin" && offers.is_empty() {
            return Some(format!("no builder for {system}"));
        }
        let all_features = |offered: &&&(Vec<String>, Vec<String>)| features.iter().all(|f| offered.1.contains(f));
        match offers.iter().find(all_features) {
            None if !features.is_empty() => Some(format!("no builder for {system} with {}", features.join(", "))),
            _ => None,
        }
    }
}

/// What a run did.
#[derive(Debug)]
pub struct Outcome {
    /// One result for each task, in their order.
    pub results: Vec<OutputResult>,
    /// Whether it was ended before everything was done.
    pub interrupted: bool,
    /// The most memory in MiB seen over all evaluation processes at once.
    pub peak_mib: u64,
}

/// What a watcher is shown while a run goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// An output is done.
    Done(&'a OutputResult),
    /// A line of a build's log.
    Log {
        /// The derivation.
        drv: &'a str,
        /// The line.
        line: &'a str,
    },
    /// The state of things, a few times a second.
    Now(Now<'a>),
}

/// The state of a run.
#[derive(Debug)]
pub struct Now<'a> {
    /// Outputs in all.
    pub total: usize,
    /// Outputs that are done.
    pub done: usize,
    /// Outputs that failed.
    pub failed: usize,
    /// Outputs still to evaluate.
    pub to_evaluate: usize,
    /// What is being evaluated, and since when.
    pub evaluating: Vec<(&'a str, Instant)>,
    /// What is being built and fetched.
    pub building: Vec<build::Running>,
    /// Memory in MiB over all evaluation processes.
    pub elapsed: Duration,
}

/// What a child said, and which.
#[derive(Debug)]
pub enum Event {
    /// An evaluation process.
    Evaluation(usize, ChildEvent),
    /// A build process.
    Build(usize, ChildEvent),
}

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often a watcher is told the state.
const SHOW: Duration = Duration::from_millis(100);
/// How long children may take to end after an interrupt, and after the firmer one that follows.
const PATIENCE: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(5)),
    (Signal::TERM, Duration::from_secs(3)),
    (Signal::KILL, Duration::from_secs(2)),
];

/// Runs `order` to its end, telling `watch` what happens.
///
/// # Errors
/// When a child cannot be started, or the store cannot be read.
pub fn run(setting: &Setting<'_>, order: &Order, watch: &mut dyn FnMut(Progress<'_>)) -> Result<Outcome> {
    let tasks: Vec<Task> = order.tasks.iter().map(|(task, _)| task.clone()).collect();
    let names: Vec<String> = tasks.iter().map(|task| task.output.short()).collect();
    let mut run = Run {
        setting,
        order,
        results: tasks.iter().map(|task| OutputResult::new(task.output.clone(), Status::Interrupted)).collect(),
        done: vec![false; tasks.len()],
        held: Vec::new(),
        evaluation: Evaluation::new(setting, &tasks, unknown(order), order.limits),
        building: build_order(order).map(|build| Building::new(setting, build.slots, build.roots.clone())),
        watch,
    };
    for (index, (_, known)) in order.tasks.iter().enumerate() {
        if let Some(evaluated) = known {
            run.evaluated(index, evaluated.clone())?;
        }
    }
    let interrupted = run.go_on(&names)?;
    let peak_mib = run.evaluation.peak_mib;
    Ok(Outcome { results: run.results, interrupted, peak_mib })
}

fn unknown(order: &Order) -> Vec<usize> {
    (0..order.tasks.len()).filter(|&index| order.tasks[index].1.is_none()).collect()
}

fn build_order(order: &Order) -> Option<&BuildOrder> {
    order.build.as_ref()
}

struct Run<'a, 'w> {
    setting: &'a Setting<'a>,
    order: &'a Order,
    results: Vec<OutputResult>,
    done: Vec<bool>,
    /// Targets that wait for the question which outputs a substituter has.
    held: Vec<Target>,
    evaluation: Evaluation<'a>,
    building: Option<Building<'a>>,
    watch: &'w mut dyn FnMut(Progress<'_>),
}

impl Run<'_, '_> {
    /// The loop; whether it was interrupted.
    fn go_on(&mut self, names: &[String]) -> Result<bool> {
        let (sender, receiver) = mpsc::channel();
        let started = Instant::now();
        let (mut looked, mut shown) = (Instant::now(), Instant::now());
        let mut stopping: Option<Stopping> = None;
        loop {
            if stopping.is_none() {
                self.evaluation.dispatch(&sender)?;
                self.release_held()?;
                let done = self.building.as_mut().map(|building| building.dispatch(&sender)).transpose()?;
                self.take_built(done.unwrap_or_default());
            }
            if self.evaluation.is_done() && self.building.as_ref().is_none_or(Building::is_done) {
                break;
            }
            let mut event = receiver.recv_timeout(LOOK);
            // Everything that is there already is taken in before the next look around.
            while let Ok(heard) = event {
                self.hear(heard)?;
                event = receiver.try_recv().map_err(|_| RecvTimeoutError::Timeout);
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                let verdicts = self.evaluation.watch_memory();
                self.take_verdicts(verdicts)?;
            }
            if shown.elapsed() >= SHOW {
                shown = Instant::now();
                self.show(names, started);
            }
            let failed = self.order.fail_fast
                && self.results.iter().zip(&self.done).any(|(r, done)| *done && r.status.is_failure());
            if interrupt::count() > 0 || failed {
                let stage = stopping.get_or_insert_with(Stopping::default);
                if stage.go_on(interrupt::count() > 1) {
                    self.stop(stage.signal());
                }
                if stage.is_over() {
                    break;
                }
            }
        }
        Ok(stopping.is_some())
    }

    fn hear(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Evaluation(id, event) => {
                let verdicts = self.evaluation.hear(id, event)?;
                self.take_verdicts(verdicts)
            }
            Event::Build(id, event) => {
                let Some(building) = &mut self.building else { return Ok(()) };
                let (built, heard) = building.hear(id, event)?;
                if let Some(Heard::LogLine { drv, line }) = heard {
                    (self.watch)(Progress::Log { drv: &drv, line: &line });
                }
                self.take_built(built);
                Ok(())
            }
        }
    }

    fn take_verdicts(&mut self, verdicts: Vec<Verdict>) -> Result<()> {
        for Verdict { index, told } in verdicts {
            match told {
                Ok(evaluated) => self.evaluated(index, evaluated)?,
                Err(failure) => {
                    let result = &mut self.results[index];
                    result.status = Status::EvaluationFailed;
                    result.output.system = result.output.system.take().or(failure.system);
                    result.reason = Some(failure.fault.reason);
                    result.place = failure.fault.place;
                    self.finish(index);
                }
            }
        }
        Ok(())
    }

    /// The evaluation of one output is known: what happens next with it?
    fn evaluated(&mut self, index: usize, evaluated: Evaluated) -> Result<()> {
        let drv = evaluated.drv.clone();
        let system = evaluated.system.clone();
        self.results[index].evaluated = Some(evaluated);
        let (Some(drv), Some(build), Some(building)) = (drv.clone(), &self.order.build, &mut self.building) else {
            self.results[index].status = if drv.is_some() { Status::Evaluated } else { Status::NothingToBuild };
            self.finish(index);
            return Ok(());
        };
        let derivation = building.graph().derivation(&drv)?;
        self.results[index].paths = derivation.outputs.clone();
        if system.is_empty() {
            if let Some(evaluated) = &mut self.results[index].evaluated {
                evaluated.system.clone_from(&derivation.system);
            }
        }
        let target = Target { index, drv };
        if let Some(refusal) = build.builders.refusal(&derivation.system, &derivation.features) {
            if building.graph().is_built(&target.drv)? {
                self.take_built(vec![Built::present(index)]);
            } else {
                self.results[index].status = Status::Skipped;
                self.results[index].reason = Some(refusal);
                self.finish(index);
            }
            return Ok(());
        }
        if !build.skip_cached.is_empty() && !building.graph().is_built(&target.drv)? {
            self.held.push(target);
            return Ok(());
        }
        let present = building.add(target)?;
        self.take_built(present.into_iter().collect());
        Ok(())
    }

    /// Asks the substituters, once and for everything, which of the held outputs they have; the others are built.
    fn release_held(&mut self) -> Result<()> {
        let (Some(build), Some(building)) = (&self.order.build, &mut self.building) else { return Ok(()) };
        if self.held.is_empty() || !self.evaluation.is_done() {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let paths = |index: usize| self.results[index].paths.iter().map(|(_, path)| path.clone());
        let wanted: Vec<String> =
            held.iter().flat_map(|target| paths(target.index)).filter(|path| !path.is_empty()).collect();
        let had = self.setting.nix.had_by(&build.skip_cached, &wanted);
        let mut cached = Vec::new();
        for target in held {
            match had.iter().find(|(_, have)| paths(target.index).all(|path| have.contains(&path))) {
                Some((substituter, _)) => cached.push((target.index, substituter.clone())),
                None => drop(building.add(target)?),
            }
        }
        for (index, substituter) in cached {
            self.results[index].status = Status::Cached;
            self.results[index].reason = Some(format!("{substituter} has it"));
            self.finish(index);
        }
        Ok(())
    }

    fn take_built(&mut self, built: Vec<Built>) {
        for built in built {
            let result = &mut self.results[built.index];
            result.status = built.status;
            result.build_seconds = built.seconds;
            result.reason = built.reason;
            result.failed_drv = built.failed_drv;
            result.log_tail = built.log_tail;
            self.finish(built.index);
        }
    }

    fn finish(&mut self, index: usize) {
        self.done[index] = true;
        (self.watch)(Progress::Done(&self.results[index]));
    }

    fn stop(&mut self, signal: Signal) {
        self.held.clear();
        self.evaluation.stop(signal);
        if let Some(building) = &mut self.building {
            building.stop(signal);
        }
    }

    fn show(&mut self, names: &[String], started: Instant) {
        let failed = self.results.iter().zip(&self.done).filter(|(result, done)| **done && result.status.is_failure());
        let now = Now {
            total: self.results.len(),
            done: self.done.iter().filter(|done| **done).count(),
            failed: failed.count(),
            to_evaluate: self.evaluation.left(),
            evaluating: self.evaluation.running().map(|(index, since)| (names[index].as_str(), since)).collect(),
            building: self.building.iter().flat_map(Building::running).cloned().collect(),
            elapsed: started.elapsed(),
        };
        (self.watch)(Progress::Now(now));
    }
}

/// How far ending the children has come.
#[derive(Default)]
struct Stopping {
    stage: Option<(usize, Instant)>,
}

impl Stopping {
    /// Whether the next, firmer signal is due.
    fn go_on(&mut self, at_once: bool) -> bool {
        let last = PATIENCE.len() - 1;
        let next = match self.stage {
            None => Some(if at_once { last } else { 0 }),
            Some((stage, _)) if at_once && stage < last => Some(last),
            Some((stage, since)) if stage < last && since.elapsed() > PATIENCE[stage].1 => Some(stage + 1),
            Some(_) => None,
        };
        if let Some(stage) = next {
            self.stage = Some((stage, Instant::now()));
        }
        next.is_some()
    }

    fn signal(&self) -> Signal {
        PATIENCE[self.stage.map_or(0, |(stage, _)| stage)].0
    }

    /// Whether even what cannot be ignored had its time.
    fn is_over(&self) -> bool {
        self.stage.is_some_and(|(stage, since)| stage == PATIENCE.len() - 1 && since.elapsed() > PATIENCE[stage].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builders_offer_systems_and_features() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let builders = Builders {
            offers: vec![
                (words("x86_64-linux i686-linux"), words("big-parallel")),
                (words("aarch64-linux"), words("kvm")),
            ],
            wanted: Vec::new(),
        };
        let check = |system: &str, features: &str, expected: Option<&str>| {
            assert_eq!(builders.refusal(system, &words(features)).as_deref(), expected);
        };
        check("x86_64-linux", "", None);
        check("i686-linux", "big-parallel", None);
        check("builtin", "", None);
        check("aarch64-darwin", "", Some("no builder for aarch64-darwin"));
        check("x86_64-linux", "kvm", Some("no builder for x86_64-linux with kvm"));
        check("aarch64-linux", "kvm", None);
        let restricted = Builders { wanted: words("x86_64-linux"), ..builders.clone() };
        assert_eq!(restricted.refusal("aarch64-linux", &[]).as_deref(), Some("aarch64-linux was not asked for"));
        assert_eq!(restricted.refusal("x86_64-linux", &[]), None);
    }

    #[test]
    fn stopping_grows_firmer_and_a_second_wish_is_at_once() {
        let mut stopping = Stopping::default();
        assert!(stopping.go_on(false));
        assert_eq!(stopping.signal(), Signal::INT);
        assert!(!stopping.go_on(false));
        assert!(stopping.go_on(true));
        assert_eq!(stopping.signal(), Signal::KILL);
        assert!(!stopping.go_on(true));
    }
}
