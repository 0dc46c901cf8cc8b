//! What clients and campaigns are called, for who reads an alert. Nothing depends on it.

use std::collections::BTreeMap;

use tracing::warn;

use super::{Credential, Route, Smartlead, wire};
use crate::domain::Names;
use crate::http::{Received, SendError};

/// The status of a campaign that sends.
/// Source: <https://api.smartlead.ai/api-reference/campaigns>.
const SENDS: &str = "ACTIVE";

/// An id with its name and, for a campaign, its status.
type Named = (i64, String, Option<String>);

impl Smartlead {
    /// The names of clients, and of the campaigns that send, as far as they are wanted and can be
    /// read: one request each, by the API key.
    pub async fn names(&self, clients: bool, campaigns: bool) -> Names {
        let mut names = Names::default();
        if clients && let Some(named) = self.named("clients", "/api/v1/client/").await {
            names.clients = named.into_iter().map(|(id, name, _)| (id, name)).collect();
        }
        if campaigns {
            let named = self.named("campaigns", "/api/v1/campaigns/").await;
            let sends = |(_, _, status): &Named| {
                let status = status.as_deref();
                status.is_none_or(|status| status.eq_ignore_ascii_case(SENDS))
            };
            names.campaigns = named.map(|named| {
                let sending = named.into_iter().filter(sends);
                sending
                    .map(|(id, name, _)| (id, name))
                    .collect::<BTreeMap<_, _>>()
            });
        }
        names
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
