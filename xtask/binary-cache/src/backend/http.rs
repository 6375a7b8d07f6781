//! `http://` and `https://`: any server of files that takes `PUT`, or none for a cache that is only read.

use std::collections::HashSet;
use std::io::Read;
use std::sync::OnceLock;

use cache_protocol::{Cache, Fault, FaultKind};

use super::{Backend, Greeting, Packed, Uploaded, cache_info};
use crate::narinfo::NarInfo;
use crate::parallel;
use crate::transport::{Address, Answer, Authorization, Bytes, Client, Method, Request, Settings, Url, Whole};

/// A cache behind HTTP.
pub struct HttpCache {
    address: Address,
    authorization: Authorization,
    client: Client,
    /// Whether `nix-cache-info` can be read, once that was asked.
    readable: OnceLock<bool>,
}

impl HttpCache {
    /// Opens `cache`; nothing is sent yet.
    ///
    /// # Errors
    /// When its address cannot be read, or a netrc cannot.
    pub fn open(cache: &Cache, settings: Settings) -> Result<Self, Fault> {
        let address = Address::parse(&cache.url)?;
        let authorization = Authorization::find(cache, &address)?;
        Ok(Self { address, authorization, client: Client::new(settings), readable: OnceLock::new() })
    }

    /// A request for the file `name`; what opens the cache is for the cache, and not for where a narinfo points to.
    fn request(&self, method: Method, name: &str) -> Result<Request<'_>, Fault> {
        let url = self.address.file(name)?;
        let ours = self.address.serves(&url);
        let what = format!("{} {}", method.as_str().to_ascii_lowercase(), without_query(name));
        let request = Request::new(method, url, what);
        Ok(if ours { request.authorized(&self.authorization) } else { request })
    }

    fn put(&self, name: &str, kind: &str, body: &dyn crate::transport::Body) -> Result<(), Fault> {
        let request = self.request(Method::PUT, name)?.header("content-type", kind).body(body);
        let answer = self.client.ask(&request).map_err(with_cause)?;
        let hint = "this server takes no files: it needs WebDAV's PUT below the cache's folder";
        if answer.status() == 405 { Err(answer.fault(hint)) } else { answer.success().map(drop) }
    }

    /// Whether there is a narinfo for `hash`.
    fn has(&self, hash: &str) -> Result<bool, Fault> {
        let name = format!("{hash}.narinfo");
        let mut answer = self.client.ask(&self.request(Method::HEAD, &name)?)?;
        if refuses_head(answer.status()) {
            answer = self.client.ask(&self.request(Method::GET, &name)?)?;
        }
        if answer.status() == 403 && self.hides_what_is_absent(&answer) {
            return Ok(false);
        }
        match answer.found()? {
            // A server that answers any address with its own page would be taken for one that has everything.
            Some(answer) if answer.is_web_page() => Err(answer.no_cache("no narinfo")),
            found => Ok(found.is_some()),
        }
    }

    /// S3 answers 403 where there is nothing, unless one may list the bucket. It is told from a refusal by this: the rest can be
    /// read.
    fn hides_what_is_absent<B>(&self, answer: &Answer<B>) -> bool {
        answer.header("x-amz-request-id").is_some()
            && *self.readable.get_or_init(|| self.greet().is_ok_and(|greeting| greeting.exists))
    }

    /// Bytes of the file `name` by the first of its bytes, for servers that answer no `HEAD` there, as behind signed URLs.
    fn size_by_range(&self, name: &str) -> Result<Option<u64>, Fault> {
        let request = self.request(Method::GET, name)?.header("range", "bytes=0-0");
        let answer = self.client.stream(&request)?;
        if answer.status() == 403 && self.hides_what_is_absent(&answer) {
            return Ok(None);
        }
        let Some(answer) = answer.found()? else { return Ok(None) };
        let size = match answer.status() {
            206 => answer.header("content-range").and_then(|range| range.rsplit_once('/')?.1.parse().ok()),
            _ => answer.length(),
        };
        size.map(Some).ok_or_else(|| answer.no_cache("how long the file is it does not say"))
    }
}

impl Backend for HttpCache {
    fn shown(&self) -> String {
        self.address.shown()
    }

    fn greet(&self) -> Result<Greeting, Fault> {
        let answer = self.client.ask(&self.request(Method::GET, cache_info::NAME)?)?;
        let Some(answer) = answer.found()? else { return Ok(Greeting::default()) };
        cache_info::parse(&answer.text()).map_err(|fault| answer.no_cache(&fault.what))
    }

    fn missing(&self, hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let found = parallel::for_each(hashes, self.client.settings().in_flight, |hash| self.has(hash))?;
        let mut missing = HashSet::new();
        for (hash, found) in hashes.iter().zip(found) {
            if !found? {
                missing.insert(hash.clone());
            }
        }
        Ok(missing)
    }

    fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        let answer = self.client.ask(&self.request(Method::GET, &format!("{hash}.narinfo"))?)?;
        if answer.status() == 403 && self.hides_what_is_absent(&answer) {
            return Ok(None);
        }
        let Some(answer) = answer.found()? else { return Ok(None) };
        NarInfo::parse(&answer.text()).map(Some).map_err(|fault| answer.no_cache(&fault.what))
    }

    fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        let answer = self.client.ask(&self.request(Method::HEAD, &narinfo.url)?)?;
        // A signed URL that the cache redirects to is often signed for `GET` alone.
        if refuses_head(answer.status()) || answer.status() == 403 {
            return self.size_by_range(&narinfo.url);
        }
        match answer.found()? {
            None => Ok(None),
            Some(answer) if answer.is_web_page() => Err(answer.no_cache("no file")),
            Some(answer) => answer.length().map_or_else(|| self.size_by_range(&narinfo.url), |size| Ok(Some(size))),
        }
    }

    fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        let answer = self.client.stream(&self.request(Method::GET, &narinfo.url)?)?.success()?;
        if answer.is_web_page() { Err(answer.no_cache("no file")) } else { Ok(answer.body) }
    }

    fn prepare(&self, store_dir: &str) -> Result<(), Fault> {
        if self.greet()?.exists {
            return Ok(());
        }
        self.put(cache_info::NAME, "text/x-nix-cache-info", &Bytes(cache_info::text(store_dir).as_bytes()))
    }

    fn upload(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault> {
        self.put(&narinfo.url, "application/x-nix-nar", &Whole(packed))?;
        Ok(Uploaded::Named)
    }

    fn publish(&self, narinfo: &NarInfo, _uploaded: &Uploaded) -> Result<(), Fault> {
        let Some(hash) = crate::store_path::hash(&narinfo.store_path) else {
            return Err(Fault::new(FaultKind::Usage, format!("`{}` is no store path", narinfo.store_path)));
        };
        self.put(&format!("{hash}.narinfo"), "text/x-nix-narinfo", &Bytes(narinfo.text().as_bytes()))
    }
}

/// The fault of a file that was not taken. Servers of files have one status for all that goes wrong with them by itself, and nginx
/// that alone for a disk that is full.
fn with_cause(fault: Fault) -> Fault {
    if !fault.what.contains(": 500 ") {
        return fault;
    }
    Fault::new(fault.kind, format!("{}; the server's own log says why: its disk may be full", fault.what))
}

/// Whether this status says that `HEAD` is what is wrong with the request.
fn refuses_head(status: u16) -> bool {
    matches!(status, 405 | 501)
}

/// A name for messages: queries may hold signatures.
fn without_query(name: &str) -> &str {
    match name.split_once('?') {
        Some((name, _)) if Url::parse(name).is_err() => name,
        Some(_) => "the file that the narinfo names",
        None if name.contains('@') => "the file that the narinfo names",
        None => name,
    }
}
