//! Time, which tests do not wait for.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cache_protocol::{Fault, FaultKind};

/// How long a sleep goes on after the user has interrupted.
const NAP: Duration = Duration::from_millis(100);

/// Tells the time, and lets it pass.
pub trait Clock: Sync {
    /// Since some moment in the past.
    fn now(&self) -> Duration;

    /// Returns after `duration`.
    ///
    /// # Errors
    /// When the user interrupts meanwhile.
    fn sleep(&self, duration: Duration) -> Result<(), Fault>;

    /// A number from 0 to 1, another each time.
    fn chance(&self) -> f64;
}

/// The clock on the wall; `stop` is set when the user interrupts.
pub struct WallClock<'a> {
    begun: Instant,
    stop: &'a AtomicBool,
}

impl<'a> WallClock<'a> {
    /// A clock that begins now.
    #[must_use]
    pub fn new(stop: &'a AtomicBool) -> Self {
        Self { begun: Instant::now(), stop }
    }
}

impl Clock for WallClock<'_> {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Result<(), Fault> {
        let end = self.now() + duration;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Fault::new(FaultKind::Interrupted, "interrupted while waiting for what is missing"));
            }
            match end.checked_sub(self.now()) {
                None | Some(Duration::ZERO) => return Ok(()),
                Some(left) => std::thread::sleep(left.min(NAP)),
            }
        }
    }

    fn chance(&self) -> f64 {
        // The seed of a hash table is random, and that is random enough for clients not to ask in step.
        let random = std::hash::RandomState::new().hash_one(0_u8);
        f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sleeps_until_it_is_interrupted() {
        let stop = AtomicBool::new(false);
        let clock = WallClock::new(&stop);
        clock.sleep(Duration::from_millis(20)).unwrap();
        assert!(clock.now() >= Duration::from_millis(20));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(clock.sleep(Duration::from_secs(3600)).unwrap_err().kind, FaultKind::Interrupted);
    }

    #[test]
    fn chances_differ_and_stay_in_bounds() {
        let stop = AtomicBool::new(false);
        let clock = WallClock::new(&stop);
        let chances: Vec<f64> = (0..100).map(|_| clock.chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.4) && chances.iter().any(|chance| *chance > 0.6));
    }
}
