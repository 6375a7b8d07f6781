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
}

impl Patience<'_> {
    /// Calls `attempt` until it succeeds, there is no hope, the next wait would go beyond the patience, or the user interrupts.
    pub(super) fn persist<T>(&self, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Fault> {
        let begun = Instant::now();
        let mut spent = Duration::ZERO;
        let mut tries: u32 = 0;
        loop {
            let tried = Instant::now();
            let failure = match attempt() {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            tries += 1;
            spent += tried.elapsed().min(self.idle);
            let (wait, least) = match failure.hope {
                Hope::None => return Err(failure.fault),
                Hope::Later => (random(longest(self.base, tries)), self.tries),
                Hope::After(asked) => (asked.min(LONGEST_ASKED) + random(SPREAD), 0),
            };
            if spent + wait > self.total && tries >= least {
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
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn what_a_server_asks_for() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 10:00:00 GMT").unwrap();
        let check = |header: Option<&str>, body: &str, expected: Option<u64>| {
            assert_eq!(asked(header, body.as_bytes(), now), expected.map(Duration::from_secs), "{header:?} {body}");
        };
        check(Some("3"), "", Some(3));
        check(Some(" 3 "), "{\"retry_after\": 9}", Some(3));
        check(Some("Sat, 21 Nov 2026 10:00:07 GMT"), "", Some(7));
        check(Some("Sat, 21 Nov 2026 09:00:00 GMT"), "", Some(0));
        check(Some("soon"), "", None);
        check(None, "{\"retry_after\": 9}", Some(9));
        check(None, "{\"retry_after\": \"9\"}", Some(9));
        check(None, "{\"retry_after\": -1}", None);
        check(None, "<html>", None);
        check(None, "", None);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let second = Duration::from_secs(1);
        let check = |tries, seconds| assert_eq!(longest(second, tries), Duration::from_secs(seconds));
        check(1, 1);
        check(2, 2);
        check(4, 8);
        check(5, 15);
        check(4_000_000_000, 15);
    }

    /// What comes of tries with these hopes, the last again and again, and the waits; each try takes `took`, of which at most
    /// `idle` was no progress, all in milliseconds.
    fn tried(total: u64, took: u64, idle: u64, hopes: &[Option<Hope>]) -> (Result<usize, Fault>, Vec<Duration>) {
        let waits = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&waits);
        let retrying: Retrying = Arc::new(move |_, wait| seen.lock().unwrap().push(wait));
        let patience = Patience {
            total: Duration::from_millis(total),
            idle: Duration::from_millis(idle),
            tries: 3,
            base: Duration::from_millis(1),
            retrying: &retrying,
            stop: &AtomicBool::new(false),
        };
        let mut tries = 0;
        let result = patience.persist(|| {
            std::thread::sleep(Duration::from_millis(took));
            tries += 1;
            match hopes[(tries - 1).min(hopes.len() - 1)] {
                None => Ok(tries),
                Some(hope) => Err(Failure { fault: Fault::new(FaultKind::Overloaded, "put x: 503"), hope }),
            }
        });
        let waits = waits.lock().unwrap().clone();
        (result, waits)
    }

    fn persist(total: u64, hopes: &[Option<Hope>]) -> (Result<usize, Fault>, Vec<Duration>) {
        tried(total, 0, 1, hopes)
    }

    #[test]
    fn only_waits_and_standing_still_use_up_the_patience() {
        let later = Some(Hope::Later);
        let check = |total, took, idle, hopes: &[Option<Hope>], expected: usize| {
            let (result, waits) = tried(total, took, idle, hopes);
            assert_eq!(result.map_or(waits.len() + 1, |tries| tries), expected, "{total} {took} {idle}");
        };
        // However long a try made progress, another one follows: five tries of 200 ms, with 100 ms of patience.
        check(100, 200, 5, &[later, later, later, later, None], 5);
        // What stands still is tried three times, whatever that takes, and then no more.
        check(100, 60, 60, &[later], 3);
        check(0, 0, 0, &[later], 3);
        check(0, 0, 0, &[later, later, None], 3);
    }

    #[test]
    fn an_interruption_ends_a_wait() {
        let stop = Arc::new(AtomicBool::new(false));
        let interrupts = Arc::clone(&stop);
        let retrying: Retrying = Arc::new(move |_, _| interrupts.store(true, Ordering::Relaxed));
        let minute = Duration::from_secs(60);
        let patience =
            Patience { total: 2 * minute, idle: minute, tries: 3, base: minute, retrying: &retrying, stop: &stop };
        let begun = Instant::now();
        let fault = Fault::new(FaultKind::Overloaded, "put x: 503");
        let hope = Hope::After(Duration::from_secs(10));
        let result = patience.persist(|| Err::<(), _>(Failure { fault: fault.clone(), hope }));
        let what = "interrupted before it was tried again: put x: 503";
        assert_eq!(result, Err(Fault::new(FaultKind::Interrupted, what)));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn goes_on_while_there_is_hope_and_time() {
        assert_eq!(persist(10_000, &[Some(Hope::Later), Some(Hope::Later), None]).0, Ok(3));
        assert_eq!(persist(10_000, &[Some(Hope::None), None]).0.unwrap_err().what, "put x: 503");
        let (result, waits) = persist(20, &[Some(Hope::Later)]);
        assert!(result.unwrap_err().what.starts_with("put x: 503 (tried "));
        assert!(!waits.is_empty());
    }

    #[test]
    fn waits_as_long_as_the_server_asks_and_not_longer_than_it_has_patience_for() {
        let (result, waits) = persist(10_000, &[Some(Hope::After(Duration::from_millis(30))), None]);
        assert_eq!(result, Ok(2));
        assert!(waits.len() == 1 && waits[0] >= Duration::from_millis(30), "{waits:?}");
        let (result, waits) = persist(1_000, &[Some(Hope::After(Duration::from_secs(86_400))), None]);
        assert_eq!(result.unwrap_err().what, "put x: 503; it asks to come back in 86400 s");
        assert_eq!(waits, []);
    }
}
