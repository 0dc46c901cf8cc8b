//! A small Smartlead and a small Slack on loopback, for the demo and the benchmarks. Its pages have
//! the fields and the size of real ones, passwords included, and it can be slow and limit the rate.

mod account;
mod limit;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::domain::Kind;
use account::Account;
pub use account::is_of_first_provider;
use limit::{Gate, Word};
pub use limit::{Limit, Window};

/// The key that the simulated Smartlead takes.
pub const KEY: &str = "demo-key";

/// The accounts that are down, and how; they are numbered from 0.
pub type Down = HashMap<u32, Kind>;

/// What the simulated servers know. Clones share it.
#[derive(Clone)]
pub struct World {
    accounts: u32,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    down: Arc<Down>,
    channel: Vec<Value>,
    /// How many messages there ever were, which makes their ids.
    messages: usize,
    latency: Duration,
    gate: Option<Gate>,
    traffic: Traffic,
}

/// What has come to the simulated Smartlead.
#[derive(Debug, Default)]
pub struct Traffic {
    /// When each request arrived.
    pub arrivals: Vec<Instant>,
    /// How many of them were refused for the rate.
    pub refused: usize,
}

#[derive(Deserialize)]
struct Caller {
    api_key: String,
}

#[derive(Deserialize)]
struct Place {
    offset: u32,
    limit: u32,
}

impl World {
    /// A fleet of so many healthy accounts, behind servers that answer at once.
    pub fn new(accounts: u32) -> Self {
        Self {
            accounts,
            shared: Arc::default(),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> u32 {
        self.accounts
    }

    /// Says which accounts are down from now on.
    pub fn set_down(&self, down: Down) {
        self.shared().down = Arc::new(down);
    }

    /// Has Smartlead take so long for each answer.
    pub fn set_latency(&self, latency: Duration) {
        self.shared().latency = latency;
    }

    /// Has Smartlead limit the rate, with a window that begins anew.
    pub fn set_limit(&self, limit: Option<Limit>) {
        self.shared().gate = limit.map(Gate::new);
    }

    /// Takes out what was posted to the channel, and what replaced a message of it, which has its
    /// `ts`.
    pub fn take_posts(&self) -> Vec<Value> {
        std::mem::take(&mut self.shared().channel)
    }

    /// Takes out what has come to Smartlead.
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut self.shared().traffic)
    }

    /// Serves until the process ends; gives the address.
    ///
    /// # Errors
    /// When the machine gives no port.
    pub async fn serve(self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/api/v1/email-accounts/", get(list))
            .route("/api/v1/client/", get(clients))
            .route("/api/v1/campaigns/", get(campaigns))
            .route("/api/chat.postMessage", post(take_message))
            .route("/api/chat.update", post(take_edit))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// Smartlead's answer: what `body` makes of who is down, unless the caller is turned away.
    async fn answer(&self, caller: &Caller, body: impl FnOnce(&Down) -> String) -> Response {
        let (latency, word, down) = {
            let mut shared = self.shared();
            let now = Instant::now();
            let word = shared.gate.as_mut().map(|gate| gate.ask(now));
            shared.traffic.arrivals.push(now);
            shared.traffic.refused += usize::from(word.is_some_and(|word| !word.granted));
            (shared.latency, word, Arc::clone(&shared.down))
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let headers = word.map(|word| word.headers(SystemTime::now()));
        let headers = AppendHeaders(headers.unwrap_or_default());
        if let Some(Word {
            granted: false,
            wait,
            ..
        }) = word
        {
            return (headers, refusal(wait)).into_response();
        }
        if caller.api_key != KEY {
            let body = Json(json!({"message": "Invalid API Key"}));
            return (StatusCode::UNAUTHORIZED, headers, body).into_response();
        }
        let json = [(CONTENT_TYPE, "application/json")];
        (headers, json, body(&down)).into_response()
    }
}

/// The body of a page with these accounts, as it is while those of `down` are down.
pub fn page(accounts: impl ExactSizeIterator<Item = u32>, down: &Down) -> String {
    let mut body = String::with_capacity(accounts.len() * account::USUAL_SIZE + 2);
    body.push('[');
    for index in accounts {
        if body.len() > 1 {
            body.push(',');
        }
        let kind = down.get(&index).copied();
        // Writing into a string does not fail.
        let _ = write!(body, "{}", Account { index, kind });
    }
    body.push(']');
    body
}

async fn list(
    State(world): State<World>,
    Query(caller): Query<Caller>,
    Query(place): Query<Place>,
) -> Response {
    let to = place.offset.saturating_add(place.limit).min(world.accounts);
    world
        .answer(&caller, |down| page(place.offset..to, down))
        .await
}

async fn clients(State(world): State<World>, Query(caller): Query<Caller>) -> Response {
    let body = |_: &Down| Value::from_iter(account::clients()).to_string();
    world.answer(&caller, body).await
}

async fn campaigns(State(world): State<World>, Query(caller): Query<Caller>) -> Response {
    let body = |_: &Down| Value::from_iter(account::campaigns(world.accounts)).to_string();
    world.answer(&caller, body).await
}

/// Word that there have been too many requests, and that the next has to wait so long.
fn refusal(wait: Duration) -> Response {
    let seconds = limit::whole_seconds(wait);
    let message = format!("Rate limit exceeded. Please retry after {seconds} seconds.");
    let error = json!({"code": "RATE_LIMIT_EXCEEDED", "message": message, "retry_after": seconds});
    (
        StatusCode::TOO_MANY_REQUESTS,
        [(RETRY_AFTER, seconds.to_string())],
        Json(json!({ "error": error })),
    )
        .into_response()
}

async fn take_message(State(world): State<World>, Json(message): Json<Value>) -> Json<Value> {
    let mut shared = world.shared();
    shared.channel.push(message);
    shared.messages += 1;
    let ts = format!("1700000000.{:06}", shared.messages);
    Json(json!({"ok": true, "channel": "C0DEMO", "ts": ts}))
}

async fn take_edit(State(world): State<World>, Json(edit): Json<Value>) -> Json<Value> {
    let answer = json!({"ok": true, "channel": "C0DEMO", "ts": edit.get("ts")});
    world.shared().channel.push(edit);
    Json(answer)
}
