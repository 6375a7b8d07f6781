//! Pushes to Attic, read back by genuine Nix, and what can go wrong with them.

use std::io::Read as _;
use std::time::Duration;

use binary_cache::backend::attic::{Attic, Location};
use binary_cache::backend::{Backend, Greeting, Uploaded};
use cache_protocol::{Cache, Compression, Fault, FaultKind};

use crate::attic::FakeAttic;
use crate::http::{Injection, Reply, Trouble};
use crate::nix;
use crate::place::{Sample, assert_silent, cache, hash, push, sample, samples, settings, token, with_tokens};

pub fn fake(public: bool) -> FakeAttic {
    let fake = FakeAttic::start();
    fake.add("fleet", public);
    fake.grant(&token("WRITE"), "fleet", &["r", "w"]);
    fake.grant(&token("READ"), "fleet", &["r"]);
    fake.grant(&token("MANAGEMENT"), "fleet", &["r", "w", "cc", "cr"]);
    fake
}

fn opened(cache: &Cache, patience: u64) -> Attic {
    Attic::open(cache, Location::parse(&cache.url).unwrap().unwrap(), settings(patience).0).unwrap()
}

fn open(fake: &FakeAttic, token: &str) -> Attic {
    opened(&cache(&fake.cache("fleet"), Some(token)), 3_000)
}

fn read(fake: &FakeAttic, netrc: &str, sample: &Sample) -> Result<(), String> {
    let key = fake.with("fleet", |cache| cache.key.public());
    nix::copy(&format!("{}/fleet", fake.server.url()), &key, netrc, sample)
}

#[test]
fn what_is_pushed_is_read_by_nix() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("none"));
        let backend = open(&fake, "WRITE");
        let hashes = [hash(&samples[0]), hash(&samples[1])];
        backend.prepare("/nix/store").unwrap();
        assert!(backend.publishes_with_upload());
        assert_eq!(backend.missing(&hashes).unwrap().len(), 2);
        assert_eq!(backend.upload(&samples[0].narinfo, &samples[0].packed).unwrap(), Uploaded::Named);
        assert_eq!(backend.missing(&hashes).unwrap().into_iter().collect::<Vec<_>>(), [hashes[1].clone()]);
        push(&backend, &samples).unwrap();
        read(&fake, "", &samples[1]).unwrap();
    });
}

#[test]
fn what_the_cache_says_is_what_was_pushed() {
    with_tokens(|| {
        let (fake, samples) = (fake(false), samples("none"));
        let backend = open(&fake, "WRITE");
        push(&backend, &samples).unwrap();
        let there = backend.narinfo(&hash(&samples[1])).unwrap().unwrap();
        // The server writes it in hexadecimal, and signs base 32.
        assert_eq!(there.fingerprint(), samples[1].narinfo.fingerprint());
        let trusted = [fake.with("fleet", |cache| cache.key.public())];
        let trust = binary_cache::signature::judge(&there.fingerprint(), &there.signatures, &trusted);
        assert_eq!(trust, binary_cache::signature::Trust::Signed("fleet".to_owned()));
        // It is there; how long it is nobody says.
        assert_eq!(backend.file_size(&there).unwrap(), Some(0));
        let mut file = Vec::new();
        backend.file(&there).unwrap().read_to_end(&mut file).unwrap();
        assert!(file == samples[1].packed.0);
        fake.with("fleet", |cache| cache.paths.clear());
        assert_eq!(backend.file_size(&there).unwrap(), None);
        assert_eq!(backend.narinfo(&hash(&samples[1])).unwrap(), None);
    });
}

#[test]
fn what_is_said_of_a_path_goes_before_its_nar_if_it_is_long() {
    with_tokens(|| {
        let fake = fake(true);
        let backend = open(&fake, "WRITE");
        let many: Vec<Sample> =
            (0..150).map(|number| sample(&format!("part-{number}"), &[], number.to_string().into(), "none")).collect();
        let references: Vec<&Sample> = many.iter().collect();
        let whole = sample("whole", &references, b"whole".to_vec(), "none");
        push(&backend, &many).unwrap();
        push(&backend, std::slice::from_ref(&whole)).unwrap();
        let asked = fake.server.asked();
        let puts = || asked.iter().filter(|asked| asked.method == "PUT");
        assert_eq!(puts().filter(|put| put.header("x-attic-nar-info").is_some()).count(), 150);
        assert_eq!(puts().filter(|put| put.header("x-attic-nar-info-preamble-size").is_some()).count(), 1);
        read(&fake, "", &whole).unwrap();
    });
}

#[test]
fn a_private_cache_opens_to_its_token_alone() {
    with_tokens(|| {
        let (fake, samples) = (fake(false), samples("none"));
        push(&open(&fake, "WRITE"), &samples).unwrap();
        let check = |token: &str, expected: FaultKind| {
            let backend = open(&fake, token);
            assert_eq!(backend.prepare("/nix/store").unwrap_err().kind, expected);
            assert_eq!(push(&backend, &samples).unwrap_err().kind, expected);
        };
        check("READ", FaultKind::Unauthorised);
        check("STRANGER", FaultKind::Unauthorised);
        check("NO_SUCH_TOKEN", FaultKind::Unauthorised);
        assert_eq!(open(&fake, "STRANGER").greet().unwrap_err().kind, FaultKind::Unauthorised);
        assert!(read(&fake, "", &samples[1]).is_err());
        read(&fake, &format!("machine 127.0.0.1 password {}\n", token("READ")), &samples[1]).unwrap();
    });
}

#[test]
fn greetings() {
    with_tokens(|| {
        let fake = fake(true);
        let expected = Greeting {
            exists: true,
            store_dir: Some("/nix/store".to_owned()),
            priority: Some(41),
            public_keys: vec![fake.with("fleet", |cache| cache.key.public())],
            compression: Some(Compression::None),
        };
        assert_eq!(open(&fake, "READ").greet().unwrap(), expected);
        fake.grant(&token("STRANGER"), "nowhere", &["r"]);
        let absent = opened(&cache(&fake.cache("nowhere"), Some("STRANGER")), 1_000).greet().unwrap_err();
        let what = "get cache-config/nowhere: 404 Not Found: NoSuchCache.";
        assert_eq!(absent, Fault::new(FaultKind::Missing, what));
    });
}

#[test]
fn a_nar_that_changed_on_its_way_is_refused() {
    with_tokens(|| {
        let (fake, mut samples) = (fake(true), samples("none"));
        samples[0].packed.0[100] ^= 1;
        let fault = push(&open(&fake, "WRITE"), &samples).unwrap_err();
        assert!(fault.kind == FaultKind::Refused && fault.what.ends_with("400 Bad Request: RequestError."), "{fault}");
        assert!(fake.with("fleet", |cache| cache.paths.is_empty()));
    });
}

#[test]
fn a_packed_nar_is_refused_here() {
    with_tokens(|| {
        let fake = fake(true);
        let fault = push(&open(&fake, "WRITE"), &samples("zstd")).unwrap_err();
        assert!(fault.kind == FaultKind::Usage && fault.what.ends_with("as they are, and not as `zstd`"), "{fault}");
        assert_eq!(fake.server.count("PUT"), 0);
    });
}

#[test]
fn what_passes_is_got_over() {
    with_tokens(|| {
        let troubles = [
            Trouble::Instead(Reply::status(500)),
            Trouble::Instead(Reply::status(429).with("Retry-After", "0")),
            Trouble::Reset,
            Trouble::AnswerLost,
            Trouble::Truncated,
            Trouble::Slow(Duration::from_millis(300)),
        ];
        for trouble in troubles {
            let (fake, samples) = (fake(true), samples("none"));
            for wherever in ["get-missing-paths", "upload-path"] {
                fake.server.inject(Injection { wherever, after: 0, times: 1, trouble: trouble.clone() });
            }
            let backend = open(&fake, "WRITE");
            assert_eq!(backend.missing(&[hash(&samples[0])]).unwrap().len(), 1);
            push(&backend, &samples).unwrap_or_else(|fault| panic!("{trouble:?}: {fault}"));
            read(&fake, "", &samples[1]).unwrap();
        }
    });
}

#[test]
fn what_does_not_pass_is_said() {
    with_tokens(|| {
        let check = |trouble: Trouble, kind: FaultKind, expected: &str| {
            let fake = fake(true);
            fake.server.inject(Injection { wherever: "/_api/", after: 0, times: 1_000, trouble });
            let backend = || opened(&cache(&fake.cache("fleet"), Some("WRITE")), 200);
            let asked = backend().missing(&["0".repeat(32)]).unwrap_err();
            for fault in [push(&backend(), &samples("none")).unwrap_err(), asked] {
                assert!(fault.kind == kind && fault.what.contains(expected), "{kind:?}: {fault}");
                assert_silent(&fault.what);
            }
        };
        check(Trouble::Instead(Reply::status(503)), FaultKind::Overloaded, "503 Service Unavailable (tried ");
        check(Trouble::Instead(Reply::status(401)), FaultKind::Unauthorised, "with the token that was sent");
        check(Trouble::Instead(Reply::status(413)), FaultKind::Full, "413 Payload Too Large");
        check(Trouble::Reset, FaultKind::Unreachable, "http://127.0.0.1");
    });
}
