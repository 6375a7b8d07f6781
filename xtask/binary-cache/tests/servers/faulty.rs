//! A proxy that makes trouble: it hands requests on to a real server, and answers some of them badly.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// This status with these headers and this body, instead of the server's answer.
    Answer(u16, Vec<(&'static str, String)>, &'static str),
    /// The same, as soon as the headers are in, and the connection is closed.
    Early(u16),
    /// The connection is reset.
    Reset,
    /// The server's answer, up to so many bytes of its body.
    Truncated(usize),
    /// The server's answer, a byte at a time with this pause.
    Slow(Duration),
    /// No answer for so long, then none at all.
    Stalled(Duration),
    /// The server's answer with this header instead of its own.
    Header(&'static str, String),
    /// A byte of what is sent is altered on its way to the server.
    Altered,
}

type Decide = dyn Fn(usize, &Seen) -> Option<Trouble> + Send + Sync;

/// The proxy. It ends with the process.
pub struct Faulty {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Faulty {
    /// Stands before `server`; `decide` is told how many requests came before, and the request.
    pub fn before(
        server: SocketAddr,
        decide: impl Fn(usize, &Seen) -> Option<Trouble> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (list, decide): (_, Arc<Decide>) = (Arc::clone(&seen), Arc::new(decide));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (list, decide) = (Arc::clone(&list), Arc::clone(&decide));
                std::thread::spawn(move || while serve(&client, server, &list, &*decide).is_some() {});
            }
        });
        Self { address, seen }
    }

    /// Answers every request by itself.
    pub fn alone(decide: impl Fn(usize, &Seen) -> Trouble + Send + Sync + 'static) -> Self {
        Self::before(SocketAddr::from(([127, 0, 0, 1], 9)), move |count, seen| Some(decide(count, seen)))
    }

    /// What came in so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Serves one request; nothing when the connection is at its end.
fn serve(mut client: &TcpStream, server: SocketAddr, list: &Mutex<Vec<Seen>>, decide: &Decide) -> Option<()> {
    let mut reader = BufReader::with_capacity(1 << 16, client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let seen = Seen {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
    };
    let count = {
        let mut list = list.lock().unwrap();
        list.push(seen.clone());
        list.len() - 1
    };
    let trouble = decide(count, &seen);
    match &trouble {
        Some(Trouble::Early(status)) => {
            write!(client, "HTTP/1.1 {status} Early\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
            // A server that is done reads on for a while, so that the client hears it before it hears of the closed connection.
            client.shutdown(Shutdown::Write).ok()?;
            std::thread::sleep(Duration::from_millis(200));
            return None;
        }
        Some(Trouble::Reset) => {
            socket2::SockRef::from(client).set_linger(Some(Duration::ZERO)).unwrap();
            return None;
        }
        _ => {}
    }
    if seen.header("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut answer = match trouble {
        Some(Trouble::Answer(status, headers, text)) => {
            let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = text.len();
            let text = if seen.method == "HEAD" { "" } else { text };
            write!(client, "HTTP/1.1 {status} Trouble\r\nContent-Length: {length}\r\n{lines}\r\n{text}").ok()?;
            return (seen.header("connection") != Some("close")).then_some(());
        }
        Some(Trouble::Stalled(time)) => {
            std::thread::sleep(time);
            return None;
        }
        Some(Trouble::Altered) => {
            body[length / 2] ^= 1;
            handed_on(&seen, &body, server)
        }
        _ => handed_on(&seen, &body, server),
    };
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    match trouble {
        Some(Trouble::Truncated(bytes)) => {
            client.write_all(&answer[..answer.len().min(end + bytes)]).ok()?;
            client.shutdown(Shutdown::Both).ok()?;
            return None;
        }
        Some(Trouble::Slow(pause)) => {
            client.write_all(&answer[..end]).ok()?;
            for byte in &answer[end..] {
                std::thread::sleep(pause);
                client.write_all(&[*byte]).ok()?;
            }
            return Some(());
        }
        Some(Trouble::Header(name, value)) => {
            let head = String::from_utf8(answer[..end - 2].to_vec()).unwrap();
            let kept = head.lines().filter(|line| !line.to_lowercase().starts_with(&format!("{name}:")));
            let head: String = kept.map(|line| format!("{line}\r\n")).collect();
            answer = [format!("{head}{name}: {value}\r\n\r\n").as_bytes(), &answer[end..]].concat();
        }
        _ => {}
    }
    client.write_all(&answer).ok()
}

/// The server's whole answer, made fit for a connection that stays open.
fn handed_on(seen: &Seen, body: &[u8], server: SocketAddr) -> Vec<u8> {
    let mut upstream = TcpStream::connect(server).unwrap();
    let skipped = ["connection", "expect"];
    let headers = seen.headers.iter().filter(|(name, _)| !skipped.contains(&name.as_str()));
    let headers: String = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(upstream, "{} {} HTTP/1.1\r\n{headers}connection: close\r\n\r\n", seen.method, seen.target).unwrap();
    upstream.write_all(body).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    let text = b"connection: close\r\n";
    if let Some(at) = answer.windows(text.len()).position(|window| window.eq_ignore_ascii_case(text)) {
        answer.drain(at..at + text.len());
    }
    answer
}
