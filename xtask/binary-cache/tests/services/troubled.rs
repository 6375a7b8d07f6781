//! Whole pushes to Cachix and Attic while something goes wrong: what passes costs no path, and what does not only what needs it.

use std::time::Duration;

use cache_protocol::{FaultKind, PushRequest};

use crate::http::{Injection, Reply, Server, Trouble};
use crate::sandbox::Sandbox;
use crate::target::{PATHS, Target, place};

/// Makes each of `troubles` in turn, with every seventh request.
fn now_and_then(server: &Server, troubles: &[Trouble]) {
    for (number, trouble) in troubles.iter().cycle().take(4 * troubles.len()).enumerate() {
        // Those before were counted by the ones before: each counts what it lets pass itself.
        let (after, times) = (5 + 6 * number, 1);
        server.inject(Injection { wherever: "", after, times, trouble: trouble.clone() });
    }
}

#[test]
fn what_passes_costs_no_path_at_a_service() {
    let (sandbox, request) = place();
    let troubles = [
        Trouble::Instead(Reply::status(500)),
        Trouble::Instead(Reply::status(503)),
        Trouble::Instead(Reply::status(429).with("Retry-After", "0")),
        Trouble::Instead(Reply::json(429, &serde_json::json!({"retry_after": 0}))),
        Trouble::Reset,
        Trouble::AnswerLost,
        Trouble::Truncated,
        Trouble::Slow(Duration::from_millis(300)),
    ];
    // What an object store says of a part that was altered on its way, and of an address that is too old.
    let of_parts = [
        Trouble::Instead(Reply::text(400, "<Error><Code>BadDigest</Code></Error>")),
        Trouble::Instead(Reply::text(403, "<Error><Code>AccessDenied</Code></Error>")),
    ];
    for target in Target::all(&sandbox) {
        for (number, server) in target.servers().into_iter().enumerate() {
            let and: &[Trouble] = if number == 0 { &[] } else { &of_parts };
            now_and_then(server, &[troubles.as_slice(), and].concat());
        }
        let pushed = sandbox.push(&target.request(&request));
        assert_eq!((pushed.pushed.len(), pushed.not_pushed), (PATHS, vec![]), "{}", target.name());
        assert_eq!(target.whole(), PATHS, "{}", target.name());
        assert!(target.servers().iter().all(|server| server.struck() > 7), "{}: hardly any trouble", target.name());
    }
}

/// Pushes while `trouble` befalls one request in the midst, or all from there on; whatever is not pushed then is so by a fault of
/// `kind` that says `expected`, and the next push completes it.
#[track_caller]
fn check(
    place: &(Sandbox, PushRequest),
    wherever: &'static str,
    times: usize,
    trouble: &Trouble,
    kind: FaultKind,
    expected: &str,
) {
    let (sandbox, request) = place;
    for target in Target::all(sandbox) {
        let (request, name) = (target.request(request), target.name());
        for server in target.servers() {
            server.inject(Injection { wherever, after: 40, times, trouble: trouble.clone() });
        }
        let pushed = sandbox.push(&request);
        let there = target.whole();
        assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (there, PATHS - there), "{name} {trouble:?}");
        assert!(there < PATHS, "{name} {trouble:?}: all is there");
        for path in &pushed.not_pushed {
            let fault = &path.fault;
            assert!(fault.kind == kind && fault.what.contains(expected), "{name} {trouble:?}: {fault}");
        }
        assert_eq!(target.unfinished(), 0, "{name} {trouble:?}: uploads are left");
        target.servers().iter().for_each(|server| server.calm());
        let pushed = sandbox.push(&request);
        assert_eq!((pushed.pushed.len(), pushed.not_pushed), (PATHS - there, vec![]), "{name} {trouble:?}");
        assert_eq!(target.whole(), PATHS, "{name} {trouble:?}");
    }
}

#[test]
fn what_does_not_pass_costs_only_what_needs_it_at_a_service() {
    let place = place();
    let instead = |status| Trouble::Instead(Reply::status(status));
    check(&place, "PUT", usize::MAX, &instead(507), FaultKind::Full, ": 507 Insufficient Storage");
    check(&place, "PUT", usize::MAX, &instead(413), FaultKind::Full, ": 413 Payload Too Large");
    // One file alone, and what refers to its path.
    check(&place, "PUT", 1, &instead(422), FaultKind::Refused, ": 422 ");
    let too_long = Trouble::Instead(Reply::status(429).with("Retry-After", "3600"));
    check(&place, "PUT", usize::MAX, &too_long, FaultKind::Overloaded, "it asks to come back in 3600 s");
}
