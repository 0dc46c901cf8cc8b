//! The sink: posts to a Slack channel with `chat.postMessage`.
//!
//! Slack reports most failures with status 200, and an answer that was lost may have been a
//! success. So a post counts only after `"ok":true` with the message's id, and a request that Slack
//! may have acted on is never repeated within a run.

pub mod message;
pub mod preview;

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::domain::Receipt;
use crate::http::{Answer, Fault, Policy, RateLimit, Repeat, SendError, Sender};
use crate::redact::Redactor;
use message::Message;

/// Where to post and as whom.
#[derive(Clone)]
pub struct Config {
    /// Base of the Web API; the method's name is appended.
    pub base_url: Url,
    /// Bot token, `xoxb-…`.
    pub token: SecretString,
    /// Id or `#name` of the channel.
    pub channel: String,
}

/// How to treat Slack: as the source's server, but at one message a second, which is what it
/// allows for a channel. Source: <https://docs.slack.dev/apis/web-api/rate-limits>.
pub fn policy(policy: Policy) -> Policy {
    let rate_limit = RateLimit {
        requests: NonZeroU32::MIN,
        period: Duration::from_secs(1),
    };
    Policy {
        rate_limit: Some(rate_limit),
        ..policy
    }
}

/// Why a message is not known to be in the channel. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    /// Slack refused it.
    #[error("Slack refused the message ({code}{detail}). {remedy}")]
    Refused {
        /// Slack's error code.
        code: String,
        /// Slack's hints, or nothing.
        detail: String,
        /// What to do.
        remedy: String,
    },
    /// It was not sent, or no usable answer came.
    #[error(
        "Slack could not be reached or gave no usable answer: {0}. Check the network, and SLACK_BASE_URL if it is set"
    )]
    Send(#[from] SendError),
}

/// A client for one channel.
pub struct Slack {
    config: Config,
    sender: Sender,
}

/// The part of Slack's answer that is used.
#[derive(Deserialize)]
struct Reply {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
    #[serde(default)]
    needed: Option<String>,
    #[serde(default)]
    response_metadata: Option<ResponseMetadata>,
}

#[derive(Deserialize)]
struct ResponseMetadata {
    #[serde(default)]
    messages: Vec<String>,
}

impl Slack {
    /// A client that sends through `sender`.
    pub fn new(config: Config, sender: Sender) -> Self {
        Self { config, sender }
    }

    /// Posts a message, into the thread of `parent` if one is given.
    ///
    /// # Errors
    /// When Slack refuses it, or when it is not certain that Slack took it.
    pub async fn post(
        &self,
        message: &Message,
        parent: Option<&Receipt>,
    ) -> Result<Receipt, SlackError> {
        let mut body = json!({
            "channel": self.config.channel,
            "text": message.text,
            "blocks": message.blocks,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let (Some(parent), Some(fields)) = (parent, body.as_object_mut()) {
            fields.insert("channel".to_owned(), json!(parent.channel));
            fields.insert("thread_ts".to_owned(), json!(parent.ts));
        }
        let base = self.config.base_url.as_str().trim_end_matches('/');
        let request = self
            .sender
            .client()
            .post(format!("{base}/chat.postMessage"))
            .bearer_auth(self.config.token.expose_secret())
            .json(&body)
            .build()
            .map_err(|error| SendError {
                fault: Fault::Unsent(error.without_url().to_string()),
                attempts: 0,
            })?;
        let reply = self
            .sender
            .send("chat.postMessage", &request, Repeat::OnlyIfUnsent, read)
            .await?;
        let channel = parent.map_or(&self.config.channel, |parent| &parent.channel);
        reply.receipt(channel, self.sender.redactor())
    }
}

fn read(body: &[u8]) -> Answer<Reply> {
    let Ok(reply) = serde_json::from_slice::<Reply>(body) else {
        let kind = crate::http::body_kind(body);
        return Answer::Malformed(format!("{kind} that is not an answer of chat.postMessage"));
    };
    match &reply {
        Reply {
            ok: true, ts: None, ..
        } => Answer::Malformed("ok without the id of the message".to_owned()),
        Reply {
            ok: false,
            error: Some(code),
            ..
        } if matches!(code.as_str(), "ratelimited" | "rate_limited") => {
            Answer::RateLimited(code.clone())
        }
        _ => Answer::Good(reply),
    }
}

impl Reply {
    fn receipt(self, asked: &str, redactor: &Redactor) -> Result<Receipt, SlackError> {
        if let (true, Some(ts)) = (self.ok, self.ts) {
            let channel = self.channel.unwrap_or_else(|| asked.to_owned());
            return Ok(Receipt { channel, ts });
        }
        let code = redactor.excerpt(
            &self.error.unwrap_or_else(|| "no error code".to_owned()),
            60,
        );
        let hints = self.response_metadata.map(|data| data.messages.join("; "));
        let detail = match hints.filter(|hints| !hints.is_empty()) {
            Some(hints) => format!(": {}", redactor.excerpt(&hints, 300)),
            None => String::new(),
        };
        let remedy = remedy(&code, self.needed.as_deref(), redactor);
        Err(SlackError::Refused {
            code,
            detail,
            remedy,
        })
    }
}

/// What to do about an error code.
/// Source: <https://docs.slack.dev/reference/methods/chat.postMessage>.
fn remedy(code: &str, needed: Option<&str>, redactor: &Redactor) -> String {
    match code {
        "not_authed" | "invalid_auth" | "account_inactive" | "token_revoked" | "token_expired"
        | "not_allowed_token_type" => {
            "Check SLACK_BOT_TOKEN: install the app to the workspace again and copy its Bot User OAuth Token".to_owned()
        }
        "missing_scope" | "no_permission" => {
            let scope = redactor.excerpt(needed.unwrap_or("chat:write"), 60);
            format!("Add the scope {scope} to the app (OAuth & Permissions) and install it to the workspace again")
        }
        "channel_not_found" => {
            "Check SLACK_CHANNEL_ID, and invite the bot if the channel is private: type /invite @ and the app's name in the channel".to_owned()
        }
        "not_in_channel" => {
            "Invite the bot: type /invite @ and the app's name in the channel".to_owned()
        }
        "is_archived" => {
            "Unarchive the channel, or set SLACK_CHANNEL_ID to another".to_owned()
        }
        _ => "Look the code up at https://docs.slack.dev/reference/methods/chat.postMessage#errors".to_owned(),
    }
}
