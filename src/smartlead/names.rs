//! What clients and campaigns are called, for who reads an alert. Nothing depends on it.

use std::collections::BTreeMap;

use tracing::warn;

use super::{Credential, Route, Smartlead, wire};
use crate::http::{Received, SendError};

/// The status of a campaign that sends.
/// Source: <https://api.smartlead.ai/api-reference/campaigns>.
const SENDS: &str = "ACTIVE";

/// An id with its name, if it has one, and, for a campaign, its status.
type Named = (i64, Option<String>, Option<String>);

impl Smartlead {
    /// The names of clients by id, by one request with the API key; none where they cannot be read.
    pub async fn clients(&self) -> BTreeMap<i64, String> {
        let named = self.named("clients", "/api/v1/client/").await;
        let named = named.into_iter().flatten();
        named
            .map(|(id, name, _)| (id, name.unwrap_or_else(|| format!("client {id}"))))
            .collect()
    }

    /// The names of the campaigns that send by id, likewise; `None` where they cannot be read.
    pub async fn campaigns(&self) -> Option<BTreeMap<i64, String>> {
        let named = self.named("campaigns", "/api/v1/campaigns/").await?;
        let sends = |(_, _, status): &Named| {
            let status = status.as_deref();
            status.is_none_or(|status| status.eq_ignore_ascii_case(SENDS))
        };
        let sending = named.into_iter().filter(sends);
        let name = |(id, name, _): Named| (id, name.unwrap_or_else(|| format!("campaign {id}")));
        Some(sending.map(name).collect())
    }

    async fn named(&self, what: &'static str, path: &'static str) -> Option<Vec<Named>> {
        let key = self.config.credentials.key.as_ref()?;
        let route = Route {
            listing: what,
            path,
            credential: Credential::Key(key),
            names_campaigns: false,
        };
        let read = |received: Received<'_>| wire::names(received.body);
        let named: Result<Vec<Named>, SendError> = self.ask(route, what, &[], read).await;
        named
            .map_err(|error| warn!("the alert does without the names of {what}: {error}"))
            .ok()
    }
}
