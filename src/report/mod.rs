//! The report: what is down, how the last 30 days went, and how the checks did. One page that
//! needs nothing but a browser, or the same figures as JSON.

mod charts;
mod figures;
mod numbers;
mod page;
mod tables;
mod time;
mod words;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, NaiveTime, SubsecRound as _, Utc};
use serde::Serialize;

use crate::data::TimeToReconnect;
use crate::disk;
use crate::domain::figures::{Dimension, time_to_reconnect};
use crate::domain::trend::{self, Day, Sight, Span};
use crate::domain::{History, Outcome, PastRun};
use crate::store::{Store, StoreError};
use figures::shown;
pub use figures::{Account, Check, Chronic, Down, DurationClass, Group, Totals};

/// Days that the report looks back, today included.
const DAYS: u64 = 30;

/// Days that are shown, even if there is less on record.
const FEWEST_DAYS: u64 = 7;

/// Runs that are read: 30 days of one in five minutes.
const RUNS: u32 = 9_000;

/// Runs that are shown, three days of one an hour.
const CHECKS: usize = 72;

/// The figures. Serialised they are what `--json` prints: times are RFC 3339 in UTC, durations are
/// in seconds.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The time that "now" means.
    pub generated_at: DateTime<Utc>,
    /// The beginning of the period: of disconnections that ended before, nothing is counted.
    pub since: DateTime<Utc>,
    /// What the reader should know before all else, as sentences.
    pub warnings: Vec<String>,
    /// Accounts in the last listing that was applied.
    pub accounts: Option<u64>,
    /// When that was.
    pub last_applied_at: Option<DateTime<Utc>>,
    /// How many accounts are down.
    pub disconnected: Totals,
    /// Which, the last detected first.
    pub down: Vec<Down>,
    /// The days of the period from the first on record on, but a week at least. One without checks
    /// is unknown, not quiet.
    pub days: Vec<Day>,
    /// How many were down after each check of the period.
    pub open_over_time: Vec<Sight>,
    /// The times in which no listing was applied, so that nothing is known of them.
    pub blind: Vec<Span>,
    /// How long disconnections lasted.
    pub durations: Vec<DurationClass>,
    /// How long it took until accounts were seen connected again; none if none was.
    pub time_to_reconnect: Option<TimeToReconnect>,
    /// By cause: the ids of their classes.
    pub by_cause: Vec<Group>,
    /// By provider type.
    pub by_type: Vec<Group>,
    /// By what follows the `@` of the address.
    pub by_sending_domain: Vec<Group>,
    /// By tag; an account may have several.
    pub by_tag: Vec<Group>,
    /// By client.
    pub by_client: Vec<Group>,
    /// Accounts that went down twice or more, the most frequent first.
    pub chronic: Vec<Chronic>,
    /// The last 72 checks, the last first.
    pub checks: Vec<Check>,
}

/// A page that could not be written. Nothing lies in its place that was not there before.
#[derive(Debug, thiserror::Error)]
#[error(
    "the report cannot be written to {}: {source}. Name another file with --html",
    .file.display()
)]
pub struct Unwritable {
    file: PathBuf,
    source: std::io::Error,
}

impl Report {
    /// Reads what the store remembers, and changes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(store: &dyn Store, now: DateTime<Utc>) -> Result<Self, StoreError> {
        Ok(Self::of(&store.history(start(now), RUNS).await?, now))
    }

    /// The figures of what is on record at `now`.
    pub fn of(history: &History, now: DateTime<Utc>) -> Self {
        let now = now.trunc_subsecs(6);
        let since = start(now);
        let cycles = &history.cycles;
        let open = || cycles.iter().filter(|cycle| cycle.end.is_none());
        let days = trend::days(history, now, FEWEST_DAYS..=DAYS);
        let first_day = days
            .first()
            .map_or(since, |day| day.date.and_time(NaiveTime::MIN).and_utc());
        let applied = history.runs.iter().find(|run| run.accounts.is_some());
        let groups = |dimension| figures::groups(dimension, cycles);
        let blind = trend::blind(&history.runs, first_day, now);
        let disconnected = Totals::of(open().map(|cycle| &cycle.disconnection));
        Self {
            generated_at: now,
            since,
            warnings: warnings(history, &disconnected, now),
            accounts: applied.and_then(|run| run.accounts),
            last_applied_at: applied.map(|run| run.started_at),
            down: figures::down(open(), now),
            disconnected,
            days,
            open_over_time: trend::sights(&history.runs, first_day),
            blind,
            durations: figures::durations(cycles, now),
            time_to_reconnect: time_to_reconnect(cycles).map(TimeToReconnect::from),
            by_cause: groups(Dimension::Cause),
            by_type: groups(Dimension::AccountType),
            by_sending_domain: groups(Dimension::SendingDomain),
            by_tag: groups(Dimension::Tag),
            by_client: groups(Dimension::Client),
            chronic: figures::chronic(cycles, now),
            checks: history.runs.iter().take(CHECKS).map(Check::of).collect(),
        }
    }

    /// The page: one HTML document that refers to nothing outside itself and runs no script.
    pub fn page(&self) -> String {
        page::render(self)
    }

    /// Writes the page to a file, whole or not at all, and gives the whole path of it.
    ///
    /// # Errors
    /// When there is something else than a file, or it cannot be written.
    pub fn write(&self, file: &Path) -> Result<PathBuf, Unwritable> {
        // A folder that is not there is more likely a slip than a wish.
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let written = match folder {
            Some(folder) if !folder.is_dir() => Err(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                "there is no such folder",
            )),
            _ => disk::replace(file, self.page().as_bytes()),
        };
        written.map_err(|source| Unwritable {
            file: file.to_owned(),
            source,
        })?;
        Ok(std::path::absolute(file).unwrap_or_else(|_| file.to_owned()))
    }

    /// Whether nothing at all is on record.
    fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.by_type.is_empty()
    }
}

/// The beginning of the first day of the period.
fn start(now: DateTime<Utc>) -> DateTime<Utc> {
    let first = now.date_naive().checked_sub_days(Days::new(DAYS - 1));
    first.map_or(now, |first| first.and_time(NaiveTime::MIN).and_utc())
}

/// What the reader should know before all else.
fn warnings(history: &History, disconnected: &Totals, now: DateTime<Utc>) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(last) = history.runs.first() else {
        return warnings;
    };
    let error = shown(last.error.as_deref()).unwrap_or_default();
    let because = match error.trim_end_matches('.') {
        "" => String::new(),
        error => format!(": {error}"),
    };
    match last.end() {
        None => warnings
            .push("The last check is not finished: it is under way, or was cut off.".to_owned()),
        Some(Outcome::Failed | Outcome::Short) => {
            warnings.push(format!("The last check failed{because}."));
        }
        Some(Outcome::Complete | Outcome::Untold) => {}
    }
    let applied = history.runs.iter().find(|run| run.accounts.is_some());
    let overdue_after = trend::overdue_after(&history.runs);
    let is_old = |applied: &PastRun| now - applied.started_at > overdue_after;
    match applied {
        Some(applied) if is_old(applied) => warnings.push(format!(
            "The last complete check was {}, although checks are usually {} apart. \
             What is shown as down is as of then.",
            words::ago(applied.started_at, now),
            words::short(trend::usual_interval(&history.runs)),
        )),
        Some(_) => {}
        None => warnings
            .push("No check has been complete so far, so it is not known what is down.".to_owned()),
    }
    if disconnected.untold > 0 {
        let which = numbers::counted(
            disconnected.untold,
            "account that is down",
            "accounts that are down",
        );
        let because = match last.outcome {
            Outcome::Untold => because,
            _ => String::new(),
        };
        warnings.push(format!(
            "Slack has not confirmed the alert about {which}; the next check sends it{because}."
        ));
    }
    warnings
}

#[cfg(test)]
mod tests;
