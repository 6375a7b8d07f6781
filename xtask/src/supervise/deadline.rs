//! How long a piece of work may go on: a time, or a word that it is not wanted any more.
//!
//! A deadline belongs to the thread that does the work, as an interrupt belongs to the whole program: `process`, `supervise` and
//! `pipeline` look at both wherever they wait for a child, so nobody between them and a job has to pass it on. Whoever starts a
//! thread to work for the same job hands it over with [`current`] and [`Deadline::during`].

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Until when work may go on; every clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Deadline {
    at: Option<(Instant, Duration)>,
    called_off: Arc<AtomicBool>,
}

/// Why work may not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// It took as long as this, which is all that it was given.
    TimedOut(Duration),
    /// Somebody wants it no more.
    CalledOff,
}

thread_local! {
    static CURRENT: RefCell<Deadline> = RefCell::default();
}

/// The deadline of what this thread is at; one that never comes where there is none.
#[must_use]
pub fn current() -> Deadline {
    CURRENT.with_borrow(Deadline::clone)
}

impl Deadline {
    /// One that comes `time` after `since`.
    #[must_use]
    pub fn after(since: Instant, time: Duration) -> Self {
        Self { at: Some((since, time)), called_off: Arc::default() }
    }

    /// Does `work`, whose children are ended when this comes.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(self.clone());
        let done = work();
        CURRENT.set(before);
        done
    }

    /// Whether it has come, and why.
    #[must_use]
    pub fn over(&self) -> Option<Over> {
        if self.called_off.load(Ordering::SeqCst) {
            return Some(Over::CalledOff);
        }
        let (since, time) = self.at?;
        (since.elapsed() >= time).then_some(Over::TimedOut(time))
    }

    /// Lets it come now.
    pub fn call_off(&self) {
        self.called_off.store(true, Ordering::SeqCst);
    }
}

impl Over {
    /// The words for it.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::TimedOut(time) => format!("timed out after {}", length(time)),
            Self::CalledOff => "called off".to_owned(),
        }
    }
}

/// A length of time as somebody sets it: `45s`, `90m`, `2h`, `1h30m`.
#[must_use]
pub fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let said: String =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    if said.is_empty() { format!("{}s", time.as_secs_f64()) } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_with_its_time_or_with_a_word_and_for_every_clone() {
        let now = Instant::now();
        assert_eq!(Deadline::default().over(), None);
        assert_eq!(Deadline::after(now, Duration::from_secs(60)).over(), None);
        assert_eq!(Deadline::after(now, Duration::ZERO).over(), Some(Over::TimedOut(Duration::ZERO)));
        let deadline = Deadline::after(now, Duration::from_secs(60));
        let clone = deadline.clone();
        deadline.call_off();
        assert_eq!(clone.over(), Some(Over::CalledOff));
    }

    #[test]
    fn it_is_of_one_thread_and_of_one_piece_of_work() {
        let deadline = Deadline::default();
        deadline.call_off();
        deadline.during(|| {
            assert_eq!(current().over(), Some(Over::CalledOff));
            Deadline::default().during(|| assert_eq!(current().over(), None));
            assert_eq!(current().over(), Some(Over::CalledOff));
            std::thread::scope(|scope| {
                scope.spawn(|| assert_eq!(current().over(), None));
            });
        });
        assert_eq!(current().over(), None);
    }

    #[test]
    fn lengths_are_told_as_they_are_set() {
        for (seconds, expected) in [(45, "45s"), (30 * 60, "30m"), (120 * 60, "2h"), (5400, "1h30m"), (61, "1m1s")] {
            assert_eq!(length(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(length(Duration::from_millis(500)), "0.5s");
        assert_eq!(Over::TimedOut(Duration::from_secs(1800)).words(), "timed out after 30m");
    }
}
