//! What is sent: method, URL, headers, and a body that can be opened again for each try.

use std::io::{self, Read};

use ureq::http::Method;
use url::Url;

use super::Authorization;
use crate::backend::Packed;

/// A body that can be sent as often as needed.
pub trait Body: Sync {
    /// Bytes.
    fn size(&self) -> u64;
    /// From its beginning.
    ///
    /// # Errors
    /// When it waits on disk and cannot be read.
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>>;
}

/// A body in memory.
#[derive(Clone, Copy)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Body for Bytes<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0))
    }
}

/// A packed NAR as a body.
pub struct Whole<'a>(pub &'a dyn Packed);

impl Body for Whole<'_> {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        self.0.open()
    }
}

/// A part of a packed NAR as a body.
pub struct Part<'a> {
    /// The NAR.
    pub packed: &'a dyn Packed,
    /// Its first byte.
    pub from: u64,
    /// How many.
    pub length: u64,
}

impl Body for Part<'_> {
    fn size(&self) -> u64 {
        self.length
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.packed.open_from(self.from)?.take(self.length)))
    }
}

/// A request. Its `Debug` text shows neither query nor headers: both may hold secrets.
pub struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) authorization: Option<&'a Authorization>,
    pub(super) body: Option<&'a dyn Body>,
    pub(super) what: String,
    pub(super) passing: Option<fn(u16, &[u8]) -> bool>,
}

impl<'a> Request<'a> {
    /// A request without headers, body and authorization. `what` opens each of its faults: "put nar/….nar.zst".
    #[must_use]
    pub fn new(method: Method, url: Url, what: impl Into<String>) -> Self {
        Self { method, url, headers: Vec::new(), authorization: None, body: None, what: what.into(), passing: None }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With what opens the cache; it goes to this host, and to no other that the server redirects to.
    #[must_use]
    pub fn authorized(mut self, authorization: &'a Authorization) -> Self {
        self.authorization = Some(authorization);
        self
    }

    /// Tried again as well where `passing` says so of status and body: some servers say what may pass in the body alone.
    #[must_use]
    pub fn again_when(mut self, passing: fn(u16, &[u8]) -> bool) -> Self {
        self.passing = Some(passing);
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: &'a dyn Body) -> Self {
        self.body = Some(body);
        self
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Request({} {})", self.what, self.url.origin().ascii_serialization())
    }
}

/// Reads a body and remembers why it could not: what goes wrong on this machine is not the server's fault.
pub(super) struct Watched<'a> {
    reader: Box<dyn Read + Send + 'a>,
    left: u64,
    pub(super) fault: Option<String>,
}

impl<'a> Watched<'a> {
    pub(super) fn open(body: &'a dyn Body) -> io::Result<Self> {
        Ok(Self { reader: body.open()?, left: body.size(), fault: None })
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.reader.read(buffer).and_then(|read| {
            let fits = u64::try_from(read).ok().and_then(|read| self.left.checked_sub(read));
            match fits {
                Some(left) if read > 0 || left == 0 || buffer.is_empty() => {
                    self.left = left;
                    Ok(read)
                }
                _ => Err(io::Error::other("it is not as long as it was")),
            }
        });
        if let Err(error) = &result {
            self.fault = Some(error.to_string());
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Digits;

    impl Packed for Digits {
        fn size(&self) -> u64 {
            10
        }
        fn sha256(&self) -> [u8; 32] {
            [0; 32]
        }
        fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
            Ok(Box::new(&b"0123456789"[..]))
        }
    }

    #[test]
    fn parts_of_a_file() {
        let check = |from, length, expected: &str| {
            let mut text = String::new();
            let part = Part { packed: &Digits, from, length };
            part.open().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), part.size()), (expected, length));
        };
        check(0, 4, "0123");
        check(4, 4, "4567");
        check(8, 2, "89");
    }

    #[test]
    fn a_body_that_changed_its_length_is_a_fault_of_this_machine() {
        struct Lying(u64);
        impl Body for Lying {
            fn size(&self) -> u64 {
                self.0
            }
            fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
                Ok(Box::new(&b"0123456789"[..]))
            }
        }
        let check = |size, expected: Option<&str>| {
            let body = Lying(size);
            let mut watched = Watched::open(&body).unwrap();
            assert_eq!(io::copy(&mut watched, &mut io::sink()).is_err(), expected.is_some());
            assert_eq!(watched.fault.as_deref(), expected);
        };
        check(10, None);
        check(9, Some("it is not as long as it was"));
        check(11, Some("it is not as long as it was"));
    }

    #[test]
    fn a_request_is_shown_without_its_query_and_headers() {
        let url = Url::parse("https://h/x?X-Amz-Signature=hunter2").unwrap();
        let request = Request::new(Method::PUT, url, "put x").header("x-token", "hunter2");
        assert_eq!(format!("{request:?}"), "Request(put x https://h)");
    }
}
