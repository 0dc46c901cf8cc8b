//! Compares the open disconnections with a listing, account by account as it is read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use roaring::RoaringTreemap;

use super::account::{Account, LinkState};
use super::cause::Class;
use super::cost::Fleet;
use super::diff::{Diff, Event, Transition};
use super::disconnection::{Disconnection, Kind, Told, Way};
use super::text::Pool;

/// After this many complete listings in a row without the account it counts as removed. One
/// absence may be paging skew: an offset listing of a live table can skip a row.
const ABSENCES_UNTIL_REMOVED: u32 = 2;

/// What a complete listing says.
///
/// A listing that failed half-way never becomes one of these, so whatever takes an `Observation`
/// may conclude from an account's absence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// How many accounts the source holds.
    pub accounts: usize,
    /// What they change.
    pub diff: Diff,
    /// What they are together.
    pub fleet: Fleet,
}

/// A listing under way. Of each account it keeps the id, in some bits, and what the account changes;
/// the rest of a large fleet need not be in memory.
#[derive(Debug)]
pub struct Comparison<'k> {
    known: &'k [Disconnection],
    now: DateTime<Utc>,
    seen: RoaringTreemap,
    transitions: Vec<Transition>,
    unsaid: Vec<i64>,
    fleet: Fleet,
    /// What the last reading says of accounts that were listed more than once.
    again: BTreeMap<i64, Option<Transition>>,
    pool: Pool,
}

impl<'k> Comparison<'k> {
    /// A comparison with the disconnections that are open, in the order of account ids, by a
    /// listing read at `now`.
    pub fn new(known: &'k [Disconnection], now: DateTime<Utc>) -> Self {
        Self {
            known,
            now,
            seen: RoaringTreemap::new(),
            transitions: Vec::new(),
            unsaid: Vec::new(),
            fleet: Fleet::default(),
            again: BTreeMap::new(),
            pool: Pool::default(),
        }
    }

    /// Takes in an account; gives whether it is the first reading of it. Of several readings the
    /// last counts.
    pub fn see(&mut self, account: &Account) -> bool {
        let id = account.mailbox.id;
        let known = self.known.binary_search_by_key(&id, |d| d.mailbox.id);
        let known = known.ok().and_then(|index| self.known.get(index));
        let verdict = judge(account, known.map(|known| known.kind));
        let mut transition = transition(account, &verdict, known, self.now);
        if let Some(Transition { disconnection, .. }) = &mut transition {
            self.pool.share(disconnection.texts_in_common());
        }
        let is_first = self.seen.insert(id.cast_unsigned());
        if is_first {
            self.count(account, &verdict, known);
            self.transitions.extend(transition);
        } else {
            self.again.insert(id, transition);
        }
        is_first
    }

    /// Counts an account with the fleet.
    fn count(&mut self, account: &Account, verdict: &Verdict, known: Option<&Disconnection>) {
        let cap = account.mailbox.daily_cap.map_or(0, u64::from);
        let fleet = &mut self.fleet;
        fleet.daily_cap = fleet.daily_cap.saturating_add(cap);
        let is_down = match verdict {
            Verdict::Down(_) => true,
            Verdict::Connected => false,
            Verdict::Undetermined => known.is_some(),
        };
        let is_news = is_down && known.is_none_or(|known| known.told != Told::Yes);
        for campaign in &account.campaign_ids {
            let senders = fleet.campaigns.entry(*campaign).or_default();
            senders.all = senders.all.saturating_add(1);
            senders.down = senders.down.saturating_add(u32::from(is_down));
            senders.is_news |= is_news;
        }
        let is_failed = |link: &LinkState| matches!(link, LinkState::Failed { .. });
        if is_down && !is_failed(&account.smtp) && !is_failed(&account.imap) {
            self.unsaid.push(account.mailbox.id);
        }
    }

    /// The listing has been read to its end.
    ///
    /// Only an account that was seen with both links connected is reconnected; one that is absent
    /// stays open until it was absent from two complete listings in a row.
    pub fn complete(self) -> Observation {
        let mut diff = Diff {
            transitions: self.transitions,
            missing: Vec::new(),
            unsaid: self.unsaid,
        };
        diff.unsaid.sort_unstable();
        diff.transitions.retain(|transition| {
            !self
                .again
                .contains_key(&transition.disconnection.mailbox.id)
        });
        diff.transitions.extend(self.again.into_values().flatten());
        for disconnection in self.known {
            let id = disconnection.mailbox.id;
            if self.seen.contains(id.cast_unsigned()) {
                continue;
            }
            if disconnection.missed_listings.saturating_add(1) < ABSENCES_UNTIL_REMOVED {
                diff.missing.push(id);
            } else {
                diff.transitions.push(Transition {
                    event: Event::Removed,
                    disconnection: disconnection.clone(),
                });
            }
        }
        // In its place: there is at most one of an account, and room for half of them again is much.
        diff.transitions
            .sort_unstable_by_key(|transition| transition.disconnection.mailbox.id);
        Observation {
            accounts: usize::try_from(self.seen.len()).unwrap_or(usize::MAX),
            diff,
            fleet: self.fleet,
        }
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
        LinkState::Failed { .. } => true,
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

/// The transition that an account makes, if it makes one.
fn transition(
    account: &Account,
    verdict: &Verdict,
    known: Option<&Disconnection>,
    now: DateTime<Utc>,
) -> Option<Transition> {
    let (event, disconnection) = match (verdict, known) {
        (Verdict::Down(kind), None) => (
            Event::Disconnected,
            disconnection(account, *kind, None, now),
        ),
        (Verdict::Down(kind), Some(was)) if *kind != was.kind => (
            Event::Changed,
            disconnection(account, *kind, Some(was), now),
        ),
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

fn disconnection(
    account: &Account,
    kind: Kind,
    known: Option<&Disconnection>,
    now: DateTime<Utc>,
) -> Disconnection {
    // The listing's words for a link that fails, or those on record where it is silent.
    let error = |link: &LinkState, on_record: Option<&_>| match link {
        LinkState::Ok => None,
        LinkState::Failed { reason, .. } => Some(reason.clone()),
        LinkState::Unknown => on_record.cloned(),
    };
    let cause = |link: &LinkState, on_record: bool| match link {
        LinkState::Ok => None,
        LinkState::Failed { cause, .. } => Some(*cause),
        LinkState::Unknown => known.filter(|_| on_record).map(|known| known.cause),
    };
    let was = known.map(|known| known.kind);
    let smtp = cause(&account.smtp, was.is_some_and(Kind::smtp_failed));
    let imap = cause(&account.imap, was.is_some_and(Kind::imap_failed));
    Disconnection {
        mailbox: account.mailbox.clone(),
        kind,
        smtp_error: error(&account.smtp, known.and_then(|k| k.smtp_error.as_ref())),
        imap_error: error(&account.imap, known.and_then(|k| k.imap_error.as_ref())),
        cause: Class::decisive(smtp, imap),
        detected_at: known.map_or(now, |k| k.detected_at),
        missed_listings: 0,
        told: known.map_or(Told::No, |k| k.told),
        way: known.map_or(Way::Undecided, |k| k.way),
    }
}

#[cfg(test)]
mod tests;
