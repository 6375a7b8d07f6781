//! `s3://` against a real S3 server in this process, and against what goes wrong between it and us.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use binary_cache::backend::Backend;
use binary_cache::backend::s3::{Credentials, S3Cache};
use cache_protocol::FaultKind;

use crate::servers::faulty::{Faulty, Seen, Trouble};
use crate::servers::s3::{BUCKET, KEY, S3Server, SECRET};
use crate::{InMemory, content, hash, narinfo, patient, settings};

fn at(address: SocketAddr, bucket: &str, secret: &str) -> S3Cache {
    let url = format!("s3://{bucket}/fleet?endpoint={address}&scheme=http&region=eu-west-1");
    let backend = S3Cache::open_with(&url, Some(Credentials::new(KEY, secret)), patient()).unwrap();
    backend.in_parts(PARTS_FROM, PARTS_FROM / 2)
}

/// The smallest that S3 takes.
const PARTS_FROM: u64 = 10 << 20;

fn push(backend: &dyn Backend, number: u32, size: usize) -> Result<(), cache_protocol::Fault> {
    let uploaded = backend.upload(&narinfo(number), &InMemory(bytes(size)))?;
    backend.publish(&narinfo(number), &uploaded)
}

/// Bytes that are not the same everywhere.
fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|index| u8::try_from((index * 31 + index / 4099) % 251).unwrap()).collect()
}

#[test]
fn what_was_pushed_is_there_and_nothing_else() {
    let server = S3Server::start();
    let backend = at(server.address, BUCKET, SECRET);
    assert_eq!(backend.shown(), format!("s3://{BUCKET}/fleet at http://{}", server.address));
    assert!(!backend.greet().unwrap().exists);
    backend.prepare("/nix/store").unwrap();
    assert_eq!(backend.greet().unwrap().store_dir.as_deref(), Some("/nix/store"));
    fs::write(server.files().join("fleet/nix-cache-info"), "StoreDir: /nix/store\nPriority: 7\n").unwrap();
    backend.prepare("/nix/store").unwrap();
    assert_eq!(backend.greet().unwrap().priority, Some(7));
    for number in 0..20 {
        push(&backend, number, 3).unwrap();
    }
    // Few are asked for one by one, many by a listing.
    for count in [3, 30] {
        let hashes: Vec<String> = (20 - count / 2..20 + count / 2).map(hash).collect();
        let missing = hashes[usize::try_from(count / 2).unwrap()..].iter().cloned().collect();
        assert_eq!(backend.missing(&hashes).unwrap(), missing, "{count}");
    }
    assert_eq!(backend.narinfo(&hash(3)).unwrap(), Some(narinfo(3)));
    assert_eq!(backend.narinfo(&hash(50)).unwrap(), None);
    assert_eq!(backend.file_size(&narinfo(3)).unwrap(), Some(3));
    assert_eq!(backend.file_size(&narinfo(50)).unwrap(), None);
    assert_eq!(content(backend.file(&narinfo(3)).unwrap()).unwrap(), bytes(3));
    assert_eq!(backend.file(&narinfo(50)).err().unwrap().kind, FaultKind::Missing);
}

#[test]
fn many_are_found_by_few_requests() {
    let server = S3Server::start();
    let direct = at(server.address, BUCKET, SECRET);
    for number in 0..30 {
        push(&direct, number, 1).unwrap();
    }
    let hashes: Vec<String> = (0..100).map(hash).collect();
    let expected = hashes[30..].iter().cloned().collect();
    let proxy = Faulty::before(server.address, |_, _| None);
    assert_eq!(at(proxy.address, BUCKET, SECRET).missing(&hashes).unwrap(), expected);
    assert_eq!(proxy.seen().len(), 1);
    // Who may not list is answered all the same.
    let proxy = Faulty::before(server.address, |_, seen| {
        seen.target.contains("list-type").then(|| Trouble::Answer(403, Vec::new(), ""))
    });
    assert_eq!(at(proxy.address, BUCKET, SECRET).missing(&hashes).unwrap(), expected);
    assert_eq!(proxy.seen().len(), 101);
}

#[test]
fn a_large_file_goes_in_parts() {
    let server = S3Server::start();
    let proxy = Faulty::before(server.address, |_, _| None);
    let backend = at(proxy.address, BUCKET, SECRET);
    let size = usize::try_from(PARTS_FROM).unwrap() + 5;
    push(&backend, 1, size).unwrap();
    assert!(fs::read(server.files().join("fleet/nar/1.nar")).unwrap() == bytes(size), "another content");
    let parts = proxy.seen().iter().filter(|seen| seen.target.contains("partNumber")).count();
    assert_eq!(parts, 3);
}

/// Uploads in parts through a proxy that makes `trouble`; the fault, and what the proxy saw.
fn parts_with(
    trouble: impl Fn(&Seen) -> Option<Trouble> + Send + Sync + 'static,
) -> (Result<(), cache_protocol::Fault>, Vec<Seen>, S3Server) {
    let server = S3Server::start();
    let proxy = Faulty::before(server.address, move |_, seen| trouble(seen));
    let result =
        at(proxy.address, BUCKET, SECRET).upload(&narinfo(1), &InMemory(bytes(PARTS_FROM.try_into().unwrap())));
    (result.map(drop), proxy.seen(), server)
}

#[test]
fn an_upload_in_parts_that_fails_is_given_up() {
    let check = |trouble: fn(&Seen) -> Option<Trouble>, what: &str| {
        let (result, seen, server) = parts_with(trouble);
        let fault = result.unwrap_err();
        assert!(fault.what.starts_with(what), "{fault}");
        let last = seen.last().unwrap();
        assert!(last.method == "DELETE" && last.target.contains("uploadId"), "{last:?}");
        assert!(!server.files().join("fleet/nar/1.nar").exists());
    };
    check(
        |seen| seen.target.contains("partNumber=2").then(|| Trouble::Answer(507, Vec::new(), "")),
        "put part 2 of nar/1.nar: 507 Insufficient Storage",
    );
    // What S3 says to the tag of another part, which the server of the tests does not compare.
    check(
        |seen| {
            let completes = seen.method == "POST" && seen.target.contains("uploadId");
            completes.then(|| Trouble::Answer(400, Vec::new(), "<Error><Code>InvalidPart</Code></Error>"))
        },
        "complete nar/1.nar: 400 Bad Request: InvalidPart",
    );
    let error = "<?xml version=\"1.0\"?>\n<Error><Code>EntityTooSmall</Code></Error>";
    let (result, _, _) = parts_with(move |seen| {
        let completes = seen.method == "POST" && seen.target.contains("uploadId");
        completes.then(|| Trouble::Answer(200, Vec::new(), error))
    });
    assert_eq!(result.unwrap_err().what, "complete nar/1.nar: 200 OK: EntityTooSmall");
    let (result, _, _) = parts_with(|seen| {
        let fails = seen.target.contains("partNumber=2") || seen.method == "DELETE";
        fails.then(|| Trouble::Answer(403, Vec::new(), ""))
    });
    let what = "; and its parts stay in the bucket: give up nar/1.nar: 403 Forbidden, with the keys that were sent: ";
    assert!(result.unwrap_err().what.contains(what));
}

#[test]
fn what_is_altered_on_its_way_is_refused_by_the_server_and_sent_again() {
    let server = S3Server::start();
    let proxy = Faulty::before(server.address, |count, _| (count < 2).then_some(Trouble::Altered));
    let (settings, told) = settings(Duration::from_secs(5));
    let url = format!("s3://{BUCKET}/fleet?endpoint={}&scheme=http", proxy.address);
    let backend = S3Cache::open_with(&url, Some(Credentials::new(KEY, SECRET)), settings).unwrap();
    push(&backend, 1, 1000).unwrap();
    assert_eq!(told.lock().unwrap().len(), 2);
    assert!(told.lock().unwrap()[0].0.what.starts_with("put nar/1.nar: 400 Bad Request"), "{told:?}");
    assert_eq!(fs::read(server.files().join("fleet/nar/1.nar")).unwrap(), bytes(1000));
}

#[test]
fn what_passes_is_tried_again() {
    let check = |trouble: Trouble| {
        let server = S3Server::start();
        let (given, cloned) = (trouble.clone(), trouble);
        let proxy = Faulty::before(server.address, move |count, _| (count < 2).then(|| cloned.clone()));
        push(&at(proxy.address, BUCKET, SECRET), 1, 10).unwrap();
        assert_eq!(proxy.seen().len(), 4, "{given:?}");
    };
    check(Trouble::Answer(503, Vec::new(), "<Error><Code>SlowDown</Code></Error>"));
    check(Trouble::Answer(400, Vec::new(), "<Error><Code>RequestTimeout</Code></Error>"));
    check(Trouble::Reset);
}

#[test]
fn faults_say_what_is_wrong_and_hold_no_key() {
    let server = S3Server::start();
    let check = |result: Result<(), cache_protocol::Fault>, kind: FaultKind, what: &str| {
        let fault = result.unwrap_err();
        let shown = format!("{fault:?}");
        assert!(fault.kind == kind && fault.what.contains(what), "{shown}");
        assert!(!shown.contains(SECRET) && !shown.contains("Signature="), "{shown}");
    };
    let wrong = at(server.address, BUCKET, "hunter3");
    check(push(&wrong, 1, 3), FaultKind::Unauthorised, "put nar/1.nar: 403 Forbidden: SignatureDoesNotMatch");
    check(wrong.missing(&[hash(1)]).map(drop), FaultKind::Unauthorised, "403 Forbidden");
    // The server of the tests calls everything that is absent a key.
    let no_bucket = Faulty::alone(|_, _| Trouble::Answer(404, Vec::new(), "<Error><Code>NoSuchBucket</Code></Error>"));
    let absent = at(no_bucket.address, "no-such-bucket", SECRET);
    check(absent.greet().map(drop), FaultKind::Missing, "404 Not Found: there is no bucket `no-such-bucket`");
    check(absent.prepare("/nix/store"), FaultKind::Missing, "there is no bucket `no-such-bucket`");
    let url = format!("s3://{BUCKET}?endpoint={}&scheme=http", server.address);
    let anonymous = S3Cache::open_with(&url, None, patient()).unwrap();
    check(anonymous.greet().map(drop), FaultKind::Unauthorised, "no keys were found in AWS_ACCESS_KEY_ID");
    let there = |seconds| httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
    let proxy = |headers: Vec<(&'static str, String)>, body| {
        Faulty::alone(move |_, _| Trouble::Answer(403, headers.clone(), body))
    };
    let skewed = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
    for (date, body, what) in [
        (Some(there(7230)), skewed, "this machine's clock is 120 minutes behind the server's: set it"),
        (Some(there(7230)), "", "this machine's clock is 120 minutes behind the server's: set it"),
        (None, skewed, "this machine's clock is not the server's: set it"),
    ] {
        let proxy = proxy(date.map(|date| ("Date", date)).into_iter().collect(), body);
        check(push(&at(proxy.address, BUCKET, SECRET), 1, 3), FaultKind::Unauthorised, what);
        check(at(proxy.address, BUCKET, SECRET).greet().map(drop), FaultKind::Unauthorised, what);
    }
}

#[test]
fn a_bucket_that_hides_what_is_absent() {
    let server = S3Server::start();
    let direct = at(server.address, BUCKET, SECRET);
    direct.prepare("/nix/store").unwrap();
    push(&direct, 1, 3).unwrap();
    let proxy = Faulty::before(server.address, |_, seen| {
        seen.target.contains(&hash(2)).then(|| Trouble::Answer(403, Vec::new(), ""))
    });
    let backend = at(proxy.address, BUCKET, SECRET);
    assert_eq!(backend.missing(&[hash(1), hash(2)]).unwrap(), [hash(2)].into());
    assert_eq!(backend.narinfo(&hash(2)).unwrap(), None);
}
