//! Whether files can be written where they belong.

use std::fmt::Display;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::finding::{Finding, Part};
use crate::audit::AuditTrail;
use crate::config::Common;
use crate::disk;

pub(super) fn findings(common: &Common, now: DateTime<Utc>) -> Vec<Finding> {
    vec![
        csv(common, now),
        information("STATE_FILE", &common.state_file, disk::try_replacing),
        match &common.log_file {
            Some(file) => information("LOG_FILE", file, disk::try_file),
            None => Part::Files.ok("LOG_FILE", "no log is kept in a file"),
        },
    ]
}

/// Without the audit trail there is no check.
fn csv(common: &Common, now: DateTime<Utc>) -> Finding {
    const CHECK: &str = "CSV_DIR";
    match AuditTrail::examine(&common.csv_dir, now) {
        Ok(exists) => Part::Files.ok(CHECK, writable(common.csv_dir.display(), exists)),
        Err(error) => Part::Files
            .failed(CHECK, error.fault())
            .remedy(error.remedy()),
    }
}

/// A file that nothing depends on.
fn information(
    setting: &'static str,
    path: &Path,
    examine: impl Fn(&Path) -> io::Result<bool>,
) -> Finding {
    match examine(path) {
        Ok(exists) => Part::Files.ok(setting, writable(path.display(), exists)),
        Err(error) => Part::Files
            .warning(
                setting,
                format!("{} cannot be written: {error}", path.display()),
            )
            .remedy(disk::remedy(setting, &error)),
    }
}

pub(super) fn writable(path: impl Display, exists: bool) -> String {
    match exists {
        true => format!("{path} can be written"),
        false => format!("{path} will be made"),
    }
}
