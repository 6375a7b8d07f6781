//! A fake of Cachix, whose server cannot be had: the calls of `/api/v1` that a push, a probe and a provision make, and those that
//! Nix makes.
//!
//! Calls, fields, encodings and limits are those of Cachix's own client (`Cachix.API`, `Cachix.Types.*`, `Push.S3`); `/user` and
//! the creation of a cache are those of public scripts. See `client` for the state, and `objects` for the store of the parts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use binary_cache::signature::SigningKey;
use serde_json::{Value, json};

use crate::http::{Asked, Reply, Server, Service};
use crate::objects::Objects;

#[path = "cachix_uploads.rs"]
mod uploads;

/// Bytes that a body of JSON may have.
const LARGEST_BODY: usize = 1 << 20;

/// What a token opens.
#[derive(Debug, Clone)]
pub enum Grant {
    /// Everything of the account, caches to be created included.
    Personal,
    /// One cache, with `Read`, `Write` or `Admin`.
    Cache(&'static str, &'static str),
}

/// A cache.
pub struct Cache {
    pub public: bool,
    /// The folder that its store paths name: Cachix knows `/nix/store` alone, and tests have their own.
    pub store_dir: String,
    /// Signs by itself what has no signature of its own.
    pub managed: Option<SigningKey>,
    /// Public keys of those who sign by themselves, without a name.
    pub own_keys: Vec<String>,
    /// Narinfos by hash.
    pub narinfos: BTreeMap<String, String>,
    /// Uploads that are not complete: cache, upload id and extension by NAR id.
    pub uploads: BTreeMap<String, (String, String)>,
}

#[derive(Default)]
struct State {
    caches: BTreeMap<String, Cache>,
    grants: BTreeMap<String, Grant>,
    serial: u64,
}

/// The fake's state behind its server.
pub struct Cachix {
    url: String,
    objects: Arc<Objects>,
    state: Mutex<State>,
}

/// The server, with its object store on another port.
pub struct FakeCachix {
    pub server: Server,
    pub store: Server,
    pub objects: Arc<Objects>,
    pub cachix: Arc<Cachix>,
}

impl FakeCachix {
    pub fn start() -> Self {
        let (store, objects) = Server::start(Objects::new);
        let behind = Arc::clone(&objects);
        let (server, cachix) =
            Server::start(|url| Cachix { url: url.to_owned(), objects: behind, state: Mutex::default() });
        Self { server, store, objects, cachix }
    }

    /// Where the calls are.
    pub fn api(&self) -> String {
        format!("{}/api/v1", self.server.url())
    }

    pub fn grant(&self, token: &str, grant: Grant) {
        self.cachix.state().grants.insert(token.to_owned(), grant);
    }

    /// Adds a cache that signs by itself, or one whose users do.
    pub fn add(&self, name: &str, public: bool, managed: bool) {
        let managed = managed.then(|| SigningKey::from_seed(&format!("{name}.cachix.org-1"), [7; 32]));
        self.cachix.state().caches.insert(name.to_owned(), Cache::new(public, managed));
    }

    /// Looks at a cache, or changes it.
    pub fn with<T>(&self, name: &str, look: impl FnOnce(&mut Cache) -> T) -> T {
        look(self.cachix.state().caches.get_mut(name).unwrap())
    }
}

impl Cache {
    fn new(public: bool, managed: Option<SigningKey>) -> Self {
        let (own_keys, narinfos, uploads) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { public, store_dir: "/nix/store".to_owned(), managed, own_keys, narinfos, uploads }
    }
}

impl Cachix {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn user(&self, asked: &Asked) -> Reply {
        match asked.token().and_then(|token| self.state().grants.get(&token).cloned()) {
            Some(Grant::Personal) => Reply::json(200, &json!({"id": 42, "githubUsername": "user", "email": null})),
            Some(Grant::Cache(..)) => Reply::status(403),
            None => Reply::status(401),
        }
    }

    fn create(&self, name: &str, asked: &Asked) -> Reply {
        let mut state = self.state();
        match asked.token().and_then(|token| state.grants.get(&token).cloned()) {
            Some(Grant::Personal) => {}
            Some(Grant::Cache(..)) => return Reply::status(403),
            None => return Reply::status(401),
        }
        let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else { return Reply::status(400) };
        let (Some(public), Some(sign)) = (body["isPublic"].as_bool(), body["generateSigningKey"].as_bool()) else {
            return Reply::text(400, "isPublic and generateSigningKey");
        };
        if body["accountID"] != json!(42) {
            return Reply::text(400, "accountID");
        }
        if state.caches.contains_key(name) {
            return Reply::status(409);
        }
        let managed = sign.then(|| SigningKey::from_seed(&format!("{name}.cachix.org-1"), [7; 32]));
        state.caches.insert(name.to_owned(), Cache::new(public, managed));
        Reply::status(200)
    }

    /// `Read`, `Write` or `Admin`, or why there is no permission.
    fn permission(&self, name: &str, asked: &Asked) -> Result<&'static str, Reply> {
        let state = self.state();
        let grant = match asked.token() {
            Some(token) => Some(state.grants.get(&token).ok_or_else(|| Reply::status(401))?),
            None => None,
        };
        let cache = state.caches.get(name).ok_or_else(|| Reply::status(404))?;
        match grant {
            Some(Grant::Personal) => Ok("Admin"),
            Some(Grant::Cache(of, permission)) if *of == name => Ok(permission),
            _ if cache.public => Ok("Read"),
            _ => Err(Reply::status(401)),
        }
    }

    fn info(&self, name: &str, permission: &str) -> Reply {
        let state = self.state();
        let cache = &state.caches[name];
        let own = cache.own_keys.iter().map(|key| format!("{name}.cachix.org-1:{key}"));
        let keys: Vec<String> = cache.managed.iter().map(SigningKey::public).chain(own).collect();
        let answer = json!({
            "name": name, "uri": format!("{}/api/v1/cache/{name}", self.url), "isPublic": cache.public,
            "publicSigningKeys": keys, "githubUsername": "user", "permission": permission,
            "preferredCompressionMethod": "ZSTD",
        });
        Reply::json(200, &answer)
    }

    fn missing(&self, name: &str, body: &[u8]) -> Reply {
        let Ok(hashes) = serde_json::from_slice::<Vec<String>>(body) else { return Reply::status(400) };
        let state = self.state();
        let there = &state.caches[name].narinfos;
        let missing: Vec<&String> = hashes.iter().filter(|hash| !there.contains_key(*hash)).collect();
        Reply::json(200, &json!(missing))
    }

    fn read(&self, name: &str, rest: &[&str]) -> Reply {
        match rest {
            ["nix-cache-info"] => {
                let store_dir = &self.state().caches[name].store_dir;
                Reply::text(200, format!("StoreDir: {store_dir}\nWantMassQuery: 1\nPriority: 41\n"))
            }
            ["nar", file] => {
                let path = format!("/files/{name}/{file}");
                match self.objects.get(&path) {
                    Some(_) => Reply::status(302).with("Location", &self.objects.presigned("GET", &path, "")),
                    None => Reply::status(404),
                }
            }
            [file] if file.ends_with(".narinfo") => {
                let state = self.state();
                let narinfo = state.caches[name].narinfos.get(file.trim_end_matches(".narinfo"));
                narinfo.map_or(Reply::status(404), |text| Reply::text(200, text.clone()))
            }
            _ => Reply::status(404),
        }
    }
}

impl Service for Cachix {
    fn answer(&self, asked: &Asked) -> Reply {
        let Some(path) = asked.path.strip_prefix("/api/v1/") else { return Reply::status(404) };
        let parts: Vec<&str> = path.split('/').collect();
        if asked.method == "POST" && asked.body.len() > LARGEST_BODY {
            return Reply::status(413);
        }
        let (name, rest) = match parts.as_slice() {
            ["user"] if asked.method == "GET" => return self.user(asked),
            ["cache", name] if asked.method == "POST" => return self.create(name, asked),
            ["cache", name, rest @ ..] => (*name, rest),
            _ => return Reply::status(404),
        };
        let permission = match self.permission(name, asked) {
            Ok(permission) => permission,
            Err(reply) => return reply,
        };
        match (asked.method.as_str(), rest) {
            ("GET", []) => self.info(name, permission),
            ("GET" | "HEAD", rest) => self.read(name, rest),
            ("POST", ["narinfo"]) => self.missing(name, &asked.body),
            ("POST", _) if permission == "Read" => Reply::status(403),
            ("POST", ["key"]) => self.add_key(name, asked),
            ("POST", ["multipart-nar"]) => self.start(name, asked),
            ("POST", ["multipart-nar", nar]) => self.part(name, nar, asked),
            ("POST", ["multipart-nar", nar, "complete"]) => self.complete(name, nar, asked),
            ("POST", ["multipart-nar", nar, "abort"]) => self.abort(name, nar, asked),
            _ => Reply::status(404),
        }
    }
}
