//! Caches behind a network, against real servers, and against one that makes trouble.

// What goes wrong here fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod genuine;
mod http;
mod refused;
mod s3;
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../servers/mod.rs"]
mod servers;
mod transport;
mod troubled;

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use binary_cache::backend::Packed;
use binary_cache::narinfo::NarInfo;
use binary_cache::transport::Settings;
use cache_protocol::{Cache, Fault};
use sha2::{Digest as _, Sha256};

/// The retries that a client told of.
type Told = Arc<Mutex<Vec<(Fault, Duration)>>>;

/// Settings for tests: seconds of patience, short waits, and a connection that stands still is soon given up.
fn settings(patience: Duration) -> (Settings, Told) {
    let told = Told::default();
    let list = Arc::clone(&told);
    let retrying = Arc::new(move |fault: &Fault, wait| list.lock().unwrap().push((fault.clone(), wait)));
    let settings = Settings {
        backoff: Duration::from_millis(5),
        idle: Duration::from_millis(500),
        ..Settings::new(patience, 16, retrying)
    };
    (settings, told)
}

/// Settings for tests in which nothing stands still: real servers are slow when much is tested at once.
fn patient() -> Settings {
    Settings { idle: Duration::from_secs(30), ..settings(Duration::from_secs(20)).0 }
}

/// A cache at `url` without keys and tokens.
fn cache(url: &str) -> Cache {
    Cache { url: url.to_owned(), public_keys: Vec::new(), signing_key: None, token: None, netrc: Vec::new() }
}

/// A file in memory.
struct InMemory(Vec<u8>);

impl Packed for InMemory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }
    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
    fn open(&self) -> std::io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0.as_slice()))
    }
}

/// The hash of the path with this number.
fn hash(number: u32) -> String {
    format!("{number:032}")
}

/// A path that only its narinfo knows of.
fn narinfo(number: u32) -> NarInfo {
    NarInfo {
        store_path: format!("/nix/store/{}-thing", hash(number)),
        url: format!("nar/{number}.nar"),
        compression: "none".to_owned(),
        nar_hash: format!("sha256:{}", "0".repeat(52)),
        nar_size: 3,
        ..NarInfo::default()
    }
}

fn content(mut reader: Box<dyn Read + Send>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}
