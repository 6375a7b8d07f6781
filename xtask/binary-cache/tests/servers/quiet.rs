//! Waits until nobody speaks to a server any more: what a client that was killed had sent has arrived then, or never will.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// States of the server's end of a connection in which it may still read or answer: `ESTABLISHED`, `CLOSE_WAIT`.
const OPEN: [&str; 2] = ["01", "08"];

/// Waits until no connection to `address` is open, also none that the server has not taken yet.
#[track_caller]
pub fn quiet(address: SocketAddr) {
    let begun = Instant::now();
    while is_spoken_to(address) {
        assert!(begun.elapsed() < Duration::from_secs(60), "connections to {address} stay open");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether the kernel knows of an open connection whose own end is the port of `address`.
fn is_spoken_to(address: SocketAddr) -> bool {
    let port = format!(":{:04X}", address.port());
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    sockets.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (own, state) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
        own.ends_with(&port) && OPEN.contains(&state)
    })
}
