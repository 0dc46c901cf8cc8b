//! The state file: what the last run did, for people and scripts. Information only; nothing is
//! ever decided by it.

use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::disk;
use crate::domain::PastRun;

/// One run, as the file shows it.
#[derive(Debug, Serialize)]
pub struct LastCheck<'a> {
    /// Its id.
    pub run_id: &'a str,
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Its end.
    pub finished_at: Option<DateTime<Utc>>,
    /// `complete`, `untold`, `failed` or `short`.
    pub outcome: &'a str,
    /// Accounts in the listing; `null` where none was applied.
    pub accounts_seen: Option<usize>,
    /// Open disconnections afterwards.
    pub disconnected: Option<usize>,
    /// Opened by this run.
    pub newly_disconnected: Option<usize>,
    /// Resolved by this run because both links were seen connected.
    pub reconnected: Option<usize>,
    /// Why it did not end well.
    pub error: Option<&'a str>,
}

impl<'a> From<&'a PastRun> for LastCheck<'a> {
    fn from(run: &'a PastRun) -> Self {
        let count = |count: Option<u64>| count.and_then(|count| usize::try_from(count).ok());
        Self {
            run_id: &run.id,
            started_at: run.started_at,
            finished_at: run.finished_at,
            outcome: run.end_name(),
            accounts_seen: count(run.accounts),
            disconnected: count(run.disconnected),
            newly_disconnected: count(run.new),
            reconnected: count(run.reconnected),
            error: run.error.as_deref(),
        }
    }
}

/// Replaces the file.
///
/// # Errors
/// As [`disk::replace`].
pub fn write(path: &Path, last: &LastCheck<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(last)?;
    text.push(b'\n');
    disk::replace(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_json_with_times_in_utc() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last_check.json");
        let at = DateTime::UNIX_EPOCH;
        let last = LastCheck {
            run_id: "a",
            started_at: at,
            finished_at: Some(at),
            outcome: "complete",
            accounts_seen: Some(3),
            disconnected: Some(2),
            newly_disconnected: Some(1),
            reconnected: None,
            error: None,
        };
        write(&path, &last).unwrap();
        let read: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(read["run_id"], "a");
        assert_eq!(read["started_at"], "1970-01-01T00:00:00Z");
        assert_eq!(read["reconnected"], serde_json::Value::Null);
    }
}
