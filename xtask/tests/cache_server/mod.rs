//! A binary cache behind HTTP on this machine, which can be made to fail.

// What goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the server treats who asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Gives it.
    Well,
    /// Answers everything but `nix-cache-info` with status 500.
    Failing,
    /// Takes every question but that for `nix-cache-info`, and answers none.
    Stalling,
    /// Takes no question any more.
    Gone,
}

/// A folder, served.
#[derive(Debug)]
pub struct CacheServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    mood: Mood,
    asked: BTreeSet<String>,
}

impl CacheServer {
    /// Serves `folder` until the test ends.
    pub fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { folder: folder.to_owned(), mood: Mood::Well, asked: BTreeSet::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            while shared.lock().unwrap().mood != Mood::Gone {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                let shared = Arc::clone(&shared);
                stream.set_nonblocking(false).unwrap();
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { port, state }
    }

    /// Its address, as a substituter.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Changes how it treats those who ask from now on.
    pub fn be(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
        if mood == Mood::Gone {
            while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Everything it was asked for.
    pub fn asked(&self) -> BTreeSet<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

/// Answers one question, and asks for another connection for the next.
fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    // The rest of the question says nothing that matters here.
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return };
    let (mood, file) = {
        let mut state = state.lock().unwrap();
        state.asked.insert(path.to_owned());
        let mood = if path == "/nix-cache-info" { Mood::Well } else { state.mood };
        (mood, state.folder.join(path.trim_start_matches('/')))
    };
    let (status, body) = match (mood, fs::read(file)) {
        (Mood::Stalling | Mood::Gone, _) => {
            std::thread::sleep(Duration::from_secs(600));
            return;
        }
        (Mood::Failing, _) => ("500 Internal Server Error", Vec::new()),
        (Mood::Well, Ok(body)) => ("200 OK", body),
        (Mood::Well, Err(_)) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Who asked may have gone meanwhile.
    stream.write_all(head.as_bytes()).ok();
    if method != "HEAD" {
        stream.write_all(&body).ok();
    }
}
