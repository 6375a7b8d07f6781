//! Caches that are created: by whom, once, and what is said to who may not.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use binary_cache::provision::provision;
use binary_cache::request::{Asker, Tell, answer};
use cache_protocol::{
    Answer, Cache, Fault, FaultKind, KeySource, ProbeRequest, ProvisionRequest, Provisioned, Request,
};
use serde_json::Value;

use crate::attic_push;
use crate::cachix::FakeCachix;
use crate::cachix_push::{address, fake, open};
use crate::http::{Injection, Reply, Trouble};
use crate::place::{assert_silent, cache, own_key, push, samples, settings, signed, token, with_tokens};
use crate::s3::{BUCKET, S3Server};

/// The folder that store paths name on the machine that creates caches.
const STORE: &str = "/own/store";

fn create(cache: Cache) -> Result<Provisioned, Fault> {
    create_for(true, cache)
}

fn create_for(everybody: bool, cache: Cache) -> Result<Provisioned, Fault> {
    let request = ProvisionRequest { cache, public: everybody, priority: Some(30), store_folder: STORE.to_owned() };
    let answer = provision(&request, &settings(500).0);
    assert_silent(&format!("{answer:?}"));
    answer
}

fn bodies(fake: &FakeCachix, path: &str) -> Vec<Value> {
    let asked = fake.server.asked();
    let posts = asked.iter().filter(|asked| asked.method == "POST" && asked.path.ends_with(path));
    posts.map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect()
}

#[test]
fn a_cache_of_cachix_is_created_once() {
    with_tokens(|| {
        let fake = fake(true);
        let new = || cache(&address(&fake, "new"), Some("MANAGEMENT"));
        let first = create(new()).unwrap();
        let expected = Provisioned {
            url: "cachix://new".to_owned(),
            created: true,
            substituter: format!("{}/cache/new", fake.api()),
            public_keys: vec![fake.with("new", |cache| cache.managed.as_ref().unwrap().public())],
            unofficial: true,
            by_hand: Vec::new(),
        };
        assert_eq!(first, expected);
        assert_eq!(create(new()).unwrap(), Provisioned { created: false, unofficial: false, ..first });
        assert_eq!(
            bodies(&fake, "/cache/new"),
            [serde_json::json!({"isPublic": true, "generateSigningKey": true, "accountID": 42})]
        );
        push(&open(&new()), &samples("zstd")).unwrap();
    });
}

#[test]
fn a_cache_of_cachix_that_its_users_sign_learns_their_key() {
    with_tokens(|| {
        let fake = fake(true);
        let new = || signed(cache(&address(&fake, "new"), Some("MANAGEMENT")));
        let key = format!("new.cachix.org-1:{}", own_key().1);
        // Interrupted between the two calls, and completed by the next attempt.
        let trouble = Trouble::Instead(Reply::status(400));
        fake.server.inject(Injection { wherever: "/key", after: 0, times: 1, trouble });
        let fault = create(new()).unwrap_err();
        assert!(fault.what.starts_with("tell Cachix the public key of `new`: 400"), "{fault}");
        assert_eq!(create(new()).unwrap().public_keys, std::slice::from_ref(&key));
        let again = create(new()).unwrap();
        assert_eq!((again.created, again.public_keys), (false, vec![key]));
        push(&open(&new()), &samples("zstd")).unwrap();
    });
}

#[test]
fn who_may_not_create_a_cache_of_cachix_is_told_how_to_do_it() {
    with_tokens(|| {
        let fake = fake(true);
        let check = |name: &str, variable: &str, kind: FaultKind, parts: &[&str]| {
            let fault = create(cache(&address(&fake, name), Some(variable))).unwrap_err();
            assert_eq!(fault.kind, kind, "{fault}");
            for part in parts {
                assert!(fault.what.contains(part), "{part}: {fault}");
            }
        };
        let by_hand = ["personal token of an account", "create `new` by hand at https://app.cachix.org/cache"];
        check("new", "WRITE", FaultKind::Unauthorised, &[by_hand[0], by_hand[1], "403 Forbidden"]);
        check("new", "STRANGER", FaultKind::Unauthorised, &[by_hand[0], by_hand[1], "401 Unauthorized"]);
        check("new", "NO_SUCH_TOKEN", FaultKind::Unauthorised, &[by_hand[0], by_hand[1], "`NO_SUCH_TOKEN` is not set"]);
        // It is there, and somebody else's.
        check("fleet", "READ", FaultKind::Refused, &["choose another name"]);
        check("fleet", "NO_SUCH_TOKEN", FaultKind::Refused, &["choose another name"]);
        assert_eq!(bodies(&fake, "/cache/new").len(), 0);
    });
}

#[test]
fn calls_that_are_not_official_may_change_their_answer() {
    with_tokens(|| {
        let check = |wherever: &'static str, reply: Reply, kind: FaultKind| {
            let fake = fake(true);
            fake.server.inject(Injection { wherever, after: 0, times: 1, trouble: Trouble::Instead(reply) });
            assert_eq!(create(cache(&address(&fake, "new"), Some("MANAGEMENT"))).unwrap_err().kind, kind);
        };
        check("GET /api/v1/user", Reply::text(200, "{}"), FaultKind::NotACache);
        check("GET /api/v1/user", Reply::status(404), FaultKind::Missing);
        check("POST /api/v1/cache/new", Reply::status(405), FaultKind::Refused);
        check("POST /api/v1/cache/new", Reply::status(403), FaultKind::Unauthorised);
    });
}

#[test]
fn a_cache_of_attic_is_created_once() {
    with_tokens(|| {
        let fake = attic_push::fake(true);
        fake.grant(&token("MANAGEMENT"), "new", &["r", "w", "cc"]);
        let new = || cache(&fake.cache("new"), Some("MANAGEMENT"));
        let first = create(new()).unwrap();
        let expected = Provisioned {
            url: fake.cache("new"),
            created: true,
            substituter: format!("{}/new", fake.server.url()),
            public_keys: vec![fake.with("new", |cache| cache.key.public())],
            unofficial: false,
            by_hand: Vec::new(),
        };
        assert_eq!(first, expected);
        assert_eq!(create(new()).unwrap(), Provisioned { created: false, ..first });
        assert_eq!(fake.with("new", |cache| (cache.public, cache.priority)), (true, 30));
    });
}

#[test]
fn who_may_not_create_a_cache_of_attic_is_told_how_to_do_it() {
    with_tokens(|| {
        let fake = attic_push::fake(true);
        fake.grant(&token("WRITE"), "new", &["r", "w"]);
        for variable in ["WRITE", "STRANGER", "NO_SUCH_TOKEN"] {
            let fault = create(cache(&fake.cache("new"), Some(variable))).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unauthorised);
            assert!(fault.what.contains("permission to create it (`cc`"), "{fault}");
            assert!(fault.what.contains("`attic cache create new`"), "{fault}");
        }
        // It may create, and not read what it created.
        fake.grant(&token("STRANGER"), "new", &["cc"]);
        let fault = create_for(false, cache(&fake.cache("new"), Some("STRANGER"))).unwrap_err();
        assert!(fault.what.contains("/new is created, but its key cannot be read: "), "{fault}");
    });
}

#[test]
fn a_bucket_is_created_once() {
    with_tokens(|| {
        let server = S3Server::start();
        let bucket = |name: &str| {
            let url = format!("s3://{name}?endpoint={}&scheme=http", server.address);
            Cache { signing_key: Some(KeySource::Variable("NAMED_KEY".to_owned())), ..cache(&url, None) }
        };
        let url = bucket("new").url;
        let first = create(bucket("new")).unwrap();
        assert_eq!((first.created, first.substituter.as_str(), first.by_hand.len()), (true, url.as_str(), 1));
        assert_eq!(first.public_keys, [format!("named-1:{}", own_key().1)]);
        let info = server.files().with_file_name("new").join("nix-cache-info");
        assert!(std::fs::read_to_string(&info).unwrap().starts_with("StoreDir: /own/store\n"));
        let again = create(bucket("new")).unwrap();
        assert_eq!(again, Provisioned { created: false, by_hand: Vec::new(), ..first });
        // A bucket that is there and no cache yet becomes one.
        let found = create(bucket(BUCKET)).unwrap();
        assert!(found.created && found.by_hand.is_empty() && server.files().join("nix-cache-info").is_file());
        let fault = look(&bucket("nowhere")).fault.unwrap();
        assert!(fault.kind == FaultKind::Missing && fault.what.contains("s3://nowhere"), "{fault}");
        let there = look(&bucket("new"));
        assert_eq!((there.store_dir.as_deref(), there.public, there.fault), (Some(STORE), Some(false), None));
    });
}

fn look(cache: &Cache) -> cache_protocol::CacheProbe {
    let request = cache_protocol::ProbeRequest { caches: vec![cache.clone()] };
    binary_cache::probe::probe(&request, &settings(500).0).unwrap().caches.remove(0)
}

#[test]
fn a_folder_is_created_once() {
    with_tokens(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = || {
            let url = format!("file://{}/cache", folder.path().display());
            Cache { signing_key: Some(KeySource::Variable("NAMED_KEY".to_owned())), ..cache(&url, None) }
        };
        assert_eq!(look(&file()).fault.unwrap().kind, FaultKind::Missing);
        let first = create(file()).unwrap();
        assert_eq!((first.created, first.substituter.as_str()), (true, file().url.as_str()));
        assert_eq!(first.public_keys, [format!("named-1:{}", own_key().1)]);
        assert_eq!(create(file()).unwrap(), Provisioned { created: false, ..first });
        let there = look(&file());
        assert_eq!((there.store_dir.as_deref(), there.fault), (Some(STORE), None));
        let bare = Cache { signing_key: Some(KeySource::Variable("SIGNING_KEY".to_owned())), ..file() };
        assert_eq!(create(bare).unwrap_err().kind, FaultKind::Usage);
    });
}

#[test]
fn the_program_answers_both_requests() {
    with_tokens(|| {
        let fake = fake(true);
        let (tell, stop): (Tell, _) = (Arc::new(|_| {}), Arc::new(AtomicBool::new(false)));
        let asker = Asker { tell: &tell, stop: &stop };
        let new = cache(&address(&fake, "new"), Some("MANAGEMENT"));
        let request =
            ProvisionRequest { cache: new.clone(), public: true, priority: None, store_folder: STORE.to_owned() };
        let provisioned = answer(&Request::Provision(request), asker).unwrap();
        assert!(matches!(provisioned, Answer::Provision(provisioned) if provisioned.created));
        let probed = answer(&Request::Probe(ProbeRequest { caches: vec![new] }), asker).unwrap();
        assert!(matches!(probed, Answer::Probe(probe) if probe.caches.len() == 1));
    });
}
