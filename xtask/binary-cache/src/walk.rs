//! A walk on many threads: what is found leads to more, breadth first, until nothing is left or a fault ends it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use cache_protocol::Fault;

struct State<T> {
    open: VecDeque<T>,
    /// Threads that are visiting something, and may find more.
    busy: usize,
    fault: Option<Fault>,
}

struct Walk<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

/// Calls `visit` on `threads` threads for each of `first`, and for what that returns.
///
/// # Errors
/// The first fault of `visit`; what is not begun then is left.
pub fn walk<T: Send>(
    first: Vec<T>,
    threads: usize,
    visit: impl Fn(T) -> Result<Vec<T>, Fault> + Sync,
) -> Result<(), Fault> {
    let walk = Walk { state: Mutex::new(State { open: first.into(), busy: 0, fault: None }), changed: Condvar::new() };
    let run = || {
        while let Some(next) = walk.next() {
            let found = visit(next);
            walk.done(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.max(1) {
            scope.spawn(run);
        }
        run();
    });
    match walk.state.into_inner().unwrap_or_else(PoisonError::into_inner).fault {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

impl<T> Walk<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to visit; none is left once nobody is visiting anything.
    fn next(&self) -> Option<T> {
        let idle = |state: &mut State<T>| state.fault.is_none() && state.open.is_empty() && state.busy > 0;
        let mut state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        if state.fault.is_some() {
            return None;
        }
        let next = state.open.pop_front()?;
        state.busy += 1;
        Some(next)
    }

    fn done(&self, found: Result<Vec<T>, Fault>) {
        let mut state = self.state();
        state.busy -= 1;
        match found {
            Ok(found) => state.open.extend(found),
            Err(fault) => {
                state.fault.get_or_insert(fault);
            }
        }
        drop(state);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use cache_protocol::FaultKind;

    use super::*;

    /// So long threads may take to begin.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn everything_is_visited_by_many_at_once() {
        for threads in [0, 1, 7] {
            let seen = Mutex::new(BTreeSet::new());
            let (now, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let result = walk(vec![1_u32], threads, |number| {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // The leaves wait for each other: on a busy machine some thread may begin late.
                let begun = Instant::now();
                while number >= 32 && peak.load(Ordering::SeqCst) < threads && begun.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(Duration::from_millis(3));
                now.fetch_sub(1, Ordering::SeqCst);
                assert!(seen.lock().unwrap().insert(number));
                Ok([number * 2, number * 2 + 1].into_iter().filter(|number| *number < 64).collect())
            });
            assert_eq!(result, Ok(()));
            assert_eq!(seen.into_inner().unwrap(), (1..64).collect());
            assert_eq!(peak.into_inner(), threads.max(1));
        }
    }

    #[test]
    fn a_fault_ends_it() {
        let visits = AtomicUsize::new(0);
        let result = walk((0..1000).collect(), 4, |_| {
            visits.fetch_add(1, Ordering::SeqCst);
            Err(Fault::new(FaultKind::Unauthorised, "no"))
        });
        assert_eq!(result.unwrap_err().kind, FaultKind::Unauthorised);
        assert!(visits.into_inner() <= 4);
    }
}
