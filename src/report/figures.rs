//! The parts of the figures.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::figures::{self, Count, Dimension};
use crate::domain::text::clean;
use crate::domain::{Cycle, Disconnection, Kind, Mailbox, PastRun};

/// Words of others are cut to this many characters.
const LONGEST_TEXT: usize = 500;

/// Accounts that are down.
#[derive(Debug, Serialize)]
pub struct Totals {
    /// All of them.
    pub total: u64,
    /// Those of which both links fail.
    pub both: u64,
    /// Those that cannot send.
    pub smtp: u64,
    /// Those that cannot receive.
    pub imap: u64,
    /// Those of which the sink has not confirmed the alert, and the next check tells it.
    pub untold: u64,
}

/// An account, in the words of the audit trail.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Its id.
    pub account_id: i64,
    /// Its address.
    pub from_email: Option<String>,
    /// The sender's name.
    pub from_name: Option<String>,
    /// The provider type.
    pub account_type: Option<String>,
    /// Names of its tags.
    pub tags: Vec<String>,
    /// The agency's client.
    pub client_id: Option<i64>,
}

/// An account that is down.
#[derive(Debug, Serialize)]
pub struct Down {
    /// Which.
    #[serde(flatten)]
    pub account: Account,
    /// `SMTP`, `IMAP` or `BOTH`.
    pub disconnection_type: &'static str,
    /// When a check first saw it.
    pub detected_at: DateTime<Utc>,
    /// For how long it has been down.
    pub down_seconds: i64,
    /// The id of the class of its cause.
    pub cause: &'static str,
    /// The same in words, where it is known.
    #[serde(skip)]
    pub cause_words: Option<&'static str>,
    /// The provider's words for the failing SMTP link.
    pub smtp_error: Option<String>,
    /// The provider's words for the failing IMAP link.
    pub imap_error: Option<String>,
    /// Both in one, for the page.
    #[serde(skip)]
    pub reason: Option<String>,
    /// Whether the sink has the alert: `yes`, `no`, or `perhaps`.
    pub told: &'static str,
    /// What became of the alert, or what that waits for, for the page.
    #[serde(skip)]
    pub alert: &'static str,
}

/// Disconnections that lasted about as long.
#[derive(Debug, Serialize)]
pub struct DurationClass {
    /// At least so long.
    pub from_seconds: i64,
    /// Less than so long; none for the last class.
    pub until_seconds: Option<i64>,
    /// Those that ended because both links were seen connected.
    pub reconnected: u64,
    /// Those that go on, by how long they have.
    pub still_down: u64,
}

/// Disconnections that have something in common.
#[derive(Debug, Serialize)]
pub struct Group {
    /// What; `(none)` for accounts without.
    pub name: String,
    /// All of the period.
    pub disconnections: u64,
    /// Those that go on.
    pub down: u64,
}

/// An account that went down again and again.
#[derive(Debug, Serialize)]
pub struct Chronic {
    /// Which.
    #[serde(flatten)]
    pub account: Account,
    /// How often it went down.
    pub disconnections: u64,
    /// How long it was down in all.
    pub down_seconds: i64,
    /// When it last went down.
    pub last_detected_at: DateTime<Utc>,
    /// Whether it is down now.
    pub is_down: bool,
}

/// A check, in the words of the state file.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Its id.
    pub run_id: String,
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Its end; none if it was cut off.
    pub finished_at: Option<DateTime<Utc>>,
    /// `complete`, `untold`, `failed` or `short`; `unfinished` if it was cut off, or is under way.
    pub outcome: &'static str,
    /// Accounts in the listing; none where it was not applied.
    pub accounts_seen: Option<u64>,
    /// Open disconnections afterwards.
    pub disconnected: Option<u64>,
    /// Opened by it.
    pub newly_disconnected: Option<u64>,
    /// Resolved by it because both links were seen connected.
    pub reconnected: Option<u64>,
    /// Why it did not end well.
    pub error: Option<String>,
}

impl Totals {
    pub(super) fn of<'a>(open: impl Iterator<Item = &'a Disconnection>) -> Self {
        let mut totals = Self {
            total: 0,
            both: 0,
            smtp: 0,
            imap: 0,
            untold: 0,
        };
        for disconnection in open {
            totals.total += 1;
            totals.untold += u64::from(disconnection.is_due());
            *match disconnection.kind {
                Kind::Both => &mut totals.both,
                Kind::Smtp => &mut totals.smtp,
                Kind::Imap => &mut totals.imap,
            } += 1;
        }
        totals
    }
}

impl Account {
    fn of(mailbox: &Mailbox) -> Self {
        Self {
            account_id: mailbox.id,
            from_email: shown(mailbox.address.as_deref()),
            from_name: shown(mailbox.name.as_deref()),
            account_type: shown(mailbox.account_type.as_deref()),
            tags: mailbox
                .tag_names()
                .map(|tag| clean(tag, LONGEST_TEXT))
                .collect(),
            client_id: mailbox.client_id,
        }
    }
}

impl Check {
    pub(super) fn of(run: &PastRun) -> Self {
        Self {
            run_id: clean(&run.id, LONGEST_TEXT),
            started_at: run.started_at,
            finished_at: run.finished_at,
            outcome: run.end_name(),
            accounts_seen: run.accounts,
            disconnected: run.disconnected,
            newly_disconnected: run.new,
            reconnected: run.reconnected,
            error: shown(run.error.as_deref()),
        }
    }
}

/// The last detected first, and of those the heaviest.
pub(super) fn down<'a>(open: impl Iterator<Item = &'a Cycle>, now: DateTime<Utc>) -> Vec<Down> {
    let mut open: Vec<&Cycle> = open.collect();
    open.sort_by_key(|cycle| {
        let disconnection = &cycle.disconnection;
        (
            Reverse(disconnection.detected_at),
            disconnection.kind,
            disconnection.mailbox.id,
        )
    });
    let down = open.into_iter().map(|cycle| {
        let disconnection = &cycle.disconnection;
        Down {
            account: Account::of(&disconnection.mailbox),
            disconnection_type: disconnection.kind.as_str(),
            detected_at: disconnection.detected_at,
            down_seconds: cycle.duration(now).num_seconds(),
            cause: disconnection.cause.as_str(),
            cause_words: disconnection.known_cause(),
            smtp_error: shown(disconnection.smtp_error.as_deref()),
            imap_error: shown(disconnection.imap_error.as_deref()),
            reason: shown(disconnection.reason().as_deref()),
            told: disconnection.told.as_str(),
            alert: disconnection.alert(),
        }
    });
    down.collect()
}

pub(super) fn durations(cycles: &[Cycle], now: DateTime<Utc>) -> Vec<DurationClass> {
    let classes = figures::durations(cycles, now).into_iter();
    classes
        .map(|class| DurationClass {
            from_seconds: class.from.num_seconds(),
            until_seconds: class.until.map(|until| until.num_seconds()),
            reconnected: count(class.reconnected),
            still_down: count(class.open),
        })
        .collect()
}

/// The most frequent first.
pub(super) fn groups(dimension: Dimension, cycles: &[Cycle]) -> Vec<Group> {
    let all = cycles.iter().map(|cycle| &cycle.disconnection);
    let open = cycles.iter().filter(|cycle| cycle.end.is_none());
    let down = figures::count_by(dimension, open.map(|cycle| &cycle.disconnection));
    let down: HashMap<String, usize> = down
        .into_iter()
        .map(|Count { name, count }| (name, count))
        .collect();
    figures::count_by(dimension, all)
        .into_iter()
        .map(|Count { name, count: all }| Group {
            down: count(down.get(&name).copied().unwrap_or_default()),
            disconnections: count(all),
            name: clean(&name, LONGEST_TEXT),
        })
        .collect()
}

pub(super) fn chronic(cycles: &[Cycle], now: DateTime<Utc>) -> Vec<Chronic> {
    let chronic = figures::chronic(cycles, now).into_iter();
    chronic
        .map(|account| Chronic {
            account: Account::of(&account.last.disconnection.mailbox),
            disconnections: count(account.cycles),
            down_seconds: account.down.num_seconds(),
            last_detected_at: account.last.disconnection.detected_at,
            is_down: account.last.end.is_none(),
        })
        .collect()
}

/// Words of others, made fit to be shown; none if there are none.
pub(super) fn shown(text: Option<&str>) -> Option<String> {
    let text = clean(text?, LONGEST_TEXT);
    Some(text).filter(|text| !text.is_empty())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
