//! Pushes to Cachix: to caches that sign by themselves and to those whose users do, public and private, small and in parts.

use binary_cache::backend::cachix::{Cachix, Location};
use binary_cache::backend::{Backend, Greeting, Uploaded};
use binary_cache::narinfo::NarInfo;
use cache_protocol::{Cache, Compression, Fault, FaultKind};

use crate::cachix::{FakeCachix, Grant};
use crate::nix;
use crate::place::{
    Sample, assert_silent, cache, hash, own_key, push, sample, samples, settings, signed, token, with_tokens,
};

/// A fake with the managed cache `fleet`, and tokens that may write and read it.
pub fn fake(public: bool) -> FakeCachix {
    let fake = FakeCachix::start();
    fake.add("fleet", public, true);
    fake.grant(&token("WRITE"), Grant::Cache("fleet", "Write"));
    fake.grant(&token("READ"), Grant::Cache("fleet", "Read"));
    fake.grant(&token("MANAGEMENT"), Grant::Personal);
    fake
}

/// `cachix://NAME` at the fake.
pub fn address(fake: &FakeCachix, name: &str) -> String {
    format!("cachix://{name}?api={}", fake.api())
}

pub fn open(cache: &Cache) -> Cachix {
    opened(cache, 3_000).unwrap()
}

pub fn opened(cache: &Cache, patience: u64) -> Result<Cachix, Fault> {
    Cachix::open(cache, Location::parse(&cache.url).unwrap()?, settings(patience).0)
}

pub fn writer(fake: &FakeCachix) -> Cachix {
    open(&cache(&address(fake, "fleet"), Some("WRITE")))
}

fn public_key(fake: &FakeCachix) -> String {
    fake.with("fleet", |cache| cache.managed.as_ref().unwrap().public())
}

/// What genuine Nix says when it reads `sample` from the cache `fleet`.
fn read(fake: &FakeCachix, public_key: &str, netrc: &str, sample: &Sample) -> Result<(), String> {
    // By name: what netrc says of this host is not for the object store, which has its address.
    let url = format!("{}/cache/fleet", fake.api()).replace("127.0.0.1", "localhost");
    nix::copy(&url, public_key, netrc, sample)
}

#[test]
fn what_is_pushed_to_a_cache_that_signs_is_read_by_nix() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("zstd"));
        let backend = writer(&fake);
        let hashes = [hash(&samples[0]), hash(&samples[1])];
        backend.prepare("/nix/store").unwrap();
        assert_eq!(backend.missing(&hashes).unwrap().len(), 2);
        push(&backend, &samples[..1]).unwrap();
        assert_eq!(backend.missing(&hashes).unwrap().into_iter().collect::<Vec<_>>(), [hashes[1].clone()]);
        push(&backend, &samples[1..]).unwrap();
        read(&fake, &public_key(&fake), "", &samples[1]).unwrap();
        let other = "fleet.cachix.org-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(read(&fake, other, "", &samples[1]).unwrap_err().contains("signature"));
        assert!(fake.with("fleet", |cache| cache.uploads.is_empty()));
    });
}

#[test]
fn what_the_cache_says_is_what_was_pushed() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("zstd"));
        let backend = writer(&fake);
        push(&backend, &samples).unwrap();
        let there = backend.narinfo(&hash(&samples[1])).unwrap().unwrap();
        let pushed = &samples[1].narinfo;
        assert_eq!((&there.nar_hash, &there.file_hash), (&pushed.nar_hash, &pushed.file_hash));
        assert_eq!((&there.references, there.nar_size), (&pushed.references, pushed.nar_size));
        assert_eq!(there.fingerprint(), pushed.fingerprint());
        assert_eq!(backend.file_size(&there).unwrap(), pushed.file_size);
        let mut file = Vec::new();
        backend.file(&there).unwrap().read_to_end(&mut file).unwrap();
        assert!(file == samples[1].packed.0);
        // The object store, on another port, was sent no token: it refuses whoever sends one.
        assert!(fake.store.asked().iter().all(|asked| asked.header("authorization").is_none()));
        // Nor is one who only is named in a narinfo.
        let elsewhere = NarInfo { url: format!("{}/x", fake.store.url()), ..there.clone() };
        assert!(backend.file(&elsewhere).err().unwrap().what.contains("403"));
        assert!(fake.store.asked().iter().all(|asked| asked.header("authorization").is_none()));
        assert_eq!(backend.narinfo(&"0".repeat(32)).unwrap(), None);
        fake.objects.remove(&format!("/files/fleet/{}", there.url.trim_start_matches("nar/"))).unwrap();
        assert_eq!(backend.file_size(&there).unwrap(), None);
        assert_eq!(backend.file(&there).err().unwrap().kind, FaultKind::Missing);
    });
}

#[test]
fn who_signs_by_themselves_is_believed_by_their_key() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("zstd"));
        let (_, public) = own_key();
        fake.with("fleet", |cache| {
            cache.managed = None;
            cache.own_keys.push(public.clone());
        });
        let unsigned = push(&writer(&fake), &samples).unwrap_err();
        assert!(unsigned.what.ends_with("400 Bad Request: this cache is signed by who pushes"), "{unsigned}");
        let backend = open(&signed(cache(&address(&fake, "fleet"), Some("WRITE"))));
        push(&backend, &samples).unwrap();
        read(&fake, &format!("fleet.cachix.org-1:{public}"), "", &samples[1]).unwrap();
        fake.with("fleet", |cache| cache.own_keys.clear());
        let unknown = push(&backend, &[sample("other", &[], b"other".to_vec(), "zstd")]).unwrap_err();
        assert!(unknown.what.ends_with("400 Bad Request: cSig is by no key of this cache"), "{unknown}");
    });
}

#[test]
fn a_file_goes_in_parts() {
    with_tokens(|| {
        let fake = fake(true);
        // Which no compression makes smaller.
        let content = (0..33_u64 << 17).flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        let sample = sample("big", &[], content.collect(), "none");
        let sample = Sample { narinfo: NarInfo { compression: "zstd".to_owned(), ..sample.narinfo }, ..sample };
        let uploaded = writer(&fake).upload(&sample.narinfo, &sample.packed).unwrap();
        let Uploaded::Parts { tags, .. } = &uploaded else { panic!("{uploaded:?}") };
        assert_eq!(tags.len(), 2);
        writer(&fake).publish(&sample.narinfo, &uploaded).unwrap();
        let there = writer(&fake).narinfo(&hash(&sample)).unwrap().unwrap();
        assert_eq!(writer(&fake).file_size(&there).unwrap(), Some(sample.packed.0.len() as u64));
    });
}

#[test]
fn a_private_cache_opens_to_its_token_alone() {
    with_tokens(|| {
        let (fake, samples) = (fake(false), samples("zstd"));
        push(&writer(&fake), &samples).unwrap();
        let stranger =
            open(&cache(&address(&fake, "fleet"), Some("STRANGER"))).narinfo(&hash(&samples[0])).unwrap_err();
        assert_eq!(stranger.kind, FaultKind::Unauthorised);
        let nobody = open(&cache(&address(&fake, "fleet"), Some("NO_SUCH_TOKEN"))).greet().unwrap_err();
        assert!(nobody.what.contains("`NO_SUCH_TOKEN` is not set"), "{nobody}");
        let netrc = format!("machine localhost password {}\n", token("READ"));
        assert!(read(&fake, &public_key(&fake), "", &samples[1]).is_err());
        read(&fake, &public_key(&fake), &netrc, &samples[1]).unwrap();
        // The client as well takes the token from there.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("netrc"), netrc).unwrap();
        let url = address(&fake, "fleet").replace("127.0.0.1", "localhost");
        let by_netrc = Cache { netrc: vec![folder.path().join("netrc")], ..cache(&url, None) };
        assert!(open(&by_netrc).narinfo(&hash(&samples[0])).unwrap().is_some());
    });
}

#[test]
fn a_token_that_may_only_read_is_told_before_anything_is_sent() {
    with_tokens(|| {
        let fake = fake(true);
        let reader = open(&cache(&address(&fake, "fleet"), Some("READ")));
        let fault = reader.prepare("/nix/store").unwrap_err();
        let what = "push to cachix://fleet: the token may only read it, and needs the permission Write";
        assert_eq!(fault, Fault::new(FaultKind::Unauthorised, what));
        let fault = push(&reader, &samples("zstd")).unwrap_err();
        assert!(fault.kind == FaultKind::Unauthorised && fault.what.starts_with("begin to put nar/"), "{fault}");
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
            public_keys: vec![public_key(&fake)],
            compression: Some(Compression::Zstd),
        };
        assert_eq!(writer(&fake).greet().unwrap(), expected);
        let absent = open(&cache(&address(&fake, "nowhere"), Some("WRITE"))).greet().unwrap_err();
        assert_eq!(absent, Fault::new(FaultKind::Missing, "get cache/nowhere: 404 Not Found"));
    });
}

#[test]
fn many_hashes_are_asked_about_in_bodies_that_cachix_takes() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("zstd"));
        push(&writer(&fake), &samples).unwrap();
        let mut hashes: Vec<String> = (0..60_000).map(|number| format!("{number:032}")).collect();
        hashes.push(hash(&samples[0]));
        let missing = writer(&fake).missing(&hashes).unwrap();
        assert_eq!(missing.len(), 60_000);
        assert!(!missing.contains(&hash(&samples[0])));
        assert_eq!(fake.server.count("POST /api/v1/cache/fleet/narinfo"), 3);
    });
}

#[test]
fn what_is_given_up_leaves_nothing() {
    with_tokens(|| {
        let (fake, samples) = (fake(true), samples("zstd"));
        let backend = writer(&fake);
        let uploaded = backend.upload(&samples[0].narinfo, &samples[0].packed).unwrap();
        assert_eq!(fake.objects.paths("/uploads/").len(), 1);
        backend.abandon(&uploaded).unwrap();
        backend.abandon(&uploaded).unwrap();
        assert!(fake.objects.paths("/uploads/").is_empty());
        assert!(backend.publish(&samples[0].narinfo, &uploaded).is_err());
        assert_silent(&format!("{backend:?}"));
    });
}

#[test]
fn a_compression_that_cachix_does_not_know_is_refused_here() {
    with_tokens(|| {
        let fake = fake(true);
        let sample = sample("plain", &[], b"plain".to_vec(), "none");
        let fault = writer(&fake).upload(&sample.narinfo, &sample.packed).unwrap_err();
        assert!(fault.kind == FaultKind::Usage && fault.what.ends_with("takes zstd and xz, and not `none`"), "{fault}");
        assert_eq!(fake.server.count("POST"), 0);
    });
}
