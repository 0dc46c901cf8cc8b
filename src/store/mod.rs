//! What the program remembers: open disconnections, runs, the lease, and the lines of the audit
//! trail that are not in its file yet. Postgres and SQLite behind one trait.
//!
//! Everything works behind a transaction pooler, where two statements in a row may reach two
//! servers: a statement with parameters runs unnamed and inside an explicit transaction, and one
//! that stands alone has no parameters, so that it goes out as a single simple query (`simple`).
//! The number of round trips does not depend on the number of accounts: rows travel as one JSON
//! parameter.

mod migrate;
mod postgres;
mod simple;
mod sql;
mod sqlite;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::{AuditLine, Diff, Disconnection, Kind, Outcome, Receipt, RunId, Transition};
use crate::redact::Redactor;

/// The name of the lease; one check at a time.
const LEASE: &str = "check";

/// One operation may take this long, once connected.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// Connecting may take this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the database is. Holds the password, so it does not print.
#[derive(Clone)]
pub enum Database {
    /// A server.
    Postgres(Box<sqlx::postgres::PgConnectOptions>),
    /// A file.
    Sqlite(Box<sqlx::sqlite::SqliteConnectOptions>),
}

/// A `DATABASE_URL` that cannot be used. Never quotes it: it may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(String);

impl Database {
    /// Reads a `postgres://`, `postgresql://` or `sqlite://` URL.
    ///
    /// # Errors
    /// Another scheme, or a URL that the engine's driver does not understand.
    pub fn parse(url: &SecretString) -> Result<Self, BadUrl> {
        let url = url.expose_secret();
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => {
                postgres::parse(url).map(Box::new).map(Self::Postgres)
            }
            Some("sqlite") => sqlite::parse(url).map(Box::new).map(Self::Sqlite),
            _ => Err(BadUrl(
                "it must begin with postgres://, postgresql:// or sqlite://".to_owned(),
            )),
        }
    }

    /// An embedded database in this file.
    pub fn file(path: &std::path::Path) -> Self {
        Self::Sqlite(Box::new(sqlite::file(
            sqlx::sqlite::SqliteConnectOptions::new().filename(path),
        )))
    }

    /// The store in this database. Nothing is connected or created yet.
    pub fn store(&self, redactor: Redactor) -> Box<dyn Store> {
        match self {
            Self::Postgres(options) => Box::new(postgres::engine((**options).clone(), redactor)),
            Self::Sqlite(options) => Box::new(sqlite::engine((**options).clone(), redactor)),
        }
    }
}

impl fmt::Display for Database {
    /// The engine and the place, without user or password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(options) => f.write_str(&postgres::place(options)),
            Self::Sqlite(options) => f.write_str(&sqlite::place(options)),
        }
    }
}

/// A database operation that failed. The text says on what, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is newer than the program.
    #[error(
        "{place}: its schema has version {found}, this monitor knows versions up to {known}. \
         Use the newer monitor that wrote it"
    )]
    Newer {
        /// Which database.
        place: String,
        /// Version of its schema.
        found: i64,
        /// Newest version the program knows.
        known: i64,
    },
    /// Another run took the lease over, because this one's had expired. Nothing was changed.
    #[error("another run took the lease over, because this one's had expired")]
    LeaseLost,
    /// No connection could be made. Nothing was changed.
    #[error("{place} cannot be reached: {cause}{remedy}")]
    Unreachable {
        /// Which database.
        place: String,
        /// The driver's or the server's words.
        cause: String,
        /// What to do, as a sentence of its own, or nothing.
        remedy: &'static str,
    },
    /// Anything else.
    #[error("{place}: {doing} failed: {cause}{remedy}")]
    Failed {
        /// Which database.
        place: String,
        /// What was being done.
        doing: &'static str,
        /// The driver's or the server's words.
        cause: String,
        /// What to do, as a sentence of its own, or nothing.
        remedy: &'static str,
    },
}

/// What the store knew when a check began.
#[derive(Debug, Default)]
pub struct Known {
    /// Open disconnections, by account id.
    pub open: Vec<Disconnection>,
    /// Accounts in the listing of the last complete check.
    pub last_complete: Option<u64>,
    /// Whether the last run of all refused a suspiciously short listing, and told so.
    pub told_short: bool,
    /// Lines of the audit trail that an earlier run committed but did not append.
    pub outbox: Vec<AuditLine>,
}

/// Whether a check may begin.
#[derive(Debug)]
pub enum Begun {
    /// The lease is ours.
    Free(Known),
    /// Another run holds it.
    Busy {
        /// Its id.
        holder: String,
        /// When its lease ends.
        until: DateTime<Utc>,
    },
}

/// What happens to the announcements of disconnections that are on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announce {
    /// What was told stays told, what is new is untold.
    New,
    /// Everything that is down is untold.
    All,
    /// Everything that is down is told, as of this check.
    Nothing,
}

/// Everything one check changes, to be committed at once.
#[derive(Debug)]
pub struct Change<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its start, and the time of everything it found.
    pub started_at: DateTime<Utc>,
    /// Accounts in the listing.
    pub accounts_seen: usize,
    /// Open disconnections afterwards.
    pub disconnected: usize,
    /// What the listing changes.
    pub diff: &'a Diff,
    /// What becomes of announcements.
    pub announce: Announce,
    /// Lines for the audit trail.
    pub audit: &'a [AuditLine],
}

/// The end of a run whose listing was applied.
#[derive(Debug)]
pub struct Finish<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its end.
    pub finished_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end well.
    pub error: Option<&'a str>,
    /// Whether the audit trail's file holds everything of the outbox.
    pub audited: bool,
    /// What was resolved before this moment is deleted.
    pub keep_since: DateTime<Utc>,
}

/// The end of a run whose listing was not applied.
#[derive(Debug)]
pub struct Failure<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Its end.
    pub finished_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub error: &'a str,
}

/// The verbs of a check on its memory. Each is one operation with its own time limit, and changes
/// everything it names or nothing. One that fails has changed nothing, unless the connection was
/// lost in the very moment of its commit; so a check never concludes from an error what is on
/// record, and reads it anew.
#[async_trait(?Send)]
pub trait Store {
    /// Brings the schema up to date, takes the lease until `lease_until`, and reads what is known.
    async fn begin(
        &self,
        run_id: &RunId,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Begun, StoreError>;

    /// Reads what is known and changes nothing: no lease, no file, no schema.
    async fn preview(&self) -> Result<Known, StoreError>;

    /// Records a check, if the lease is still ours.
    async fn record(&self, change: &Change<'_>) -> Result<(), StoreError>;

    /// Marks the open disconnections of these accounts as told, if the lease is still ours.
    async fn mark_told(
        &self,
        run_id: &RunId,
        accounts: &[i64],
        receipt: &Receipt,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Releases the lease, if it is still ours, deletes what was resolved long ago, and closes the
    /// run. Gives the number of disconnections deleted.
    async fn finish(&self, finish: &Finish<'_>) -> Result<u64, StoreError>;

    /// Records a run that failed, and releases the lease.
    async fn fail(&self, failure: &Failure<'_>) -> Result<(), StoreError>;
}

/// A disconnection as it travels to the database, named as its columns are.
#[derive(serde::Serialize)]
struct Record<'a> {
    account_id: i64,
    from_name: Option<&'a str>,
    from_email: Option<&'a str>,
    account_type: Option<&'a str>,
    disconnection_type: &'static str,
    tags: &'a str,
    message_per_day: Option<i64>,
    daily_sent_count: Option<i64>,
    campaign_count: Option<i64>,
    client_id: Option<i64>,
    smtp_error: Option<&'a str>,
    imap_error: Option<&'a str>,
    /// `reconnected` or `removed` where the disconnection is closed.
    resolution: Option<&'static str>,
}

impl<'a> Record<'a> {
    fn of(transition: &'a Transition) -> Self {
        let disconnection = &transition.disconnection;
        let mailbox = &disconnection.mailbox;
        Self {
            account_id: mailbox.id,
            from_name: mailbox.name.as_deref(),
            from_email: mailbox.address.as_deref(),
            account_type: mailbox.account_type.as_deref(),
            disconnection_type: disconnection.kind.as_str(),
            tags: &mailbox.tags,
            message_per_day: mailbox.daily_cap,
            daily_sent_count: mailbox.sent_today,
            campaign_count: mailbox.campaigns,
            client_id: mailbox.client_id,
            smtp_error: disconnection.smtp_error.as_deref(),
            imap_error: disconnection.imap_error.as_deref(),
            resolution: transition
                .event
                .resolves()
                .then(|| transition.event.as_str()),
        }
    }
}

/// Text for a JSON parameter. Serialising these plain types cannot fail; were it to, the database
/// refuses the empty text and nothing is changed.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads the kind of an account's row, which may have been written by anything.
fn kind(account: i64, text: Option<&str>) -> Result<Kind, sqlx::Error> {
    let kind = text.unwrap_or_default().parse();
    kind.map_err(|error| sqlx::Error::Decode(format!("account {account}: {error}").into()))
}
