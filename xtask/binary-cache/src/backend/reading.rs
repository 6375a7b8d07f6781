//! What is read from every service alike: narinfos, files and their sizes, with what opens the cache sent to itself alone.

use std::io::Read;

use cache_protocol::{Fault, FaultKind};
use serde::de::DeserializeOwned;

use super::{Greeting, cache_info};
use crate::hash_text;
use crate::narinfo::NarInfo;
use crate::transport::{Address, Answer, Authorization, Client, Method, Request, Url};

/// A cache as Nix reads it.
pub(crate) struct Readable<'a> {
    pub(crate) address: &'a Address,
    pub(crate) authorization: &'a Authorization,
    pub(crate) client: &'a Client,
}

impl Readable<'_> {
    /// What it says of the path with `hash`, its hashes in base 32.
    pub(super) fn narinfo(&self, hash: &str) -> Result<Option<NarInfo>, Fault> {
        let what = format!("get {hash}.narinfo");
        let request = self.request(Method::GET, self.address.file(&format!("{hash}.narinfo"))?, &what);
        let Some(answer) = self.client.ask(&request)?.found()? else { return Ok(None) };
        if answer.is_web_page() {
            return Err(answer.no_cache("a web page"));
        }
        let mut narinfo = NarInfo::parse(&answer.text())
            .map_err(|fault| Fault::new(fault.kind, format!("{what}: {}", fault.what)))?;
        narinfo.nar_hash = hash_text::canonical(&narinfo.nar_hash);
        narinfo.file_hash = narinfo.file_hash.map(|hash| hash_text::canonical(&hash));
        Ok(Some(narinfo))
    }

    /// The answer to what every cache says of itself, whatever its status.
    pub(crate) fn cache_info(&self) -> Result<Answer<Vec<u8>>, Fault> {
        let what = format!("get {}", cache_info::NAME);
        self.client.ask(&self.request(Method::GET, self.address.file(cache_info::NAME)?, &what))
    }

    /// What it says of itself.
    pub(super) fn greeting(&self) -> Result<Greeting, Fault> {
        let answer = self.cache_info()?.success()?;
        cache_info::parse(&answer.text()).map_err(|fault| answer.no_cache(&fault.what))
    }

    /// The file that `narinfo` names.
    pub(super) fn file(&self, narinfo: &NarInfo) -> Result<Box<dyn Read + Send>, Fault> {
        let request = self.request(Method::GET, self.address.file(&narinfo.url)?, &format!("get {}", narinfo.url));
        Ok(self.client.stream(&request)?.success()?.body)
    }

    /// Bytes of the file that `narinfo` names, if it is there; 0 where neither server nor narinfo says how many. It is asked for one byte of it: an address that a service signed for
    /// `GET`, and redirects to, refuses `HEAD`.
    pub(super) fn file_size(&self, narinfo: &NarInfo) -> Result<Option<u64>, Fault> {
        let what = format!("get the size of {}", narinfo.url);
        let request = self.request(Method::GET, self.address.file(&narinfo.url)?, &what).header("range", "bytes=0-0");
        let Some(answer) = self.client.stream(&request)?.found()? else { return Ok(None) };
        if answer.status() != 206 {
            // The whole file, which is left unread; one that is put together while it is sent has no size to be said before.
            let size = answer.length().or(narinfo.file_size).unwrap_or_default();
            return answer.success().map(|_| Some(size));
        }
        let size = answer.header("content-range").and_then(|range| range.rsplit_once('/')?.1.trim().parse().ok());
        let size = size.ok_or_else(|| answer.no_cache("it does not say the size of the file"))?;
        // Reading the one byte leaves the connection to the next request.
        std::io::copy(&mut answer.body.take(1 << 16), &mut std::io::sink())
            .map_err(|error| Fault::new(FaultKind::Unreachable, format!("{what}: it broke off: {error}")))?;
        Ok(Some(size))
    }

    fn request(&self, method: Method, url: Url, what: &str) -> Request<'_> {
        let ours = self.address.serves(&url);
        let request = Request::new(method, url, what);
        if ours { request.authorized(self.authorization) } else { request }
    }
}

/// The JSON of an answer that went well.
///
/// # Errors
/// When it did not, or is another JSON than `service` answers.
pub(crate) fn json<T: DeserializeOwned>(answer: Answer<Vec<u8>>, service: &str) -> Result<T, Fault> {
    if !(200..300).contains(&answer.status()) {
        return Err(answer.fault(&said(&answer)));
    }
    serde_json::from_slice(&answer.body).map_err(|_| answer.no_cache(&format!("it is not what {service} answers")))
}

/// Nothing, if all went well; else the fault with what the service says about it.
pub(crate) fn done(answer: &Answer<Vec<u8>>) -> Result<(), Fault> {
    if (200..300).contains(&answer.status()) { Ok(()) } else { Err(answer.fault(&said(answer))) }
}

/// What a service says about a fault: `message` or `error` of a JSON, else its text unless it is a web page.
fn said(answer: &Answer<Vec<u8>>) -> String {
    if answer.is_web_page() {
        return String::new();
    }
    let text = answer.text();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let message = ["message", "error"].iter().find_map(|name| Some(json.get(name)?.as_str()?.to_owned()));
    message.unwrap_or_else(|| text.into_owned())
}
