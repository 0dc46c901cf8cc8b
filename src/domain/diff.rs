//! What changed between the open disconnections and a complete listing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::account::{Account, LinkState, Listing};
use super::disconnection::{Disconnection, Kind, Told};

/// After this many complete listings in a row without the account it counts as removed. One
/// absence may be paging skew: an offset listing of a live table can skip a row.
const ABSENCES_UNTIL_REMOVED: u32 = 2;

/// What happened to an account between two checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A link fails that was not known to.
    Disconnected,
    /// Still down, but other links fail than before.
    Changed,
    /// Both links were seen connected.
    Reconnected,
    /// Absent from two complete listings in a row.
    Removed,
}

impl Event {
    /// The spelling used in the database and the CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Changed => "changed",
            Self::Reconnected => "reconnected",
            Self::Removed => "removed",
        }
    }

    /// Whether the disconnection is closed by it.
    pub fn resolves(self) -> bool {
        matches!(self, Self::Reconnected | Self::Removed)
    }
}

/// One step of one account's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// What happened.
    pub event: Event,
    /// The disconnection after the event; where the event resolves it, as it last was, with the
    /// account as the listing now shows it.
    pub disconnection: Disconnection,
}

/// Disconnections that were resolved before the sink confirmed their alert. To announce them as
/// down would be false; to keep silent would hide an outage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unannounced {
    /// Those that were seen connected again.
    pub reconnected: u64,
    /// Those whose account was removed from the source.
    pub removed: u64,
    /// Of both together, those of which the sink may have the alert.
    pub perhaps_told: u64,
}

impl Unannounced {
    /// How many there are.
    pub fn count(self) -> u64 {
        self.reconnected + self.removed
    }
}

impl std::ops::Add for Unannounced {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            reconnected: self.reconnected + other.reconnected,
            removed: self.removed + other.removed,
            perhaps_told: self.perhaps_told + other.perhaps_told,
        }
    }
}

/// Everything a listing changes in the set of open disconnections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// In the order of account ids, at most one an account.
    pub transitions: Vec<Transition>,
    /// Ids of open disconnections whose account was absent, but not yet often enough.
    pub missing: Vec<i64>,
}

impl Diff {
    /// The untold disconnections that are resolved by it.
    pub fn unannounced(&self) -> Unannounced {
        let mut unannounced = Unannounced::default();
        for Transition {
            event,
            disconnection,
        } in &self.transitions
        {
            if event.resolves() && disconnection.told != Told::Yes {
                unannounced.reconnected += u64::from(*event == Event::Reconnected);
                unannounced.removed += u64::from(*event == Event::Removed);
                unannounced.perhaps_told += u64::from(disconnection.told == Told::Perhaps);
            }
        }
        unannounced
    }

    /// How many transitions there are of this event.
    pub fn count(&self, event: Event) -> usize {
        self.transitions
            .iter()
            .filter(|transition| transition.event == event)
            .count()
    }
}

/// What one reading says of an account, given what was known of it.
enum Verdict {
    Connected,
    Down(Kind),
    Undetermined,
}

/// A link that the source is silent about keeps the state that is on record, so that silence
/// neither opens a disconnection nor takes one back.
fn judge(account: &Account, known: Option<Kind>) -> Verdict {
    let failed = |link: &LinkState, on_record: bool| match link {
        LinkState::Ok => false,
        LinkState::Failed(_) => true,
        LinkState::Unknown => on_record,
    };
    let smtp = failed(&account.smtp, known.is_some_and(Kind::smtp_failed));
    let imap = failed(&account.imap, known.is_some_and(Kind::imap_failed));
    match Kind::of(smtp, imap) {
        Some(kind) => Verdict::Down(kind),
        None if account.smtp == LinkState::Ok && account.imap == LinkState::Ok => {
            Verdict::Connected
        }
        None => Verdict::Undetermined,
    }
}

/// The words for a link that fails: the listing's, or what was on record where it is silent.
fn link_error(link: &LinkState, on_record: Option<&String>) -> Option<String> {
    match link {
        LinkState::Ok => None,
        LinkState::Failed(reason) => Some(reason.clone()),
        LinkState::Unknown => on_record.cloned(),
    }
}

fn disconnection(
    account: &Account,
    kind: Kind,
    known: Option<&Disconnection>,
    now: DateTime<Utc>,
) -> Disconnection {
    Disconnection {
        mailbox: account.mailbox.clone(),
        kind,
        smtp_error: link_error(&account.smtp, known.and_then(|k| k.smtp_error.as_ref())),
        imap_error: link_error(&account.imap, known.and_then(|k| k.imap_error.as_ref())),
        detected_at: known.map_or(now, |k| k.detected_at),
        missed_listings: 0,
        told: known.map_or(Told::No, |k| k.told),
    }
}

/// Compares the open disconnections with a complete listing read at `now`.
///
/// Only an account that was seen with both links connected is reconnected; one that is absent
/// stays open until it was absent from two complete listings in a row.
pub fn diff(open: &[Disconnection], listing: &Listing, now: DateTime<Utc>) -> Diff {
    let known: BTreeMap<i64, &Disconnection> = open.iter().map(|d| (d.mailbox.id, d)).collect();
    let mut result = Diff::default();
    let seen = listing
        .accounts()
        .filter_map(|account| seen(account, known.get(&account.mailbox.id).copied(), now));
    result.transitions.extend(seen);
    for (id, disconnection) in &known {
        if listing.get(*id).is_some() {
            continue;
        }
        if disconnection.missed_listings.saturating_add(1) < ABSENCES_UNTIL_REMOVED {
            result.missing.push(*id);
        } else {
            result.transitions.push(Transition {
                event: Event::Removed,
                disconnection: (*disconnection).clone(),
            });
        }
    }
    result
        .transitions
        .sort_by_key(|transition| transition.disconnection.mailbox.id);
    result
}

/// The transition of an account that the listing holds, if it makes one.
fn seen(
    account: &Account,
    known: Option<&Disconnection>,
    now: DateTime<Utc>,
) -> Option<Transition> {
    let (event, disconnection) = match (judge(account, known.map(|k| k.kind)), known) {
        (Verdict::Down(kind), None) => {
            (Event::Disconnected, disconnection(account, kind, None, now))
        }
        (Verdict::Down(kind), Some(was)) if kind != was.kind => {
            (Event::Changed, disconnection(account, kind, Some(was), now))
        }
        (Verdict::Connected, Some(was)) => (
            Event::Reconnected,
            Disconnection {
                mailbox: account.mailbox.clone(),
                ..was.clone()
            },
        ),
        _ => return None,
    };
    Some(Transition {
        event,
        disconnection,
    })
}

/// The open disconnections after `diff`, in the order of account ids.
pub fn apply(open: Vec<Disconnection>, diff: &Diff) -> Vec<Disconnection> {
    let missing: BTreeSet<i64> = diff.missing.iter().copied().collect();
    let mut after: BTreeMap<i64, Disconnection> = open
        .into_iter()
        .map(|mut disconnection| {
            let id = disconnection.mailbox.id;
            disconnection.missed_listings = if missing.contains(&id) {
                disconnection.missed_listings.saturating_add(1)
            } else {
                0
            };
            (id, disconnection)
        })
        .collect();
    for transition in &diff.transitions {
        let id = transition.disconnection.mailbox.id;
        if transition.event.resolves() {
            after.remove(&id);
        } else {
            after.insert(id, transition.disconnection.clone());
        }
    }
    after.into_values().collect()
}

#[cfg(test)]
mod tests;
