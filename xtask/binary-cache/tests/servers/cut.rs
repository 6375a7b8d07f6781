//! A wire that breaks: what comes in goes out unaltered until so many bytes went out, and then both ends are reset.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Stands before `server`, and resets each connection over which the client sends more than `bytes`; where it is reached. It ends
/// with the process.
pub fn after(server: SocketAddr, bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(upstream) = TcpStream::connect(server) else { continue };
            let (back, forth) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            std::thread::spawn(move || wire(upstream, back, usize::MAX));
            std::thread::spawn(move || wire(client, forth, bytes));
        }
    });
    address
}

fn wire(mut from: TcpStream, mut to: TcpStream, bytes: usize) {
    let (mut buffer, mut sent) = (vec![0; 1 << 14], 0);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        sent += read;
        if sent > bytes {
            for end in [&from, &to] {
                socket2::SockRef::from(end).set_linger(Some(Duration::ZERO)).unwrap();
                // The other direction has them as well; it must not go on.
                end.shutdown(Shutdown::Both).ok();
            }
            return;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // The other side may be gone already.
    to.shutdown(Shutdown::Write).ok();
}
