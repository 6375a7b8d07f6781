//! Many things at once, on a bounded number of threads; a fault that concerns them all ends it early.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use cache_protocol::{Fault, FaultKind};

/// Calls `work` for each of `items` on at most `threads` threads, and returns what each came to, in their order.
///
/// # Errors
/// The first fault that is not about one item, such as a server that cannot be reached: the rest would fail as well, and is not
/// begun.
pub fn for_each<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<R, Fault> + Sync,
) -> Result<Vec<Result<R, Fault>>, Fault> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let results: Mutex<Vec<(usize, Result<R, Fault>)>> = Mutex::new(Vec::with_capacity(items.len()));
    let end: Mutex<Option<Fault>> = Mutex::new(None);
    let run = || {
        while !stopped.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            match work(item) {
                Err(fault) if concerns_all(fault.kind) => {
                    stopped.store(true, Ordering::Relaxed);
                    end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
                }
                result => results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, items.len().max(1)) {
            scope.spawn(run);
        }
        run();
    });
    if let Some(fault) = end.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(fault);
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// Whether a fault is about the cache as a whole, rather than about one item.
#[must_use]
pub fn concerns_all(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Unreachable
        | FaultKind::Unauthorised
        | FaultKind::Full
        | FaultKind::Overloaded
        | FaultKind::Usage
        | FaultKind::Interrupted => true,
        FaultKind::Missing | FaultKind::NotACache | FaultKind::Refused | FaultKind::Local | FaultKind::Secret => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// So long threads may take to begin.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn every_item_once_in_order_and_so_many_at_a_time() {
        let check = |count: usize, threads: usize, most: usize| {
            let items: Vec<usize> = (0..count).collect();
            let (now, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let results = for_each(&items, threads, |item| {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // The first wait for each other: on a busy machine some thread may begin late.
                let begun = Instant::now();
                while *item < most && peak.load(Ordering::SeqCst) < most && begun.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(Duration::from_millis(5));
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(item * 2)
            });
            let expected: Vec<_> = items.iter().map(|item| Ok(item * 2)).collect();
            assert_eq!(results, Ok(expected));
            assert_eq!(peak.into_inner(), most, "{count} items on {threads} threads");
        };
        check(0, 4, 0);
        check(3, 0, 1);
        check(3, 1, 1);
        check(2, 8, 2);
        check(40, 4, 4);
    }

    #[test]
    fn a_fault_of_one_item_is_its_own_and_a_fault_of_all_ends_it() {
        let items: Vec<usize> = (0..1000).collect();
        let one = Fault::new(FaultKind::Refused, "one");
        let results = for_each(&items, 4, |item| if item % 2 == 0 { Ok(()) } else { Err(one.clone()) }).unwrap();
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 500);
        let begun = AtomicUsize::new(0);
        let result = for_each(&items, 4, |_| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Fault::new(FaultKind::Unauthorised, "all"))
        });
        assert_eq!(result.unwrap_err().what, "all");
        assert!(begun.into_inner() <= 4);
    }
}
