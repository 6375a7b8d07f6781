//! Requests as the fakes see them, read off their connections.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

/// A request, whole.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The token of `Authorization`: of Bearer, or the password of Basic, as Nix sends what netrc says.
    pub fn token(&self) -> Option<String> {
        let header = self.header("authorization")?;
        if let Some(token) = header.strip_prefix("Bearer ") {
            return Some(token.to_owned()).filter(|token| !token.is_empty());
        }
        let basic = data_encoding::BASE64.decode(header.strip_prefix("Basic ")?.as_bytes()).ok()?;
        let pair = String::from_utf8(basic).ok()?;
        Some(pair.split_once(':')?.1.to_owned())
    }
}

/// The next request; `None` where the connection ends or talks nonsense.
pub fn read(reader: &mut BufReader<&TcpStream>, mut stream: &TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).ok()? == 0 {
            return None;
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).ok()?;
    let (path, query) = request.path?.split_once('?').unwrap_or((request.path?, ""));
    let mut asked = Asked { method: request.method?.to_owned(), path: decoded(path), ..Asked::default() };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        asked.query.insert(decoded(name), decoded(value));
    }
    for header in request.headers.iter() {
        let value = String::from_utf8_lossy(header.value).into_owned();
        asked.headers.insert(header.name.to_lowercase(), value);
    }
    if asked.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    if asked.header("transfer-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            asked.body.extend(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = asked.header("content-length") {
        asked.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut asked.body).ok()?;
    }
    Some(asked)
}

/// `%41` as `A`.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
