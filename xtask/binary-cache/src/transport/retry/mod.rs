//! When a request is sent again: full-jitter exponential backoff, and what the server asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use cache_protocol::{Fault, FaultKind};

/// The longest that one wait of our own choice may be.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// The longest that a server may make us wait; a `Retry-After` of a day is a mistake or a refusal.
const LONGEST_ASKED: Duration = Duration::from_secs(120);
/// Clients that were sent away together do not come back together.
const SPREAD: Duration = Duration::from_millis(250);

/// How long a wait goes on after the user has interrupted.
const NAP: Duration = Duration::from_millis(100);

/// Who is told of each retry: why, and after what wait.
pub type Retrying = Arc<dyn Fn(&Fault, Duration) + Send + Sync>;

/// How one try failed.
pub(super) struct Failure {
    pub(super) fault: Fault,
    pub(super) hope: Hope,
}

/// Whether another try may go better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hope {
    None,
    /// After a wait of our own choice.
    Later,
    /// After what the server asked for.
    After(Duration),
}

impl Failure {
    pub(super) fn last(fault: Fault) -> Self {
        Self { fault, hope: Hope::None }
    }

    pub(super) fn passing(fault: Fault) -> Self {
        Self { fault, hope: Hope::Later }
    }
}

/// How long to go on.
pub(super) struct Patience<'a> {
    /// All waits together, with the time in which nothing moved.
    pub(super) total: Duration,
    /// The most that one try may have stood still: what it took beyond that was progress, such as of a long upload that was reset.
    pub(super) idle: Duration,
    /// So many tries there are at least, unless the server asks for more patience than there is.
    pub(super) tries: u32,
    /// The first wait is at most this long, the next at most twice as long, and so on.
    pub(super) base: Duration,
    pub(super) retrying: &'a Retrying,
    /// Set when the user interrupts.
    pub(super) stop: &'a AtomicBool,
    /// Set once one request used up its patience, until another is answered: a thousand requests must not each wait for a server that
    /// is gone.
    pub(super) lost: &'a AtomicBool,
}

impl Patience<'_> {
    /// Calls `attempt` until it succeeds, there is no hope, the next wait would go beyond the patience, or the user interrupts. Once,
    /// where another has just been patient in vain.
    pub(super) fn persist<T>(&self, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Fault> {
        let begun = Instant::now();
        let is_lost = self.lost.load(Ordering::Relaxed);
        let mut spent = Duration::ZERO;
        let mut tries: u32 = 0;
        loop {
            let tried = Instant::now();
            let failure = match attempt() {
                Ok(answer) => {
                    self.lost.store(false, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            tries += 1;
            spent += tried.elapsed().min(self.idle);
            let (wait, least) = match failure.hope {
                Hope::None => return Err(failure.fault),
                Hope::Later => (random(longest(self.base, tries)), self.tries),
                Hope::After(asked) => (asked.min(LONGEST_ASKED) + random(SPREAD), 0),
            };
            if is_lost {
                return Err(in_vain(failure));
            }
            if spent + wait > self.total && tries >= least {
                self.lost.store(true, Ordering::Relaxed);
                return Err(given_up(failure.fault, tries, failure.hope, begun.elapsed()));
            }
            (self.retrying)(&failure.fault, wait);
            self.sleep(wait, &failure.fault)?;
            spent += wait;
        }
    }

    /// Waits after `fault`, in naps.
    fn sleep(&self, wait: Duration, fault: &Fault) -> Result<(), Fault> {
        let begun = Instant::now();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                let what = format!("interrupted before it was tried again: {}", fault.what);
                return Err(Fault::new(FaultKind::Interrupted, what));
            }
            match wait.checked_sub(begun.elapsed()) {
                None | Some(Duration::ZERO) => return Ok(()),
                Some(left) => std::thread::sleep(left.min(NAP)),
            }
        }
    }
}

fn given_up(fault: Fault, tries: u32, hope: Hope, elapsed: Duration) -> Fault {
    let what = match (tries, hope) {
        (1, Hope::After(asked)) => format!("{}; it asks to come back in {} s", fault.what, asked.as_secs()),
        (1, _) => fault.what,
        _ => format!("{} (tried {tries} times in {:.0} s)", fault.what, elapsed.as_secs_f64()),
    };
    Fault::new(fault.kind, what)
}

/// The fault of who was not patient, since another was in vain.
fn in_vain(failure: Failure) -> Fault {
    match failure.hope {
        Hope::After(_) => given_up(failure.fault, 1, failure.hope, Duration::ZERO),
        _ => Fault::new(
            failure.fault.kind,
            format!("{}; not tried again, since others were in vain", failure.fault.what),
        ),
    }
}

/// The longest that the wait after `tries` tries may be.
fn longest(base: Duration, tries: u32) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST_BACKOFF)
}

fn random(longest: Duration) -> Duration {
    longest.mul_f64(fastrand::f64())
}

/// How long the server asks to wait: `Retry-After` in seconds or as a date, else `retry_after` in a JSON body.
pub(super) fn asked(retry_after: Option<&str>, body: &[u8], now: SystemTime) -> Option<Duration> {
    let header = retry_after.map(str::trim).and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok().map(|date| date.duration_since(now).unwrap_or_default()),
    });
    let field = || {
        let document: serde_json::Value = serde_json::from_slice(body).ok()?;
        let seconds = document.get("retry_after")?;
        let seconds = seconds.as_f64().or_else(|| seconds.as_str()?.parse().ok())?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    header.or_else(field)
}

#[cfg(test)]
mod tests;
