//! Messages about the checks themselves.

use chrono::{DateTime, TimeDelta, Utc};

use super::Message;
use crate::domain::text::{self, time};
use crate::domain::{Recovery, RunId};

/// A section's text may have 3,000 characters, and some count twice.
const LONGEST_REASON: usize = 1_400;

/// The message that tries the channel out.
pub fn trial(run_id: &RunId, now: DateTime<Utc>) -> Message {
    let title = "✅ Smartlead Monitor Test Message";
    let details = format!("Time: {}\nRun ID: {run_id}", time(now));
    let words = "Alerts about mailboxes that lose their connection will come to this channel. \
        There is nothing to do.";
    Message::new(title, &[details, words.to_owned()])
}

/// A check that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its start.
    pub checked_at: DateTime<Utc>,
    /// Why it failed, without secrets.
    pub reason: &'a str,
    /// What happens next.
    pub next: &'a str,
    /// How many checks have failed in a row with this one.
    pub failed_checks: u64,
    /// Start of the first of them.
    pub failing_since: DateTime<Utc>,
    /// Start of the last check that read the fleet.
    pub last_applied: Option<DateTime<Utc>>,
}

/// The message about a failed check.
pub fn failure(failure: &Failure<'_>) -> Message {
    let title = "⚠️ Smartlead Monitor Error";
    let reason = text::clean(failure.reason, LONGEST_REASON);
    let mut details = format!(
        "Time: {}\nRun ID: {}\nReason: {reason}",
        time(failure.checked_at),
        failure.run_id
    );
    let (checks, since) = (failure.failed_checks, failure.failing_since);
    if checks > 1 {
        details.push_str(&format!(
            "\nFailed checks in a row: {checks}, since {}",
            time(since)
        ));
        if let Some(last) = failure.last_applied.filter(|last| *last < since) {
            details.push_str(&format!("\nThe accounts were last read at {}", time(last)));
        }
    }
    let next = format!("What happens next: {}", failure.next);
    Message::new(title, &[details, next])
}

/// The message about checks that work again at `now`.
pub fn recovery(recovery: &Recovery, run_id: &RunId, now: DateTime<Utc>) -> Message {
    let title = "✅ Smartlead Monitor Works Again";
    let checks = match recovery.checks {
        1 => "1 check had failed".to_owned(),
        checks => format!("{checks} checks had failed"),
    };
    let mut details = format!(
        "Time: {}\nRun ID: {run_id}\n{checks}, the first at {}.",
        time(now),
        time(recovery.since)
    );
    details.push_str(&match recovery.blind {
        Some((from, to)) => {
            let to = to.unwrap_or(now);
            // A clock that was set back by days leaves no length of time.
            let blind = match to - from {
                length if length < TimeDelta::zero() => "Blind".to_owned(),
                length => format!("Blind for {}", text::duration(length)),
            };
            format!(
                "\n{blind}: no check read the accounts between {} and {}. What went down and stayed down in that time is announced as new.",
                time(from),
                time(to)
            )
        }
        None => "\nThe accounts were read all the time.".to_owned(),
    });
    Message::new(title, &[details])
}
