//! What an examination of a database finds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::StoreError;
use crate::domain::PastRun;

/// What an examination finds. One part that fails does not hide the others.
#[derive(Debug)]
pub struct Facts {
    /// The engine.
    pub server: Server,
    /// The version of the tables.
    pub schema: Result<Schema, StoreError>,
    /// What is in them; none where there are none.
    pub contents: Option<Result<Contents, StoreError>>,
    /// Whether a check could write. Tables that are missing or old are made new for that, in the
    /// transaction that is rolled back.
    pub writing: Result<(), StoreError>,
}

/// The engine of a database.
#[derive(Debug)]
pub struct Server {
    /// Its name and version, such as `PostgreSQL 15.4`.
    pub version: String,
    /// How long it took to connect and get the first answer.
    pub reached_in: Duration,
    /// Whether two connections were seen to share a session of the server, which only a pooler in
    /// transaction mode does; none where it could not be tried or there is no server.
    pub is_pooled: Option<bool>,
    /// Whether the connection is encrypted, if that is known.
    pub is_encrypted: Option<bool>,
    /// Its clock, and the moment at which it said so; none where there is no server.
    pub clock: Option<(DateTime<Utc>, Instant)>,
}

/// The state of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// There are none.
    Absent,
    /// `disconnected_accounts` is there, but none of the others: the Python version's.
    Legacy,
    /// They are of an earlier version.
    Older {
        /// Their version.
        found: i64,
        /// The newest version.
        newest: i64,
    },
    /// They are of this, the newest version.
    Current(i64),
}

/// What is in the tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Disconnections that are open.
    pub open: u64,
    /// Those of them that the sink has yet to confirm.
    pub untold: u64,
    /// Disconnections that are resolved.
    pub resolved: u64,
    /// Whether policies of the server hide rows from this user.
    pub is_filtered: bool,
    /// The lease, which may have ended.
    pub lease: Option<Lease>,
    /// The last few runs, the last first.
    pub runs: Vec<PastRun>,
}

/// The lease of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Id of the run that took it.
    pub holder: String,
    /// Its end.
    pub until: DateTime<Utc>,
}
