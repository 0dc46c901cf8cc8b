//! A fake Slack: keeps what is posted, and answers by a script.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::server::{self, Server};
use super::smartlead::json_response;

/// What to answer to the post that is the given one in number, the first being 0; `None` to take it.
type Fault = Box<dyn FnMut(usize, &Value) -> Option<Response> + Send>;

/// What Slack says of the token and the channel.
#[derive(Debug, Clone)]
pub struct Look {
    /// The answer of `auth.test`.
    pub identity: Value,
    /// The header with the granted scopes.
    pub scopes: Option<String>,
    /// The answer of `conversations.info`.
    pub channel: Value,
    /// The header with Slack's time, in place of the right one.
    pub date: Option<String>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            identity: json!({
                "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "monitor",
                "team_id": "T0123456789", "user_id": "U0123456789", "bot_id": "B0123456789",
            }),
            scopes: Some("chat:write,channels:read".to_owned()),
            channel: json!({"ok": true, "channel": {
                "id": super::CHANNEL, "name": "alerts", "is_channel": true, "is_private": false,
                "is_archived": false, "is_member": true,
            }}),
            date: None,
        }
    }
}

#[derive(Default)]
struct Inner {
    look: Look,
    posts: Vec<Value>,
    /// How many messages were ever taken, which makes their ids.
    taken: usize,
    updates: Vec<Value>,
    /// Answers every change with this error code.
    refuses_updates: Option<&'static str>,
    seen: usize,
    fault: Option<Fault>,
    takes_all: bool,
    latency: Duration,
    released: Arc<Notify>,
}

#[derive(Clone)]
pub struct FakeSlack {
    inner: Arc<Mutex<Inner>>,
    server: Server,
    url: String,
}

impl FakeSlack {
    pub fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new()
            .route("/api/chat.postMessage", post(answer))
            .route("/api/chat.update", post(update))
            .route("/api/auth.test", post(auth_test))
            .route("/api/conversations.info", get(conversations_info))
            .with_state(Arc::clone(&inner));
        let server = server::serve(router);
        let url = format!("http://{}/api", server.address);
        Self { inner, server, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until all that programs which have ended had sent is read.
    pub fn settle(&self) {
        self.server.settle();
    }

    /// Says this of the token and the channel.
    pub fn set_look(&self, look: Look) {
        self.inner.lock().unwrap().look = look;
    }

    pub fn set_fault(&self, fault: impl FnMut(usize, &Value) -> Option<Response> + Send + 'static) {
        let mut inner = self.inner.lock().unwrap();
        inner.seen = 0;
        inner.takes_all = false;
        inner.fault = Some(Box::new(fault));
    }

    /// Answers by this script where it gives something, but puts every message into the channel.
    pub fn set_lost(&self, fault: impl FnMut(usize, &Value) -> Option<Response> + Send + 'static) {
        self.set_fault(fault);
        self.inner.lock().unwrap().takes_all = true;
    }

    /// Answers every post with this error code.
    pub fn refuse(&self, code: &'static str) {
        self.set_fault(move |_, _| Some(error_code(code)));
    }

    /// Answers every change of a message with this error code, or none.
    pub fn refuse_updates(&self, code: Option<&'static str>) {
        self.inner.lock().unwrap().refuses_updates = code;
    }

    /// Takes so long to answer from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.inner.lock().unwrap().latency = latency;
    }

    /// Answers at once what it has been keeping back.
    pub fn release(&self) {
        self.inner.lock().unwrap().released.notify_waiters();
    }

    pub fn heal(&self) {
        self.inner.lock().unwrap().fault = None;
    }

    /// How many posts have arrived since the script of answers was set.
    pub fn seen(&self) -> usize {
        self.inner.lock().unwrap().seen
    }

    /// Takes out the messages that Slack took.
    pub fn posts(&self) -> Vec<Value> {
        std::mem::take(&mut self.inner.lock().unwrap().posts)
    }

    /// Takes out the changes of messages that Slack took.
    pub fn updates(&self) -> Vec<Value> {
        std::mem::take(&mut self.inner.lock().unwrap().updates)
    }

    /// Takes out the messages, and gives the account ids that their tables list.
    pub fn announced(&self) -> Vec<i64> {
        self.posts().iter().flat_map(listed).collect()
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_let_in(&headers) {
        return error_code("invalid_auth");
    }
    let message: Value = serde_json::from_slice(&body).unwrap();
    let (response, latency, released) = {
        let mut inner = inner.lock().unwrap();
        let number = inner.seen;
        inner.seen += 1;
        let fault = inner
            .fault
            .as_mut()
            .and_then(|fault| fault(number, &message));
        let response = match fault {
            Some(response) => {
                if inner.takes_all {
                    take(&mut inner, message);
                }
                response
            }
            None => take(&mut inner, message),
        };
        (response, inner.latency, Arc::clone(&inner.released))
    };
    let _ = tokio::time::timeout(latency, released.notified()).await;
    response
}

async fn update(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_let_in(&headers) {
        return error_code("invalid_auth");
    }
    let message: Value = serde_json::from_slice(&body).unwrap();
    let (channel, ts) = (message["channel"].clone(), message["ts"].clone());
    let mut inner = inner.lock().unwrap();
    if let Some(code) = inner.refuses_updates {
        return error_code(code);
    }
    inner.updates.push(message);
    json_response(200, &json!({"ok": true, "channel": channel, "ts": ts}))
}

fn is_let_in(headers: &HeaderMap) -> bool {
    let token = headers.get("authorization");
    token.is_some_and(|token| *token == format!("Bearer {}", super::TOKEN))
}

async fn auth_test(State(inner): State<Arc<Mutex<Inner>>>, headers: HeaderMap) -> Response {
    if !is_let_in(&headers) {
        return error_code("invalid_auth");
    }
    let look = inner.lock().unwrap().look.clone();
    let mut response = json_response(200, &look.identity);
    for (name, value) in [("x-oauth-scopes", look.scopes), ("date", look.date)] {
        if let Some(value) = value {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
    }
    response
}

async fn conversations_info(
    State(inner): State<Arc<Mutex<Inner>>>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if !is_let_in(&headers) {
        return error_code("invalid_auth");
    }
    if asked.get("channel").map(String::as_str) != Some(super::CHANNEL) {
        return error_code("channel_not_found");
    }
    json_response(200, &inner.lock().unwrap().look.channel)
}

/// Keeps a message with the id that it is given.
fn take(inner: &mut Inner, mut message: Value) -> Response {
    inner.taken += 1;
    let ts = format!("1503435956.{:06}", inner.taken);
    message["ts"] = json!(ts);
    inner.posts.push(message);
    json_response(
        200,
        &json!({"ok": true, "channel": super::CHANNEL, "ts": ts}),
    )
}

/// Slack's way to say that it has not done something.
pub fn error_code(code: &str) -> Response {
    json_response(200, &json!({"ok": false, "error": code}))
}

/// The account ids in a message's table, in its order.
pub fn listed(message: &Value) -> Vec<i64> {
    listing(message).iter().map(|row| row.account).collect()
}

/// The title of a message.
pub fn title(message: &Value) -> &str {
    message["text"].as_str().unwrap().lines().next().unwrap()
}

/// A disconnection that a message lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub account: i64,
    pub kind: String,
    pub is_repeat: bool,
    /// When it was found, if it was found by an earlier check.
    pub since: Option<String>,
}

/// The disconnections that a message lists, in its table or as plain text.
pub fn listing(message: &Value) -> Vec<Listed> {
    let rows = message["blocks"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|block| block["rows"].as_array());
    let rows: Vec<(String, String)> = match rows {
        Some(rows) => rows
            .iter()
            .skip(1)
            .map(|row| {
                let id = row[0]["elements"][0]["elements"][0]["text"].as_str();
                let kind = row[4]["text"].as_str();
                (id.unwrap().to_owned(), kind.unwrap().to_owned())
            })
            .collect(),
        None => message["text"]
            .as_str()
            .unwrap()
            .lines()
            .filter(|line| line.contains(" | "))
            .map(|line| {
                let mut cells = line.split(" | ");
                (
                    cells.next().unwrap().to_owned(),
                    cells.nth(3).unwrap().to_owned(),
                )
            })
            .collect(),
    };
    rows.into_iter()
        .map(|(account, kind)| Listed {
            account: account.parse().unwrap(),
            is_repeat: kind.contains("possible repeat"),
            since: kind
                .split_once(", since ")
                .map(|(_, since)| since.chars().take(16).collect()),
            kind: kind.split([',', ' ']).next().unwrap().to_owned(),
        })
        .collect()
}
