//! A fake of the services that wait for a heartbeat: it takes pings of any path.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::{Json, Router};

use serde_json::{Value, json};

use super::server::{Server, serve};

/// One ping.
#[derive(Debug, Clone)]
pub struct Ping {
    pub method: Method,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Clone)]
pub struct FakeHeartbeat {
    server: Server,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    pings: Vec<Ping>,
    /// What is answered; nothing is if there is none.
    status: Option<StatusCode>,
}

impl FakeHeartbeat {
    /// Answers each ping with this status, or never.
    pub fn start(status: Option<StatusCode>) -> Self {
        let pings = Vec::new();
        let inner = Arc::new(Mutex::new(Inner { pings, status }));
        let router = Router::new().fallback(take).with_state(Arc::clone(&inner));
        let server = serve(router);
        Self { server, inner }
    }

    /// The URL of this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// The pings so far.
    pub fn pings(&self) -> Vec<Ping> {
        self.inner.lock().unwrap().pings.clone()
    }
}

async fn take(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    body: String,
) -> (StatusCode, Json<Value>) {
    let echo = Json(json!({"message": format!("{uri}, {query:?} is not known")}));
    let status = {
        let mut inner = inner.lock().unwrap();
        inner.pings.push(Ping {
            method,
            path: uri.path().to_owned(),
            query,
            body,
        });
        inner.status
    };
    match status {
        Some(status) => (status, echo),
        None => std::future::pending().await,
    }
}
