//! How a check ended, and its numbers.

use crate::domain::{Diff, Event, Outcome};

/// How a check ended.
#[derive(Debug)]
pub enum Ending {
    /// Applied, and everything is told.
    Complete,
    /// Applied, but an alert is untold.
    Untold,
    /// Failed.
    Failed,
    /// Another run holds the lease.
    Busy,
}

impl Ending {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Untold => 3,
            Self::Busy => 4,
        }
    }
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::Complete,
            Outcome::Untold => Self::Untold,
            Outcome::Failed | Outcome::Short => Self::Failed,
        }
    }
}

/// The numbers of a check.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) accounts: usize,
    pub(super) disconnected: usize,
    pub(super) new: usize,
    pub(super) changed: usize,
    pub(super) reconnected: usize,
    pub(super) removed: usize,
}

impl Counts {
    pub(super) fn new(accounts: usize, disconnected: usize, found: &Diff) -> Self {
        Self {
            accounts,
            disconnected,
            new: found.count(Event::Disconnected),
            changed: found.count(Event::Changed),
            reconnected: found.count(Event::Reconnected),
            removed: found.count(Event::Removed),
        }
    }

    /// Each with its name, as a sentence would have it.
    pub(super) fn named(self) -> [(&'static str, usize); 6] {
        [
            ("accounts", self.accounts),
            ("disconnected", self.disconnected),
            ("new", self.new),
            ("changed", self.changed),
            ("reconnected", self.reconnected),
            ("removed", self.removed),
        ]
    }
}
