//! Incidents: many accounts that go down for one cause, told as one.

use std::collections::HashMap;
use std::hash::Hash;

use arcstr::ArcStr;
use chrono::{DateTime, Utc};

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

    fn holds(&self, disconnection: &Disconnection) -> bool {
        let mailbox = &disconnection.mailbox;
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
        disconnection.cause == self.cause && self.scope.holds(disconnection)
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

/// The narrowest scope that holds at least so many of those with this cause.
fn scope(candidates: &[&Disconnection], cause: Class, least: usize) -> Scope {
    let ours = candidates.iter().filter(|d| d.cause == cause);
    let mailboxes = ours.map(|d| &d.mailbox);
    let domains = by_frequency(mailboxes.clone().filter_map(|mailbox| mailbox.domain()));
    let clients = by_frequency(mailboxes.clone().filter_map(|mailbox| mailbox.client_id));
    let types = by_frequency(mailboxes.filter_map(|mailbox| mailbox.account_type.as_ref()));
    let scopes = [
        domains
            .into_iter()
            .next()
            .map(|(domain, count)| (Scope::Domain(domain.into()), count)),
        clients
            .into_iter()
            .next()
            .map(|(client, count)| (Scope::Client(client), count)),
        types
            .into_iter()
            .next()
            .map(|(name, count)| (Scope::AccountType(name.clone()), count)),
    ];
    let mut scopes = scopes.into_iter().flatten();
    let narrowest = scopes.find(|(_, count)| *count >= least);
    narrowest.map_or(Scope::Fleet, |(scope, _)| scope)
}

/// Values and how often they occur, the most frequent first.
fn by_frequency<T: Hash + Ord>(values: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(T, usize)> = counts.into_iter().collect();
    counts.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
    counts
}
