//! The object store behind the fake of Cachix: takes parts under presigned addresses as S3 does, and hands out whole files.
//!
//! As in S3, an address is signed together with the `Content-MD5` that must come along, it expires, the digest is compared with the
//! body, and who sends credentials of another kind as well is refused.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::http::{Asked, Reply, Service};

/// What only the store and the service before it know.
const SECRET: &str = "presigning-secret";
/// All parts but the last have at least so many bytes, as in S3.
const SMALLEST_PART: usize = 5 << 20;

pub struct Objects {
    url: String,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// How long an address is good for, in seconds.
    lifetime: Mutex<i64>,
}

impl Objects {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), objects: Mutex::default(), lifetime: Mutex::new(600) }
    }

    /// Addresses that are given out from now on are good for so many seconds; for none, if negative.
    pub fn set_lifetime(&self, seconds: i64) {
        *self.lifetime.lock().unwrap() = seconds;
    }

    /// The address under which `path` can be put with this digest, or fetched without one.
    pub fn presigned(&self, method: &str, path: &str, md5: &str) -> String {
        let expires = now() + *self.lifetime.lock().unwrap();
        format!("{}{path}?expires={expires}&signature={}", self.url, signature(method, path, md5, expires))
    }

    pub fn put(&self, path: &str, body: Vec<u8>) {
        self.objects.lock().unwrap().insert(path.to_owned(), body);
    }

    pub fn remove(&self, path: &str) -> Option<Vec<u8>> {
        self.objects.lock().unwrap().remove(path)
    }

    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.objects.lock().unwrap().get(path).cloned()
    }

    /// The paths that start with `prefix`.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        self.objects.lock().unwrap().keys().filter(|path| path.starts_with(prefix)).cloned().collect()
    }

    /// The parts below `prefix`, numbered from 1, put together, if they are those of `tags`.
    pub fn assembled(&self, prefix: &str, tags: &[(u64, String)]) -> Result<Vec<u8>, &'static str> {
        let mut whole = Vec::new();
        for (index, (number, tag)) in tags.iter().enumerate() {
            if *number != index as u64 + 1 {
                return Err("InvalidPartOrder");
            }
            let part = self.get(&format!("{prefix}/{number}")).ok_or("InvalidPart")?;
            if etag(&part) != *tag {
                return Err("InvalidPart");
            }
            if part.len() < SMALLEST_PART && index + 1 < tags.len() {
                return Err("EntityTooSmall");
            }
            whole.extend(part);
        }
        Ok(whole)
    }
}

impl Service for Objects {
    fn answer(&self, asked: &Asked) -> Reply {
        let refused = |status, code: &str| Reply::text(status, format!("<Error><Code>{code}</Code></Error>"));
        if asked.header("authorization").is_some() {
            return refused(400, "InvalidArgument");
        }
        let md5 = asked.header("content-md5").unwrap_or_default();
        let expires: i64 = asked.parameter("expires").and_then(|expires| expires.parse().ok()).unwrap_or(0);
        if asked.parameter("signature") != Some(&signature(&asked.method, &asked.path, md5, expires)) {
            return refused(403, "SignatureDoesNotMatch");
        }
        if expires < now() {
            return refused(403, "AccessDenied");
        }
        if asked.method == "GET" {
            return match self.get(&asked.path) {
                None => refused(404, "NoSuchKey"),
                Some(body) if asked.header("range") == Some("bytes=0-0") => {
                    let range = format!("bytes 0-0/{}", body.len());
                    Reply::text(206, &body[..1]).with("Content-Range", &range)
                }
                Some(body) => Reply::text(200, body),
            };
        }
        if BASE64.encode(&Md5::digest(&asked.body)) != md5 {
            return refused(400, "BadDigest");
        }
        self.put(&asked.path, asked.body.clone());
        Reply::status(200).with("ETag", &etag(&asked.body))
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", HEXLOWER.encode(&Md5::digest(body)))
}

fn signature(method: &str, path: &str, md5: &str, expires: i64) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{SECRET} {method} {path} {md5} {expires}")))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap()
}
