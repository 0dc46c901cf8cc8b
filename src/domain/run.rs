//! Runs: their names and their ends.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

/// The name of one run: its start in UTC and six hex digits, such as `20240120140500_abc123`.
///
/// Holds nothing but digits, an underscore and `a` to `f`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// A run that started at `started_at`; the low 24 bits of `random` tell runs of the same
    /// second apart.
    pub fn new(started_at: DateTime<Utc>, random: u32) -> Self {
        Self(format!(
            "{}_{:06x}",
            started_at.format("%Y%m%d%H%M%S"),
            random & 0x00ff_ffff
        ))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A clock that is set back by less than this was an hour or a zone ahead; one that is set back by
/// more was plain wrong, and nothing shall go by it.
const LARGEST_STEP_BACK: TimeDelta = TimeDelta::hours(24);

/// The time to record things under at `now`, where the last were recorded under `last`: later than
/// those, so that what is recorded keeps its order and no two cycles of an account share their
/// beginning, even if the clock was set back in between.
pub fn in_order(now: DateTime<Utc>, last: Option<DateTime<Utc>>) -> DateTime<Utc> {
    match last {
        Some(last) if last >= now && last - now < LARGEST_STEP_BACK => {
            last + TimeDelta::microseconds(1)
        }
        _ => now,
    }
}

/// How a run ended, as `check_runs` records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The listing was applied and everything was told.
    Complete,
    /// The listing was applied, but an alert is still untold.
    Untold,
    /// The run failed.
    Failed,
    /// Nothing was applied because the listing was suspiciously short.
    Short,
}

impl Outcome {
    /// The spelling used in the database and the state file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Untold => "untold",
            Self::Failed => "failed",
            Self::Short => "short",
        }
    }
}

/// A text that is none of the spellings of an outcome.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("outcome is not one of complete, untold, failed and short")]
pub struct UnknownOutcome;

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    /// Reads the database's spelling.
    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        [Self::Complete, Self::Untold, Self::Failed, Self::Short]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or(UnknownOutcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_does_not_change_the_order() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let next = |hours: i64| at(hours) + TimeDelta::microseconds(1);
        for (now, last, expected) in [
            (at(100), None, at(100)),
            (at(100), Some(at(99)), at(100)),
            (at(100), Some(at(100)), next(100)),
            (at(100), Some(at(101)), next(101)),
            (at(100), Some(at(124)), at(100)),
        ] {
            assert_eq!(in_order(now, last), expected);
        }
    }

    #[test]
    fn is_the_utc_start_and_six_hex_digits() {
        let start = "2024-01-20T14:05:00Z".parse().unwrap();
        assert_eq!(
            RunId::new(start, 0xffab_c123).as_str(),
            "20240120140500_abc123"
        );
        assert_eq!(RunId::new(start, 7).to_string(), "20240120140500_000007");
    }
}
