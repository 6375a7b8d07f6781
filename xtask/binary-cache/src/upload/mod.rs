//! Uploads what is planned: [`schedule`] says what may be done next, and the threads here do it.

mod board;
mod describe;
pub mod schedule;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use cache_protocol::{Compression, Event, Fault, FaultKind, Limits, NotPushed, PathInfo, PushStep, PushedPath};

use crate::backend::{Backend, Uploaded};
use crate::pack::{Budget, Observer, Packer, Packing};
use crate::signature::SigningKey;
use crate::store::Store;
use board::{Board, Parcel, Worker};
use describe::describe;
use schedule::{Action, Manner, Schedule, Step};

/// Makes an observer for the path that is packed next.
pub type Observers<'a> = dyn Fn(&PathInfo) -> Box<dyn Observer + 'a> + Sync + 'a;

/// What to upload, where to, and how.
pub struct Upload<'a> {
    /// The cache; it is ready to take something.
    pub backend: &'a dyn Backend,
    /// The store that it comes from.
    pub store: Store<'a>,
    /// The paths, in the order in which they should go. What they refer to is one of them, or in the cache already, or left to
    /// another cache.
    pub paths: Vec<&'a PathInfo>,
    /// How they are packed, where the cache takes packed files.
    pub compression: Compression,
    /// How much at once.
    pub limits: Limits,
    /// The key that signs them.
    pub key: Option<&'a SigningKey>,
    /// Who looks at them.
    pub observers: &'a Observers<'a>,
    /// Who is told.
    pub tell: &'a (dyn Fn(Event) + Sync),
    /// Set when the user interrupts: nothing more is begun then, and what is being done is dropped.
    pub stop: &'a AtomicBool,
}

/// What became of it.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// What is in the cache now, in the order in which it became visible.
    pub pushed: Vec<PushedPath>,
    /// What is not, and why.
    pub not_pushed: Vec<NotPushed>,
}

impl Upload<'_> {
    /// Uploads it all, as far as that goes: what fails takes along only what refers to it.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let manner = Manner {
            publishes_with_upload: self.backend.publishes_with_upload(),
            waiting: self.limits.in_flight.max(self.limits.packers),
        };
        let packing = Packing {
            compression: if manner.publishes_with_upload { Compression::None } else { self.compression },
            budget: Budget::new(self.limits.memory),
            staging: self.backend.staging(),
        };
        let board = Board::new(Schedule::new(self.references(), manner), self.paths.len());
        std::thread::scope(|scope| {
            for worker in self.workers() {
                let (board, packing) = (&board, &packing);
                scope.spawn(move || self.work(worker, board, packing));
            }
        });
        let (outcome, forlorn) = board.into_outcome(&self.paths);
        forlorn.iter().for_each(|uploaded| self.abandon(uploaded));
        outcome
    }

    /// For each path the numbers of those that it refers to.
    fn references(&self) -> Vec<Vec<usize>> {
        let numbers: HashMap<&str, usize> =
            self.paths.iter().enumerate().map(|(number, info)| (info.path.as_str(), number)).collect();
        let known =
            |info: &&PathInfo| info.references.iter().filter_map(|path| numbers.get(path.as_str()).copied()).collect();
        self.paths.iter().map(known).collect()
    }

    /// One for each thread: those that pack, and those that wait for the cache, which are the same where it never lets wait.
    fn workers(&self) -> Vec<Worker> {
        let some = |worker: Worker, count: usize| std::iter::repeat_n(worker, count.clamp(1, self.paths.len().max(1)));
        if self.backend.is_local() {
            return some(Worker::Both, self.limits.packers).collect();
        }
        some(Worker::Packer, self.limits.packers).chain(some(Worker::Sender, self.limits.in_flight)).collect()
    }

    fn work<'p>(&'p self, worker: Worker, board: &Board<'p>, packing: &'p Packing) {
        let mut packer = None;
        while let Some((action, parcel)) = board.next(worker, self.stop) {
            let started = Instant::now();
            let result = match parcel {
                Parcel::Nothing => self.pack(action, packing, &mut packer),
                Parcel::Packed(narinfo, packed) => {
                    self.backend.upload(&narinfo, &packed).map(|uploaded| Parcel::Sent(narinfo, uploaded))
                }
                Parcel::Sent(narinfo, uploaded) => {
                    let published = self.backend.publish(&narinfo, &uploaded);
                    published.inspect_err(|_| self.abandon(&uploaded)).map(|()| Parcel::Nothing)
                }
            };
            let result = result.map_err(|fault| self.interrupted(action, fault));
            let (seconds, info) = (started.elapsed().as_secs_f64(), self.paths[action.path]);
            (self.tell)(Event::Step {
                step: told(action.step),
                path: info.path.clone(),
                nar_size: info.nar_size,
                seconds,
                failed: result.is_err(),
            });
            let report = board.report(action, result, seconds, &self.paths);
            report.forlorn.iter().for_each(|uploaded| self.abandon(uploaded));
            if let Some(pushed) = report.pushed {
                (self.tell)(Event::Pushed(pushed));
            }
        }
    }

    fn pack<'p>(
        &'p self,
        action: Action,
        packing: &'p Packing,
        packer: &mut Option<Packer<'p>>,
    ) -> Result<Parcel<'p>, Fault> {
        let info = self.paths[action.path];
        let packer = match packer {
            Some(packer) => packer,
            None => packer.insert(Packer::new(packing, self.stop)?),
        };
        let packed = packer.pack(info, &self.store.on_disk(&info.path), &mut *(self.observers)(info))?;
        let narinfo = describe(info, &packed, packing.compression, self.key)?;
        Ok(Parcel::Packed(Box::new(narinfo), packed))
    }

    /// Gives up what was sent. Where even that fails, the path that is not pushed has been told of already, with the cause; what the
    /// cache keeps of it is nothing that anybody sees.
    fn abandon(&self, uploaded: &Uploaded) {
        self.backend.abandon(uploaded).ok();
    }

    /// What fails after an interruption was interrupted.
    fn interrupted(&self, action: Action, fault: Fault) -> Fault {
        if self.stop.load(Ordering::Relaxed) {
            return Fault::new(FaultKind::Interrupted, format!("interrupted: `{}`", self.paths[action.path].path));
        }
        fault
    }
}

/// A step as others are told of it.
fn told(step: Step) -> PushStep {
    match step {
        Step::Pack => PushStep::Pack,
        Step::Upload => PushStep::Upload,
        Step::Publish => PushStep::Publish,
    }
}
