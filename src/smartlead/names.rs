//! What clients and campaigns are called, for who reads an alert. Nothing depends on it.

use std::collections::BTreeMap;

use tracing::warn;

use super::wire::{self, Entry};
use super::{Credential, Route, Smartlead};
use crate::http::{Received, SendError};

/// The status of a campaign that sends.
/// Source: <https://api.smartlead.ai/api-reference/campaigns>.
const SENDS: &str = "ACTIVE";

impl Smartlead {
    /// The names of clients by id, by one request with the API key; none where they cannot be read.
    pub async fn clients(&self) -> BTreeMap<i64, String> {
        let named = self.named("clients", "/api/v1/client/").await;
        let named = named.into_iter().flatten();
        named.map(|client| called(client, "client")).collect()
    }

    /// The names of the campaigns that send by id, likewise; `None` where they cannot be read.
    pub async fn campaigns(&self) -> Option<BTreeMap<i64, String>> {
        let named = self.named("campaigns", "/api/v1/campaigns/").await?;
        let sends = |campaign: &Entry| {
            let status = campaign.status.as_deref();
            status.is_none_or(|status| status.eq_ignore_ascii_case(SENDS))
        };
        let sending = named.into_iter().filter(sends);
        Some(
            sending
                .map(|campaign| called(campaign, "campaign"))
                .collect(),
        )
    }

    async fn named(&self, what: &'static str, path: &'static str) -> Option<Vec<Entry>> {
        let key = self.config.credentials.key.as_ref()?;
        let route = Route {
            listing: what,
            path,
            credential: Credential::Key(key),
            names_campaigns: false,
        };
        let read = |received: Received<'_>| wire::names(received.body);
        let named: Result<Vec<Entry>, SendError> = self.ask(route, what, &[], read).await;
        named
            .map_err(|error| warn!("the alert does without the names of {what}: {error}"))
            .ok()
    }
}

/// An id with what it is called: its name, or its kind and number where it has none.
fn called(named: Entry, kind: &str) -> (i64, String) {
    let Entry { id, name, .. } = named;
    (id, name.unwrap_or_else(|| format!("{kind} {id}")))
}
