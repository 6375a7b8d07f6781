//! Where whole pushes of the program go: either fake, with what is visible in it looked at as nobody's client.

use std::collections::BTreeMap;

use binary_cache::base32;
use binary_cache::narinfo::NarInfo;
use cache_protocol::{Cache, PushRequest, Token};
use sha2::{Digest as _, Sha256};

use crate::attic::FakeAttic;
use crate::cachix::FakeCachix;
use crate::http::Server;
use crate::place::token;
use crate::quiet::quiet;
use crate::sandbox::{Sandbox, TestNix};
use crate::{attic_push, cachix_push};

/// The paths that are pushed: two layers of the test's closure, and what refers to the upper one.
pub const PATHS: usize = 63;

/// A fake with the cache `fleet` for the store of a sandbox.
pub enum Target {
    Attic(FakeAttic),
    Cachix(FakeCachix),
}

impl Target {
    /// One of each.
    pub fn all(sandbox: &Sandbox) -> [Self; 2] {
        let store_dir = sandbox.local_store().folder.display().to_string();
        let (attic, cachix) = (attic_push::fake(true), cachix_push::fake(true));
        attic.with("fleet", |cache| cache.store_dir.clone_from(&store_dir));
        cachix.with("fleet", |cache| cache.store_dir.clone_from(&store_dir));
        [Self::Attic(attic), Self::Cachix(cachix)]
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Attic(_) => "Attic",
            Self::Cachix(_) => "Cachix",
        }
    }

    /// `request` with this cache as its destination, which signs by itself.
    pub fn request(&self, request: &PushRequest) -> PushRequest {
        let url = match self {
            Self::Attic(fake) => fake.cache("fleet"),
            Self::Cachix(fake) => cachix_push::address(fake, "fleet"),
        };
        let token = Some(Token { variable: "WRITE".to_owned() });
        let mut request = request.clone();
        request.plan.cache = Cache { url, token, public_keys: Vec::new(), signing_key: None, netrc: Vec::new() };
        request
    }

    /// Where Nix reads it, and the key that it believes.
    pub fn read_at(&self) -> (String, String) {
        match self {
            Self::Attic(fake) => {
                (format!("{}/fleet", fake.server.url()), fake.with("fleet", |cache| cache.key.public()))
            }
            Self::Cachix(fake) => {
                let key = fake.with("fleet", |cache| cache.managed.as_ref().unwrap().public());
                (format!("{}/cache/fleet", fake.api()), key)
            }
        }
    }

    /// The server that is asked, and where Cachix keeps files.
    pub fn servers(&self) -> Vec<&Server> {
        match self {
            Self::Attic(fake) => vec![&fake.server],
            Self::Cachix(fake) => vec![&fake.server, &fake.store],
        }
    }

    /// How many requests there were.
    pub fn seen(&self) -> usize {
        self.servers().iter().map(|server| server.seen()).sum()
    }

    /// Waits until what was sent has arrived.
    pub fn quiet(&self) {
        self.servers().iter().for_each(|server| quiet(server.address));
    }

    /// Takes everything away that was pushed.
    pub fn clear(&self) {
        match self {
            Self::Attic(fake) => fake.with("fleet", |cache| cache.paths.clear()),
            Self::Cachix(fake) => {
                fake.with("fleet", |cache| {
                    cache.narinfos.clear();
                    cache.uploads.clear();
                });
                for path in fake.objects.paths("/") {
                    fake.objects.remove(&path);
                }
            }
        }
    }

    /// Uploads that were begun and neither completed nor given up.
    pub fn unfinished(&self) -> usize {
        match self {
            Self::Attic(_) => 0,
            Self::Cachix(fake) => fake.with("fleet", |cache| cache.uploads.len()),
        }
    }

    /// How many paths are visible. Fails the test unless the cache is whole: every path that one refers to is visible, and every
    /// file is there with the size and the hash that are said of it.
    #[track_caller]
    pub fn whole(&self) -> usize {
        let visible = self.visible();
        for (narinfo, file) in visible.values() {
            for reference in &narinfo.references {
                assert!(visible.contains_key(reference), "`{}` refers to `{reference}`", narinfo.store_path);
            }
            let size = narinfo.file_size.unwrap_or(narinfo.nar_size);
            assert_eq!(file.len() as u64, size, "{}", narinfo.store_path);
            let hash = narinfo.file_hash.as_ref().unwrap_or(&narinfo.nar_hash);
            let digest = format!("sha256:{}", base32::encode(&Sha256::digest(file)));
            assert_eq!(binary_cache::hash_text::canonical(hash), digest, "{}", narinfo.store_path);
        }
        visible.len()
    }

    /// What is said of each visible path, and its file, by base name.
    fn visible(&self) -> BTreeMap<String, (NarInfo, Vec<u8>)> {
        let found: Vec<(NarInfo, Vec<u8>)> = match self {
            Self::Attic(fake) => fake.with("fleet", |cache| cache.paths.values().cloned().collect()),
            Self::Cachix(fake) => {
                let texts: Vec<String> = fake.with("fleet", |cache| cache.narinfos.values().cloned().collect());
                let narinfos = texts.iter().map(|text| NarInfo::parse(text).unwrap());
                let file = |narinfo: &NarInfo| {
                    let name = narinfo.url.trim_start_matches("nar/");
                    fake.objects.get(&format!("/files/fleet/{name}")).unwrap()
                };
                narinfos.map(|narinfo| (narinfo.clone(), file(&narinfo))).collect()
            }
        };
        let base = |narinfo: &NarInfo| narinfo.store_path.rsplit_once('/').unwrap().1.to_owned();
        found.into_iter().map(|(narinfo, file)| (base(&narinfo), (narinfo, file))).collect()
    }
}

/// A place whose commands have the token that pushes, a closure of small paths there, and the request to push it.
pub fn place() -> (Sandbox, PushRequest) {
    let mut sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.set("WRITE", &token("WRITE"));
    let all = sandbox.small_paths(PATHS, 3_000);
    let request = sandbox.push_request(&[&all]);
    (sandbox, request)
}
