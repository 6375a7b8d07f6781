//! When a request is sent again: full-jitter exponential backoff, and what the server asks for.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cache_protocol::Fault;

/// The longest that one wait of our own choice may be.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// The longest that a server may make us wait; a `Retry-After` of a day is a mistake or a refusal.
const LONGEST_ASKED: Duration = Duration::from_secs(120);
/// Clients that were sent away together do not come back together.
const SPREAD: Duration = Duration::from_millis(250);

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
    /// All tries and waits together.
    pub(super) total: Duration,
    /// The first wait is at most this long, the next at most twice as long, and so on.
    pub(super) base: Duration,
    pub(super) retrying: &'a Retrying,
}

impl Patience<'_> {
    /// Calls `attempt` until it succeeds, there is no hope, or the next wait would go beyond the patience.
    pub(super) fn persist<T>(&self, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Fault> {
        let begun = Instant::now();
        let mut tries: u32 = 0;
        loop {
            let failure = match attempt() {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            tries += 1;
            let wait = match failure.hope {
                Hope::None => return Err(failure.fault),
                Hope::Later => random(longest(self.base, tries)),
                Hope::After(asked) => asked.min(LONGEST_ASKED) + random(SPREAD),
            };
            if begun.elapsed() + wait > self.total {
                return Err(given_up(failure.fault, tries, failure.hope, begun.elapsed()));
            }
            (self.retrying)(&failure.fault, wait);
            std::thread::sleep(wait);
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

    use cache_protocol::FaultKind;

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

    fn persist(total: u64, hopes: &[Option<Hope>]) -> (Result<usize, Fault>, Vec<Duration>) {
        let waits = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&waits);
        let retrying: Retrying = Arc::new(move |_, wait| seen.lock().unwrap().push(wait));
        let patience =
            Patience { total: Duration::from_millis(total), base: Duration::from_millis(1), retrying: &retrying };
        let mut tries = 0;
        let result = patience.persist(|| {
            tries += 1;
            match hopes[(tries - 1).min(hopes.len() - 1)] {
                None => Ok(tries),
                Some(hope) => Err(Failure { fault: Fault::new(FaultKind::Overloaded, "put x: 503"), hope }),
            }
        });
        let waits = waits.lock().unwrap().clone();
        (result, waits)
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
