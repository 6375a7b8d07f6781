//! The server under the fakes: HTTP/1.1 on loopback, one thread for each connection, that can be told to misbehave.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use crate::asked::Asked;
use crate::asked::read;

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::text(status, body.to_string()).with("Content-Type", "application/json")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What can be made to happen instead of the answer.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// This is the answer; the service is not asked.
    Instead(Reply),
    /// The service is asked, and half of its answer is sent.
    Truncated,
    /// The service is asked after so long.
    Slow(Duration),
    /// The connection is reset before the service is asked.
    Reset,
    /// The service is asked, and the connection is reset instead of its answer.
    AnswerLost,
}

/// Trouble for the requests whose `METHOD /path` contains `wherever`: lets `after` of them pass, then strikes `times` times.
#[derive(Debug, Clone)]
pub struct Injection {
    pub wherever: &'static str,
    pub after: usize,
    pub times: usize,
    pub trouble: Trouble,
}

/// What answers.
pub trait Service: Send + Sync + 'static {
    fn answer(&self, asked: &Asked) -> Reply;
}

#[derive(Default)]
struct Watched {
    injections: Vec<Injection>,
    struck: usize,
    asked: Vec<Asked>,
}

/// A server, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    watched: Arc<Mutex<Watched>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Serves what `service` makes of the server's own address.
    pub fn start<S: Service>(service: impl FnOnce(&str) -> S) -> (Self, Arc<S>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let service = Arc::new(service(&format!("http://{address}")));
        let watched = Arc::new(Mutex::new(Watched::default()));
        let stopped = Arc::new(AtomicBool::new(false));
        let server = Self { address, watched: Arc::clone(&watched), stopped: Arc::clone(&stopped) };
        let answering = Arc::clone(&service);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (service, watched) = (Arc::clone(&answering), Arc::clone(&watched));
                std::thread::spawn(move || serve(&stream, &*service, &watched));
            }
        });
        (server, service)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn inject(&self, injection: Injection) {
        self.watched.lock().unwrap().injections.push(injection);
    }

    /// Makes no trouble any more.
    pub fn calm(&self) {
        self.watched.lock().unwrap().injections.clear();
    }

    /// How many requests were in trouble.
    pub fn struck(&self) -> usize {
        self.watched.lock().unwrap().struck
    }

    /// How many requests there were.
    pub fn seen(&self) -> usize {
        self.watched.lock().unwrap().asked.len()
    }

    /// `METHOD /path` of all that was asked, in order.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.watched.lock().unwrap().asked.clone()
    }

    /// How many requests have `wherever` in `METHOD /path`.
    pub fn count(&self, wherever: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(wherever)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: &TcpStream, service: &dyn Service, watched: &Mutex<Watched>) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader, stream) {
        let head = asked.method == "HEAD";
        let trouble = note(watched, &asked);
        let reply = match &trouble {
            Some(Trouble::Instead(reply)) => reply.clone(),
            Some(Trouble::Reset) => return reset(stream),
            Some(Trouble::Slow(time)) => {
                std::thread::sleep(*time);
                service.answer(&asked)
            }
            Some(Trouble::Truncated | Trouble::AnswerLost) | None => service.answer(&asked),
        };
        match trouble {
            Some(Trouble::AnswerLost) => return reset(stream),
            Some(Trouble::Truncated) => return drop(write(stream, &reply, head, reply.body.len() / 2)),
            _ => {}
        }
        if write(stream, &reply, head, reply.body.len()).is_err() {
            return;
        }
    }
}

/// Remembers the request, and says what trouble it is in for.
fn note(watched: &Mutex<Watched>, asked: &Asked) -> Option<Trouble> {
    let mut guard = watched.lock().unwrap_or_else(PoisonError::into_inner);
    let watched = &mut *guard;
    watched.asked.push(asked.clone());
    let line = format!("{} {}", asked.method, asked.path);
    for injection in watched.injections.iter_mut().filter(|injection| line.contains(injection.wherever)) {
        if injection.after > 0 {
            injection.after -= 1;
        } else if injection.times > 0 {
            injection.times -= 1;
            watched.struck += 1;
            return Some(injection.trouble.clone());
        }
    }
    None
}

fn reset(stream: &TcpStream) {
    drop(socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)));
}

fn write(mut stream: &TcpStream, reply: &Reply, head: bool, length: usize) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {} x\r\n", reply.status);
    let mut headers = reply.headers.clone();
    let chunked = headers.iter().any(|(name, _)| name == "Transfer-Encoding");
    if reply.status != 204 && !chunked && !headers.iter().any(|(name, _)| name == "Content-Length") {
        headers.push(("Content-Length".to_owned(), reply.body.len().to_string()));
    }
    for (name, value) in headers {
        text.extend([&name, ": ", &value, "\r\n"]);
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())?;
    if !head && chunked {
        stream.write_all(format!("{:x}\r\n", reply.body.len()).as_bytes())?;
    }
    if !head {
        stream.write_all(&reply.body[..length])?;
    }
    if !head && chunked && length == reply.body.len() {
        stream.write_all(b"\r\n0\r\n\r\n")?;
    }
    stream.flush()
}
