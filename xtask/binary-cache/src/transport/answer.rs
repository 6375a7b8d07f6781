//! What a server answered, and which fault its status is.

use cache_protocol::{Fault, FaultKind};
use ureq::http::{HeaderMap, StatusCode};

/// An answer with its body: bytes that were read, or a reader.
pub struct Answer<B> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body.
    pub body: B,
    pub(super) what: String,
    pub(super) hint: String,
}

impl<B> Answer<B> {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The header `name`, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Bytes of the body, as the header says; also for `HEAD`.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// Seconds by which the server's clock is ahead of this machine's.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<i64> {
        let server = httpdate::parse_http_date(self.header("date")?).ok()?;
        let now = std::time::SystemTime::now();
        let seconds = |span: std::time::Duration| i64::try_from(span.as_secs()).ok();
        server.duration_since(now).map_or_else(|behind| seconds(behind.duration()).map(std::ops::Neg::neg), seconds)
    }

    /// Whether it calls itself a web page: a login page or a catch-all, where a cache was asked.
    #[must_use]
    pub fn is_web_page(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
    }

    /// Itself, if the status says that all went well.
    ///
    /// # Errors
    /// The fault that the status is.
    pub fn success(self) -> Result<Self, Fault> {
        if self.status.is_success() { Ok(self) } else { Err(self.fault("")) }
    }

    /// Itself, or nothing where the server has no such thing (404, 410).
    ///
    /// # Errors
    /// The fault that any other status is.
    pub fn found(self) -> Result<Option<Self>, Fault> {
        if matches!(self.status.as_u16(), 404 | 410) { Ok(None) } else { self.success().map(Some) }
    }

    /// The fault that the status is, with what the server says about it, if that is known.
    #[must_use]
    pub fn fault(&self, said: &str) -> Fault {
        let kind = kind(self.status.as_u16());
        let mut what = format!("{}: {}", self.what, status_line(self.status));
        if !said.is_empty() {
            what = format!("{what}: {}", shown(said));
        }
        if kind == FaultKind::Unauthorised && !self.hint.is_empty() {
            what = format!("{what}, {}", self.hint);
        }
        Fault::new(kind, what)
    }

    /// The fault of an answer that is not what a cache answers.
    #[must_use]
    pub fn no_cache(&self, why: &str) -> Fault {
        let page = if self.is_web_page() { "a web page" } else { why };
        Fault::new(FaultKind::NotACache, format!("{}: {}, but {page}", self.what, status_line(self.status)))
    }
}

impl Answer<Vec<u8>> {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl<B> std::fmt::Debug for Answer<B> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Answer({}: {})", self.what, self.status)
    }
}

/// `507 Insufficient Storage`.
pub(super) fn status_line(status: StatusCode) -> String {
    format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("(a status without a name)"))
}

/// The sort of fault that a status is.
fn kind(status: u16) -> FaultKind {
    match status {
        401 | 403 => FaultKind::Unauthorised,
        404 | 410 => FaultKind::Missing,
        413 | 507 => FaultKind::Full,
        501 | 505 => FaultKind::Refused,
        408 | 429 | 500..=599 => FaultKind::Overloaded,
        200..=299 => FaultKind::NotACache,
        _ => FaultKind::Refused,
    }
}

/// Whether the same request may succeed later: what is too much now, and what fails by itself.
pub(super) fn is_passing(status: u16) -> bool {
    kind(status) == FaultKind::Overloaded
}

/// As much of what a server says as fits into a message.
fn shown(said: &str) -> String {
    said.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Answer<Vec<u8>> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answer {
            status,
            headers,
            body: Vec::new(),
            what: "put x".to_owned(),
            hint: "with the token that was sent".to_owned(),
        }
    }

    #[test]
    fn statuses_as_faults() {
        let check = |status, expected: FaultKind, what: &str| {
            assert_eq!(answer(status, &[]).success().unwrap_err(), Fault::new(expected, what));
        };
        check(301, FaultKind::Refused, "put x: 301 Moved Permanently");
        check(400, FaultKind::Refused, "put x: 400 Bad Request");
        check(401, FaultKind::Unauthorised, "put x: 401 Unauthorized, with the token that was sent");
        check(403, FaultKind::Unauthorised, "put x: 403 Forbidden, with the token that was sent");
        check(404, FaultKind::Missing, "put x: 404 Not Found");
        check(405, FaultKind::Refused, "put x: 405 Method Not Allowed");
        check(408, FaultKind::Overloaded, "put x: 408 Request Timeout");
        check(410, FaultKind::Missing, "put x: 410 Gone");
        check(413, FaultKind::Full, "put x: 413 Payload Too Large");
        check(429, FaultKind::Overloaded, "put x: 429 Too Many Requests");
        check(500, FaultKind::Overloaded, "put x: 500 Internal Server Error");
        check(501, FaultKind::Refused, "put x: 501 Not Implemented");
        check(503, FaultKind::Overloaded, "put x: 503 Service Unavailable");
        check(507, FaultKind::Full, "put x: 507 Insufficient Storage");
        check(599, FaultKind::Overloaded, "put x: 599 (a status without a name)");
    }

    #[test]
    fn what_is_tried_again() {
        for (status, expected) in
            [(408, true), (429, true), (500, true), (502, true), (507, false), (501, false), (404, false)]
        {
            assert_eq!(is_passing(status), expected, "{status}");
        }
    }

    #[test]
    fn absent_is_no_fault_where_it_may_be() {
        assert!(answer(404, &[]).found().unwrap().is_none());
        assert!(answer(410, &[]).found().unwrap().is_none());
        assert!(answer(200, &[]).found().unwrap().is_some());
        assert_eq!(answer(403, &[]).found().unwrap_err().kind, FaultKind::Unauthorised);
    }

    #[test]
    fn what_the_server_says_is_added_and_bounded() {
        let fault = answer(400, &[]).fault(&format!("bad\n{}", "x".repeat(500)));
        assert!(fault.what.starts_with("put x: 400 Bad Request: badxxx") && fault.what.len() < 240, "{fault}");
    }

    #[test]
    fn web_pages() {
        let page = answer(200, &[("content-type", "text/HTML; charset=utf-8")]);
        assert_eq!(page.no_cache("no narinfo").what, "put x: 200 OK, but a web page");
        assert_eq!(answer(200, &[]).no_cache("no narinfo").what, "put x: 200 OK, but no narinfo");
    }

    #[test]
    fn the_clock_of_the_server() {
        let there = std::time::SystemTime::now() + std::time::Duration::from_secs(7200);
        let ahead = answer(200, &[("date", &httpdate::fmt_http_date(there))]).clock_ahead().unwrap();
        assert!((7190..=7200).contains(&ahead), "{ahead}");
        assert!(answer(200, &[("date", "Thu, 01 Jan 1970 00:00:00 GMT")]).clock_ahead().unwrap() < -1_000_000);
        assert_eq!(answer(200, &[]).clock_ahead(), None);
    }
}
