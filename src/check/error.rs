//! Why a check failed, and what follows from it.

use chrono::{DateTime, Utc};

use crate::audit::AuditError;
use crate::smartlead::SmartleadError;
use crate::store::StoreError;

/// Why a check failed. The text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The source could not be read to its end.
    #[error(transparent)]
    Source(#[from] SmartleadError),
    /// The database.
    #[error("database: {0}")]
    Store(#[from] StoreError),
    /// The database, after the check was recorded.
    #[error("database: the check was recorded, but its run could not be closed: {0}")]
    Unclosed(#[source] StoreError),
    /// The audit trail.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The listing is too short to be believed.
    #[error(
        "the listing holds {seen} accounts, fewer than half of the {last} of the last complete \
         check, so nothing was applied. If accounts were really removed, run monitor once with \
         --accept-shrink; if not, check that the API key belongs to the right workspace"
    )]
    Short {
        /// Accounts in the listing.
        seen: u64,
        /// Accounts in the last one that was believed.
        last: u64,
        /// Whether the last run has told so already.
        told: bool,
    },
    /// Another run is under way.
    #[error(
        "run {holder} is under way, or ended without a word; its lease ends at {}. Nothing was done; \
         try again then",
        .until.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    Busy {
        /// Its id.
        holder: String,
        /// The end of its lease.
        until: DateTime<Utc>,
    },
    /// The machine's TLS set-up.
    #[error(
        "TLS cannot be set up: {0}. Check that the system's root certificates are installed (package ca-certificates)"
    )]
    Tls(#[source] reqwest::Error),
    /// Somebody asked the process to stop.
    #[error("stopped before the end; what was not recorded is found again by the next check")]
    Interrupted,
    /// A bug.
    #[error("internal error; the log line before this one says where. Please report it")]
    Panicked,
}

impl CheckError {
    /// Whether the sink is told. Who stopped the run knows already; a short listing is told once.
    pub(super) fn is_worth_telling(&self) -> bool {
        !matches!(self, Self::Interrupted | Self::Short { told: true, .. })
    }

    /// What a reader of the error message may expect, as sentences.
    pub(super) fn what_happens_next(&self) -> &'static str {
        match self {
            Self::Audit(_) => {
                "Rows that are missing in the CSV are kept in the database and appended by the next check. Alerts do not depend on the CSV."
            }
            Self::Unclosed(_) => {
                "What was found is on record. The next scheduled check continues from there."
            }
            _ => {
                "No disconnection was resolved or forgotten: every open one stays as it was. The next scheduled check tries again."
            }
        }
    }
}
