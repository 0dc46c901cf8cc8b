//! Incidents: many accounts that go down for one cause, told as one.

use std::collections::HashMap;
use std::hash::Hash;

use arcstr::ArcStr;
use chrono::{DateTime, Utc};

use super::account::Mailbox;
use super::cause::Class;
use super::disconnection::Disconnection;
use super::ledger::Receipt;

/// A narrower grouping explains an incident if it holds so many of the accounts with its cause, in
/// percent: one stray account does not make an outage of one domain an outage of everything.
const EXPLAINED: usize = 90;

/// An incident is over when fewer than this many of its accounts are still down, in percent.
const OVER: u64 = 10;

/// An incident is announced anew when it has so many times the accounts that it was announced with.
const DOUBLED: u64 = 2;

/// The number of an incident, counted from 1.
pub type IncidentId = std::num::NonZeroU32;

/// What makes a group of disconnections an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// At least so many accounts.
    pub accounts: usize,
    /// At least this share of what is new, in percent.
    pub share: usize,
}

impl Threshold {
    /// The fewest accounts of `new` ones that are an incident.
    fn of(self, new: usize) -> usize {
        let share = new.saturating_mul(self.share).div_ceil(100);
        self.accounts.max(share).max(1)
    }
}

/// What the accounts of an incident have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Why they are down.
    pub cause: Class,
    /// Where that goes for.
    pub scope: Scope,
}

/// How far a cause reaches, the narrowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One sending domain, in lower case.
    Domain(ArcStr),
    /// One client of the agency.
    Client(i64),
    /// One provider type, as the source spells it.
    AccountType(ArcStr),
    /// The whole fleet.
    Fleet,
}

impl Scope {
    /// The spelling of its dimension in the database; none for the whole fleet.
    pub fn dimension(&self) -> Option<&'static str> {
        match self {
            Self::Domain(_) => Some("domain"),
            Self::Client(_) => Some("client"),
            Self::AccountType(_) => Some("type"),
            Self::Fleet => None,
        }
    }

    /// Its value in the database; none for the whole fleet.
    pub fn value(&self) -> Option<String> {
        match self {
            Self::Domain(value) | Self::AccountType(value) => Some(value.to_string()),
            Self::Client(id) => Some(id.to_string()),
            Self::Fleet => None,
        }
    }

    /// Reads what the database holds; none for what no version of the program writes.
    pub fn read(dimension: Option<&str>, value: Option<&str>) -> Option<Self> {
        match (dimension, value) {
            (None, _) => Some(Self::Fleet),
            (Some("domain"), Some(value)) => Some(Self::Domain(value.into())),
            (Some("client"), Some(value)) => value.parse().ok().map(Self::Client),
            (Some("type"), Some(value)) => Some(Self::AccountType(value.into())),
            _ => None,
        }
    }

    /// Its place among scopes, the narrowest first.
    pub fn breadth(&self) -> u8 {
        match self {
            Self::Domain(_) => 0,
            Self::Client(_) => 1,
            Self::AccountType(_) => 2,
            Self::Fleet => 3,
        }
    }

    fn holds(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::Domain(domain) => mailbox.domain().as_deref() == Some(&**domain),
            Self::Client(id) => mailbox.client_id == Some(*id),
            Self::AccountType(name) => mailbox.account_type.as_ref() == Some(name),
            Self::Fleet => true,
        }
    }
}

impl Factor {
    /// Whether an account went down for it.
    pub fn explains(&self, disconnection: &Disconnection) -> bool {
        disconnection.cause == self.cause && self.scope.holds(&disconnection.mailbox)
    }
}

/// Many accounts that went down for one factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// What its accounts have in common.
    pub factor: Factor,
    /// When the first of them was seen down.
    pub opened_at: DateTime<Utc>,
    /// When few enough were left.
    pub closed_at: Option<DateTime<Utc>>,
    /// Disconnections that were ever part of it.
    pub accounts: u64,
    /// Those of them that are open.
    pub down: u64,
    /// Those of them that were resolved before the sink confirmed them.
    pub unseen: u64,
    /// Of those, how many the sink may have heard of.
    pub unseen_perhaps_told: u64,
    /// Its last message in the channel that the sink has confirmed.
    pub headline: Option<Headline>,
    /// Whether a message in the channel was begun of which that is not known.
    pub is_perhaps_told: bool,
    /// The same of the reply that tells its end.
    pub is_end_perhaps_told: bool,
}

/// The message in the channel that stands for an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// Where it is.
    pub receipt: Receipt,
    /// Disconnections that were part of the incident when it was posted.
    pub accounts: u64,
}

impl Incident {
    /// Whether so few are left that it is over.
    pub fn is_over(&self) -> bool {
        self.down.saturating_mul(100) < self.accounts.saturating_mul(OVER)
    }

    /// Whether it has grown so much that it is worth another message in the channel.
    pub fn has_doubled(&self) -> bool {
        let headline = self.headline.as_ref();
        headline.is_some_and(|told| self.accounts >= told.accounts.saturating_mul(DOUBLED))
    }
}

/// The factor of the largest incident among these, of which `new` are new in all; none where no
/// cause is shared by enough of them. It is the narrowest that explains them: one sending domain
/// before one client, one client before one provider type, and that before the cause alone. That
/// the cause is not known is nothing that accounts share, so they have to share something else.
pub fn find(candidates: &[&Disconnection], new: usize, threshold: Threshold) -> Option<Factor> {
    let least = threshold.of(new);
    let causes = by_frequency(candidates.iter().map(|d| d.cause));
    let mut shared = causes.into_iter().take_while(|(_, count)| *count >= least);
    shared.find_map(|(cause, count)| {
        let scope = scope(
            candidates,
            cause,
            least.max((count * EXPLAINED).div_ceil(100)),
        );
        let is_shared = scope != Scope::Fleet || cause != Class::Unknown;
        is_shared.then_some(Factor { cause, scope })
    })
}

/// The narrowest scope that holds at least so many of those with this cause, which has to be more
/// than half of them.
fn scope(candidates: &[&Disconnection], cause: Class, least: usize) -> Scope {
    let ours = candidates.iter().filter(|d| d.cause == cause);
    let mailboxes = ours.map(|d| &d.mailbox);
    let domain = majority(mailboxes.clone().filter_map(|mailbox| mailbox.domain()));
    let client = majority(mailboxes.clone().filter_map(|mailbox| mailbox.client_id));
    let name = majority(mailboxes.clone().filter_map(|m| m.account_type.as_ref()));
    let scopes = [
        domain.map(|domain| Scope::Domain(domain.into())),
        client.map(Scope::Client),
        name.map(|name| Scope::AccountType(name.clone())),
    ];
    let holds = |scope: &Scope| mailboxes.clone().filter(|m| scope.holds(m)).count() >= least;
    let narrowest = scopes.into_iter().flatten().find(holds);
    narrowest.unwrap_or(Scope::Fleet)
}

/// The value that more than half of these are, if there is one; otherwise any. It is Boyer and
/// Moore's vote, which keeps one value, so that an outage of a large fleet needs no table of all its
/// domains.
fn majority<T: PartialEq>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut ahead = 0_usize;
    values.fold(None, |leader, value| {
        let is_for = leader.as_ref() == Some(&value);
        if is_for || ahead == 0 {
            ahead += 1;
            return Some(value);
        }
        ahead -= 1;
        leader
    })
}

/// Values and how often they occur, the most frequent first.
pub fn by_frequency<T: Hash + Ord>(values: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(T, usize)> = counts.into_iter().collect();
    counts.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_majority_is_found_wherever_its_values_stand(
            (count, mut values) in (1..40_usize).prop_flat_map(|count| {
                (Just(count), proptest::collection::vec(1..4_u8, 0..count))
            }),
            seed in any::<u64>(),
        ) {
            values.resize(values.len() + count, 0);
            fastrand::Rng::with_seed(seed).shuffle(&mut values);
            prop_assert_eq!(majority(values.into_iter()), Some(0));
        }
    }
}
