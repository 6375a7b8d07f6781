//! How often is tried again, and after what waits.

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
        lost: &AtomicBool::new(false),
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
    // However long a try made progress, another one follows: five tries of 300 ms, with a second of patience.
    check(1_000, 300, 5, &[later, later, later, later, None], 5);
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
    let (base, lost) = (minute, &AtomicBool::new(false));
    let patience = Patience { total: 2 * minute, idle: minute, tries: 3, base, retrying: &retrying, stop: &stop, lost };
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
#[test]
fn who_comes_after_one_that_was_patient_in_vain_tries_once_until_something_is_answered() {
    let (stop, lost) = (&AtomicBool::new(false), &AtomicBool::new(false));
    let (total, idle, base) = (Duration::ZERO, Duration::ZERO, Duration::from_millis(1));
    let retrying: Retrying = Arc::new(|_, _| {});
    let patience = Patience { total, idle, tries: 3, base, retrying: &retrying, stop, lost };
    let check = |hopes: &[Option<Hope>], expected: Result<usize, &str>| {
        let mut tries = 0;
        let result = patience.persist(|| {
            tries += 1;
            let failure = |hope| Failure { fault: Fault::new(FaultKind::Overloaded, "put x: 503"), hope };
            hopes[tries - 1].map_or(Ok(tries), |hope| Err(failure(hope)))
        });
        assert_eq!(result.map_err(|fault| fault.what), expected.map_err(str::to_owned));
    };
    let (later, refused) = (Some(Hope::Later), Some(Hope::None));
    check(&[later, later, later], Err("put x: 503 (tried 3 times in 0 s)"));
    check(&[later], Err("put x: 503; not tried again, since others were in vain"));
    check(&[Some(Hope::After(Duration::from_secs(7)))], Err("put x: 503; it asks to come back in 7 s"));
    // That it could not be sent says nothing of the server.
    check(&[refused], Err("put x: 503"));
    check(&[later], Err("put x: 503; not tried again, since others were in vain"));
    check(&[None], Ok(1));
    check(&[later, later, None], Ok(3));
}
