//! The sink: posts to a Slack channel with `chat.postMessage`.
//!
//! Slack reports most failures with status 200, and an answer that was lost may have been a
//! success. So a post counts only after `"ok":true` with the message's id, and a request that Slack
//! may have acted on is never repeated within a run. What Slack does not want for its form is sent
//! once more as plain text.

mod look;
pub mod message;
pub mod preview;

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::warn;

use crate::domain::Receipt;
use crate::http::{Answer, Fault, Policy, RateLimit, Received, Repeat, SendError, Sender};
use crate::redact::Redactor;
pub use look::{Channel, Identity};
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

/// Why a message is not known to be in the channel, or a question has no answer. The text says
/// what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}. {}", self.fault(), self.remedy())]
pub enum SlackError {
    /// Slack refused it.
    Refused {
        /// What it refused.
        what: &'static str,
        /// Slack's error code.
        code: String,
        /// Slack's hints, or nothing.
        detail: String,
        /// What to do.
        remedy: String,
    },
    /// It was not sent, or no usable answer came.
    Send(#[from] SendError),
}

impl SlackError {
    /// What happened, without what to do.
    pub fn fault(&self) -> String {
        match self {
            Self::Refused {
                what, code, detail, ..
            } => format!("Slack refused {what} ({code}{detail})"),
            Self::Send(error) => {
                format!("Slack could not be reached or gave no usable answer: {error}")
            }
        }
    }

    /// What to do, as a sentence without its stop.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Refused { remedy, .. } => remedy,
            Self::Send(error) => send_remedy(error),
        }
    }

    /// Whether the message may be in the channel all the same. Slack says of the two errors that a
    /// part of the operation may have succeeded, and nothing of the third.
    pub fn may_have_posted(&self) -> bool {
        match self {
            Self::Refused { code, .. } => matches!(
                code.as_str(),
                "internal_error" | "fatal_error" | "service_unavailable"
            ),
            Self::Send(error) => error.fault.may_have_acted(),
        }
    }

    /// Whether Slack objects to the message and not to its sender or its channel.
    fn is_about_form(&self) -> bool {
        match self {
            Self::Refused { code, .. } => matches!(
                code.as_str(),
                "invalid_blocks"
                    | "invalid_blocks_format"
                    | "invalid_attachments"
                    | "too_many_attachments"
                    | "attachment_payload_limit_exceeded"
                    | "msg_too_long"
                    | "msg_blocks_too_long"
            ),
            Self::Send(_) => false,
        }
    }
}

/// The thread that a message goes to.
#[derive(Debug, Clone, Copy)]
pub struct Thread<'a> {
    of: &'a Receipt,
    is_shown_in_channel: bool,
}

impl<'a> Thread<'a> {
    /// The thread of this message.
    pub fn of(receipt: &'a Receipt) -> Self {
        Self {
            of: receipt,
            is_shown_in_channel: false,
        }
    }

    /// The thread of this message, with what is said in it shown in the channel, too.
    pub fn shown_in_channel(receipt: &'a Receipt) -> Self {
        Self {
            of: receipt,
            is_shown_in_channel: true,
        }
    }
}

/// A client for one channel.
pub struct Slack {
    config: Config,
    sender: Sender,
}

/// A method of the Web API.
struct Method {
    name: &'static str,
    /// What Slack refuses if it refuses the call.
    what: &'static str,
    repeat: Repeat,
}

/// Editing is the same however often it is done.
const UPDATE: Method = Method {
    name: "chat.update",
    what: "the change of a message",
    repeat: Repeat::Safe,
};

const POST: Method = Method {
    name: "chat.postMessage",
    what: "the message",
    repeat: Repeat::OnlyIfUnsent,
};

/// What every answer of Slack's has.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
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

/// What an answer of `chat.postMessage` has beside that.
#[derive(Deserialize)]
struct Posted {
    ts: String,
    #[serde(default)]
    channel: Option<String>,
}

impl Slack {
    /// A client that sends through `sender`.
    pub fn new(config: Config, sender: Sender) -> Self {
        Self { config, sender }
    }

    /// Posts a message, into a thread if one is given; as plain text if Slack
    /// objects to its blocks, and into the channel if there is no such thread any more. Gives the
    /// message of the channel under which it stands, or which it is: Slack wants no reply to a reply.
    ///
    /// # Errors
    /// When Slack refuses it, or when it is not certain that Slack took it.
    pub async fn post(
        &self,
        message: &Message,
        thread: Option<Thread<'_>>,
    ) -> Result<Receipt, SlackError> {
        match self.post_to(message, thread).await {
            Err(error) if thread.is_some_and(|thread| self.is_gone(thread.of, &error)) => {
                warn!("{error}. Sending it to the channel");
                self.post_to(message, None).await
            }
            sent => sent.map(|posted| thread.map_or(posted, |thread| thread.of.clone())),
        }
    }

    /// Whether an error says that there is no such thread any more: it is closed, or in a channel
    /// that is no longer ours.
    fn is_gone(&self, parent: &Receipt, error: &SlackError) -> bool {
        let SlackError::Refused { code, .. } = error else {
            return false;
        };
        let is_elsewhere = parent.channel != self.config.channel;
        match code.as_str() {
            "cannot_reply_to_message"
            | "message_not_found"
            | "thread_not_found"
            | "restricted_action_non_threadable_channel"
            | "restricted_action_thread_locked" => true,
            "channel_not_found" | "is_archived" | "not_in_channel" => is_elsewhere,
            _ => false,
        }
    }

    async fn post_to(
        &self,
        message: &Message,
        thread: Option<Thread<'_>>,
    ) -> Result<Receipt, SlackError> {
        let whole = json!({"text": message.text, "blocks": message.blocks});
        match self.send(whole, thread).await {
            Err(error) if error.is_about_form() => {
                warn!("{error}. Sending it as plain text");
                let plain = json!({"text": message.plain, "mrkdwn": false});
                self.send(plain, thread).await
            }
            sent => sent,
        }
    }

    /// Puts a message in the place of one that was posted.
    ///
    /// # Errors
    /// When Slack refuses it or cannot be reached; the old one may then still stand.
    pub async fn update(&self, message: &Message, posted: &Receipt) -> Result<(), SlackError> {
        let body = json!({
            "channel": posted.channel,
            "ts": posted.ts,
            "text": message.text,
            "blocks": message.blocks,
        });
        let request = |client: &Client, url| client.post(url).json(&body);
        self.call(&UPDATE, request, |_, Posted { .. }| ()).await
    }

    async fn send(
        &self,
        mut body: Value,
        thread: Option<Thread<'_>>,
    ) -> Result<Receipt, SlackError> {
        let channel = thread.map_or(&self.config.channel, |thread| &thread.of.channel);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("channel".to_owned(), json!(channel));
            fields.insert("unfurl_links".to_owned(), json!(false));
            fields.insert("unfurl_media".to_owned(), json!(false));
            if let Some(thread) = thread {
                fields.insert("thread_ts".to_owned(), json!(thread.of.ts));
                if thread.is_shown_in_channel {
                    fields.insert("reply_broadcast".to_owned(), json!(true));
                }
            }
        }
        let request = |client: &Client, url| client.post(url).json(&body);
        let posted: Posted = self.call(&POST, request, |_, posted| posted).await?;
        Ok(Receipt {
            channel: posted.channel.unwrap_or_else(|| channel.clone()),
            ts: posted.ts,
        })
    }

    /// Calls a method; `take` picks what is wanted of its answer.
    async fn call<T: DeserializeOwned, U>(
        &self,
        method: &Method,
        request: impl Fn(&Client, String) -> RequestBuilder,
        take: impl Fn(Received<'_>, T) -> U,
    ) -> Result<U, SlackError> {
        let base = self.config.base_url.as_str().trim_end_matches('/');
        let request = request(self.sender.client(), format!("{base}/{}", method.name))
            .bearer_auth(self.config.token.expose_secret())
            .build()
            .map_err(|error| SendError {
                fault: Fault::Unsent(error.without_url().to_string()),
                attempts: 0,
            })?;
        let answered = self
            .sender
            .send(method.name, &request, method.repeat, |received| {
                let answer = read(method.name, received.body);
                answer.map(|answer| answer.map(|answer| take(received, answer)))
            })
            .await?;
        answered.map_err(|refusal| refusal.into_error(method.what, self.sender.redactor()))
    }
}

/// Reads an answer: what was asked for, or a refusal.
fn read<T: DeserializeOwned>(method: &str, body: &[u8]) -> Answer<Result<T, Envelope>> {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
        let kind = crate::http::body_kind(body);
        return Answer::Malformed(format!("{kind} that is not an answer of {method}"));
    };
    if envelope.ok {
        return match serde_json::from_slice(body) {
            Ok(answer) => Answer::Good(Ok(answer)),
            Err(_) => Answer::Malformed(format!("ok without what {method} promises")),
        };
    }
    match envelope.error.as_deref() {
        Some(code @ ("ratelimited" | "rate_limited")) => Answer::RateLimited(code.to_owned()),
        // Slack's word for a body that did not arrive whole; it is not about slowness.
        Some(code @ "request_timeout") => Answer::NotTaken(code.to_owned()),
        _ => Answer::Good(Err(envelope)),
    }
}

impl Envelope {
    fn into_error(self, what: &'static str, redactor: &Redactor) -> SlackError {
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
        SlackError::Refused {
            what,
            code,
            detail,
            remedy,
        }
    }
}

/// What to do about a request that brought nothing.
fn send_remedy(error: &SendError) -> &'static str {
    match error.fault {
        Fault::RateLimited { .. } => "Slack limits the rate; the next check tries again",
        Fault::Status { code: 500.., .. } => "Slack is at fault; the next check tries again",
        _ => "Check the network, and SLACK_BASE_URL if it is set",
    }
}

/// What to do about an error code, as a sentence without its stop; `needed` is the scope that Slack
/// names. Source: <https://docs.slack.dev/reference/methods/chat.postMessage>.
pub fn remedy(code: &str, needed: Option<&str>, redactor: &Redactor) -> String {
    match code {
        "invalid_auth" => {
            "Check SLACK_BOT_TOKEN: install the app to the workspace again and copy its Bot User OAuth Token. If the token is right, the workspace may allow only certain IP addresses".to_owned()
        }
        "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "not_allowed_token_type" | "two_factor_setup_required" | "team_access_not_granted" => {
            "Check SLACK_BOT_TOKEN: install the app to the workspace again and copy its Bot User OAuth Token".to_owned()
        }
        "access_denied" | "accesslimited" | "enterprise_is_restricted" | "ekm_access_denied" => {
            "Ask the administrators of the Slack workspace to let the app post".to_owned()
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
        "team_not_found" => {
            "Set SLACK_CHANNEL_ID to the channel's id (C…) in place of its name".to_owned()
        }
        "restricted_action" | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel" | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_locked" | "cannot_reply_to_message" | "messages_tab_disabled" => {
            "The channel does not allow such posts: change that in its settings, or set SLACK_CHANNEL_ID to another".to_owned()
        }
        "message_not_found" | "cant_update_message" | "edit_window_closed" => {
            "It was deleted, or the workspace allows no changes; its thread and monitor status have all of it".to_owned()
        }
        "message_limit_exceeded" => {
            "The workspace has reached the limit of its plan; ask its administrators".to_owned()
        }
        "invalid_blocks" | "invalid_blocks_format" | "invalid_attachments"
        | "too_many_attachments" | "attachment_payload_limit_exceeded" | "msg_too_long"
        | "msg_blocks_too_long" => "This is a fault of monitor: please report it".to_owned(),
        "internal_error" | "fatal_error" | "service_unavailable" | "team_added_to_org"
        | "org_login_required" => "Slack is at fault; the next check tries again".to_owned(),
        _ => "Look the code up at https://docs.slack.dev/reference/methods/chat.postMessage#errors".to_owned(),
    }
}
