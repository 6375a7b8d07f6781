//! `s3://`: a cache in a bucket of S3 or of what speaks its protocol.

mod creation;
mod credentials;
mod listing;
mod multipart;
mod place;
mod refusal;

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::time::Duration;

use cache_protocol::{Cache, Fault, FaultKind};
pub use rusty_s3::Credentials;
use rusty_s3::S3Action;

use super::{Backend, Greeting, Packed, Uploaded, cache_info};
use crate::narinfo::NarInfo;
use crate::parallel;
use crate::transport::{Answer, Body, Bytes, Client, Method, Request, Settings, Url, Whole, content_md5};
use place::Place;

/// How long a signed request may be underway, retries included; what S3 compares is the time at which it arrives.
const VALID: Duration = Duration::from_secs(60 * 60);

/// A cache in a bucket.
pub struct S3Cache {
    place: Place,
    credentials: Option<Credentials>,
    client: Client,
    parts: multipart::Parts,
    /// Whether `nix-cache-info` can be read, once that was asked.
    readable: OnceLock<bool>,
}

impl S3Cache {
    /// Opens `cache` with the keys of the environment or of a profile; nothing is sent yet.
    ///
    /// # Errors
    /// When its address cannot be read, or the profile cannot.
    pub fn open(cache: &Cache, settings: Settings) -> Result<Self, Fault> {
        let place = Place::parse(&cache.url)?;
        let credentials = credentials::find(place.profile.as_deref(), |name| std::env::var(name).ok())?;
        Ok(Self::at(place, credentials, settings))
    }

    /// Opens the cache at `url` with these keys.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn open_with(url: &str, credentials: Option<Credentials>, settings: Settings) -> Result<Self, Fault> {
        Ok(Self::at(Place::parse(url)?, credentials, settings))
    }

    /// Sends files from `from` bytes on in parts of `length` bytes; S3 itself takes none below 5 MiB, except for the last.
    #[must_use]
    pub fn in_parts(mut self, from: u64, length: u64) -> Self {
        self.parts = multipart::Parts { from, length };
        self
    }

    fn at(place: Place, credentials: Option<Credentials>, settings: Settings) -> Self {
        let client = Client::new(settings);
        Self { place, credentials, client, parts: multipart::Parts::default(), readable: OnceLock::new() }
    }

    /// The name of a file as the bucket knows it.
    fn key(&self, name: &str) -> Result<String, Fault> {
        if name.contains("://") || name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return Err(Fault::new(FaultKind::NotACache, format!("the cache names a file outside itself: `{name}`")));
        }
        Ok(format!("{}{name}", self.place.folder))
    }

    fn fault(&self, answer: &Answer<Vec<u8>>) -> Fault {
        refusal::fault(answer, self.place.bucket.name(), &credentials::hint(self.credentials.as_ref()))
    }

    fn ask(&self, method: Method, url: Url, what: String) -> Result<Answer<Vec<u8>>, Fault> {
        self.client.ask(&Request::new(method, url, what).again_when(refusal::may_pass))
    }

    /// The file, or nothing if it is not there.
    fn get(&self, name: &str) -> Result<Option<Answer<Vec<u8>>>, Fault> {
        let key = self.key(name)?;
        let url = self.place.bucket.get_object(self.credentials.as_ref(), &key).sign(VALID);
        self.present(self.ask(Method::GET, url, format!("get {name}"))?)
    }

    /// What a `HEAD` says of the file, or nothing if it is not there.
    fn head(&self, name: &str) -> Result<Option<Answer<Vec<u8>>>, Fault> {
        let key = self.key(name)?;
        let url = self.place.bucket.head_object(self.credentials.as_ref(), &key).sign(VALID);
        self.present(self.ask(Method::HEAD, url, format!("head {name}"))?)
    }

    /// The answer, or nothing if it says that the file is not there.
    fn present(&self, answer: Answer<Vec<u8>>) -> Result<Option<Answer<Vec<u8>>>, Fault> {
        match answer.status() {
            200..=299 => Ok(Some(answer)),
            404 if refusal::element(&answer.text(), "Code") != Some("NoSuchBucket") => Ok(None),
            403 if answer.clock_ahead().is_none_or(|ahead| ahead.abs() < 60) && self.hides_what_is_absent(&answer) => {
                Ok(None)
            }
            _ => Err(self.fault(&answer)),
        }
    }

    /// S3 answers 403 where there is nothing, to those who may not list the bucket. It is told from a refusal by this: the rest can
    /// be read.
    fn hides_what_is_absent(&self, answer: &Answer<Vec<u8>>) -> bool {
        let readable = *self.readable.get_or_init(|| {
            let Ok(key) = self.key(cache_info::NAME) else { return false };
            let url = self.place.bucket.get_object(self.credentials.as_ref(), &key).sign(VALID);
            self.ask(Method::GET, url, format!("get {}", cache_info::NAME)).is_ok_and(|answer| answer.status() == 200)
        });
        readable && refusal::element(&answer.text(), "Code").is_none_or(|code| code == "AccessDenied")
    }

    fn put(&self, name: &str, kind: &str, body: &dyn Body) -> Result<(), Fault> {
        let key = self.key(name)?;
        let local = |error: io::Error| Fault::new(FaultKind::Local, format!("put {name}: read what is sent: {error}"));
        let sum = content_md5(body).map_err(local)?;
        let mut action = self.place.bucket.put_object(self.credentials.as_ref(), &key);
        action.headers_mut().insert("content-md5", sum.clone());
        let request = Request::new(Method::PUT, action.sign(VALID), format!("put {name}"))
            .header("content-md5", sum)
            .header("content-type", kind)
            .again_when(refusal::may_pass)
            .body(body);
        let answer = self.client.ask(&request)?;
        if (200..300).contains(&answer.status()) { Ok(()) } else { Err(self.fault(&answer)) }
    }

    /// Which of `hashes` a listing says are missing, and which it says nothing about.
    fn list(&self, hashes: &[String]) -> Result<(HashSet<String>, Vec<String>), Fault> {
        let mut sought = listing::Sought::new(hashes);
        for _ in 0..listing::pages(hashes.len(), self.client.settings().in_flight) {
            let Some(after) = sought.after() else { break };
            let mut action = self.place.bucket.list_objects_v2(self.credentials.as_ref());
            action.with_prefix(self.place.folder.clone());
            action.with_delimiter("/");
            action.with_start_after(format!("{}{after}", self.place.folder));
            let answer = self.ask(Method::GET, action.sign(VALID), "list the bucket".to_owned())?;
            match answer.status() {
                200..=299 => {}
                // One who may read need not be one who may list.
                403 => break,
                _ => return Err(self.fault(&answer)),
            }
            let text = answer.text();
            let Some(truncated) = refusal::element(&text, "IsTruncated") else {
                return Err(answer.no_cache("no listing"));
            };
            // Only the files of the folder itself are listed, and the names of those that matter are never encoded.
            let names: Vec<&str> =
                refusal::elements(&text, "Key").filter_map(|key| key.rsplit(['/', '%']).next()).collect();
            sought.page(&names, truncated != "true");
        }
        Ok(sought.end())
    }
}

impl Backend for S3Cache {
    fn shown(&self) -> String {
        self.place.shown.clone()
    }

    fn greet(&self) -> Result<Greeting, Fault> {
        let Some(answer) = self.get(cache_info::NAME)? else { return Ok(Greeting::default()) };
        cache_info::parse(&answer.text()).map_err(|fault| answer.no_cache(&fault.what))
    }

    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let (mut missing, unknown) = self.list(hashes)?;
        let found = parallel::for_each(&unknown, self.client.settings().in_flight, |hash| {
            self.head(&format!("{hash}.narinfo")).map(|answer| answer.is_some())
        })?;
        for (hash, found) in unknown.iter().zip(found) {
            if !found? {
                missing.insert(hash.clone());
            }
        }
        Ok(missing)
    }

    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        let Some(answer) = self.get(&format!("{hash}.narinfo"))? else { return Ok(None) };
        NarInfo::parse(&answer.text()).map(Some).map_err(|fault| answer.no_cache(&fault.what))
    }

    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        let Some(answer) = self.head(&narinfo.url)? else { return Ok(None) };
        answer.length().map(Some).ok_or_else(|| answer.no_cache("how long the file is it does not say"))
    }

    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        let key = self.key(&narinfo.url)?;
        let url = self.place.bucket.get_object(self.credentials.as_ref(), &key).sign(VALID);
        let request = Request::new(Method::GET, url, format!("get {}", narinfo.url));
        Ok(self.client.stream(&request)?.success()?.body)
    }

    fn prepare(&self, store_dir: &str) -> Result<(), Fault> {
        if self.greet()?.exists {
            return Ok(());
        }
        self.put(cache_info::NAME, "text/x-nix-cache-info", &Bytes(cache_info::text(store_dir).as_bytes()))
    }

    fn upload(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault> {
        if packed.size() < self.parts.from {
            self.put(&narinfo.url, "application/x-nix-nar", &Whole(packed))?;
        } else {
            self.put_parts(&narinfo.url, packed)?;
        }
        Ok(Uploaded::Named)
    }

    fn publish(&self, narinfo: &NarInfo, _uploaded: &Uploaded) -> Result<(), Fault> {
        let Some(hash) = crate::store_path::hash(&narinfo.store_path) else {
            return Err(Fault::new(FaultKind::Usage, format!("`{}` is no store path", narinfo.store_path)));
        };
        self.put(&format!("{hash}.narinfo"), "text/x-nix-narinfo", &Bytes(narinfo.text().as_bytes()))
    }
}
