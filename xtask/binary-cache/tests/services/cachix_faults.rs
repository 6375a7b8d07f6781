//! Pushes to Cachix while something goes wrong: what passes is got over, what does not is said, and nothing is left behind.

use std::time::{Duration, Instant};

use binary_cache::backend::Backend as _;
use binary_cache::backend::cachix::{Cachix, Location};
use binary_cache::transport::Settings;
use cache_protocol::FaultKind;

use crate::cachix::FakeCachix;
use crate::cachix_push::{address, fake, opened, writer};
use crate::http::{Injection, Reply, Trouble};
use crate::nix;
use crate::place::{Sample, assert_silent, cache, hash, push, samples, settings, with_tokens};

fn inject(server: &crate::http::Server, wherever: &'static str, times: usize, trouble: Trouble) {
    server.inject(Injection { wherever, after: 0, times, trouble });
}

/// All of `samples` can be read by Nix.
fn assert_whole(fake: &FakeCachix, samples: &[Sample]) {
    let key = fake.with("fleet", |cache| cache.managed.as_ref().unwrap().public());
    nix::copy(&format!("{}/cache/fleet", fake.api()), &key, "", samples.last().unwrap()).unwrap();
    assert!(fake.with("fleet", |cache| cache.uploads.is_empty()), "uploads are left");
    assert!(fake.objects.paths("/uploads/").is_empty(), "parts are left");
}

/// Every call of a push, by what its line holds; whether it goes to the object store.
const CALLS: [(&str, bool); 5] = [
    ("POST /api/v1/cache/fleet/narinfo", false),
    ("POST /api/v1/cache/fleet/multipart-nar", false),
    ("PUT /uploads/", true),
    ("/1", true),
    ("/complete", false),
];

#[test]
fn what_passes_is_got_over_at_every_call() {
    with_tokens(|| {
        let troubles = [
            Trouble::Instead(Reply::status(500)),
            Trouble::Instead(Reply::status(429).with("Retry-After", "0")),
            Trouble::Instead(Reply::json(429, &serde_json::json!({"retry_after": 0}))),
            Trouble::Reset,
            Trouble::Slow(Duration::from_millis(300)),
        ];
        let fake = fake(true);
        for (wherever, at_store) in CALLS {
            for trouble in &troubles {
                inject(if at_store { &fake.store } else { &fake.server }, wherever, 1, trouble.clone());
                let samples = samples("zstd");
                fake.with("fleet", |cache| cache.narinfos.clear());
                let backend = writer(&fake);
                assert_eq!(backend.missing(&[hash(&samples[0])]).unwrap().len(), 1);
                push(&backend, &samples).unwrap_or_else(|fault| panic!("{wherever} {trouble:?}: {fault}"));
            }
        }
        assert_whole(&fake, &samples("zstd"));
    });
}

#[test]
fn answers_that_are_lost_or_cut_are_asked_for_again() {
    with_tokens(|| {
        let fake = fake(true);
        for trouble in [Trouble::AnswerLost, Trouble::Truncated] {
            for wherever in ["fleet/narinfo", "/complete"] {
                fake.with("fleet", |cache| cache.narinfos.clear());
                inject(&fake.server, wherever, 1, trouble.clone());
                let samples = samples("zstd");
                assert_eq!(writer(&fake).missing(&[hash(&samples[0])]).unwrap().len(), 1);
                push(&writer(&fake), &samples).unwrap_or_else(|fault| panic!("{wherever} {trouble:?}: {fault}"));
                assert_whole(&fake, &samples);
            }
            inject(&fake.store, "PUT", 1, trouble);
            push(&writer(&fake), &samples("zstd")).unwrap();
        }
    });
}

#[test]
fn a_part_that_is_damaged_or_too_late_is_sent_again_under_a_new_address() {
    with_tokens(|| {
        let refusals = [
            Trouble::Instead(Reply::text(400, "<Error><Code>BadDigest</Code></Error>")),
            Trouble::Instead(Reply::text(403, "<Error><Code>AccessDenied</Code></Error>")),
        ];
        for refusal in refusals {
            let fake = fake(true);
            inject(&fake.store, "PUT", 2, refusal.clone());
            push(&writer(&fake), &samples("zstd")[..1]).unwrap();
            assert_eq!(fake.store.count("PUT"), 3);
            assert_eq!(fake.server.count("multipart-nar/"), 4, "{:?}", fake.server.lines());
            inject(&fake.store, "PUT", 3, refusal);
            let fault = push(&writer(&fake), &samples("zstd")[1..]).unwrap_err();
            assert!(fault.what.contains("put nar/") && fault.what.contains("<Error>"), "{fault}");
            assert!(fake.with("fleet", |cache| cache.uploads.is_empty()), "uploads are left");
        }
    });
}

#[test]
fn addresses_that_expire_before_they_are_used_are_a_fault_that_shows_none() {
    with_tokens(|| {
        let fake = fake(true);
        fake.objects.set_lifetime(-60);
        let fault = push(&writer(&fake), &samples("zstd")).unwrap_err();
        assert!(fault.kind == FaultKind::Unauthorised && fault.what.contains("403 Forbidden"), "{fault}");
        assert_silent(&fault.what);
        assert_eq!(fake.server.count("/abort"), 1);
    });
}

#[test]
fn a_token_that_is_revoked_in_the_middle_ends_the_push_at_once() {
    with_tokens(|| {
        for (wherever, after, expected) in
            [("/multipart-nar/", 2, "ask for its address: 401"), ("/complete", 1, "publish /nix/store/")]
        {
            let fake = fake(true);
            let revoked = Trouble::Instead(Reply::status(401));
            fake.server.inject(Injection { wherever, after, times: 100, trouble: revoked });
            let begun = Instant::now();
            let backend = opened(&cache(&address(&fake, "fleet"), Some("WRITE")), 60_000).unwrap();
            let fault = push(&backend, &samples("zstd")).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unauthorised);
            assert!(fault.what.contains(expected) && fault.what.contains("with the token that was sent"), "{fault}");
            assert!(begun.elapsed() < Duration::from_secs(20));
            assert_silent(&fault.what);
        }
    });
}

#[test]
fn what_does_not_pass_is_said_when_patience_ends() {
    with_tokens(|| {
        let check = |trouble: Trouble, kind: FaultKind, expected: &str| {
            let fake = fake(true);
            inject(&fake.server, "POST", 1_000, trouble);
            let backend = opened(&cache(&address(&fake, "fleet"), Some("WRITE")), 200).unwrap();
            let fault = push(&backend, &samples("zstd")).unwrap_err();
            assert!(fault.kind == kind && fault.what.contains(expected), "{kind:?}: {fault}");
            assert_silent(&fault.what);
        };
        check(Trouble::Instead(Reply::status(503)), FaultKind::Overloaded, "503 Service Unavailable (tried ");
        let limited = Reply::status(429).with("Retry-After", "60");
        check(Trouble::Instead(limited), FaultKind::Overloaded, "429 Too Many Requests; it asks to come back in 60 s");
        check(Trouble::Reset, FaultKind::Unreachable, "begin to put nar/");
        let page = Reply::text(200, "<!DOCTYPE html>").with("Content-Type", "text/html");
        check(Trouble::Instead(page), FaultKind::NotACache, "200 OK, but a web page");
        check(Trouble::Instead(Reply::text(200, "{}")), FaultKind::NotACache, "it is not what Cachix answers");
        check(Trouble::Instead(Reply::status(413)), FaultKind::Full, "413 Payload Too Large");
        check(Trouble::Instead(Reply::text(400, "no")), FaultKind::Refused, "400 Bad Request: no");
    });
}

#[test]
fn a_server_that_stands_still_is_left() {
    with_tokens(|| {
        let fake = fake(true);
        inject(&fake.server, "GET", 100, Trouble::Slow(Duration::from_secs(4)));
        let cache = cache(&address(&fake, "fleet"), Some("WRITE"));
        let impatient = Settings { idle: Duration::from_millis(500), ..settings(100).0 };
        let backend = Cachix::open(&cache, Location::parse(&cache.url).unwrap().unwrap(), impatient).unwrap();
        let fault = backend.info().unwrap_err();
        assert!(fault.kind == FaultKind::Unreachable && fault.what.contains("it stands still"), "{fault}");
    });
}

#[test]
fn reading_says_what_is_wrong_with_the_cache() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("zstd"));
        push(&writer(&fake), &samples).unwrap();
        let page = Reply::text(200, "<!DOCTYPE html>").with("Content-Type", "text/html; charset=utf-8");
        inject(&fake.server, ".narinfo", 1, Trouble::Instead(page.clone()));
        let fault = writer(&fake).narinfo(&hash(&samples[0])).unwrap_err();
        assert!(fault.kind == FaultKind::NotACache && fault.what.ends_with("200 OK, but a web page"), "{fault}");
        inject(&fake.server, ".narinfo", 1, Trouble::Instead(Reply::text(200, "StorePath: x\n")));
        let fault = writer(&fake).narinfo(&hash(&samples[0])).unwrap_err();
        assert!(fault.what.ends_with(".narinfo: a narinfo without StorePath"), "{fault}");
        inject(&fake.server, "nix-cache-info", 1, Trouble::Instead(page));
        assert_eq!(writer(&fake).greet().unwrap_err().kind, FaultKind::NotACache);
    });
}

#[test]
fn retries_are_told_and_hold_no_secret() {
    with_tokens(|| {
        let fake = fake(true);
        let location = Location::parse(&address(&fake, "fleet")).unwrap().unwrap();
        let (settings, retries) = settings(3_000);
        let cache = cache(&address(&fake, "fleet"), Some("WRITE"));
        let backend = Cachix::open(&cache, location, settings).unwrap();
        inject(&fake.server, "POST", 1, Trouble::Instead(Reply::status(500)));
        inject(&fake.store, "PUT", 1, Trouble::Reset);
        push(&backend, &samples("zstd")).unwrap();
        let told = format!("{:?}", retries.lock().unwrap());
        assert!(told.contains("500 Internal Server Error") && told.contains("put nar/"), "{told}");
        assert_silent(&told);
    });
}
