//! Cachix: NARs go in parts to an object store under addresses that Cachix signs; one call completes an upload and publishes its path.

mod account;
mod location;
mod messages;
mod upload;

use std::collections::HashSet;
use std::io::Read;

use cache_protocol::{Cache, Fault, FaultKind, Permission};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::reading::{self, Readable};
use super::{Backend, Greeting, Packed, Uploaded};
use crate::key_source;
use crate::narinfo::NarInfo;
use crate::signature::SigningKey;
use crate::transport::{Address, Answer, Authorization, Bytes, Client, Method, Request, Settings, Url};

pub use location::Location;
pub use messages::CacheInfo;
use messages::{BATCH, Completed, CompletedPart, NarInfoCreate};

/// A cache of Cachix.
pub struct Cachix {
    location: Location,
    /// The cache as Nix reads it, through the API: without what the delivery network in front of `NAME.cachix.org` remembers.
    address: Address,
    authorization: Authorization,
    signing: Option<SigningKey>,
    client: Client,
}

impl Cachix {
    /// The cache at `location`, with the token and the signing key of `cache`; nothing is sent yet.
    ///
    /// # Errors
    /// When a netrc or the signing key cannot be read.
    pub fn open(cache: &Cache, location: Location, settings: Settings) -> Result<Self, Fault> {
        let signing = key_source::signing_key(cache)?;
        let authorization = location.authorization(cache)?;
        let address = Address::parse(location.call(&["cache", &location.name], &[])?.as_str())?;
        Ok(Self { location, address, authorization, signing, client: Client::new(settings) })
    }

    /// What opens it.
    #[must_use]
    pub fn authorization(&self) -> &Authorization {
        &self.authorization
    }

    /// Itself, for somebody who has no token.
    #[must_use]
    pub fn anonymous(&self, settings: Settings) -> Self {
        Self {
            location: self.location.clone(),
            address: self.address.clone(),
            authorization: Authorization::Nothing("on purpose".to_owned()),
            signing: None,
            client: Client::new(settings),
        }
    }

    /// What Cachix says of the cache.
    ///
    /// # Errors
    /// When it cannot be asked, or there is no such cache for this token.
    pub fn info(&self) -> Result<CacheInfo, Fault> {
        self.get(&["cache", &self.location.name], &format!("get cache/{}", self.location.name))
    }

    fn readable(&self) -> Readable<'_> {
        Readable { address: &self.address, authorization: &self.authorization, client: &self.client }
    }

    fn get<T: DeserializeOwned>(&self, parts: &[&str], what: &str) -> Result<T, Fault> {
        let request = Request::new(Method::GET, self.location.call(parts, &[])?, what);
        reading::json(self.client.ask(&request.authorized(&self.authorization))?, "Cachix")
    }

    /// The URL of a call about the cache.
    fn call(&self, parts: &[&str], query: &[(&str, &str)]) -> Result<Url, Fault> {
        self.location.call(&[&["cache", self.location.name.as_str()], parts].concat(), query)
    }

    /// Posts `body` and hands back whatever is answered.
    fn post(&self, url: Url, body: &impl Serialize, what: &str) -> Result<Answer<Vec<u8>>, Fault> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Fault::new(FaultKind::Usage, format!("{what}: write it as JSON: {error}")))?;
        let bytes = Bytes(&body);
        let request = Request::new(Method::POST, url, what).header("content-type", "application/json").body(&bytes);
        self.client.ask(&request.authorized(&self.authorization))
    }

    /// Whether the path of `narinfo` is visible as it should be: what an answer that was lost would have said.
    fn is_published(&self, narinfo: &NarInfo) -> Result<bool, Fault> {
        let Some(hash) = crate::store_path::hash(&narinfo.store_path) else { return Ok(false) };
        Ok(self.narinfo(hash)?.is_some_and(|there| there.nar_hash == crate::hash_text::canonical(&narinfo.nar_hash)))
    }
}

impl Backend for Cachix {
    fn shown(&self) -> String {
        self.location.shown()
    }

    fn greet(&self) -> Result<Greeting, Fault> {
        let info = self.info()?;
        Ok(Greeting {
            compression: info.compression(),
            public_keys: info.public_signing_keys,
            ..self.readable().greeting()?
        })
    }

    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let mut missing = HashSet::new();
        for batch in hashes.chunks(BATCH) {
            let what = format!("ask {} which of {} paths are missing", self.shown(), batch.len());
            let answer = self.post(self.call(&["narinfo"], &[])?, &batch, &what)?;
            missing.extend(reading::json::<Vec<String>>(answer, "Cachix")?);
        }
        Ok(missing)
    }

    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        self.readable().narinfo(hash)
    }

    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        self.readable().file_size(narinfo)
    }

    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        self.readable().file(narinfo)
    }

    /// There is nothing to write; but a token that cannot push is better known before the first NAR is packed.
    fn prepare(&self, _store_dir: &str) -> Result<(), Fault> {
        match self.info()?.permission() {
            Some(Permission::Read) => Err(Fault::new(
                FaultKind::Unauthorised,
                format!("push to {}: the token may only read it, and needs the permission Write", self.shown()),
            )),
            _ => Ok(()),
        }
    }

    fn upload(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault> {
        self.send(narinfo, packed)
    }

    fn publish(&self, narinfo: &NarInfo, uploaded: &Uploaded) -> Result<(), Fault> {
        let Uploaded::Parts { nar, upload, tags } = uploaded else {
            return Err(Fault::new(
                FaultKind::Usage,
                format!("publish {} at Cachix: its file was not uploaded in parts", narinfo.store_path),
            ));
        };
        let parts = tags.iter().enumerate();
        let parts = parts.map(|(index, tag)| CompletedPart { part_number: index + 1, e_tag: tag.clone() });
        let signature = self.signing.as_ref().map(|key| key.sign(&narinfo.fingerprint()));
        let nar_info_create = NarInfoCreate::new(narinfo, signature.as_deref())?;
        let url = self.call(&["multipart-nar", nar, "complete"], &[("uploadId", upload)])?;
        let what = format!("publish {}", narinfo.store_path);
        let answer = self.post(url, &Completed { parts: parts.collect(), nar_info_create }, &what)?;
        // An answer that was lost leaves an upload that is not there any more, and a path that is.
        if matches!(answer.status(), 400 | 404 | 409) && self.is_published(narinfo)? {
            return Ok(());
        }
        reading::done(&answer)
    }

    fn abandon(&self, uploaded: &Uploaded) -> Result<(), Fault> {
        let Uploaded::Parts { nar, upload, .. } = uploaded else { return Ok(()) };
        let url = self.call(&["multipart-nar", nar, "abort"], &[("uploadId", upload)])?;
        let request = Request::new(Method::POST, url, "give up an upload at Cachix").authorized(&self.authorization);
        let answer = self.client.ask(&request)?;
        // It is gone already: given up twice, or completed.
        if answer.status() == 404 { Ok(()) } else { reading::done(&answer) }
    }
}

impl std::fmt::Debug for Cachix {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Cachix({})", self.location.shown())
    }
}
