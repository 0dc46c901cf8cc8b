//! A small Smartlead and a small Slack on loopback, for the demo.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::domain::Kind;

/// The key that the simulated Smartlead takes.
pub(super) const KEY: &str = "demo-key";

/// What the simulated servers know. Clones share it.
#[derive(Clone)]
pub(super) struct World {
    accounts: u32,
    down: Arc<Mutex<Vec<(u32, Kind)>>>,
    channel: Arc<Mutex<Vec<Value>>>,
}

#[derive(Deserialize)]
struct Page {
    api_key: String,
    offset: u32,
    limit: u32,
}

impl World {
    /// A fleet of so many healthy accounts.
    pub(super) fn new(accounts: u32) -> Self {
        Self {
            accounts,
            down: Arc::default(),
            channel: Arc::default(),
        }
    }

    /// Says which accounts are down from now on.
    pub(super) fn set_down(&self, down: Vec<(u32, Kind)>) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = down;
    }

    /// Takes out what was posted to the channel.
    pub(super) fn take_posts(&self) -> Vec<Value> {
        std::mem::take(&mut self.channel.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves until the process ends; gives the address.
    pub(super) async fn serve(self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/api/v1/email-accounts/", get(list))
            .route("/api/chat.postMessage", post(take_message))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// How many accounts there are.
    pub(super) fn accounts(&self) -> u32 {
        self.accounts
    }

    /// An account, numbered from 0, as it is listed while those of `down` are down.
    pub(super) fn account(&self, index: u32, down: &[(u32, Kind)]) -> Value {
        let kind = down
            .iter()
            .find(|(i, _)| *i == index)
            .map(|(_, kind)| *kind);
        let smtp_failed = kind.is_some_and(Kind::smtp_failed);
        let imap_failed = kind.is_some_and(Kind::imap_failed);
        let (provider, smtp_error, imap_error) = pick(&PROVIDERS, index);
        let name = pick(&NAMES, index);
        let domain = index / 5 % 40 + 1;
        json!({
            "id": 48_120_000 + index,
            "from_name": name,
            "from_email": format!("{}{index}@outreach-{domain}.example", name.to_lowercase()),
            "type": provider,
            "is_smtp_success": !smtp_failed,
            "is_imap_success": !imap_failed,
            "smtp_failure_error": smtp_failed.then_some(smtp_error),
            "imap_failure_error": imap_failed.then_some(imap_error),
            "message_per_day": 30 + index % 3 * 10,
            "daily_sent_count": index % 30,
            "campaign_count": index % 4,
            "client_id": 70 + index % 6,
            "tags": [{"tag_id": 1, "tag_name": format!("pool-{}", index % 3 + 1)}],
        })
    }
}

/// Provider types with the words they have for a failing link.
const PROVIDERS: [(&str, &str, &str); 3] = [
    (
        "OUTLOOK",
        "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        "AADSTS50173: The provided grant has expired due to it being revoked.",
    ),
    (
        "GMAIL",
        "535-5.7.8 Username and Password not accepted.",
        "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
    ),
    (
        "SMTP",
        "connect ETIMEDOUT",
        "Timed out while authenticating with server",
    ),
];

const NAMES: [&str; 7] = ["Dana", "Amir", "Lena", "Kofi", "Mei", "Ana", "Jonas"];

/// One after the other, over and over.
fn pick<T: Copy + Default>(values: &[T], index: u32) -> T {
    values
        .iter()
        .cycle()
        .nth(index as usize % values.len().max(1))
        .copied()
        .unwrap_or_default()
}

async fn list(State(world): State<World>, Query(page): Query<Page>) -> (StatusCode, Json<Value>) {
    if page.api_key != KEY {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({"message": "Invalid API Key"})),
        );
    }
    let down = world
        .down
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let to = page.offset.saturating_add(page.limit).min(world.accounts);
    let accounts: Vec<Value> = (page.offset..to)
        .map(|index| world.account(index, &down))
        .collect();
    (StatusCode::OK, Json(Value::Array(accounts)))
}

async fn take_message(State(world): State<World>, Json(message): Json<Value>) -> Json<Value> {
    let mut channel = world.channel.lock().unwrap_or_else(PoisonError::into_inner);
    channel.push(message);
    Json(json!({"ok": true, "channel": "C0DEMO", "ts": format!("1700000000.{:06}", channel.len())}))
}
