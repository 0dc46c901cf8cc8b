//! A fake Smartlead: a fleet that tests change, and a script of faults.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::server::{self, Server};

pub const V1: &str = "/api/v1/email-accounts/";
pub const DASHBOARD: &str = "/api/email-account/get-total-email-accounts";

pub const CAMPAIGNS: &str = "/api/v1/campaigns/";
pub const CLIENTS: &str = "/api/v1/client/";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub at: Instant,
    pub path: String,
    pub query: HashMap<String, String>,
    pub authorization: Option<String>,
}

impl Asked {
    fn is_for_accounts(&self) -> bool {
        ![CAMPAIGNS, CLIENTS].contains(&&*self.path)
    }

    pub fn offset(&self) -> usize {
        self.query["offset"].parse().unwrap()
    }
}

/// What to answer instead of the truth; `None` for the truth.
type Fault = Box<dyn FnMut(&Asked) -> Option<Response> + Send>;

#[derive(Default)]
struct Inner {
    fleet: Vec<Value>,
    campaigns: Value,
    clients: Value,
    asked: Vec<Asked>,
    fault: Option<Fault>,
    fault_of_names: Option<Fault>,
    latency: Duration,
    released: Arc<Notify>,
}

#[derive(Clone)]
pub struct FakeSmartlead {
    inner: Arc<Mutex<Inner>>,
    server: Server,
    url: String,
}

impl FakeSmartlead {
    pub fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner {
            campaigns: json!([]),
            clients: json!([{"id": 77, "name": "Birch & Sons"}]),
            ..Inner::default()
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let server = server::serve(router);
        let url = format!("http://{}", server.address);
        Self { inner, server, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until all that programs which have ended had sent is read.
    pub fn settle(&self) {
        self.server.settle();
    }

    pub fn set_fleet(&self, fleet: impl IntoIterator<Item = Value>) {
        self.inner.lock().unwrap().fleet = fleet.into_iter().collect();
    }

    /// What campaigns and clients there are.
    pub fn set_names(&self, campaigns: Value, clients: Value) {
        let mut inner = self.inner.lock().unwrap();
        (inner.campaigns, inner.clients) = (campaigns, clients);
    }

    pub fn set_latency(&self, latency: Duration) {
        self.inner.lock().unwrap().latency = latency;
    }

    /// Answers at once what it has been keeping back.
    pub fn release(&self) {
        self.inner.lock().unwrap().released.notify_waiters();
    }

    /// Answers requests for a listing by this script where it gives something.
    pub fn set_fault(&self, fault: impl FnMut(&Asked) -> Option<Response> + Send + 'static) {
        self.inner.lock().unwrap().fault = Some(Box::new(fault));
    }

    pub fn heal(&self) {
        self.inner.lock().unwrap().fault = None;
    }

    /// Takes out the requests for a listing that have arrived.
    pub fn asked(&self) -> Vec<Asked> {
        let mut inner = self.inner.lock().unwrap();
        let listing = inner.asked.extract_if(.., |asked| asked.is_for_accounts());
        listing.collect()
    }

    /// Takes out the requests for names that have arrived.
    pub fn asked_for_names(&self) -> Vec<Asked> {
        let mut inner = self.inner.lock().unwrap();
        let names = inner.asked.extract_if(.., |asked| !asked.is_for_accounts());
        names.collect()
    }

    /// Answers every request for names by this script.
    pub fn set_fault_of_names(
        &self,
        fault: impl FnMut(&Asked) -> Option<Response> + Send + 'static,
    ) {
        self.inner.lock().unwrap().fault_of_names = Some(Box::new(fault));
    }
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let asked = Asked {
        at: Instant::now(),
        path: request.uri().path().to_owned(),
        query: url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        authorization: request
            .headers()
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned()),
    };
    let (response, latency, released) = {
        let mut inner = inner.lock().unwrap();
        inner.asked.push(asked.clone());
        let fault = if asked.is_for_accounts() {
            &mut inner.fault
        } else {
            &mut inner.fault_of_names
        };
        let fault = fault.as_mut().and_then(|fault| fault(&asked));
        (
            fault.unwrap_or_else(|| truth(&inner, &asked)),
            inner.latency,
            Arc::clone(&inner.released),
        )
    };
    if !latency.is_zero() {
        let _ = tokio::time::timeout(latency, released.notified()).await;
    }
    response
}

fn truth(inner: &Inner, asked: &Asked) -> Response {
    let page = || {
        let number = |name: &str| asked.query[name].parse::<usize>().unwrap();
        inner
            .fleet
            .iter()
            .skip(number("offset"))
            .take(number("limit"))
            .cloned()
            .collect::<Vec<_>>()
    };
    let key = asked.query.get("api_key").map(String::as_str) == Some(super::KEY);
    let bearer = asked.authorization.as_deref() == Some("Bearer jwt-91ce");
    match asked.path.as_str() {
        V1 if key => {
            let mut page = page();
            if !asked.query.contains_key("fetch_campaigns") {
                for account in &mut page {
                    account.as_object_mut().unwrap().remove("campaign_ids");
                }
            }
            json_response(200, &Value::Array(page))
        }
        DASHBOARD if key || bearer => json_response(
            200,
            &json!({"ok": true, "data": {"email_accounts": page()}}),
        ),
        CAMPAIGNS if key => json_response(200, &inner.campaigns),
        CLIENTS if key => json_response(200, &inner.clients),
        V1 | DASHBOARD | CAMPAIGNS | CLIENTS => {
            json_response(401, &json!({"message": "Invalid API Key"}))
        }
        _ => json_response(404, &json!({"message": "Cannot GET"})),
    }
}

pub fn json_response(status: u16, body: &Value) -> Response {
    raw_response(status, "application/json", body.to_string())
}

pub fn raw_response(status: u16, content_type: &str, body: impl Into<Body>) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (
        status,
        [("content-type", content_type.to_owned())],
        body.into(),
    )
        .into_response()
}

/// What providers say of different causes, none of which is shared by many of many accounts.
const CAUSES: [&str; 3] = [
    "535 5.7.8 Username and Password not accepted",
    "getaddrinfo ENOTFOUND smtp.outreach-one.example",
    "452 4.2.2 The mailbox is full",
];

/// An account with both links down, for one cause or another.
pub fn down_somehow(id: i64) -> Value {
    let cause = CAUSES[usize::try_from(id.rem_euclid(3)).unwrap()];
    with(
        both_down(id),
        json!({"smtp_failure_error": cause, "imap_failure_error": cause}),
    )
}

/// An account with both links up, as the documented listing shows it, secrets and all.
pub fn healthy(id: i64) -> Value {
    json!({
        "id": id,
        "created_at": "2026-02-03T09:12:44.120Z",
        "user_id": 9001,
        "from_name": format!("Dana {id}"),
        "from_email": format!("dana{id}@outreach-one.example"),
        "username": format!("dana{id}@outreach-one.example"),
        "password": "c210cC1wYXNzd29yZA==",
        "imap_password": "aW1hcC1wYXNzd29yZA==",
        "smtp_host": "smtp.office365.com",
        "smtp_port": 587,
        "is_smtp_success": true,
        "is_imap_success": true,
        "smtp_failure_error": null,
        "imap_failure_error": null,
        "type": "OUTLOOK",
        "message_per_day": 40,
        "daily_sent_count": 17,
        "client_id": 77,
        "campaign_count": 3,
        "tags": [{"tag_id": 10, "tag_name": "pool-a", "tag_color": "#B1FCCF"}],
        "warmup_details": {"status": "ACTIVE"},
    })
}

pub fn smtp_down(id: i64) -> Value {
    with(
        healthy(id),
        json!({"is_smtp_success": false, "smtp_failure_error": "535 login rejected"}),
    )
}

pub fn imap_down(id: i64) -> Value {
    with(
        healthy(id),
        json!({"is_imap_success": false, "imap_failure_error": "NO [AUTHENTICATIONFAILED]"}),
    )
}

pub fn both_down(id: i64) -> Value {
    with(
        smtp_down(id),
        imap_down(id).clone_fields(&["is_imap_success", "imap_failure_error"]),
    )
}

pub fn with(mut account: Value, changes: Value) -> Value {
    account
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    account
}

trait CloneFields {
    fn clone_fields(&self, names: &[&str]) -> Value;
}

impl CloneFields for Value {
    fn clone_fields(&self, names: &[&str]) -> Value {
        names
            .iter()
            .map(|name| ((*name).to_owned(), self[*name].clone()))
            .collect()
    }
}

/// `count` healthy accounts from id 1 on, with those of `instead` in their places.
pub fn fleet(count: i64, instead: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut fleet: Vec<Value> = (1..=count).map(healthy).collect();
    for account in instead {
        let id = account["id"].as_i64().unwrap();
        let place = fleet.iter_mut().find(|other| other["id"] == id).unwrap();
        *place = account;
    }
    fleet
}
