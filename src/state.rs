//! The state file: what the last run did, for people and scripts. Information only; nothing is
//! ever decided by it.

use std::io::{self, Write as _};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// One run, as the file shows it.
#[derive(Debug, Serialize)]
pub struct LastCheck<'a> {
    /// Its id.
    pub run_id: &'a str,
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Its end.
    pub finished_at: DateTime<Utc>,
    /// `complete`, `untold`, `failed` or `short`.
    pub outcome: &'a str,
    /// Accounts in the listing; absent where none was applied.
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

/// Replaces the file at once: a reader sees the old or the new one, never half of either.
///
/// # Errors
/// When the folder cannot be made or written to.
pub fn write(path: &Path, last: &LastCheck<'_>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".monitor-state-")
        .tempfile_in(folder)?;
    serde_json::to_writer_pretty(&mut file, last)?;
    file.write_all(b"\n")?;
    // A temporary file is its owner's alone; this one is for others to read.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_made_with_its_folder_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("last_check.json");
        let at = DateTime::UNIX_EPOCH;
        for (run_id, error) in [
            ("a run with a long error", Some("x".repeat(999))),
            ("b", None),
        ] {
            let last = LastCheck {
                run_id,
                started_at: at,
                finished_at: at,
                outcome: "complete",
                accounts_seen: Some(3),
                disconnected: Some(2),
                newly_disconnected: Some(1),
                reconnected: Some(0),
                error: error.as_deref(),
            };
            write(&path, &last).unwrap();
            let read: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(read["run_id"], run_id);
            assert_eq!(read["started_at"], "1970-01-01T00:00:00Z");
        }
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }
}
