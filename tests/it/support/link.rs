//! The connection to Postgres, on which a test can count round trips, and cut or stall it at any.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::Database;

/// What happens to the connection, at the round trip of this number; the first is 1. The last
/// answer of a login is the end of a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// What the program says is lost.
    Before(usize),
    /// The database does what it was asked to, but its answer is lost.
    After(usize),
    /// What the program says is held back.
    Stall(usize),
}

#[derive(Default)]
struct State {
    trips: usize,
    /// Since when the program waits for the end of a round trip.
    asked_at: Option<Instant>,
    waited: Duration,
    cut: Option<Cut>,
    is_for_good: bool,
    is_dead: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    healed: Condvar,
}

/// A proxy before the database of a world.
pub struct Link {
    shared: Arc<Shared>,
    url: String,
}

impl Link {
    pub fn before(database: &Database) -> Self {
        let mut url: url::Url = database.url().parse().unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        url.set_port(Some(address.port())).unwrap();
        url.set_query(Some("sslmode=disable"));
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if accepting.state.lock().unwrap().is_dead {
                    continue;
                }
                let server = TcpStream::connect(&server).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (up, down) = (Arc::clone(&accepting), Arc::clone(&accepting));
                std::thread::spawn(move || questions(from, to, &up));
                std::thread::spawn(move || answers(server, client, &down));
            }
        });
        Self {
            shared,
            url: url.into(),
        }
    }

    /// The `DATABASE_URL` that leads through it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Round trips since the last call.
    pub fn trips(&self) -> usize {
        std::mem::take(&mut self.shared.state.lock().unwrap().trips)
    }

    /// How long these round trips took, since the last call: from the first byte of a question to
    /// the last of its answer.
    pub fn waited(&self) -> Duration {
        std::mem::take(&mut self.shared.state.lock().unwrap().waited)
    }

    /// Counts from 1 again, and cuts at a round trip. `for_good` has the database stay away.
    pub fn cut(&self, cut: Cut, for_good: bool) {
        *self.shared.state.lock().unwrap() = State {
            cut: Some(cut),
            is_for_good: for_good,
            ..State::default()
        };
    }

    /// Mends it; whether it was cut.
    pub fn heal(&self) -> bool {
        let state = std::mem::take(&mut *self.shared.state.lock().unwrap());
        self.shared.healed.notify_all();
        state.cut.is_none()
    }
}

impl State {
    /// Whether what comes now meets the fault, which happens once.
    fn meets(&mut self, wanted: impl Fn(Cut, usize) -> bool) -> bool {
        let meets = self.cut.is_some_and(|cut| wanted(cut, self.trips));
        if meets {
            self.cut = None;
            self.is_dead = self.is_for_good;
        }
        meets
    }
}

fn questions(mut client: TcpStream, mut server: TcpStream, shared: &Shared) {
    let mut bytes = [0; 65_536];
    while let Ok(length @ 1..) = client.read(&mut bytes) {
        let mut state = shared.state.lock().unwrap();
        state.asked_at.get_or_insert_with(Instant::now);
        if state.meets(|cut, trips| cut == Cut::Before(trips + 1)) {
            let _ = client.shutdown(Shutdown::Both);
            break;
        }
        if state.cut == Some(Cut::Stall(state.trips + 1)) {
            state.cut = None;
            state.is_dead = true;
            drop(shared.healed.wait_while(state, |state| state.is_dead));
            let _ = client.shutdown(Shutdown::Both);
            break;
        }
        drop(state);
        if server.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

/// Passes the server's messages on, which are a letter, a length and a body. `ReadyForQuery` ends a
/// round trip.
fn answers(server: TcpStream, mut client: TcpStream, shared: &Shared) {
    let mut server = BufReader::with_capacity(65_536, server);
    let mut head = [0; 5];
    // What is here goes on at once, and as one: rows come by the hundred thousand.
    let mut passed = Vec::new();
    while server.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let begin = passed.len() + head.len();
        passed.extend(head);
        passed.resize(begin + usize::try_from(length).unwrap() - 4, 0);
        if server.read_exact(&mut passed[begin..]).is_err() {
            break;
        }
        if head[0] == b'Z' {
            let mut state = shared.state.lock().unwrap();
            state.trips += 1;
            if let Some(asked_at) = state.asked_at.take() {
                state.waited += asked_at.elapsed();
            }
            if state.meets(|cut, trips| cut == Cut::After(trips)) {
                let _ = client.write_all(&passed[..begin - head.len()]);
                break;
            }
        }
        if server.buffer().is_empty() {
            if client.write_all(&passed).is_err() {
                break;
            }
            passed.clear();
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.get_ref().shutdown(Shutdown::Both);
}
