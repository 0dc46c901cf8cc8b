//! The health of the checks themselves: how long they have failed, and when that is worth saying.

use chrono::{DateTime, TimeDelta, Utc};

use super::run::Outcome;

/// An hourly schedule wanders by some minutes; a reminder shall not slip by an hour for it.
const SCHEDULE_JITTER: TimeDelta = TimeDelta::minutes(10);

/// The checks in a row that ended badly, up to now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failing {
    /// How many.
    pub checks: u64,
    /// Start of the first.
    pub since: Option<DateTime<Utc>>,
    /// Start of the last check whose listing was applied, in this row or before it.
    pub last_applied: Option<DateTime<Utc>>,
    /// When the sink last took an error message about a check that failed.
    pub failure_told_at: Option<DateTime<Utc>>,
    /// When the sink last took one about a listing that was suspiciously short.
    pub short_told_at: Option<DateTime<Utc>>,
}

impl Failing {
    /// Whether one more check that ends like this is worth a message at `now`: the first of its
    /// kind in the row is, and then one in every `reminder`. A clock that was set back since the
    /// last message delays the next by no more than that, either.
    pub fn is_due(&self, outcome: Outcome, now: DateTime<Utc>, reminder: TimeDelta) -> bool {
        let last = match outcome {
            Outcome::Short => self.short_told_at,
            _ => self.failure_told_at,
        };
        last.is_none_or(|last| (now - last).abs() >= reminder - SCHEDULE_JITTER)
    }
}

/// The end of a row of failed checks about which the sink has an error message, but no word of
/// the end yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// How many checks failed.
    pub checks: u64,
    /// Start of the first of them.
    pub since: DateTime<Utc>,
    /// From the start of the last check that read the fleet before to that of the first after; the
    /// end is `None` if that is the present check. Nothing if no listing was missed.
    pub blind: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_of_a_kind_is_told_and_then_one_in_every_reminder() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let reminder = TimeDelta::hours(6);
        let told = Failing {
            failure_told_at: Some(at(100)),
            ..Failing::default()
        };
        for (failing, outcome, now, due) in [
            (&Failing::default(), Outcome::Failed, at(100), true),
            (&told, Outcome::Failed, at(101), false),
            (&told, Outcome::Failed, at(105), false),
            (&told, Outcome::Failed, at(106), true),
            (&told, Outcome::Short, at(101), true),
            (
                &told,
                Outcome::Failed,
                at(106) - TimeDelta::minutes(9),
                true,
            ),
            (
                &told,
                Outcome::Failed,
                at(106) - TimeDelta::minutes(11),
                false,
            ),
            (&told, Outcome::Failed, at(99), false),
            (&told, Outcome::Failed, at(94), true),
        ] {
            assert_eq!(failing.is_due(outcome, now, reminder), due, "{now}");
        }
    }
}
