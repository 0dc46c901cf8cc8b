//! A disconnection as the databases give it back.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::unreadable;
use crate::domain::{Cycle, Disconnection, End, Event, Mailbox, Told};

/// A row of the table, named as its columns are. Anything may have written it.
#[derive(Deserialize)]
pub(super) struct Stored {
    pub(super) account_id: i64,
    pub(super) from_name: Option<String>,
    pub(super) from_email: Option<String>,
    pub(super) account_type: Option<String>,
    pub(super) disconnection_type: Option<String>,
    pub(super) tags: Option<String>,
    pub(super) message_per_day: Option<i64>,
    pub(super) daily_sent_count: Option<i64>,
    pub(super) campaign_count: Option<i64>,
    pub(super) client_id: Option<i64>,
    pub(super) smtp_error: Option<String>,
    pub(super) imap_error: Option<String>,
    pub(super) detected_at: DateTime<Utc>,
    pub(super) missed_listings: i32,
    /// Whether `announced_at` is set.
    pub(super) told: bool,
    /// Whether `announce_attempted_at` is set.
    pub(super) attempted: bool,
    pub(super) is_active: bool,
    pub(super) resolved_at: Option<DateTime<Utc>>,
    pub(super) resolution: Option<String>,
}

impl Stored {
    /// The disconnection.
    ///
    /// # Errors
    /// When its kind is none.
    pub(super) fn disconnection(self) -> sqlx::Result<Disconnection> {
        let kind = self.disconnection_type.as_deref().unwrap_or_default();
        let kind = kind.parse();
        Ok(Disconnection {
            kind: kind.map_err(|error| unreadable("account", self.account_id, &error))?,
            mailbox: Mailbox {
                id: self.account_id,
                name: self.from_name.map(Into::into),
                address: self.from_email.map(Into::into),
                account_type: self.account_type.map(Into::into),
                tags: self.tags.unwrap_or_default().into(),
                daily_cap: self.message_per_day,
                sent_today: self.daily_sent_count,
                campaigns: self.campaign_count,
                client_id: self.client_id,
            },
            smtp_error: self.smtp_error.map(Into::into),
            imap_error: self.imap_error.map(Into::into),
            detected_at: self.detected_at,
            missed_listings: u32::try_from(self.missed_listings).unwrap_or_default(),
            told: match (self.told, self.attempted) {
                (true, _) => Told::Yes,
                (false, true) => Told::Perhaps,
                (false, false) => Told::No,
            },
        })
    }

    /// The disconnection with its end.
    ///
    /// # Errors
    /// When its kind is none.
    pub(super) fn cycle(self) -> sqlx::Result<Cycle> {
        let at = self.resolved_at.unwrap_or(self.detected_at);
        let end = End {
            at,
            event: match self.resolution.as_deref() {
                Some("removed") => Some(Event::Removed),
                // The Python version may have left no end, and closed doubles get that of their start.
                None if at == self.detected_at => None,
                // It knew no removal.
                _ => Some(Event::Reconnected),
            },
        };
        Ok(Cycle {
            end: (!self.is_active).then_some(end),
            disconnection: self.disconnection()?,
        })
    }
}
