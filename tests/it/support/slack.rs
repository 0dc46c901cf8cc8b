//! A fake Slack: keeps what is posted, and answers by a script.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::server;
use super::smartlead::json_response;

/// What to answer to the post that is the given one in number, the first being 0; `None` to take it.
type Fault = Box<dyn FnMut(usize, &Value) -> Option<Response> + Send>;

#[derive(Default)]
struct Inner {
    posts: Vec<Value>,
    seen: usize,
    fault: Option<Fault>,
    latency: Duration,
}

#[derive(Clone)]
pub struct FakeSlack {
    inner: Arc<Mutex<Inner>>,
    url: String,
}

impl FakeSlack {
    pub fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new()
            .route("/api/chat.postMessage", post(answer))
            .with_state(Arc::clone(&inner));
        let url = format!("http://{}/api", server::serve(router));
        Self { inner, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn set_fault(&self, fault: impl FnMut(usize, &Value) -> Option<Response> + Send + 'static) {
        let mut inner = self.inner.lock().unwrap();
        inner.seen = 0;
        inner.fault = Some(Box::new(fault));
    }

    /// Answers every post with this error code.
    pub fn refuse(&self, code: &'static str) {
        self.set_fault(move |_, _| Some(json_response(200, &json!({"ok": false, "error": code}))));
    }

    /// Takes so long to answer from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.inner.lock().unwrap().latency = latency;
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
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {}", super::TOKEN)) {
        return json_response(200, &json!({"ok": false, "error": "invalid_auth"}));
    }
    let message: Value = serde_json::from_slice(&body).unwrap();
    let (response, latency) = {
        let mut inner = inner.lock().unwrap();
        let number = inner.seen;
        inner.seen += 1;
        let fault = inner
            .fault
            .as_mut()
            .and_then(|fault| fault(number, &message));
        (
            fault.unwrap_or_else(|| take(&mut inner, message)),
            inner.latency,
        )
    };
    tokio::time::sleep(latency).await;
    response
}

fn take(inner: &mut Inner, message: Value) -> Response {
    inner.posts.push(message);
    let ts = format!("1503435956.{:06}", inner.posts.len());
    json_response(
        200,
        &json!({"ok": true, "channel": super::CHANNEL, "ts": ts}),
    )
}

/// The account ids in a message's table, in its order.
pub fn listed(message: &Value) -> Vec<i64> {
    let rows = message["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|block| block["rows"].as_array());
    let cells = rows.into_iter().flatten().skip(1).map(|row| &row[0]);
    cells
        .map(|cell| {
            cell["elements"][0]["elements"][0]["text"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect()
}

/// The title of a message.
pub fn title(message: &Value) -> &str {
    message["blocks"][0]["text"]["text"].as_str().unwrap()
}
