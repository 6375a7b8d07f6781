//! `http://` against nginx, and against what goes wrong between it and us.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use binary_cache::backend::http::HttpCache;
use binary_cache::backend::open::open;
use binary_cache::backend::{Backend, Uploaded};
use cache_protocol::{Cache, FaultKind, Token};

use crate::servers::faulty::{Faulty, Trouble};
use crate::servers::nginx::{Nginx, PASSWORD, USER};
use crate::{InMemory, cache, content, hash, narinfo, patient, settings};

/// Uploads and publishes the path with this number.
fn push(backend: &dyn Backend, number: u32) -> Result<(), cache_protocol::Fault> {
    let uploaded = backend.upload(&narinfo(number), &InMemory(b"nar".to_vec()))?;
    assert_eq!(uploaded, Uploaded::Named);
    backend.publish(&narinfo(number), &uploaded)
}

#[test]
fn what_was_pushed_is_there_and_nothing_else() {
    let nginx = Nginx::start();
    let backend = open(&cache(&nginx.url("/open/fleet/?priority=10")), patient()).unwrap();
    assert_eq!(backend.shown(), nginx.url("/open/fleet"));
    assert!(!backend.greet().unwrap().exists);
    backend.prepare("/nix/store").unwrap();
    let greeting = backend.greet().unwrap();
    assert_eq!((greeting.exists, greeting.store_dir.as_deref()), (true, Some("/nix/store")));
    // What is there already stays as it is.
    let info = nginx.files().join("open/fleet/nix-cache-info");
    fs::write(&info, "StoreDir: /other\nPriority: 7\n").unwrap();
    backend.prepare("/nix/store").unwrap();
    assert_eq!(backend.greet().unwrap().priority, Some(7));
    for number in 0..40 {
        push(&*backend, number).unwrap();
    }
    let hashes: Vec<String> = (0..60).map(hash).collect();
    assert_eq!(backend.missing(&hashes).unwrap(), hashes[40..].iter().cloned().collect());
    assert_eq!(backend.narinfo(&hash(3)).unwrap(), Some(narinfo(3)));
    assert_eq!(backend.narinfo(&hash(50)).unwrap(), None);
    assert_eq!(backend.file_size(&narinfo(3)).unwrap(), Some(3));
    assert_eq!(backend.file_size(&narinfo(50)).unwrap(), None);
    assert_eq!(content(backend.file(&narinfo(3)).unwrap()).unwrap(), b"nar");
    assert_eq!(backend.file(&narinfo(50)).err().unwrap().kind, FaultKind::Missing);
}

#[test]
fn a_server_that_takes_no_files_says_so() {
    let nginx = Nginx::start();
    let check = |path: &str, kind: FaultKind, what: &str| {
        let fault = push(&HttpCache::open(&cache(&nginx.url(path)), patient()).unwrap(), 1).unwrap_err();
        assert!(fault.kind == kind && fault.what.contains(what), "{fault}");
    };
    check("/read-only", FaultKind::Refused, "put nar/1.nar: 405 Method Not Allowed: this server takes no files");
    let backend = HttpCache::open(&cache(&nginx.url("/small")), patient()).unwrap();
    for size in [2 << 10, 4 << 20] {
        let fault = backend.upload(&narinfo(1), &InMemory(vec![1; size])).unwrap_err();
        assert_eq!(
            (fault.kind, fault.what.as_str()),
            (FaultKind::Full, "put nar/1.nar: 413 Payload Too Large"),
            "{size}"
        );
    }
}

/// A netrc with the login for `host`, in a folder that goes away.
fn netrc(text: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("netrc");
    fs::write(&file, text).unwrap();
    (folder, vec![file])
}

#[test]
fn logins_come_from_netrc_and_addresses() {
    let nginx = Nginx::start();
    let good = format!("machine 127.0.0.1 login {USER} password {PASSWORD}");
    let check = |path: &str, netrc_text: &str, login: &str, expected: Result<(), &str>| {
        let (_folder, netrc) = netrc(netrc_text);
        let url = nginx.url(path).replace("http://", &format!("http://{login}"));
        let backend = HttpCache::open(&Cache { netrc, ..cache(&url) }, patient()).unwrap();
        assert!(!backend.shown().contains(PASSWORD));
        match (backend.prepare("/nix/store").and_then(|()| push(&backend, 1)), expected) {
            (Ok(()), Ok(())) => assert!(backend.missing(&[hash(1)]).unwrap().is_empty()),
            (Err(fault), Err(what)) => {
                let shown = format!("{fault:?} {fault}");
                assert!(fault.kind == FaultKind::Unauthorised && fault.what.contains(what), "{shown}");
                assert!(!shown.contains(PASSWORD) && !shown.contains("wrong-one"), "{shown}");
            }
            (found, _) => panic!("{path} {netrc_text}: {found:?}"),
        }
    };
    let wrong = "machine 127.0.0.1 login pusher password wrong-one";
    for path in ["/locked/a", "/private/a"] {
        check(path, &good, "", Ok(()));
        check(path, "default login pusher password hunter2-of-nginx", "", Ok(()));
        check(path, "", &format!("{USER}:{PASSWORD}@"), Ok(()));
        check(path, wrong, "", Err("401 Unauthorized, with the login that was sent"));
        check(path, "", "pusher:wrong-one@", Err("401 Unauthorized, with the login that was sent"));
        check(
            path,
            "machine example.org login a password b",
            "",
            Err("nothing to log in with was sent: no netrc has an entry for `127.0.0.1`"),
        );
    }
    // What was pushed with a login is still there for those who may only read.
    let anybody = HttpCache::open(&cache(&nginx.url("/locked/a")), patient()).unwrap();
    assert!(anybody.missing(&[hash(1)]).unwrap().is_empty());
    let private = HttpCache::open(&cache(&nginx.url("/private/a")), patient()).unwrap();
    assert_eq!(private.missing(&[hash(1)]).unwrap_err().kind, FaultKind::Unauthorised);
    assert_eq!(private.narinfo(&hash(1)).unwrap_err().kind, FaultKind::Unauthorised);
}

#[test]
fn a_token_is_sent_to_the_cache_and_to_nobody_else() {
    let nginx = Nginx::start();
    let (proxy, other) = (Faulty::before(nginx.address, |_, _| None), Faulty::before(nginx.address, |_, _| None));
    // Cargo sets this one for every test.
    let token = Some(Token { variable: "CARGO_PKG_NAME".to_owned() });
    let backend = HttpCache::open(&Cache { token, ..cache(&proxy.url("/open")) }, patient()).unwrap();
    push(&backend, 1).unwrap();
    let expected = Some("Bearer binary-cache");
    assert!(proxy.seen().iter().all(|seen| seen.header("authorization") == expected));
    let mut elsewhere = narinfo(1);
    elsewhere.url = other.url("/open/nar/1.nar");
    assert_eq!(backend.file_size(&elsewhere).unwrap(), Some(3));
    assert!(other.seen().iter().all(|seen| seen.header("authorization").is_none()) && other.seen().len() == 1);
}

/// A cache with path 1 in it, behind a proxy that makes `trouble` where `when` says so.
fn troubled(when: fn(usize, &str) -> bool, trouble: Trouble) -> (Nginx, HttpCache, Faulty, crate::Told) {
    let nginx = Nginx::start();
    let direct = HttpCache::open(&cache(&nginx.url("/open")), patient()).unwrap();
    direct.prepare("/nix/store").unwrap();
    push(&direct, 1).unwrap();
    let proxy = Faulty::before(nginx.address, move |count, seen| {
        when(count, &format!("{} {}", seen.method, seen.target)).then(|| trouble.clone())
    });
    let (settings, told) = settings(Duration::from_secs(5));
    let backend = HttpCache::open(&cache(&proxy.url("/open")), settings).unwrap();
    (nginx, backend, proxy, told)
}

#[test]
fn what_passes_is_pushed_in_the_end() {
    let check = |trouble: Trouble| {
        let (nginx, backend, proxy, told) = troubled(|count, _| count < 2, trouble.clone());
        push(&backend, 2).unwrap();
        assert_eq!((told.lock().unwrap().len(), proxy.seen().len()), (2, 4), "{trouble:?}");
        assert_eq!(fs::read(nginx.files().join("open/nar/2.nar")).unwrap(), b"nar");
        assert_eq!(backend.narinfo(&hash(2)).unwrap(), Some(narinfo(2)));
    };
    check(Trouble::Answer(429, vec![("Retry-After", "0".to_owned())], ""));
    check(Trouble::Answer(500, Vec::new(), ""));
    check(Trouble::Reset);
}

#[test]
fn what_does_not_pass_ends_it() {
    let check = |trouble: Trouble, kind: FaultKind, what: &str| {
        let (nginx, backend, proxy, told) = troubled(|_, request| request == "PUT /open/nar/2.nar", trouble);
        let fault = push(&backend, 2).unwrap_err();
        assert!(fault.kind == kind && fault.what == what, "{fault}");
        assert_eq!((told.lock().unwrap().len(), proxy.seen().len()), (0, 1));
        assert!(!nginx.files().join(format!("open/{}.narinfo", hash(2))).exists());
    };
    let answer = |status| Trouble::Answer(status, Vec::new(), "");
    check(answer(507), FaultKind::Full, "put nar/2.nar: 507 Insufficient Storage");
    check(
        answer(401),
        FaultKind::Unauthorised,
        "put nar/2.nar: 401 Unauthorized, nothing to log in with was sent: no netrc has an entry for `127.0.0.1`",
    );
}

#[test]
fn a_web_page_is_no_cache() {
    let page = || {
        Trouble::Answer(200, vec![("Content-Type", "text/html".to_owned())], "<!DOCTYPE html><title>Sign in</title>")
    };
    let (_nginx, backend, _proxy, _) = troubled(|_, _| true, page());
    let check = |fault: Option<cache_protocol::Fault>, what: &str| {
        let fault = fault.unwrap();
        assert!(fault.kind == FaultKind::NotACache && fault.what == what, "{fault}");
    };
    let name = format!("{}.narinfo", hash(1));
    check(backend.greet().err(), "get nix-cache-info: 200 OK, but a web page");
    check(backend.prepare("/nix/store").err(), "get nix-cache-info: 200 OK, but a web page");
    check(backend.missing(&[hash(1)]).err(), &format!("head {name}: 200 OK, but a web page"));
    check(backend.narinfo(&hash(1)).err(), &format!("get {name}: 200 OK, but a web page"));
    check(backend.file_size(&narinfo(1)).err(), "head nar/1.nar: 200 OK, but a web page");
    check(backend.file(&narinfo(1)).err(), "get nar/1.nar: 200 OK, but a web page");
    let (_nginx, backend, _proxy, _) = troubled(|_, _| true, Trouble::Answer(200, Vec::new(), "it works"));
    let what = "get nix-cache-info: 200 OK, but a `nix-cache-info` without StoreDir: add the line `StoreDir: /nix/store`, with the \
        folder that its store paths name";
    check(backend.greet().err(), what);
    let fault = backend.narinfo(&hash(1)).unwrap_err();
    assert!(fault.what.ends_with("but a narinfo with a line that is no field: `it works`"), "{fault}");
}

#[test]
fn one_refusal_among_many_questions_is_not_an_absence() {
    let hashes: Vec<String> = (0..2000).map(hash).collect();
    let (_nginx, backend, proxy, _) = troubled(|count, _| count == 20, Trouble::Answer(401, Vec::new(), ""));
    assert_eq!(backend.missing(&hashes).unwrap_err().kind, FaultKind::Unauthorised);
    // The rest is not asked.
    assert!(proxy.seen().len() < 1000, "{}", proxy.seen().len());
}

#[test]
fn servers_that_answer_no_head_are_asked_otherwise() {
    for status in [405, 501] {
        let (_nginx, backend, _proxy, _) =
            troubled(|_, request| request.starts_with("HEAD"), Trouble::Answer(status, Vec::new(), ""));
        assert_eq!(backend.missing(&[hash(1), hash(2)]).unwrap(), [hash(2)].into());
        assert_eq!(backend.file_size(&narinfo(1)).unwrap(), Some(3));
        assert_eq!(backend.file_size(&narinfo(2)).unwrap(), None);
    }
    // What the cache redirects to may be signed for `GET` alone.
    let (_nginx, backend, _proxy, _) =
        troubled(|_, request| request.starts_with("HEAD /open/nar"), Trouble::Answer(403, Vec::new(), ""));
    assert_eq!(backend.file_size(&narinfo(1)).unwrap(), Some(3));
}

#[test]
fn a_bucket_behind_http_that_hides_what_is_absent() {
    let hidden = || Trouble::Answer(403, vec![("x-amz-request-id", "1".to_owned())], "");
    let (_nginx, backend, _proxy, _) =
        troubled(|_, request| request.contains(&hash(2)) || request.contains("/2.nar"), hidden());
    assert_eq!(backend.missing(&[hash(1), hash(2)]).unwrap(), [hash(2)].into());
    assert_eq!(backend.narinfo(&hash(2)).unwrap(), None);
    assert_eq!(backend.file_size(&narinfo(2)).unwrap(), None);
    // Where nothing can be read, it is a refusal.
    let (_nginx, backend, _proxy, _) = troubled(|_, _| true, hidden());
    assert_eq!(backend.missing(&[hash(1)]).unwrap_err().kind, FaultKind::Unauthorised);
}

#[test]
fn a_file_that_breaks_off_is_not_taken_for_whole() {
    let (_nginx, backend, _proxy, _) =
        troubled(|_, request| request.starts_with("GET /open/nar"), Trouble::Truncated(1));
    assert!(content(backend.file(&narinfo(1)).unwrap()).is_err());
}

#[test]
fn addresses_that_nobody_knows_are_refused() {
    let check = |url: &str, what: &str| {
        let fault = open(&cache(url), patient()).err().unwrap();
        assert!(fault.kind == FaultKind::Usage && fault.what.contains(what), "{fault}");
    };
    check("gopher://x", "no cache is known at addresses that begin with `gopher://`");
    check("http://", "the cache's address `http:…` cannot be read: empty host");
}
