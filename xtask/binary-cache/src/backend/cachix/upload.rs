//! The way of a NAR to Cachix: begun there, sent part by part to an object store, and given up again if that fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use cache_protocol::{Fault, FaultKind};

use super::messages::{PartAddress, SigningData, Started};
use super::{Cachix, reading};
use crate::backend::{Backend as _, Packed, Uploaded};
use crate::narinfo::NarInfo;
use crate::transport::{Method, Part, Request, Url, content_md5};

/// Bytes of a part, as in Cachix's own client; object stores take 5 MiB to 5 GiB.
const PART: u64 = 32 << 20;
/// Parts of one file on their way at once.
const AT_ONCE: u64 = 4;
/// How often a part is sent under a new address: the last one expired, or the part was damaged on its way.
const ADDRESSES: usize = 3;

impl Cachix {
    /// Sends the file of `narinfo`; an upload that fails is given up.
    pub(super) fn send(&self, narinfo: &NarInfo, packed: &dyn Packed) -> Result<Uploaded, Fault> {
        let extension = match narinfo.compression.as_str() {
            "zstd" => "zst",
            "xz" => "xz",
            other => {
                let what = format!("put {}: Cachix takes zstd and xz, and not `{other}`", narinfo.url);
                return Err(Fault::new(FaultKind::Usage, what));
            }
        };
        let what = format!("begin to put {}", narinfo.url);
        let url = self.call(&["multipart-nar"], &[("compression", extension)])?;
        let request = Request::new(Method::POST, url, what).authorized(&self.authorization);
        let started: Started = reading::json(self.client.ask(&request)?, "Cachix")?;
        let (nar, upload) = (started.nar_id, started.upload_id);
        match self.send_parts(&nar, &upload, &narinfo.url, packed) {
            Ok(tags) => Ok(Uploaded::Parts { nar, upload, tags }),
            // Who cannot be reached cannot be told either.
            Err(fault) if fault.kind == FaultKind::Unreachable => Err(fault),
            Err(fault) => match self.abandon(&Uploaded::Parts { nar, upload, tags: Vec::new() }) {
                Ok(()) => Err(fault),
                Err(second) => Err(Fault::new(fault.kind, format!("{}; and {}", fault.what, second.what))),
            },
        }
    }

    /// The tags of all parts, in order.
    fn send_parts(&self, nar: &str, upload: &str, name: &str, packed: &dyn Packed) -> Result<Vec<String>, Fault> {
        let count = packed.size().div_ceil(PART).max(1);
        let next = AtomicU64::new(0);
        let tags = Mutex::new(Vec::new());
        let failed = Mutex::new(None);
        let work = || {
            while failed.lock().is_ok_and(|failed| failed.is_none()) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                let what = if count == 1 { format!("put {name}") } else { format!("put {name}, part {}", index + 1) };
                let part = Part { packed, from: index * PART, length: PART.min(packed.size() - index * PART) };
                match (self.send_part(nar, upload, index + 1, &part, &what), tags.lock(), failed.lock()) {
                    (Ok(tag), Ok(mut tags), _) => tags.push((index, tag)),
                    (Err(fault), _, Ok(mut failed)) => *failed = Some(fault),
                    _ => return,
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..count.min(AT_ONCE) {
                scope.spawn(work);
            }
            work();
        });
        let poisoned = || Fault::new(FaultKind::Local, format!("put {name}: a thread that sent parts ended early"));
        if let Some(fault) = failed.into_inner().map_err(|_| poisoned())? {
            return Err(fault);
        }
        let mut tags = tags.into_inner().map_err(|_| poisoned())?;
        tags.sort_unstable();
        Ok(tags.into_iter().map(|(_, tag)| tag).collect())
    }

    /// The tag of a part.
    fn send_part(&self, nar: &str, upload: &str, number: u64, part: &Part, what: &str) -> Result<String, Fault> {
        let md5 = content_md5(part)
            .map_err(|error| Fault::new(FaultKind::Local, format!("{what}: read what is sent: {error}")))?;
        for left in (0..ADDRESSES).rev() {
            let url = self.part_address(nar, upload, number, &md5, what)?;
            let request = Request::new(Method::PUT, url, what)
                .header("content-type", "application/octet-stream")
                .header("content-md5", md5.clone())
                .body(part);
            let answer = self.client.ask(&request)?;
            let again = answer.status() == 403 || answer.text().contains("BadDigest");
            if left > 0 && again {
                continue;
            }
            reading::done(&answer)?;
            return answer.header("etag").map(str::to_owned).ok_or_else(|| answer.no_cache("it names no tag"));
        }
        Err(Fault::new(FaultKind::Refused, format!("{what}: no address was good for it")))
    }

    /// Where a part goes: signed, and so shown to nobody.
    fn part_address(&self, nar: &str, upload: &str, number: u64, md5: &str, what: &str) -> Result<Url, Fault> {
        let number = number.to_string();
        let query = [("uploadId", upload), ("partNumber", number.as_str())];
        let url = self.call(&["multipart-nar", nar], &query)?;
        let what = format!("{what}: ask for its address");
        let answer = self.post(url, &SigningData { content_md5: md5.to_owned() }, &what)?;
        let address: PartAddress = reading::json(answer, "Cachix")?;
        let url = Url::parse(&address.upload_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| Fault::new(FaultKind::NotACache, format!("{what}: what Cachix names is none")))
    }
}
