//! What changed between the open disconnections and a complete listing.

use super::disconnection::{Disconnection, Told, Way};

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
    /// Ids of open disconnections whose account was absent, but not yet often enough; in order.
    pub missing: Vec<i64>,
    /// Ids of open disconnections of which the listing said neither that a link fails nor that none
    /// does; in order.
    pub unsaid: Vec<i64>,
}

impl Diff {
    /// The disconnections of ordinary alerts that are resolved by it untold.
    pub fn unannounced(&self) -> Unannounced {
        let mut unannounced = Unannounced::default();
        for Transition {
            event,
            disconnection,
        } in &self.transitions
        {
            let is_untold = disconnection.told != Told::Yes && disconnection.way == Way::Alert;
            if event.resolves() && is_untold {
                unannounced.reconnected += u64::from(*event == Event::Reconnected);
                unannounced.removed += u64::from(*event == Event::Removed);
                unannounced.perhaps_told += u64::from(disconnection.told == Told::Perhaps);
            }
        }
        unannounced
    }

    /// The disconnections that are open after it, of those that were `known` before.
    pub fn open_after<'a>(
        &'a self,
        known: &'a [Disconnection],
    ) -> impl Iterator<Item = &'a Disconnection> {
        let id = |transition: &Transition| transition.disconnection.mailbox.id;
        let untouched = known.iter().filter(move |known| {
            let touched = self.transitions.binary_search_by_key(&known.mailbox.id, id);
            touched.is_err()
        });
        let opened = self.transitions.iter().filter(|t| !t.event.resolves());
        untouched.chain(opened.map(|transition| &transition.disconnection))
    }

    /// Whether the account of an open disconnection was absent.
    pub fn is_missing(&self, disconnection: &Disconnection) -> bool {
        let missing = self.missing.binary_search(&disconnection.mailbox.id);
        missing.is_ok()
    }

    /// How many transitions there are of this event.
    pub fn count(&self, event: Event) -> usize {
        self.transitions
            .iter()
            .filter(|transition| transition.event == event)
            .count()
    }
}
