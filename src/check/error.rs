//! Why a check failed, and what follows from it.

use chrono::{DateTime, Utc};

use super::Recorded;
use crate::audit::AuditError;
use crate::domain::text;
use crate::http::TlsError;
use crate::smartlead::SmartleadError;
use crate::smartlead::forecast::Shortage;
use crate::store::StoreError;

/// Why a check failed. The text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The source could not be read to its end.
    #[error(transparent)]
    Source(#[from] SmartleadError),
    /// The source could not be read in the time of a run.
    #[error("{}, for there is too little time: {shortage}", .source.fault())]
    Late {
        /// What was under way.
        source: SmartleadError,
        /// The arithmetic.
        shortage: Box<Shortage>,
    },
    /// The database.
    #[error("database: {0}")]
    Store(#[from] StoreError),
    /// The database, right after a post.
    #[error(
        "an alert was posted, but not marked as told, so the next message calls its accounts a \
         possible repeat. Database: {0}"
    )]
    Unmarked(StoreError),
    /// The folder of the audit trail.
    #[error(transparent)]
    AuditFolder(AuditError),
    /// Rows of the audit trail that are recorded, but not in their file.
    #[error(transparent)]
    AuditRows(AuditError),
    /// The listing is too short to be believed.
    #[error(
        "the listing holds {seen} accounts, fewer than half of the {last} {of}, so nothing was applied. If accounts were really removed, run monitor once with \
         --accept-shrink; if not, check that the API key belongs to the right workspace"
    )]
    Short {
        /// Accounts in the listing.
        seen: u64,
        /// Accounts it is held against.
        last: u64,
        /// Which those are.
        of: &'static str,
    },
    /// The run has lasted too long.
    #[error(
        "the deadline of the run has passed. Raise RUN_TIMEOUT_SECS, and the limit of whatever \
         starts monitor"
    )]
    Deadline,
    /// Another run is under way.
    #[error(
        "run {holder} is under way, or ended without a word; its lease ends at {}. Nothing was done; \
         try again then",
        text::time(*.until)
    )]
    Busy {
        /// Its id.
        holder: String,
        /// The end of its lease.
        until: DateTime<Utc>,
    },
    /// The machine's TLS set-up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What a dry run found cannot be shown.
    #[error("the output cannot be written: {0}")]
    Output(std::io::Error),
    /// Somebody asked the process to stop.
    #[error("stopped before the end; the next check finds or tells what this one did not")]
    Interrupted,
    /// A bug.
    #[error("internal error; the log line before this one says where. Please report it")]
    Panicked,
}

impl CheckError {
    /// Whether the sink is told. Who stopped the run knows already.
    pub(super) fn is_worth_telling(&self) -> bool {
        !matches!(self, Self::Interrupted)
    }

    /// What a reader of the error message may expect, as sentences. `recorded` says whether what
    /// the check found was on record when it failed.
    pub(super) fn what_happens_next(&self, recorded: Recorded) -> &'static str {
        match (self, recorded) {
            (Self::AuditRows(_), _) => {
                "The check is recorded and alerts are told. Rows that are missing in the CSV are kept in the database and appended by the next check."
            }
            (_, Recorded::Yes(_)) => {
                "What was found is on record. The next scheduled check continues from there."
            }
            (_, Recorded::Perhaps) => {
                "Whether what was found is on record will show: the next scheduled check reads it and continues from there. Nothing was resolved that was not seen connected."
            }
            (_, Recorded::No) => {
                "No disconnection was resolved or forgotten: every open one stays as it was. The next scheduled check tries again."
            }
        }
    }
}
