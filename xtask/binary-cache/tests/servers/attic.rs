//! A fake of Attic, whose server cannot be had: configuration of caches, the question what is missing, uploads, and what Nix reads.
//!
//! Calls, answers and permissions are those of the server's sources (`api/v1`, `api/binary_cache.rs`, `error.rs`): a token that is
//! not valid counts as none; who may nothing learns not even whether there is a cache (401), who may something learns what it may not
//! (403); a narinfo has its hash in hexadecimal, signed in base 32, and names neither size nor hash of its file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use binary_cache::narinfo::NarInfo;
use binary_cache::signature::SigningKey;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::http::{Asked, Reply, Server, Service};

/// Bytes of a header that the servers in front of Attic take.
const LARGEST_HEADER: usize = 8 << 10;

/// A cache.
pub struct Cache {
    pub public: bool,
    pub key: SigningKey,
    pub priority: i64,
    /// The folder that its store paths name.
    pub store_dir: String,
    /// Narinfo, and NAR, by hash.
    pub paths: BTreeMap<String, (NarInfo, Vec<u8>)>,
}

#[derive(Default)]
struct State {
    caches: BTreeMap<String, Cache>,
    /// What a token may, of `r`, `w`, `cc` and `cr`, by token.
    grants: BTreeMap<String, (&'static str, &'static [&'static str])>,
}

pub struct Attic {
    url: String,
    state: Mutex<State>,
}

pub struct FakeAttic {
    pub server: Server,
    attic: Arc<Attic>,
}

impl FakeAttic {
    pub fn start() -> Self {
        let (server, attic) = Server::start(|url| Attic { url: url.to_owned(), state: Mutex::default() });
        Self { server, attic }
    }

    /// `attic+http://…/CACHE`.
    pub fn cache(&self, name: &str) -> String {
        format!("attic+{}/{name}", self.server.url())
    }

    pub fn grant(&self, token: &str, cache: &'static str, permissions: &'static [&'static str]) {
        self.attic.state().grants.insert(token.to_owned(), (cache, permissions));
    }

    pub fn add(&self, name: &str, public: bool) {
        let cache = Cache::new(name, public, 41, "/nix/store");
        self.attic.state().caches.insert(name.to_owned(), cache);
    }

    pub fn with<T>(&self, name: &str, look: impl FnOnce(&mut Cache) -> T) -> T {
        look(self.attic.state().caches.get_mut(name).unwrap())
    }
}

impl Cache {
    fn new(name: &str, public: bool, priority: i64, store_dir: &str) -> Self {
        let key = SigningKey::from_seed(name, [9; 32]);
        Self { public, key, priority, store_dir: store_dir.to_owned(), paths: BTreeMap::new() }
    }
}

fn fault(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({"code": status, "error": error, "message": format!("{error}.")}))
}

impl Attic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Nothing, if `wanted` may be done with the cache `name`.
    fn require(&self, name: &str, wanted: &str, asked: &Asked) -> Result<(), Reply> {
        let state = self.state();
        let grant = asked.token().and_then(|token| state.grants.get(&token).copied());
        let mut may: Vec<&str> = grant.filter(|grant| grant.0 == name).map_or(Vec::new(), |grant| grant.1.to_vec());
        let cache = state.caches.get(name);
        if cache.is_some_and(|cache| cache.public) {
            may.push("r");
        }
        match cache {
            None if wanted != "cc" => {
                Err(if may.is_empty() { fault(401, "Unauthorized") } else { fault(404, "NoSuchCache") })
            }
            _ if may.contains(&wanted) => Ok(()),
            _ if may.is_empty() => Err(fault(401, "Unauthorized")),
            _ => Err(fault(403, "AccessError")),
        }
    }

    fn configuration(&self, name: &str, asked: &Asked) -> Result<Reply, Reply> {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let public = body["is_public"].as_bool();
        let priority = body["priority"].as_i64();
        match asked.method.as_str() {
            "GET" => {
                self.require(name, "r", asked)?;
                let state = self.state();
                let cache = &state.caches[name];
                let answer = json!({
                    "substituter_endpoint": format!("{}/{name}", self.url), "api_endpoint": format!("{}/", self.url),
                    "public_key": cache.key.public(), "is_public": cache.public, "store_dir": cache.store_dir,
                    "priority": cache.priority, "upstream_cache_key_names": ["cache.nixos.org-1"],
                    "retention_period": "Global",
                });
                Ok(Reply::json(200, &answer))
            }
            "POST" => {
                self.require(name, "cc", asked)?;
                let names = body["upstream_cache_key_names"].as_array();
                let (Some(public), Some(priority), Some(_), Some("Generate"), Some(store_dir)) =
                    (public, priority, names, body["keypair"].as_str(), body["store_dir"].as_str())
                else {
                    return Err(Reply::status(422));
                };
                let mut state = self.state();
                if state.caches.contains_key(name) {
                    return Err(fault(400, "CacheAlreadyExists"));
                }
                state.caches.insert(name.to_owned(), Cache::new(name, public, priority, store_dir));
                Ok(Reply::status(200))
            }
            "PATCH" => {
                self.require(name, "cr", asked)?;
                if public.is_none() && priority.is_none() {
                    return Err(fault(400, "RequestError"));
                }
                let mut state = self.state();
                let cache = state.caches.get_mut(name).ok_or_else(|| Reply::status(404))?;
                cache.public = public.unwrap_or(cache.public);
                cache.priority = priority.unwrap_or(cache.priority);
                Ok(Reply::status(200))
            }
            _ => Err(Reply::status(405)),
        }
    }

    fn missing(&self, asked: &Asked) -> Result<Reply, Reply> {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let name = body["cache"].as_str().ok_or_else(|| Reply::status(422))?;
        let hashes = body["store_path_hashes"].as_array().ok_or_else(|| Reply::status(422))?;
        self.require(name, "w", asked)?;
        let state = self.state();
        let there = &state.caches[name].paths;
        let missing: Vec<&Value> =
            hashes.iter().filter(|hash| !there.contains_key(hash.as_str().unwrap_or_default())).collect();
        Ok(Reply::json(200, &json!({"missing_paths": missing})))
    }

    fn upload(&self, asked: &Asked) -> Result<Reply, Reply> {
        let size = asked.header("x-attic-nar-info-preamble-size").map(|size| size.parse::<usize>().unwrap());
        let (info, nar) = match (size, asked.header("x-attic-nar-info")) {
            (Some(size), _) => asked.body.split_at(size.min(asked.body.len())),
            (None, Some(info)) if info.len() > LARGEST_HEADER => return Err(Reply::status(431)),
            (None, Some(info)) => (info.as_bytes(), asked.body.as_slice()),
            (None, None) => return Err(fault(400, "RequestError")),
        };
        let info: Value = serde_json::from_slice(info).map_err(|_| fault(400, "RequestError"))?;
        let text = |field: &str| info[field].as_str().map(str::to_owned).ok_or_else(|| fault(400, "RequestError"));
        let (name, hash, nar_hash) = (text("cache")?, text("store_path_hash")?, text("nar_hash")?);
        self.require(&name, "w", asked)?;
        let digest = Sha256::digest(nar);
        if nar_hash != format!("sha256:{}", HEXLOWER.encode(&digest))
            || info["nar_size"].as_u64() != Some(nar.len() as u64)
        {
            return Err(fault(400, "RequestError"));
        }
        let bases = info["references"].as_array().ok_or_else(|| fault(400, "RequestError"))?;
        let narinfo = NarInfo {
            store_path: text("store_path")?,
            url: format!("nar/{hash}.nar"),
            compression: "none".to_owned(),
            nar_hash: format!("sha256:{}", binary_cache::base32::encode(&digest)),
            nar_size: nar.len() as u64,
            references: bases.iter().filter_map(|base| Some(base.as_str()?.to_owned())).collect(),
            deriver: info["deriver"].as_str().map(str::to_owned),
            ca: info["ca"].as_str().map(str::to_owned),
            ..NarInfo::default()
        };
        self.state().caches.get_mut(&name).unwrap().paths.insert(hash, (narinfo, nar.to_vec()));
        Ok(Reply::json(200, &json!({"kind": "Uploaded", "file_size": nar.len(), "frac_deduplicated": 0.0})))
    }

    fn read(&self, name: &str, rest: &[&str], asked: &Asked) -> Result<Reply, Reply> {
        self.require(name, "r", asked)?;
        let state = self.state();
        let cache = &state.caches[name];
        let absent = || fault(404, "NoSuchObject");
        let found = |file: &str| cache.paths.get(file.split('.').next().unwrap_or_default()).ok_or_else(absent);
        match rest {
            ["nix-cache-info"] => {
                let (store_dir, priority) = (&cache.store_dir, cache.priority);
                let text = format!("WantMassQuery: 1\nStoreDir: {store_dir}\nPriority: {priority}\n");
                Ok(Reply::text(200, text))
            }
            // A file that is put together while it is sent has no length that could be said before.
            ["nar", file] => {
                found(file).map(|path| Reply::text(200, path.1.clone()).with("Transfer-Encoding", "chunked"))
            }
            [file] if file.ends_with(".narinfo") => {
                let mut narinfo = found(file)?.0.clone();
                narinfo.signatures = vec![cache.key.sign(&narinfo.fingerprint())];
                let digest = narinfo.nar_hash.strip_prefix("sha256:").and_then(binary_cache::base32::decode);
                narinfo.nar_hash = format!("sha256:{}", HEXLOWER.encode(&digest.unwrap_or_default()));
                Ok(Reply::text(200, narinfo.text()))
            }
            _ => Err(fault(404, "NotFound")),
        }
    }
}

impl Service for Attic {
    fn answer(&self, asked: &Asked) -> Reply {
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        let reply = match (asked.method.as_str(), parts.as_slice()) {
            (_, ["_api", "v1", "cache-config", name]) => self.configuration(name, asked),
            ("POST", ["_api", "v1", "get-missing-paths"]) => self.missing(asked),
            ("PUT", ["_api", "v1", "upload-path"]) => self.upload(asked),
            ("GET" | "HEAD", [name, rest @ ..]) => self.read(name, rest, asked),
            _ => Err(fault(404, "NotFound")),
        };
        reply.unwrap_or_else(|reply| reply)
    }
}
