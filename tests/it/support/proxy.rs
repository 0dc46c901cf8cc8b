//! A proxy before Postgres that counts round trips.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Proxy {
    pub address: SocketAddr,
    trips: Arc<AtomicUsize>,
}

impl Proxy {
    /// Forwards to the server at `host:port`.
    pub fn start(server: &str) -> Self {
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let trips = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&trips);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(&server).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || answers(server, client, &counter));
            }
        });
        Self { address, trips }
    }

    /// Round trips until now: times that the server said it was ready for the next query, which it
    /// does at the end of a login, too.
    pub fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

/// Passes the server's messages on, which are a letter, a length and a body, and counts those that
/// say `ReadyForQuery`.
fn answers(mut server: TcpStream, mut client: TcpStream, trips: &AtomicUsize) {
    let mut head = [0; 5];
    while server.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        server.read_exact(&mut body).unwrap();
        if head[0] == b'Z' {
            trips.fetch_add(1, Ordering::SeqCst);
        }
        if client.write_all(&[&head[..], &body].concat()).is_err() {
            return;
        }
    }
}
