//! Attic: a NAR goes there as it is, in one request with what is to be said of its path; the server checks, packs and signs it.

mod location;
mod messages;

use std::collections::HashSet;
use std::io::Read;

use cache_protocol::{Cache, Compression, Fault, FaultKind};

use super::reading::{self, Readable};
use super::{Backend, Greeting, Packed, Uploaded};
use crate::narinfo::NarInfo;
use crate::transport::{Answer, Authorization, Body, Bytes, Client, Method, Request, Settings, Whole};

pub use location::Location;
pub use messages::{CacheConfig, NewCache};
use messages::{MissingPaths, MissingPathsRequest, NarInfoHeader};

/// How many hashes are asked about at once: each is a variable of the server's database query, of which SQLite takes 32,766.
const BATCH: usize = 28_000;
/// From so many bytes on, what is said of a path goes before its NAR, and not into a header: servers bound those.
const LARGEST_HEADER: usize = 4096;

/// A cache of an Attic server.
pub struct Attic {
    location: Location,
    authorization: Authorization,
    client: Client,
}

impl std::fmt::Debug for Attic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Attic({})", self.location.shown())
    }
}

impl Attic {
    /// The cache at `location`, with the token of `cache`; nothing is sent yet.
    ///
    /// # Errors
    /// When a netrc cannot be read.
    pub fn open(cache: &Cache, location: Location, settings: Settings) -> Result<Self, Fault> {
        let authorization = Authorization::find(cache, &location.cache)?;
        Ok(Self { location, authorization, client: Client::new(settings) })
    }

    /// What opens it.
    #[must_use]
    pub fn authorization(&self) -> &Authorization {
        &self.authorization
    }

    /// What the server says of the cache.
    ///
    /// # Errors
    /// When it cannot be asked, or there is no such cache for this token.
    pub fn config(&self) -> Result<CacheConfig, Fault> {
        let url = self.location.call(&["cache-config", &self.location.name])?;
        let request = Request::new(Method::GET, url, format!("get cache-config/{}", self.location.name));
        reading::json(self.client.ask(&request.authorized(&self.authorization))?, "Attic")
    }

    /// Creates the cache; the server makes its key.
    ///
    /// # Errors
    /// When the token may not create caches, or the server does not take it.
    pub fn create(&self, public: bool, priority: Option<i64>) -> Result<(), Fault> {
        let name = &self.location.name;
        let answer = self.send(
            Method::POST,
            &["cache-config", name],
            &NewCache::new(public, priority),
            &format!("create cache `{name}`"),
        )?;
        reading::done(&answer).map_err(|fault| match fault.kind {
            FaultKind::Unauthorised => Fault::new(
                fault.kind,
                format!(
                    "{}: the token needs the permission to create it (`cc`; on the server: `atticadm make-token --create-cache {name} \
                     --pull {name} --push {name} …`); or let the administrator run `attic cache create {name}`",
                    fault.what
                ),
            ),
            _ => fault,
        })
    }

    /// What the server answers to who asks which of no paths are missing: 401 or 403, unless the token may push.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn try_to_push(&self) -> Result<Answer<Vec<u8>>, Fault> {
        let body = MissingPathsRequest { cache: &self.location.name, store_path_hashes: &[] };
        self.send(Method::POST, &["get-missing-paths"], &body, "ask whether the token may push")
    }

    /// What the server answers to a change that changes nothing: 400 if the token may change the cache, 401 or 403 if not.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn try_to_configure(&self) -> Result<Answer<Vec<u8>>, Fault> {
        let nothing = serde_json::json!({});
        self.send(
            Method::PATCH,
            &["cache-config", &self.location.name],
            &nothing,
            "ask whether the cache may be changed",
        )
    }

    fn send(
        &self,
        method: Method,
        parts: &[&str],
        body: &impl serde::Serialize,
        what: &str,
    ) -> Result<Answer<Vec<u8>>, Fault> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Fault::new(FaultKind::Usage, format!("{what}: write it as JSON: {error}")))?;
        let bytes = Bytes(&body);
        let request = Request::new(method, self.location.call(parts)?, what).header("content-type", "application/json");
        self.client.ask(&request.body(&bytes).authorized(&self.authorization))
    }

    fn readable(&self) -> Readable<'_> {
        Readable { address: &self.location.cache, authorization: &self.authorization, client: &self.client }
    }
}

/// What is said of a path, and its NAR behind it.
struct Preambled<'a> {
    preamble: &'a [u8],
    packed: &'a dyn Packed,
}

impl Body for Preambled<'_> {
    fn size(&self) -> u64 {
        self.preamble.len() as u64 + self.packed.size()
    }

    fn open(&self) -> std::io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.preamble.chain(self.packed.open()?)))
    }
}

impl Backend for Attic {
    fn shown(&self) -> String {
        self.location.shown()
    }

    fn greet(&self) -> Result<Greeting, Fault> {
        let config = self.config()?;
        Ok(Greeting {
            exists: true,
            store_dir: config.store_dir,
            priority: config.priority,
            public_keys: config.public_key.into_iter().collect(),
            compression: Some(Compression::None),
        })
    }

    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let mut missing = HashSet::new();
        for batch in hashes.chunks(BATCH) {
            let what = format!("ask {} which of {} paths are missing", self.shown(), batch.len());
            let body = MissingPathsRequest { cache: &self.location.name, store_path_hashes: batch };
            let answer = self.send(Method::POST, &["get-missing-paths"], &body, &what)?;
            missing.extend(reading::json::<MissingPaths>(answer, "Attic")?.missing_paths);
        }
        Ok(missing)
    }

    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        self.readable().narinfo(hash)
    }

    /// What is put together while it is sent has no size that the server could say before: then it is 0, as nobody says it.
    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        self.readable().file_size(narinfo)
    }

    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        self.readable().file(narinfo)
    }

    /// There is nothing to write; but a token that cannot push is better known before the first NAR is read.
    fn prepare(&self, _store_dir: &str) -> Result<(), Fault> {
        reading::done(&self.try_to_push()?)
    }

    fn publishes_with_upload(&self) -> bool {
        true
    }

    fn upload(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault> {
        let what = format!("put {}", narinfo.store_path);
        if narinfo.compression != "none" {
            let why = format!("{what}: Attic takes NARs as they are, and not as `{}`", narinfo.compression);
            return Err(Fault::new(FaultKind::Usage, why));
        }
        let header = NarInfoHeader::new(&self.location.name, narinfo)?;
        let header = serde_json::to_string(&header)
            .map_err(|error| Fault::new(FaultKind::Usage, format!("{what}: write it as JSON: {error}")))?;
        let request = Request::new(Method::PUT, self.location.call(&["upload-path"])?, what)
            .header("content-type", "application/octet-stream")
            .authorized(&self.authorization);
        let answer = if header.len() >= LARGEST_HEADER {
            let body = Preambled { preamble: header.as_bytes(), packed };
            let size = header.len().to_string();
            self.client.ask(&request.header("x-attic-nar-info-preamble-size", size).body(&body))?
        } else {
            self.client.ask(&request.header("x-attic-nar-info", header).body(&Whole(packed)))?
        };
        reading::done(&answer)?;
        Ok(Uploaded::Named)
    }

    /// The upload did it.
    fn publish(&self, _narinfo: &NarInfo, _uploaded: &Uploaded) -> Result<(), Fault> {
        Ok(())
    }
}
