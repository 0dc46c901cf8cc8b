//! The polite sender: every request of the program goes out here, under a rate limit, with a time
//! limit, retries and a deadline. Callers ask for an answer; all waiting happens in this module.
//!
//! `answer` reads what a server says of its own faults, `retry` decides what a fault is worth,
//! `pace` when the next request may go; all three are pure. At the `gate` requests wait for that.

mod answer;
mod gate;
mod pace;
mod retry;

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use reqwest::header::{AsHeaderName, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Request, StatusCode};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{debug, info, warn};
use url::{Host, Url};

use crate::progress::Progress;
use crate::redact::Redactor;
pub use answer::{kind as body_kind, retry_after, retry_after_in_body};
use gate::{Gate, Passage};
pub use pace::RateLimit;
use retry::{Backoff, Next};
pub use retry::{Fault, Repeat, SendError};

/// A server's body is read up to this size. A page of 100 accounts has about 200 kB; signatures
/// with embedded pictures can make it some megabytes.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a sender treats the server it talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `None` for no limit.
    pub rate_limit: Option<RateLimit>,
    /// Tries of one request, the first included; waiting out a 429 is not one.
    pub max_attempts: u32,
    /// Delay after the first failed try; doubles with each further one, with jitter.
    pub retry_base: Duration,
    /// Limit of one try, from connecting to the last byte.
    pub request_timeout: Duration,
}

/// A 2xx answer as it came.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, whole.
    pub body: &'a [u8],
}

impl<'a> Received<'a> {
    /// A header's value, if it is there and is text.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's clock when it answered, to the second.
    pub fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header(DATE)?).ok()
    }

    /// The server's clock, or else ours.
    fn now(&self) -> SystemTime {
        self.date().unwrap_or_else(SystemTime::now)
    }
}

/// What a 2xx answer turned out to be.
pub enum Answer<T> {
    /// What was asked for.
    Good(T),
    /// Not what was asked for; treated like a 5xx.
    Malformed(String),
    /// A refusal for the rate that came as a 2xx; treated like a 429.
    RateLimited(String),
    /// Word that the request was not acted on and may be sent again.
    NotTaken(String),
}

impl<T> Answer<T> {
    /// The same with what is good made into something else.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Good(good) => Answer::Good(make(good)),
            Self::Malformed(why) => Answer::Malformed(why),
            Self::RateLimited(why) => Answer::RateLimited(why),
            Self::NotTaken(why) => Answer::NotTaken(why),
        }
    }
}

/// The TLS set-up of this machine cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}. {}", self.fault(), self.remedy())]
pub struct TlsError(String);

impl TlsError {
    /// What happened, without what to do.
    pub fn fault(&self) -> String {
        format!("TLS cannot be set up: {}", self.0)
    }

    /// What to do, as a sentence without its stop.
    pub fn remedy(&self) -> &'static str {
        "Check that the system's root certificates are installed (Debian: package ca-certificates)"
    }
}

/// Sends requests to one server, politely, until a deadline.
pub struct Sender {
    client: Client,
    gate: Gate,
    policy: Policy,
    deadline: Instant,
    redactor: Redactor,
    progress: Option<Progress>,
}

impl Sender {
    /// A sender to `server` that gives up at `deadline`. What is on this machine is reached without
    /// the proxy that the environment may name.
    ///
    /// # Errors
    /// When the machine has no usable certificate store.
    pub fn new(
        server: &Url,
        policy: Policy,
        deadline: Instant,
        redactor: Redactor,
    ) -> Result<Self, TlsError> {
        let mut client = Client::builder()
            .user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION")))
            .timeout(policy.request_timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(policy.request_timeout))
            // Keys are in URLs: neither a redirect nor its Referer may carry one elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        if is_loopback(server) {
            client = client.no_proxy();
        }
        if server.scheme() == "http" {
            // No certificate is looked at, so the machine need not have any.
            client = client.tls_certs_only([]);
        }
        Ok(Self {
            client: client.build().map_err(|error| TlsError(causes(error)))?,
            gate: Gate::new(policy.rate_limit, deadline),
            policy,
            deadline,
            redactor,
            progress: None,
        })
    }

    /// Shows the pauses that the server asks for.
    pub fn showing(mut self, progress: &Progress) -> Self {
        self.progress = Some(progress.clone());
        self
    }

    /// What keeps secrets out of the words of this server.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The limit that is set; `None` for none.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.policy.rate_limit
    }

    /// The time from one request to the next as it is now, at least what the limit asks; zero for
    /// no limit.
    pub fn spacing(&self) -> Duration {
        self.gate.spacing()
    }

    /// The client to build requests with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends `request` until `read` finds a 2xx answer good, a fault is not worth another
    /// try, or the deadline is near. `what` names the request in the log.
    ///
    /// # Errors
    /// The last fault, with the number of tries.
    pub async fn send<T>(
        &self,
        what: &str,
        request: &Request,
        repeat: Repeat,
        read: impl Fn(Received<'_>) -> Answer<T>,
    ) -> Result<T, SendError> {
        let mut backoff = Backoff::new(self.policy.retry_base);
        let mut attempts = 0;
        loop {
            let late = |may_have_acted| Fault::Deadline {
                what: "no answer before the deadline of the run".to_owned(),
                may_have_acted,
            };
            let mut ticket = None;
            let fault = match timeout_at(self.deadline, self.gate.pass()).await {
                Err(_) => late(false),
                Ok(passage) => {
                    ticket = Some(passage.ticket);
                    let attempt = self.attempt(what, request, passage, &read);
                    match timeout_at(self.deadline, attempt).await {
                        Ok(Ok(good)) => return Ok(good),
                        Ok(Err(fault)) => fault,
                        Err(_) => late(true),
                    }
                }
            };
            attempts += u32::from(!matches!(fault, Fault::RateLimited { .. }));
            let wait = match retry::next(&fault, attempts, self.policy.max_attempts, repeat) {
                Next::GiveUp => return Err(SendError { fault, attempts }),
                Next::Retry => backoff.next().max(fault.wait()),
                Next::Wait(asked) => asked.unwrap_or_else(|| backoff.next()),
            };
            let until = Instant::now() + wait;
            if until >= self.deadline {
                let fault = fault.past_deadline(wait);
                return Err(SendError { fault, attempts });
            }
            warn!(
                request = what,
                attempts,
                wait_ms = millis(wait),
                "{fault}; trying again"
            );
            if let (Fault::RateLimited { .. }, Some(ticket)) = (&fault, ticket) {
                if let Some(spacing) = self.gate.refused(ticket, until) {
                    warn!(
                        "the server takes fewer requests than it was sent: going on with one in {:.3} s",
                        spacing.as_secs_f64()
                    );
                }
                self.show_pause(wait);
            }
            sleep_until(until).await;
        }
    }

    /// One try, at once.
    async fn attempt<T>(
        &self,
        what: &str,
        request: &Request,
        passage: Passage<'_>,
        read: &impl Fn(Received<'_>) -> Answer<T>,
    ) -> Result<T, Fault> {
        let request = request
            .try_clone()
            .ok_or_else(|| Fault::Unsent("the request cannot be repeated".to_owned()))?;
        let sent = Instant::now();
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(|error| self.transport_fault(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport_fault(error))?
        {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(Fault::Malformed(format!(
                    "a body of more than {LARGEST_BODY} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        debug!(
            request = what,
            status = status.as_u16(),
            bytes = body.len(),
            ms = millis(sent.elapsed()),
            "answer"
        );
        let received = Received {
            headers: &headers,
            body: &body,
        };
        let judged = self.judge(status, received, read);
        let was_taken = !matches!(judged, Err(Fault::RateLimited { .. }));
        if let Some(pause) = passage.answered(allowance(received), was_taken) {
            info!(
                wait_ms = millis(pause),
                "the server's allowance is used up; going on when it gives a new one"
            );
            self.show_pause(pause);
        }
        judged
    }

    fn judge<T>(
        &self,
        status: StatusCode,
        received: Received<'_>,
        read: &impl Fn(Received<'_>) -> Answer<T>,
    ) -> Result<T, Fault> {
        let said = || answer::message(received.body, &self.redactor);
        let wait = || {
            received
                .header(RETRY_AFTER)
                .and_then(|value| answer::retry_after(value, received.now()))
                .or_else(|| answer::retry_after_in_body(received.body))
        };
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Fault::RateLimited {
                message: said(),
                wait: wait(),
            });
        }
        if !status.is_success() {
            return Err(Fault::Status {
                code: status.as_u16(),
                message: said(),
                wait: wait(),
            });
        }
        match read(received) {
            Answer::Good(good) => Ok(good),
            Answer::Malformed(why) => {
                Err(Fault::Malformed(self.redactor.redact(&why).into_owned()))
            }
            Answer::RateLimited(message) => Err(Fault::RateLimited {
                message,
                wait: wait(),
            }),
            Answer::NotTaken(why) => Err(Fault::NotTaken(why)),
        }
    }

    fn show_pause(&self, wait: Duration) {
        if let Some(progress) = &self.progress {
            progress.pause(wait);
        }
    }

    fn transport_fault(&self, error: reqwest::Error) -> Fault {
        let sent = !error.is_connect() && !error.is_builder();
        let late = error.is_timeout();
        let mut text = causes(error);
        if late {
            text = format!(
                "no answer within {} s ({text})",
                self.policy.request_timeout.as_secs_f32()
            );
        }
        let text = self.redactor.redact(&text).into_owned();
        if sent {
            Fault::Broken(text)
        } else {
            Fault::Unsent(text)
        }
    }
}

/// The whole chain of causes, without the URL: it holds the key.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// What an answer says of the server's limit.
fn allowance(received: Received<'_>) -> Option<pace::Allowance> {
    let remaining = received.header("x-ratelimit-remaining")?;
    let reset = received.header("x-ratelimit-reset")?;
    Some(pace::Allowance {
        remaining: remaining.trim().parse().ok()?,
        reset: answer::reset(reset, received.now())?,
    })
}

/// Whole milliseconds, for the log.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
