//! What is on record as data for other programs, and made fit to be shown. Fields are named as the
//! columns of the database and of the audit trail are.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::incident::Scope;
use crate::domain::{Cycle, Disconnection, Event, History, IncidentId, figures, text};

/// Makes text fit to be shown. The program does so before it records any, but a row may be the
/// Python version's or somebody's own.
pub fn clean(mut history: History) -> History {
    let clean = |text: &str| {
        // Most is harmless at first sight.
        let is_harmless = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (!is_harmless).then(|| text::clean(text, usize::MAX))
    };
    for cycle in &mut history.cycles {
        let Disconnection {
            mailbox,
            smtp_error,
            imap_error,
            ..
        } = &mut cycle.disconnection;
        let sometimes = [
            &mut mailbox.name,
            &mut mailbox.address,
            &mut mailbox.account_type,
            smtp_error,
            imap_error,
        ];
        for field in std::iter::once(&mut mailbox.tags).chain(sometimes.into_iter().flatten()) {
            if let Some(cleaned) = clean(field) {
                *field = cleaned.into();
            }
        }
    }
    for run in &mut history.runs {
        for field in std::iter::once(&mut run.id).chain(&mut run.error) {
            if let Some(cleaned) = clean(field) {
                *field = cleaned;
            }
        }
    }
    for incident in &mut history.incidents {
        if let Scope::Domain(text) | Scope::AccountType(text) = &mut incident.factor.scope
            && let Some(cleaned) = clean(text)
        {
            *text = cleaned.into();
        }
    }
    history
}

/// One time an account was down.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    /// The source's stable key.
    pub account_id: i64,
    /// Sender name.
    pub from_name: Option<&'a str>,
    /// E-mail address.
    pub from_email: Option<&'a str>,
    /// Provider type, such as `GMAIL`.
    pub account_type: Option<&'a str>,
    /// `SMTP`, `IMAP` or `BOTH`.
    pub disconnection_type: &'static str,
    /// Names of its tags.
    pub tags: Vec<&'a str>,
    /// The agency's client.
    pub client_id: Option<i64>,
    /// E-mails a day the account may send.
    pub message_per_day: Option<u32>,
    /// E-mails sent that day, as of the last change that was recorded.
    pub daily_sent_count: Option<u32>,
    /// Campaigns that use the account.
    pub campaign_count: Option<u32>,
    /// The provider's words for the failing SMTP link.
    pub smtp_error: Option<&'a str>,
    /// The provider's words for the failing IMAP link.
    pub imap_error: Option<&'a str>,
    /// When a check first saw it, RFC 3339 in UTC.
    pub detected_at: DateTime<Utc>,
    /// When a check saw its end; null while the account is down.
    pub resolved_at: Option<DateTime<Utc>>,
    /// `reconnected` or `removed`; null while the account is down, and where the end is not
    /// known: `resolved_at` is then the beginning.
    pub resolution: Option<&'static str>,
    /// How long the account was down, or has been until now, in seconds.
    pub down_seconds: i64,
    /// Complete listings in a row that did not hold the account.
    pub missed_listings: u32,
    /// Whether the sink has its alert: `yes`, `no`, or `perhaps` if its answer was lost.
    pub told: &'static str,
    /// The id of the class of its cause, such as `bad_password`.
    pub cause: &'static str,
    /// How it is told, or was: `alert`, `incident`, `chronic` (in the daily message), `baseline`
    /// (not at all: it was adopted as known) or `passed` (not at all: it was over before enough
    /// checks had seen it); null while it is not decided.
    pub told_as: Option<&'static str>,
    /// The number of the incident that it is part of.
    pub incident: Option<IncidentId>,
}

impl<'a> Record<'a> {
    /// The record of a cycle, of which `now` is the present moment.
    pub fn new(cycle: &'a Cycle, now: DateTime<Utc>) -> Self {
        let disconnection = &cycle.disconnection;
        let mailbox = &disconnection.mailbox;
        Self {
            account_id: mailbox.id,
            from_name: mailbox.name.as_deref(),
            from_email: mailbox.address.as_deref(),
            account_type: mailbox.account_type.as_deref(),
            disconnection_type: disconnection.kind.as_str(),
            tags: mailbox.tag_names().collect(),
            client_id: mailbox.client_id,
            message_per_day: mailbox.daily_cap,
            daily_sent_count: mailbox.sent_today,
            campaign_count: mailbox.campaigns,
            smtp_error: disconnection.smtp_error.as_deref(),
            imap_error: disconnection.imap_error.as_deref(),
            detected_at: disconnection.detected_at,
            resolved_at: cycle.end.map(|end| end.at),
            resolution: cycle.end.and_then(|end| end.event).map(Event::as_str),
            down_seconds: cycle.duration(now).num_seconds(),
            missed_listings: disconnection.missed_listings,
            told: disconnection.told.as_str(),
            cause: disconnection.cause.as_str(),
            told_as: disconnection.way.as_str(),
            incident: disconnection.way.incident(),
        }
    }
}

/// How long it took until accounts were seen connected again.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TimeToReconnect {
    /// Of so many disconnections.
    pub disconnections: u64,
    /// The arithmetic mean.
    pub mean_seconds: i64,
    /// Half of them took no longer.
    pub median_seconds: i64,
}

impl From<figures::TimeToReconnect> for TimeToReconnect {
    fn from(time: figures::TimeToReconnect) -> Self {
        Self {
            disconnections: u64::try_from(time.cycles).unwrap_or(u64::MAX),
            mean_seconds: time.mean.num_seconds(),
            median_seconds: time.median.num_seconds(),
        }
    }
}
