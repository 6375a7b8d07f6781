//! What doctor finds out: tokens by what they open, clocks, caches that are private, absent, or no caches at all.

use std::time::{Duration, SystemTime};

use binary_cache::probe::probe;
use cache_protocol::{Cache, CacheProbe, FaultKind, Permission, ProbeRequest, TokenKind};

use crate::attic_push;
use crate::cachix::Grant;
use crate::cachix_push::{address, fake};
use crate::http::{Asked, Injection, Reply, Server, Service, Trouble};
use crate::place::{assert_silent, cache, settings, token, with_tokens};

/// What is found out about one cache; none of it may hold a token.
fn look(cache: Cache) -> CacheProbe {
    let found = probe(&ProbeRequest { caches: vec![cache] }, &settings(300).0).unwrap();
    assert_silent(&format!("{found:?}"));
    found.caches[0].clone()
}

fn kind(found: &CacheProbe) -> Option<TokenKind> {
    found.token.as_ref().map(|token| token.kind)
}

#[test]
fn tokens_of_cachix_by_what_they_open() {
    with_tokens(|| {
        type Expected = (Option<TokenKind>, Option<Permission>, Option<bool>, usize);
        let check = |public: bool, variable: &str, expected: Expected| {
            let fake = fake(public);
            fake.grant(&token("MANAGEMENT"), Grant::Personal);
            let found = look(cache(&address(&fake, "fleet"), Some(variable)));
            assert_eq!(found.fault, None, "{variable}");
            let keys = found.public_keys.len();
            assert_eq!((kind(&found), found.permission, found.public, keys), expected, "{variable} {public}");
            assert_eq!(found.url, "cachix://fleet");
        };
        check(true, "MANAGEMENT", (Some(TokenKind::Management), Some(Permission::Admin), Some(true), 1));
        check(false, "MANAGEMENT", (Some(TokenKind::Management), Some(Permission::Admin), Some(false), 1));
        check(false, "WRITE", (Some(TokenKind::Data), Some(Permission::Write), Some(false), 1));
        check(true, "READ", (Some(TokenKind::Data), Some(Permission::Read), Some(true), 1));
        check(true, "STRANGER", (Some(TokenKind::Rejected), None, Some(true), 1));
        check(false, "STRANGER", (Some(TokenKind::Rejected), None, Some(false), 0));
        check(true, "NO_SUCH_TOKEN", (None, None, Some(true), 1));
        check(false, "NO_SUCH_TOKEN", (None, None, Some(false), 0));
    });
}

#[test]
fn tokens_of_attic_by_what_they_open() {
    with_tokens(|| {
        type Expected = (Option<TokenKind>, Option<Permission>, Option<bool>, usize);
        let check = |public: bool, variable: &str, expected: Expected| {
            let fake = attic_push::fake(public);
            let found = look(cache(&fake.cache("fleet"), Some(variable)));
            assert_eq!(found.fault, None, "{variable}");
            let keys = found.public_keys.len();
            assert_eq!((kind(&found), found.permission, found.public, keys), expected, "{variable} {public}");
            // Looking changes nothing.
            assert_eq!(fake.with("fleet", |cache| (cache.public, cache.priority)), (public, 41));
        };
        check(true, "MANAGEMENT", (Some(TokenKind::Data), Some(Permission::Admin), Some(true), 1));
        check(false, "WRITE", (Some(TokenKind::Data), Some(Permission::Write), Some(false), 1));
        check(true, "WRITE", (Some(TokenKind::Data), Some(Permission::Write), Some(true), 1));
        check(false, "READ", (Some(TokenKind::Data), Some(Permission::Read), Some(false), 1));
        check(true, "STRANGER", (Some(TokenKind::Rejected), Some(Permission::Read), Some(true), 1));
        check(false, "STRANGER", (Some(TokenKind::Rejected), None, Some(false), 0));
        check(true, "NO_SUCH_TOKEN", (None, None, Some(true), 1));
    });
}

#[test]
fn claims_are_shown() {
    with_tokens(|| {
        let fake = fake(true);
        let token = look(cache(&address(&fake, "fleet"), Some("STRANGER"))).token.unwrap();
        assert!(token.claims.contains(&("scopes".to_owned(), "cache".to_owned())), "{token:?}");
        // What it says of itself opens nothing.
        assert_eq!((token.kind, token.expires), (TokenKind::Rejected, Some(1_900_000_000)));
    });
}

#[test]
fn what_a_cache_says_of_itself() {
    with_tokens(|| {
        let (cachix, attic) = (fake(true), attic_push::fake(true));
        for url in [address(&cachix, "fleet"), attic.cache("fleet"), format!("{}/cache/fleet", cachix.api())] {
            let found = look(cache(&url, None));
            assert_eq!((found.store_dir.as_deref(), found.priority, found.fault), (Some("/nix/store"), Some(41), None));
        }
    });
}

#[test]
fn absent_caches_and_servers() {
    with_tokens(|| {
        let (cachix, attic) = (fake(true), attic_push::fake(true));
        attic.grant(&token("READ"), "nowhere", &["r"]);
        let check = |url: &str, kind: FaultKind, expected: &str| {
            let fault = look(cache(url, Some("READ"))).fault.unwrap();
            assert!(fault.kind == kind && fault.what.contains(expected), "{url}: {fault}");
        };
        check(&address(&cachix, "nowhere"), FaultKind::Missing, "there is no cache cachix://nowhere");
        check(&attic.cache("nowhere"), FaultKind::Missing, "there is no cache attic+http://");
        check(&format!("{}/cache/nowhere", cachix.api()), FaultKind::Missing, "it has no nix-cache-info");
        check("http://127.0.0.1:1/", FaultKind::Unreachable, "get nix-cache-info");
        check("cachix://c?api=http%3A%2F%2F127.0.0.1%3A1", FaultKind::Unreachable, "get nix-cache-info");
        check("attic+http://127.0.0.1:1/c", FaultKind::Unreachable, "get nix-cache-info");
        check("gopher://me:TELLTALE-SECRET@h", FaultKind::Usage, "begin with `gopher://`");
        check("cachix://", FaultKind::Usage, "names no cache");
    });
}

#[test]
fn faults_of_services() {
    with_tokens(|| {
        let check = |wherever: &'static str, trouble: Trouble, kind: FaultKind, expected: &str| {
            let (cachix, attic) = (fake(true), attic_push::fake(true));
            for server in [&cachix.server, &attic.server] {
                server.inject(Injection { wherever, after: 0, times: 100, trouble: trouble.clone() });
            }
            for url in [address(&cachix, "fleet"), attic.cache("fleet")] {
                let fault = look(cache(&url, Some("WRITE"))).fault.unwrap();
                assert!(fault.kind == kind && fault.what.contains(expected), "{url}: {fault}");
            }
        };
        let page = Reply::text(200, "<!DOCTYPE html>").with("Content-Type", "text/html");
        check("nix-cache-info", Trouble::Instead(page), FaultKind::NotACache, "200 OK, but a web page");
        check("GET", Trouble::Instead(Reply::status(502)), FaultKind::Overloaded, "502 Bad Gateway");
        check("GET", Trouble::Reset, FaultKind::Unreachable, "http://127.0.0.1");
        check("GET", Trouble::Instead(Reply::text(200, "{}")), FaultKind::NotACache, "without StoreDir");
    });
}

#[test]
fn clocks() {
    with_tokens(|| {
        let (cachix, attic) = (fake(true), attic_push::fake(true));
        let there = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(7_200));
        let answer = Reply::text(200, "StoreDir: /nix/store\n").with("Date", &there);
        for server in [&cachix.server, &attic.server] {
            let trouble = Trouble::Instead(answer.clone());
            server.inject(Injection { wherever: "nix-cache-info", after: 0, times: 100, trouble });
        }
        for url in [address(&cachix, "fleet"), attic.cache("fleet"), format!("{}/cache/fleet", cachix.api())] {
            let ahead = look(cache(&url, None)).clock_ahead.unwrap();
            assert!((7_100..=7_200).contains(&ahead), "{url}: {ahead}");
        }
    });
}

#[test]
fn entries_in_netrc() {
    with_tokens(|| {
        let (cachix, attic) = (fake(true), attic_push::fake(true));
        let folder = tempfile::tempdir().unwrap();
        let netrc = folder.path().join("netrc");
        for url in [address(&cachix, "fleet"), attic.cache("fleet"), format!("{}/cache/fleet", cachix.api())] {
            for (text, expected) in [("machine 127.0.0.1 password x", true), ("machine other password x", false)] {
                std::fs::write(&netrc, text).unwrap();
                let cache = Cache { netrc: vec![netrc.clone()], ..cache(&url, None) };
                assert_eq!(look(cache).in_netrc, expected, "{url}: {text}");
            }
        }
    });
}

/// A plain server of files that only those with a token may read.
struct Private(String);

impl Service for Private {
    fn answer(&self, asked: &Asked) -> Reply {
        match asked.token() {
            Some(token) if token == self.0 => Reply::text(200, "StoreDir: /nix/store\nPriority: 30\n"),
            _ => Reply::status(401),
        }
    }
}

#[test]
fn private_caches_behind_http() {
    with_tokens(|| {
        let (server, _) = Server::start(|_| Private(token("READ")));
        let check = |variable: &str, expected: Option<TokenKind>, priority: Option<i64>| {
            let found = look(cache(&server.url(), Some(variable)));
            assert_eq!((kind(&found), found.priority), (expected, priority), "{variable}");
            assert_eq!((found.public, found.fault), (Some(false), None));
        };
        check("READ", Some(TokenKind::Data), Some(30));
        check("STRANGER", Some(TokenKind::Rejected), None);
        check("NO_SUCH_TOKEN", None, None);
    });
}

#[test]
fn caches_are_told_in_the_order_of_the_request() {
    with_tokens(|| {
        let (cachix, attic) = (fake(true), attic_push::fake(true));
        let caches = vec![
            cache("http://127.0.0.1:1", None),
            cache(&attic.cache("fleet"), None),
            cache(&address(&cachix, "fleet"), None),
        ];
        let found = probe(&ProbeRequest { caches }, &settings(300).0).unwrap();
        let urls: Vec<&str> = found.caches.iter().map(|cache| cache.url.as_str()).collect();
        assert_eq!(urls, ["http://127.0.0.1:1", &attic.cache("fleet"), "cachix://fleet"]);
        assert_eq!(probe(&ProbeRequest { caches: Vec::new() }, &settings(300).0).unwrap().caches, []);
    });
}
