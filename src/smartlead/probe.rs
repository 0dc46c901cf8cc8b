//! One look at a workspace, for those who want to know whether it can be read.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Credential, Opened, Smartlead, SmartleadError, wire};
use crate::http::Received;

/// Numbers from here on are Unix times in seconds, from 2001 on.
const EPOCH_SECONDS: i64 = 1_000_000_000;

/// What asking for one account tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The listing that serves.
    pub listing: &'static str,
    /// What let us in.
    pub credential: &'static str,
    /// What the listings that were tried before said.
    pub refusals: Vec<String>,
    /// Whether it fails when it is asked for the campaigns of accounts.
    pub lacks_campaigns: bool,
    /// Accounts on the page; one was asked for.
    pub accounts: usize,
    /// What the server said of the rate.
    pub allowance: Allowance,
    /// The server's clock.
    pub date: Option<SystemTime>,
}

/// The rate limit as the headers of an answer have it; what they do not say is absent.
/// Source: <https://api.smartlead.ai/guides/rate-limits>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a window, the length of which is not said.
    pub limit: Option<u64>,
    /// Requests left in this one.
    pub remaining: Option<u64>,
    /// When the next one begins.
    pub reset: Option<DateTime<Utc>>,
}

impl Allowance {
    fn read(received: Received<'_>) -> Self {
        let number = |name: &str| received.header(name)?.trim().parse::<u64>().ok();
        let reset = number("x-ratelimit-reset").and_then(|reset| i64::try_from(reset).ok());
        let reset = reset.and_then(|reset| match reset {
            // So long ago there was no API: a number of seconds from now.
            ..EPOCH_SECONDS => DateTime::<Utc>::from(received.date()?)
                .checked_add_signed(TimeDelta::try_seconds(reset)?),
            _ => DateTime::from_timestamp(reset, 0),
        });
        Self {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset,
        }
    }
}

impl Smartlead {
    /// Asks for one account, by the way that a check would go.
    ///
    /// # Errors
    /// When no listing lets us in or the one that does gives no usable answer.
    pub async fn probe(&self) -> Result<Probe, SmartleadError> {
        let read = |received: Received<'_>| {
            let accounts = wire::page(received.body, &self.redactor);
            accounts.map(|page| (page.len(), Allowance::read(received), received.date()))
        };
        let Opened {
            route,
            refusals,
            lacks_campaigns,
            first: (accounts, allowance, date),
        } = self.open(1, read).await?;
        Ok(Probe {
            listing: route.listing,
            credential: match route.credential {
                Credential::Key(_) => "API key",
                Credential::Bearer(_) => "bearer token",
            },
            refusals,
            lacks_campaigns,
            accounts,
            allowance,
            date,
        })
    }
}
