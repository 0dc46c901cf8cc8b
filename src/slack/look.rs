//! Looks around in Slack without leaving a trace.

use std::time::SystemTime;

use serde::Deserialize;

use super::{Config, Method, Slack, SlackError};
use crate::http::{Received, Repeat};

/// As much of a name as is shown; Slack allows 80 characters.
const LONGEST_NAME: usize = 80;

/// The scopes that a header may name; a bot's grants are far fewer.
const MOST_SCOPES: usize = 100;

const TEST: Method = Method {
    name: "auth.test",
    what: "the token",
    repeat: Repeat::Safe,
};

const INFO: Method = Method {
    name: "conversations.info",
    what: "a look at the channel",
    repeat: Repeat::Safe,
};

/// Whom the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the workspace.
    pub team: String,
    /// Name of the user.
    pub user: String,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// What the app may do, if Slack says so.
    pub scopes: Option<Vec<String>>,
    /// Slack's clock.
    pub date: Option<SystemTime>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name, without `#`.
    pub name: String,
    /// Whether nothing can be posted there any more.
    pub is_archived: bool,
    /// Whether only members see it.
    pub is_private: bool,
    /// Whether the bot is a member, if Slack says so.
    pub is_member: Option<bool>,
}

#[derive(Deserialize)]
struct Tested {
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    bot_id: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    channel: InfoChannel,
}

#[derive(Deserialize)]
struct InfoChannel {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    is_private: bool,
    #[serde(default)]
    is_member: Option<bool>,
}

impl Config {
    /// The id of the channel, unless it is known by its name: no method but `chat.postMessage`
    /// takes a name.
    pub fn channel_id(&self) -> Option<&str> {
        (!self.channel.starts_with('#')).then_some(&self.channel)
    }
}

impl Slack {
    /// Whom the token belongs to.
    ///
    /// # Errors
    /// When Slack refuses the token or gives no usable answer.
    pub async fn whoami(&self) -> Result<Identity, SlackError> {
        self.call(
            &TEST,
            |client, url| client.post(url),
            |received, tested: Tested| Identity {
                team: self.name(tested.team),
                user: self.name(tested.user),
                is_bot: tested.bot_id.is_some(),
                scopes: self.scopes(received),
                date: received.date(),
            },
        )
        .await
    }

    /// The channel with this id. Needs the scope `channels:read`, for a private channel
    /// `groups:read`.
    ///
    /// # Errors
    /// When Slack does not show it or gives no usable answer.
    pub async fn channel(&self, id: &str) -> Result<Channel, SlackError> {
        self.call(
            &INFO,
            |client, url| client.get(url).query(&[("channel", id)]),
            |_, Info { channel }| Channel {
                name: self.name(channel.name),
                is_archived: channel.is_archived,
                is_private: channel.is_private,
                is_member: channel.is_member,
            },
        )
        .await
    }

    /// A name, which anybody may have given.
    fn name(&self, name: Option<String>) -> String {
        let redactor = self.sender.redactor();
        redactor.excerpt(name.as_deref().unwrap_or("without a name"), LONGEST_NAME)
    }

    /// The scopes that were granted, from the header that goes with every answer.
    fn scopes(&self, received: Received<'_>) -> Option<Vec<String>> {
        let scopes = received.header("x-oauth-scopes")?.split(',');
        let scopes = scopes.map(|scope| self.sender.redactor().excerpt(scope, LONGEST_NAME));
        let scopes = scopes.filter(|scope| !scope.is_empty());
        Some(scopes.take(MOST_SCOPES).collect())
    }
}
