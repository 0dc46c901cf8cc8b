//! Word to a dead man's switch that checks are run: it raises the alarm when they are not.
//!
//! Understands what healthchecks.io takes, which others took over (the URL for success, `/start`
//! and `/fail` after it, the run's id as `rid`, one line as the body;
//! <https://healthchecks.io/docs/http_api/>), and the push URLs of Uptime Kuma (`status`, `msg` and
//! `ping` in the query). Nothing here changes how a check ends.

use std::time::Duration;

use reqwest::{Request, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::domain::RunId;
use crate::http::{Answer, Policy, Repeat, Sender};
use crate::redact::Redactor;

/// The limit of one ping, all tries together.
const LIMIT: Duration = Duration::from_secs(5);

/// Uptime Kuma shows the message in a list.
const LONGEST_LINE: usize = 250;

/// What a ping says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A check has begun.
    Start,
    /// It ended well.
    Success,
    /// It did not.
    Failure,
}

/// Pings one URL.
#[derive(Clone)]
pub struct Heartbeat {
    /// Who knows it can speak for us.
    url: SecretString,
    redactor: Redactor,
    limit: Duration,
}

impl Heartbeat {
    /// Pings `url`, which is that of a success.
    pub fn new(url: SecretString, redactor: Redactor) -> Self {
        Self {
            url,
            redactor,
            limit: LIMIT,
        }
    }

    /// Sends a signal about a run with one line of words, which lasted `elapsed`. A ping that does
    /// not arrive is a warning.
    pub async fn send(&self, signal: Signal, run_id: &RunId, line: &str, elapsed: Duration) {
        let line = format!("{run_id} {line}");
        let line = self.redactor.excerpt(&line, LONGEST_LINE);
        if let Err(error) = self.ping(signal, run_id, line, elapsed).await {
            warn!(
                "the heartbeat ({signal:?}) was not taken: {error}. Check HEARTBEAT_URL; the check \
                 itself does not depend on it"
            );
        }
    }

    async fn ping(
        &self,
        signal: Signal,
        run_id: &RunId,
        line: String,
        elapsed: Duration,
    ) -> anyhow::Result<()> {
        let url = Url::parse(self.url.expose_secret())?;
        let Some(url) = address(&url, signal, run_id, &line, elapsed) else {
            return Ok(());
        };
        let policy = Policy {
            rate_limit: None,
            max_attempts: 2,
            retry_base: self.limit / 10,
            request_timeout: self.limit / 2,
        };
        let deadline = Instant::now() + self.limit;
        let sender = Sender::new(&url, policy, deadline, self.redactor.clone())?;
        let request: Request = if is_push(&url) {
            // Which older versions take alone.
            sender.client().get(url).build()?
        } else {
            sender.client().post(url).body(line).build()?
        };
        sender
            .send("heartbeat", &request, Repeat::Safe, |_| Answer::Good(()))
            .await?;
        debug!("heartbeat ({signal:?}) sent");
        Ok(())
    }
}

/// Where to send a signal; nowhere if the receiver has no such signal.
fn address(
    url: &Url,
    signal: Signal,
    run_id: &RunId,
    line: &str,
    elapsed: Duration,
) -> Option<Url> {
    let mut url = url.clone();
    if is_push(&url) {
        let status = match signal {
            Signal::Start => return None,
            Signal::Success => "up",
            Signal::Failure => "down",
        };
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !matches!(name.as_ref(), "status" | "msg" | "ping"))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair("status", status)
            .append_pair("msg", line)
            .append_pair("ping", &elapsed.as_millis().to_string());
        return Some(url);
    }
    let suffix = match signal {
        Signal::Start => Some("start"),
        Signal::Success => None,
        Signal::Failure => Some("fail"),
    };
    if let (Some(suffix), Ok(mut path)) = (suffix, url.path_segments_mut()) {
        path.pop_if_empty().push(suffix);
    }
    url.query_pairs_mut().append_pair("rid", &uuid(run_id));
    Some(url)
}

/// Whether it is a push URL of Uptime Kuma.
fn is_push(url: &Url) -> bool {
    url.path().contains("/api/push/")
}

/// The run's id as the UUID that healthchecks.io asks for: version 8, which is for whatever one
/// likes (RFC 9562), with the digits of the id where they can be read:
/// `20240120140500_abc123` is `20240120-1405-8000-8000-000000abc123`.
fn uuid(run_id: &RunId) -> String {
    let digits: Vec<char> = run_id.as_str().chars().filter(|c| *c != '_').collect();
    let part =
        |from: usize, count: usize| -> String { digits.iter().skip(from).take(count).collect() };
    format!(
        "{}-{}-80{}-8000-000000{}",
        part(0, 8),
        part(8, 4),
        part(12, 2),
        part(14, 6)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(url: &str, signal: Signal) -> Option<String> {
        let run_id = RunId::new("2024-01-20T14:05:09Z".parse().unwrap(), 0xabc123);
        let url = Url::parse(url).unwrap();
        let elapsed = Duration::from_millis(1_500);
        address(&url, signal, &run_id, "a & b", elapsed).map(String::from)
    }

    #[test]
    fn healthchecks_is_told_by_the_path() {
        let rid = "rid=20240120-1405-8009-8000-000000abc123";
        for (url, signal, expected) in [
            (
                "https://hc-ping.com/x",
                Signal::Start,
                format!("https://hc-ping.com/x/start?{rid}"),
            ),
            (
                "https://hc-ping.com/x/",
                Signal::Failure,
                format!("https://hc-ping.com/x/fail?{rid}"),
            ),
            (
                "https://hc-ping.com/x",
                Signal::Success,
                format!("https://hc-ping.com/x?{rid}"),
            ),
            (
                "https://hc-ping.com/key/slug?create=1",
                Signal::Start,
                format!("https://hc-ping.com/key/slug/start?create=1&{rid}"),
            ),
        ] {
            assert_eq!(sent(url, signal).unwrap(), expected);
        }
    }

    #[test]
    fn uptime_kuma_is_told_by_the_query_and_knows_no_start() {
        let url = "http://kuma.lan:3001/api/push/t0ken?status=up&msg=OK&ping=";
        assert_eq!(sent(url, Signal::Start), None);
        assert_eq!(
            sent(url, Signal::Success).unwrap(),
            "http://kuma.lan:3001/api/push/t0ken?status=up&msg=a+%26+b&ping=1500"
        );
        assert!(sent(url, Signal::Failure).unwrap().contains("status=down"));
    }
}
