//! A wire as long as one wishes: what comes in goes out unaltered, half a round trip later.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Stands before `server`, a round trip away; where it is reached. It ends with the process.
pub fn before(server: SocketAddr, round_trip: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(upstream) = TcpStream::connect(server) else { continue };
            for stream in [&client, &upstream] {
                stream.set_nodelay(true).unwrap();
            }
            // Loopback connects at once; a real connection costs a round trip before its first byte.
            let open = Instant::now() + round_trip;
            wire(client.try_clone().unwrap(), upstream.try_clone().unwrap(), round_trip / 2, open);
            wire(upstream, client, round_trip / 2, open);
        }
    });
    address
}

fn wire(mut from: TcpStream, mut to: TcpStream, delay: Duration, open: Instant) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if sender.send((Instant::now().max(open) + delay, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        // The other side may be gone already.
        drop(to.shutdown(Shutdown::Write));
    });
}
