//! The loop of a run, which alone decides: it hears the children, takes in what became of each output, and says what comes next.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use super::build::{Building, Built, Heard, Target};
use super::evaluation::{Evaluation, Task, Verdict};
use super::stopping::Stopping;
use super::{BuildOrder, Event, Now, Order, Outcome, Progress, Setting};
use crate::fleet::{Evaluated, OutputResult, Status};
use crate::interrupt;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often a watcher is told the state.
const SHOW: Duration = Duration::from_millis(100);

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
        stopping: None,
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
    /// How far the run is in being ended, once it was asked to.
    stopping: Option<Stopping>,
    watch: &'w mut dyn FnMut(Progress<'_>),
}

impl Run<'_, '_> {
    /// The loop; whether it was interrupted.
    fn go_on(&mut self, names: &[String]) -> Result<bool> {
        let (sender, receiver) = mpsc::channel();
        let started = Instant::now();
        let (mut looked, mut shown) = (Instant::now(), Instant::now());
        loop {
            if self.stopping.is_none() {
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
                let stage = self.stopping.get_or_insert_with(Stopping::default);
                let (signal, is_over) = (stage.go_on(interrupt::count() > 1).then(|| stage.signal()), stage.is_over());
                if let Some(signal) = signal {
                    self.stop(signal);
                }
                if is_over {
                    break;
                }
            }
        }
        Ok(self.stopping.is_some())
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
        let stopped = self.stopping.is_some();
        for Verdict { index, told } in verdicts.into_iter().filter(|verdict| !(stopped && verdict.told.is_err())) {
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
        if let Some(evaluated) = self.results[index].evaluated.as_mut().filter(|_| system.is_empty()) {
            evaluated.system.clone_from(&derivation.system);
        }
        let target = Target { index, drv };
        if let Some(refusal) = build.builders.refusal(&derivation.system, &derivation.features) {
            if building.is_result(&target.drv)? {
                self.take_built(vec![Built::present(index)]);
            } else {
                self.results[index].status = Status::Skipped;
                self.results[index].reason = Some(refusal);
                self.finish(index);
            }
            return Ok(());
        }
        if !build.skip_cached.is_empty() && !building.is_result(&target.drv)? {
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
        for (substituter, reason) in had.iter().filter_map(|had| Some((&had.substituter, had.trouble.as_ref()?))) {
            (self.watch)(Progress::Trouble { substituter, reason });
        }
        if had.iter().any(|had| had.trouble.is_some()) {
            let well = had.iter().filter(|had| had.trouble.is_none()).map(|had| had.substituter.clone());
            building.substitute_from(well.collect());
        }
        let mut cached = Vec::new();
        for target in held {
            match had.iter().find(|had| paths(target.index).all(|path| had.paths.contains(&path))) {
                Some(had) => cached.push((target.index, had.substituter.clone())),
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
        // What fails once everything was asked to stop did not fail of itself: it is not finished.
        let stopped = self.stopping.is_some();
        for built in built.into_iter().filter(|built| !(stopped && built.status.is_failure())) {
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
        self.evaluation.stop();
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
