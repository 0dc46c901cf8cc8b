//! What is on record, for those who look back.

use chrono::{DateTime, TimeDelta, Utc};

use super::diff::Event;
use super::disconnection::Disconnection;
use super::incident::Incident;
use super::run::Outcome;

/// Cycles, runs and incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The first detected first.
    pub cycles: Vec<Cycle>,
    /// The last first.
    pub runs: Vec<PastRun>,
    /// The newest first; those that ended long ago are no longer on record.
    pub incidents: Vec<Incident>,
}

/// One time an account was down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// What was last known of it while it was down.
    pub disconnection: Disconnection,
    /// Its end; none while the account is down.
    pub end: Option<End>,
}

/// The end of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The start of the check that saw it; the cycle's beginning where that is not known.
    pub at: DateTime<Utc>,
    /// [`Event::Reconnected`] or [`Event::Removed`]; none where the Python version left on record
    /// neither when nor how, so that the cycle's length is not known.
    pub event: Option<Event>,
}

impl Cycle {
    /// Whether it is over, and neither when nor how is on record.
    pub fn has_unknown_end(&self) -> bool {
        self.end.is_some_and(|end| end.event.is_none())
    }

    /// How long the account was down, or has been until `now`; never less than nothing, whatever a
    /// clock that was set back left on record.
    pub fn duration(&self, now: DateTime<Utc>) -> TimeDelta {
        let end = self.end.map_or(now, |end| end.at);
        (end - self.disconnection.detected_at).max(TimeDelta::zero())
    }
}

/// The end of a run that has none: it was cut off, or is still under way.
pub const UNFINISHED: &str = "unfinished";

/// A run that is over, or was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub id: String,
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Its end; none if it was cut off.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it ended, or would if it was cut off; [`PastRun::end`] tells these apart.
    pub outcome: Outcome,
    /// Accounts in its listing; none if it was not applied.
    pub accounts: Option<u64>,
    /// Open disconnections afterwards.
    pub disconnected: Option<u64>,
    /// Those that it opened.
    pub new: Option<u64>,
    /// Those that it closed because both links were seen connected.
    pub reconnected: Option<u64>,
    /// Why it did not end well, redacted.
    pub error: Option<String>,
}

impl PastRun {
    /// How it ended; none if it was cut off, or is still under way. A run that applied its listing
    /// has its outcome on record before its end.
    pub fn end(&self) -> Option<Outcome> {
        self.finished_at.map(|_| self.outcome)
    }

    /// Its end in data for other programs: the spelling of its outcome, or [`UNFINISHED`].
    pub fn end_name(&self) -> &'static str {
        self.end().map_or(UNFINISHED, Outcome::as_str)
    }
}
