//! Uploads in parts: begun, sent a few parts at a time, completed, and given up where one fails, since what lies around is paid for.

use cache_protocol::{Fault, FaultKind};
use rusty_s3::S3Action;
use rusty_s3::actions::{CompleteMultipartUpload, CreateMultipartUpload};

use super::{S3Cache, VALID, refusal};
use crate::backend::Packed;
use crate::parallel;
use crate::transport::{Bytes, Method, Part, Request, content_md5};

/// Which files are sent in parts, and in which.
pub struct Parts {
    /// Files from this many bytes on.
    pub from: u64,
    /// Bytes of a part, where that makes no more parts than S3 takes.
    pub length: u64,
}

impl Default for Parts {
    fn default() -> Self {
        Self { from: 64 << 20, length: 32 << 20 }
    }
}

/// How many parts S3 takes.
const MOST_PARTS: u64 = 10_000;
/// How many parts of one file are underway together.
const AT_ONCE: usize = 4;

impl S3Cache {
    /// Sends `packed` as `name` in parts.
    pub(super) fn put_parts(&self, name: &str, packed: &dyn Packed) -> Result<(), Fault> {
        let key = self.key(name)?;
        let upload = self.begin(name, &key)?;
        let result =
            self.send_parts(name, &key, &upload, packed).and_then(|tags| self.complete(name, &key, &upload, &tags));
        let Err(fault) = result else { return Ok(()) };
        Err(match self.give_up(name, &key, &upload) {
            Ok(()) => fault,
            Err(other) => {
                Fault::new(fault.kind, format!("{}; and its parts stay in the bucket: {}", fault.what, other.what))
            }
        })
    }

    fn begin(&self, name: &str, key: &str) -> Result<String, Fault> {
        let url = self.place.bucket.create_multipart_upload(self.credentials.as_ref(), key).sign(VALID);
        let answer = self.ask(Method::POST, url, format!("begin {name}"))?;
        if !(200..300).contains(&answer.status()) {
            return Err(self.fault(&answer));
        }
        let begun = CreateMultipartUpload::parse_response(&answer.text()).map_err(|_| answer.no_cache("no upload"))?;
        Ok(begun.upload_id().to_owned())
    }

    /// Sends all parts; the tag of each, in order.
    fn send_parts(&self, name: &str, key: &str, upload: &str, packed: &dyn Packed) -> Result<Vec<String>, Fault> {
        let parts = self.parts.of(packed.size());
        let tags = parallel::for_each(&parts, AT_ONCE, |(number, from, length)| {
            let part = Part { packed, from: *from, length: *length };
            let what = format!("put part {number} of {name}");
            let sum = content_md5(&part)
                .map_err(|error| Fault::new(FaultKind::Local, format!("{what}: read what is sent: {error}")))?;
            let mut action = self.place.bucket.upload_part(self.credentials.as_ref(), key, *number, upload);
            action.headers_mut().insert("content-md5", sum.clone());
            let request = Request::new(Method::PUT, action.sign(VALID), what)
                .header("content-md5", sum)
                .again_when(refusal::may_pass)
                .body(&part);
            let answer = self.client.ask(&request)?;
            if !(200..300).contains(&answer.status()) {
                return Err(self.fault(&answer));
            }
            answer.header("etag").map(str::to_owned).ok_or_else(|| answer.no_cache("no tag of the part"))
        })?;
        tags.into_iter().collect()
    }

    fn complete(&self, name: &str, key: &str, upload: &str, tags: &[String]) -> Result<(), Fault> {
        let tags = || tags.iter().map(String::as_str);
        let action = self.place.bucket.complete_multipart_upload(self.credentials.as_ref(), key, upload, tags());
        let url = action.sign(VALID);
        let body = CompleteMultipartUpload::new(&self.place.bucket, None, key, upload, tags()).body();
        let bytes = Bytes(body.as_bytes());
        let request = Request::new(Method::POST, url, format!("complete {name}"))
            .header("content-type", "application/xml")
            .again_when(refusal::may_pass)
            .body(&bytes);
        let answer = self.client.ask(&request)?;
        match (answer.status(), refusal::element(&answer.text(), "Code")) {
            (200..=299, None) => Ok(()),
            // The status was sent before the server knew.
            (200..=299, Some(code)) => Err(Fault::new(FaultKind::Refused, answer.fault(code).what)),
            _ => Err(self.fault(&answer)),
        }
    }

    fn give_up(&self, name: &str, key: &str, upload: &str) -> Result<(), Fault> {
        let url = self.place.bucket.abort_multipart_upload(self.credentials.as_ref(), key, upload).sign(VALID);
        let answer = self.ask(Method::DELETE, url, format!("give up {name}"))?;
        if matches!(answer.status(), 200..=299 | 404) { Ok(()) } else { Err(self.fault(&answer)) }
    }
}

impl Parts {
    /// Number, first byte and length of each part of a file of `size` bytes.
    fn of(&self, size: u64) -> Vec<(u16, u64, u64)> {
        let length = self.length.max(size.div_ceil(MOST_PARTS)).max(1);
        let begins = (0..size).step_by(usize::try_from(length).unwrap_or(usize::MAX));
        (1..).zip(begins).map(|(number, from)| (number, from, length.min(size - from))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_once() {
        let check = |size: u64, count: usize, last: u64| {
            let parts = Parts::default().of(size);
            assert_eq!(parts.len(), count, "{size}");
            assert_eq!(parts.iter().map(|part| part.2).sum::<u64>(), size);
            assert!(parts.windows(2).all(|pair| pair[0].1 + pair[0].2 == pair[1].1 && pair[0].0 + 1 == pair[1].0));
            assert_eq!(parts.last().unwrap().2, last);
        };
        check(1, 1, 1);
        check(32 << 20, 1, 32 << 20);
        check((32 << 20) + 1, 2, 1);
        check(4 << 40, 10_000, (4 << 40) - 9_999 * (4_u64 << 40).div_ceil(10_000));
    }
}
