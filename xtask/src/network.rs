//! Whether a host answers, asked with patience that ends.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::Duration;

/// How long a host may take to be found and to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether `host` accepts a connection on `port` within two seconds, the search for its address included.
#[must_use]
pub fn reachable(host: &str, port: u16) -> bool {
    let (answer, answers) = mpsc::channel();
    let target = (host.to_owned(), port);
    // Looking up a name has no time limit of its own; a thread that outlives it is left to the end of the process.
    std::thread::spawn(move || {
        let connected = target
            .to_socket_addrs()
            .is_ok_and(|mut addresses| addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok()));
        // Nobody listens any more once the time is up.
        answer.send(connected).ok();
    });
    answers.recv_timeout(PATIENCE).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_open_port_from_a_closed_one() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        assert!(reachable("127.0.0.1", open.port()));
        // Where a connection goes out, nobody listens, and nobody else is let to.
        let outgoing = TcpStream::connect(open).unwrap();
        assert!(!reachable("127.0.0.1", outgoing.local_addr().unwrap().port()));
    }
}
