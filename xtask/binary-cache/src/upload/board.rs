//! What the threads of an upload share: the schedule, and what each path has come to; who has nothing to do waits here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cache_protocol::{Fault, FaultKind, NotPushed, PathInfo, PushedPath};

use super::Outcome;
use super::schedule::{Action, Done, Schedule, Step};
use crate::backend::Uploaded;
use crate::narinfo::NarInfo;
use crate::pack::PackedNar;

/// How often who waits looks whether the user has interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// It packs.
    Packer,
    /// It speaks to the cache.
    Sender,
    /// Both.
    Both,
}

impl Worker {
    /// Its steps, dearest first: what makes others visible goes before what needs memory.
    fn steps(self) -> &'static [Step] {
        match self {
            Self::Packer => &[Step::Pack],
            Self::Sender => &[Step::Publish, Step::Upload],
            Self::Both => &[Step::Publish, Step::Upload, Step::Pack],
        }
    }
}

/// What a path has come to.
#[derive(Default)]
pub enum Parcel<'a> {
    /// Nothing yet, or nothing any more.
    #[default]
    Nothing,
    /// Its file, ready to be sent.
    Packed(Box<NarInfo>, PackedNar<'a>),
    /// Its file is in the cache.
    Sent(Box<NarInfo>, Uploaded),
}

#[derive(Default)]
struct Slot<'a> {
    parcel: Parcel<'a>,
    file_size: u64,
    seconds: f64,
}

struct Shared<'a> {
    schedule: Schedule,
    slots: Vec<Slot<'a>>,
    outcome: Outcome,
    /// Threads that wait: packers and all others.
    idle: [usize; 2],
}

/// What all threads share.
pub struct Board<'a> {
    shared: Mutex<Shared<'a>>,
    changed: [Condvar; 2],
}

/// What follows from a step.
#[derive(Default)]
pub struct Report {
    /// The path is in the cache.
    pub pushed: Option<PushedPath>,
    /// What was sent for paths that will not be published.
    pub forlorn: Vec<Uploaded>,
}

impl<'a> Board<'a> {
    /// One for so many paths.
    pub fn new(schedule: Schedule, paths: usize) -> Self {
        let slots = (0..paths).map(|_| Slot::default()).collect();
        let shared = Shared { schedule, slots, outcome: Outcome::default(), idle: [0; 2] };
        Self { shared: Mutex::new(shared), changed: Default::default() }
    }

    /// The next thing to do for this worker, waited for; `None` once there will be nothing more.
    pub fn next(&self, worker: Worker, stop: &AtomicBool) -> Option<(Action, Parcel<'a>)> {
        let class = usize::from(worker != Worker::Packer);
        let mut shared = self.shared();
        loop {
            if stop.load(Ordering::Relaxed) {
                shared.schedule.stop();
            }
            if let Some(action) = shared.schedule.next(worker.steps()) {
                let parcel = std::mem::take(&mut shared.slots[action.path].parcel);
                self.wake(&shared);
                return Some((action, parcel));
            }
            if shared.schedule.is_over() {
                self.changed.iter().for_each(Condvar::notify_all);
                return None;
            }
            shared.idle[class] += 1;
            let waited = self.changed[class].wait_timeout(shared, GLANCE);
            shared = waited.unwrap_or_else(PoisonError::into_inner).0;
            shared.idle[class] -= 1;
        }
    }

    /// Takes in how `action` ended, after so many seconds.
    pub fn report(
        &self,
        action: Action,
        result: Result<Parcel<'a>, Fault>,
        seconds: f64,
        paths: &[&PathInfo],
    ) -> Report {
        let mut guard = self.shared();
        let shared = &mut *guard;
        let info = paths[action.path];
        let slot = &mut shared.slots[action.path];
        slot.seconds += seconds;
        let mut report = Report::default();
        let lost = match result {
            Ok(parcel) => {
                if let Parcel::Packed(narinfo, _) = &parcel {
                    slot.file_size = narinfo.file_size.unwrap_or_default();
                }
                slot.parcel = parcel;
                match shared.schedule.done(action) {
                    Done::Lost => vec![action.path],
                    Done::Goes => Vec::new(),
                    Done::Visible => {
                        slot.parcel = Parcel::Nothing;
                        let (file_size, seconds) = (slot.file_size, slot.seconds);
                        let pushed =
                            PushedPath { path: info.path.clone(), nar_size: info.nar_size, file_size, seconds };
                        shared.outcome.pushed.push(pushed.clone());
                        report.pushed = Some(pushed);
                        Vec::new()
                    }
                }
            }
            Err(fault) => {
                let lost = shared.schedule.failed(action);
                shared.outcome.not_pushed.extend(lost.iter().map(|path| NotPushed {
                    path: paths[*path].path.clone(),
                    fault: fault.clone(),
                    because_of: (*path != action.path).then(|| info.path.clone()),
                }));
                lost
            }
        };
        for path in lost {
            if let Parcel::Sent(_, uploaded) = std::mem::take(&mut shared.slots[path].parcel) {
                report.forlorn.push(uploaded);
            }
        }
        self.wake(shared);
        report
    }

    /// What became of everything, and what was sent in vain.
    pub fn into_outcome(self, paths: &[&PathInfo]) -> (Outcome, Vec<Uploaded>) {
        let mut shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let interrupted = |path: usize| NotPushed {
            path: paths[path].path.clone(),
            fault: Fault::new(FaultKind::Interrupted, "interrupted before it was pushed"),
            because_of: None,
        };
        shared.outcome.not_pushed.extend(shared.schedule.unfinished().into_iter().map(interrupted));
        let sent = |slot: Slot| match slot.parcel {
            Parcel::Sent(_, uploaded) => Some(uploaded),
            Parcel::Nothing | Parcel::Packed(..) => None,
        };
        (shared.outcome, shared.slots.into_iter().filter_map(sent).collect())
    }

    /// Wakes as many of those that wait as there may be something for.
    fn wake(&self, shared: &Shared) {
        for (class, steps) in
            [[Step::Pack].as_slice(), &[Step::Publish, Step::Upload, Step::Pack]].into_iter().enumerate()
        {
            let wanted = if shared.schedule.is_over() { usize::MAX } else { shared.schedule.ready(steps) };
            (0..wanted.min(shared.idle[class])).for_each(|_| self.changed[class].notify_one());
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared<'a>> {
        // A thread that panics ends the program anyway, when it is joined.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
