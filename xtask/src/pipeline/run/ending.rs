//! How a run is ended before everything is done: on an interrupt, at the first failure where that is wished, when its time is over,
//! and where it cannot go on.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{LOOK, Run};
use crate::fleet::{AtWork, Status, Work};
use crate::interrupt;
use crate::pipeline::Event;
use crate::pipeline::build::Overdue;
use crate::supervise::Stopping;
use crate::supervise::deadline::Over;

/// How long children that were killed may take to be gone.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

impl Run<'_, '_> {
    /// Takes the next step of ending the run, where that is due; whether nothing is left to wait for.
    pub(super) fn end_where_due(&mut self) -> bool {
        if self.over.is_none() {
            self.over = self.deadline.over();
            if let Some(over @ Over::TimedOut(_)) = self.over {
                // What is at work is told before it is ended: afterwards nobody knows.
                self.blame_what_is_at_work(&over.words());
            }
        }
        if interrupt::count() == 0 && self.over.is_none() && !(self.order.fail_fast && self.failed() > 0) {
            return false;
        }
        let stage = self.stopping.get_or_insert_with(Stopping::default);
        let (signal, is_over) = (stage.go_on(interrupt::count() > 1).then(|| stage.signal()), stage.is_over());
        if let Some(signal) = signal {
            self.stop(signal);
        }
        is_over
    }

    /// The outputs that are being evaluated or built now have failed, and `reason` says why.
    fn blame_what_is_at_work(&mut self, reason: &str) {
        let evaluating: Vec<usize> = self.evaluation.running().map(|(index, _)| index).collect();
        let building = self.building.as_mut().map(|building| building.overdue(reason)).unwrap_or_default();
        for index in evaluating {
            let of = vec![self.results[index].output.clone()];
            self.at_work.push(AtWork { work: Work::Evaluation, path: None, of });
            self.results[index].status = Status::EvaluationFailed;
            self.results[index].reason = Some(reason.to_owned());
            self.finish(index);
        }
        for Overdue { work, path, targets } in building {
            let of = targets.iter().map(|built| self.results[built.index].output.clone()).collect();
            self.at_work.push(AtWork { work, path, of });
            // What is at two things at once fails once.
            let first = targets.into_iter().filter(|built| !self.done[built.index]).collect();
            self.take_built(first);
        }
    }

    /// Ends everything at once where the loop cannot go on, and takes in what still comes.
    pub(super) fn give_up(&mut self, receiver: &Receiver<Event>) {
        self.stopping.get_or_insert_with(Stopping::default);
        self.stop(Signal::KILL);
        let since = Instant::now();
        while !self.is_done() && since.elapsed() < LAST_PATIENCE {
            if let Ok(heard) = receiver.recv_timeout(LOOK) {
                // The first trouble is told; what follows from it says nothing new.
                self.hear(heard).ok();
            }
        }
    }

    fn stop(&mut self, signal: Signal) {
        self.held.give_up();
        self.evaluation.stop();
        if let Some(building) = &mut self.building {
            building.stop(signal);
        }
    }
}
