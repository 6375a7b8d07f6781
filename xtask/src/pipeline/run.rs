//! The loop of a run, which alone decides: it hears the children, takes in what became of each output, and says what comes next.

mod ending;

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::build::{Building, Built, Heard, Target};
use super::evaluation::{Evaluation, Task, Verdict};
use super::held::Held;
use super::{Event, Now, Order, Outcome, Progress, Setting};
use crate::fleet::{AtWork, Evaluated, OutputResult, Status};
use crate::nix::Having;
use crate::supervise::BACKLOG;
use crate::supervise::Stopping;
use crate::supervise::deadline::{self, Deadline, Over};

/// How often memory is looked at, and everything else but the children.
const LOOK: Duration = Duration::from_millis(20);
/// How often a watcher is told the state.
const SHOW: Duration = Duration::from_millis(100);

/// Runs `order` to its end, telling `watch` what happens.
pub fn run(setting: &Setting<'_>, order: &Order, watch: &mut dyn FnMut(Progress<'_>)) -> Outcome {
    let tasks: Vec<Task> = order.tasks.iter().map(|(task, _)| task.clone()).collect();
    let unknown = (0..tasks.len()).filter(|&index| order.tasks[index].1.is_none()).collect();
    let building = order.build.as_ref().map(|build| Building::new(setting, build.slots, &build.roots));
    let mut run = Run {
        setting,
        order,
        results: tasks.iter().map(|task| OutputResult::new(task.output.clone(), Status::Interrupted)).collect(),
        done: vec![false; tasks.len()],
        held: Held::default(),
        stopping: None,
        deadline: deadline::current(),
        over: None,
        at_work: Vec::new(),
        evaluation: Evaluation::new(setting, &tasks, unknown, order.limits),
        building,
        watch,
    };
    for (index, (_, known)) in order.tasks.iter().enumerate() {
        if let Some(evaluated) = known {
            run.evaluated(index, evaluated.clone());
        }
    }
    let (sender, receiver) = mpsc::sync_channel(BACKLOG);
    let trouble = run.go_on(&sender, &receiver).err();
    if trouble.is_some() {
        run.give_up(&receiver);
    }
    let (interrupted, peak_mib, over, at_work) =
        (run.stopping.is_some(), run.evaluation.peak_mib, run.over, run.at_work);
    let built = run.building.map(|building| building.spans).unwrap_or_default();
    let spans = run.evaluation.spans.into_iter().chain(built).collect();
    Outcome { results: run.results, interrupted, over, at_work, trouble, peak_mib, spans }
}

struct Run<'a, 'w> {
    setting: &'a Setting<'a>,
    order: &'a Order,
    results: Vec<OutputResult>,
    done: Vec<bool>,
    held: Held,
    evaluation: Evaluation<'a>,
    building: Option<Building<'a>>,
    /// How far the run is in being ended, once it was asked to.
    stopping: Option<Stopping>,
    deadline: Deadline,
    /// Why its deadline has ended it, and what it was at then.
    over: Option<Over>,
    at_work: Vec<AtWork>,
    watch: &'w mut dyn FnMut(Progress<'_>),
}

impl Run<'_, '_> {
    /// The loop. It never sends to itself: who sends waits when there is more than it can take in.
    fn go_on(&mut self, sender: &SyncSender<Event>, receiver: &Receiver<Event>) -> Result<()> {
        let names: Vec<String> = self.results.iter().map(|result| result.output.short()).collect();
        let started = Instant::now();
        let (mut looked, mut shown) = (Instant::now(), Instant::now());
        loop {
            if self.stopping.is_none() {
                self.evaluation.dispatch(sender)?;
                self.ask_substituters(sender);
                let done = self.building.as_mut().map(|building| building.dispatch(sender)).transpose()?;
                self.take_built(done.unwrap_or_default());
            }
            if self.is_done() {
                return Ok(());
            }
            let round = Instant::now();
            let mut event = receiver.recv_timeout(LOOK).ok();
            // What is there already is taken in before the next look around, which a child that never stops talking puts off no
            // longer than this.
            while let Some(heard) = event {
                self.hear(heard)?;
                event = if round.elapsed() < LOOK { receiver.try_recv().ok() } else { None };
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                let verdicts = self.evaluation.watch_memory();
                self.take_verdicts(verdicts);
            }
            if shown.elapsed() >= SHOW {
                shown = Instant::now();
                self.show(&names, started);
            }
            if self.end_where_due() {
                return Ok(());
            }
        }
    }

    fn is_done(&self) -> bool {
        self.evaluation.is_done() && self.held.is_done() && self.building.as_ref().is_none_or(Building::is_done)
    }

    fn hear(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Evaluation(id, event) => {
                let verdicts = self.evaluation.hear(id, event)?;
                self.take_verdicts(verdicts);
            }
            Event::Build(id, event) => {
                let Some(building) = &mut self.building else { return Ok(()) };
                let (built, heard) = building.hear(id, event)?;
                if let Some(Heard::LogLine { drv, line }) = heard {
                    (self.watch)(Progress::Log { drv: &drv, line: &line });
                }
                self.take_built(built);
            }
            Event::Had(had) => self.release_held(&had),
        }
        Ok(())
    }

    fn take_verdicts(&mut self, verdicts: Vec<Verdict>) {
        let stopped = self.stopping.is_some();
        for Verdict { index, told } in verdicts.into_iter().filter(|verdict| !(stopped && verdict.told.is_err())) {
            match told {
                Ok(evaluated) => self.evaluated(index, evaluated),
                Err(failure) => {
                    let result = &mut self.results[index];
                    result.status = Status::EvaluationFailed;
                    result.output.system = result.output.system.take().or(failure.system);
                    result.reason = Some(failure.fault.reason);
                    result.place = failure.fault.place;
                    let last_known = self.order.tasks[index].0.last_system.as_deref();
                    *result = self.order.systems.excused(result.clone(), last_known);
                    self.finish(index);
                }
            }
        }
    }

    /// The evaluation of one output is known: what happens next with it?
    fn evaluated(&mut self, index: usize, evaluated: Evaluated) {
        let drv = evaluated.drv.clone().unwrap_or_default();
        if let Err(error) = self.take_evaluated(index, evaluated) {
            self.take_built(vec![Built::unreadable(index, drv, &error)]);
        }
    }

    fn take_evaluated(&mut self, index: usize, evaluated: Evaluated) -> Result<()> {
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
        let spared = build.spared.spares(&self.results[index].output, &target.drv);
        let refusal = build.builders.refusal(&derivation.system, &derivation.features).filter(|_| !spared);
        if spared || refusal.is_some() {
            if building.is_result(&target.drv)? {
                self.take_built(vec![Built::present(index)]);
            } else {
                self.results[index].status = if spared { Status::Evaluated } else { Status::Skipped };
                self.results[index].reason = refusal;
                self.finish(index);
            }
            return Ok(());
        }
        if !build.skip_cached.is_empty() && !building.is_result(&target.drv)? {
            self.held.push(target);
            return Ok(());
        }
        let present = building.add(target);
        self.take_built(present.into_iter().collect());
        Ok(())
    }

    /// Asks the substituters, once and for everything, which of the held outputs they have.
    fn ask_substituters(&mut self, events: &SyncSender<Event>) {
        let Some(build) = &self.order.build else { return };
        if self.held.unasked().is_empty() || !self.evaluation.is_done() {
            return;
        }
        let held = self.held.unasked().iter();
        let paths = held.flat_map(|target| self.results[target.index].paths.iter().map(|(_, path)| path.clone()));
        let wanted = paths.filter(|path| !path.is_empty()).collect();
        self.held.ask(self.setting.nix, &build.skip_cached, wanted, events);
    }

    /// What a substituter has is done; the others are built.
    fn release_held(&mut self, had: &[Having]) {
        let held = self.held.answered();
        let (false, Some(building)) = (held.is_empty(), &mut self.building) else { return };
        let paths = |index: usize| self.results[index].paths.iter().map(|(_, path)| path.clone());
        for (substituter, reason) in had.iter().filter_map(|had| Some((&had.substituter, had.trouble.as_ref()?))) {
            (self.watch)(Progress::Trouble { substituter, reason });
        }
        if had.iter().any(|had| had.trouble.is_some()) {
            let well = had.iter().filter(|had| had.trouble.is_none()).map(|had| had.substituter.clone());
            building.substitute_from(well.collect());
        }
        let (mut cached, mut done) = (Vec::new(), Vec::new());
        for target in held {
            match had.iter().find(|had| paths(target.index).all(|path| had.paths.contains(&path))) {
                Some(had) => cached.push((target.index, had.substituter.clone())),
                None => done.extend(building.add(target)),
            }
        }
        for (index, substituter) in cached {
            self.results[index].status = Status::Cached;
            self.results[index].reason = Some(format!("{substituter} has it"));
            self.finish(index);
        }
        self.take_built(done);
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

    /// How many outputs have failed.
    fn failed(&self) -> usize {
        self.results.iter().zip(&self.done).filter(|(result, done)| **done && result.status.is_failure()).count()
    }

    fn show(&mut self, names: &[String], started: Instant) {
        let now = Now {
            total: self.results.len(),
            done: self.done.iter().filter(|done| **done).count(),
            failed: self.failed(),
            to_evaluate: self.evaluation.left(),
            evaluating: self.evaluation.running().map(|(index, since)| (names[index].as_str(), since)).collect(),
            asking: self.held.since(),
            building: self.building.iter().flat_map(Building::running).cloned().collect(),
            elapsed: started.elapsed(),
        };
        (self.watch)(Progress::Now(now));
    }
}
