//! What the program remembers: open disconnections, runs, the lease, and the lines of the audit
//! trail that are not in its file yet. Postgres and SQLite behind one trait.
//!
//! Everything works behind a transaction pooler, where two statements in a row may reach two
//! servers: a statement with parameters runs unnamed and inside an explicit transaction, and one
//! that stands alone has no parameters, so that it goes out as a single simple query (`simple`).
//! The number of round trips does not depend on the number of accounts: rows travel as one JSON
//! parameter. Of large outages there are several, of some thousand rows each, so that not all of
//! them are in memory as text.

mod facts;
mod migrate;
mod postgres;
mod simple;
mod sql;
mod sqlite;
mod stored;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serializer as _;

use crate::domain::{
    Announce, AuditLine, Diff, Disconnection, Event, Failing, History, IncidentId, Memory, Outcome,
    Receipt, Reconnected, Recovery, RunId, Telling, Told, Transition, Triage, Unannounced, Way,
};
use crate::redact::Redactor;
pub use facts::{Contents, Facts, Lease, Schema, Server};
use stored::Stored;

/// The name of the lease; one check at a time.
const LEASE: &str = "check";

/// Connecting may take this long, if an operation may.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Accounts that are read of those whose reconnection is to be told.
const MOST_RECOVERED: i64 = 1_000;

/// Earlier checks that are looked at to see whether an account has been down for long enough.
pub const MOST_APPLIED: u32 = 24;

/// A lease that was taken later than this much from now was taken before the clock was set back.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

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

    /// An embedded database in this file that a crash may destroy, and that is quick for it.
    pub fn scratch(path: &std::path::Path) -> Self {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(path)
            .synchronous(sqlx::sqlite::SqliteSynchronous::Off)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Memory);
        Self::Sqlite(Box::new(sqlite::file(options)))
    }

    /// The file of an embedded database.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(options) => Some(options.get_filename()),
        }
    }

    /// The store in this database, each operation of which may take `limit` once it is connected.
    /// Nothing is connected or created yet.
    pub fn store(&self, limit: Duration, redactor: Redactor) -> Box<dyn Store> {
        match self {
            Self::Postgres(options) => {
                Box::new(postgres::engine((**options).clone(), limit, redactor))
            }
            Self::Sqlite(options) => Box::new(sqlite::engine((**options).clone(), limit, redactor)),
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
#[error("{}{}", self.fault(), after(self.remedy()))]
pub enum StoreError {
    /// The database is newer than the program.
    Newer {
        /// Which database.
        place: String,
        /// Version of its schema.
        found: i64,
        /// Newest version the program knows.
        known: i64,
    },
    /// Another run took the lease over, because this one's had expired. Nothing was changed.
    LeaseLost,
    /// No connection could be made. Nothing was changed.
    Unreachable {
        /// Which database.
        place: String,
        /// The driver's or the server's words.
        cause: String,
        /// What to do, as a sentence without its stop, or nothing.
        remedy: &'static str,
    },
    /// Anything else.
    Failed {
        /// Which database.
        place: String,
        /// What was being done.
        doing: &'static str,
        /// The driver's or the server's words.
        cause: String,
        /// What to do, as a sentence without its stop, or nothing.
        remedy: &'static str,
    },
}

impl StoreError {
    /// What happened, without what to do.
    pub fn fault(&self) -> String {
        match self {
            Self::Newer {
                place,
                found,
                known,
            } => format!(
                "{place}: its schema has version {found}, this monitor knows versions up to {known}"
            ),
            Self::LeaseLost => {
                "another run took the lease over, because this one's had expired".to_owned()
            }
            Self::Unreachable { place, cause, .. } => {
                format!("{place} cannot be reached: {cause}")
            }
            Self::Failed {
                place,
                doing,
                cause,
                ..
            } => format!("{place}: {doing} failed: {cause}"),
        }
    }

    /// What to do, as a sentence without its stop, or nothing.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "Use the newer monitor that wrote it",
            Self::LeaseLost => "",
            Self::Unreachable { remedy, .. } | Self::Failed { remedy, .. } => remedy,
        }
    }
}

/// A remedy as what follows a fault.
fn after(remedy: &str) -> String {
    match remedy {
        "" => String::new(),
        remedy => format!(". {remedy}"),
    }
}

/// What the store knew when a check began.
#[derive(Debug, Default)]
pub struct Known {
    /// Open disconnections, by account id.
    pub open: Vec<Disconnection>,
    /// Those that were resolved untold.
    pub unannounced: Unannounced,
    /// Accounts in the last listing that was applied.
    pub last_size: Option<u64>,
    /// The checks that failed since the last that ended well.
    pub failing: Failing,
    /// The end of a row of failed checks that the sink has yet to hear of.
    pub recovery: Option<Recovery>,
    /// Lines of the audit trail that an earlier run committed but did not append.
    pub outbox: Vec<AuditLine>,
    /// What decides how disconnections are told.
    pub memory: Memory,
}

/// Whether a check may begin.
#[derive(Debug)]
pub enum Begun {
    /// The lease is ours.
    Free(Box<Known>),
    /// Another run holds it.
    Busy {
        /// Its id.
        holder: String,
        /// When its lease ends.
        until: DateTime<Utc>,
    },
}

/// Which accounts that are seen connected again are to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recoveries {
    /// None.
    #[default]
    Off,
    /// Those whose alert is in the channel, in its thread.
    Thread,
    /// All whose disconnection was told, in the channel.
    Channel,
}

/// Everything one check changes, to be committed at once.
pub struct Change<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its start, and the time of everything it found.
    pub started_at: DateTime<Utc>,
    /// Accounts in the listing.
    pub accounts_seen: usize,
    /// Open disconnections afterwards.
    pub disconnected: usize,
    /// How the run ends if it is cut off from here on.
    pub outcome: Outcome,
    /// What the listing changes.
    pub diff: &'a Diff,
    /// What becomes of announcements.
    pub announce: Announce,
    /// How disconnections are told, beside what stands with those of `diff`.
    pub triage: &'a Triage,
    /// Which of those that are seen connected again are to be told.
    pub recoveries: Recoveries,
    /// Renders the line of a transition for the audit trail, if there is to be one.
    pub audit: Option<&'a dyn Fn(&Transition) -> AuditLine>,
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
    /// When the sink took an error message about this run.
    pub failure_told_at: Option<DateTime<Utc>>,
    /// When the sink took word of the recovery that [`Known`] told of.
    pub recovery_told_at: Option<DateTime<Utc>>,
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
    /// When the sink took an error message about it.
    pub told_at: Option<DateTime<Utc>>,
}

/// The verbs of a check on its memory. Each is one operation with its own time limit, and changes
/// everything it names or nothing. One that fails has changed nothing, unless the connection was
/// lost in the very moment of its commit; so a check never concludes from an error what is on
/// record, and reads it anew.
#[async_trait(?Send)]
pub trait Store {
    /// Brings the schema up to date, takes the lease for so long, and reads what is known. The
    /// lease goes by the server's clock where there is a server, which all its clients share, and
    /// by `now` where there is none.
    async fn begin(
        &self,
        run_id: &RunId,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Begun, StoreError>;

    /// Reads what is known at `now` and changes nothing: no lease, no file, no schema.
    async fn preview(&self, now: DateTime<Utc>) -> Result<Known, StoreError>;

    /// Reads the cycles that are open or ended at `since` or later, the first detected first, the
    /// last `runs` runs, the last first, and the incidents, the newest first. Changes nothing.
    async fn history(&self, since: DateTime<Utc>, runs: u32) -> Result<History, StoreError>;

    /// Looks at everything that a check needs of the database, and tries to write in a transaction
    /// that is rolled back; none where there is no database yet. Changes nothing.
    async fn examine(&self) -> Result<Option<Facts>, StoreError>;

    /// Records a check, if the lease is still ours.
    async fn record(&self, change: &Change<'_>) -> Result<(), StoreError>;

    /// Makes sure that the lease is still ours.
    async fn hold(&self, run_id: &RunId) -> Result<(), StoreError>;

    /// Notes that a post which tells this begins at `at`, if the lease is still ours: from here on
    /// it may be at the sink, whatever becomes of this program.
    async fn attempt(
        &self,
        run_id: &RunId,
        telling: &Telling,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Takes back the note of the post that began at `at`: the sink certainly has not got it. What
    /// an earlier post may have told stays noted.
    async fn withdraw(&self, run_id: &RunId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Marks what the sink has confirmed as told, and notes at the same time that the post which
    /// tells `next` begins at `at`, if the lease is still ours.
    async fn mark_told(
        &self,
        run_id: &RunId,
        telling: &Telling,
        receipt: &Receipt,
        next: Option<&Telling>,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Reads which reconnections are to be told, by the message that told of the disconnection, each
    /// with those accounts that were down the longest.
    async fn recoveries(&self) -> Result<Vec<Reconnected>, StoreError>;

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
    message_per_day: Option<u32>,
    daily_sent_count: Option<u32>,
    campaign_count: Option<u32>,
    client_id: Option<i64>,
    smtp_error: Option<&'a str>,
    imap_error: Option<&'a str>,
    cause: &'static str,
    told_as: Option<&'static str>,
    incident_id: Option<IncidentId>,
    /// Whether its end may have to be told.
    recovery_due: bool,
    /// `reconnected` or `removed` where the disconnection is closed.
    resolution: Option<&'static str>,
}

impl<'a> Record<'a> {
    fn of(transition: &'a Transition, recoveries: Recoveries) -> Self {
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
            cause: disconnection.cause.as_str(),
            told_as: disconnection.way.as_str(),
            incident_id: disconnection.way.incident(),
            recovery_due: recoveries != Recoveries::Off
                && transition.event == Event::Reconnected
                && disconnection.told == Told::Yes
                && matches!(disconnection.way, Way::Alert | Way::Incident(_)),
            resolution: transition
                .event
                .resolves()
                .then(|| transition.event.as_str()),
        }
    }
}

/// The rows as JSON parameters of `size` rows each, none of them in memory before its turn.
fn batches(
    rows: impl Iterator<Item = impl serde::Serialize>,
    size: usize,
) -> impl Iterator<Item = String> {
    let mut rows = rows.peekable();
    std::iter::from_fn(move || {
        rows.peek()?;
        let mut text = Vec::new();
        let batch = rows.by_ref().take(size);
        let written = serde_json::Serializer::new(&mut text).collect_seq(batch);
        // Serialising these plain types cannot fail; were it to, the database refuses the empty text
        // and nothing is changed.
        let text = written.map(|()| String::from_utf8(text).unwrap_or_default());
        Some(text.unwrap_or_default())
    })
}

/// A row that cannot be read, named by what it is about.
fn unreadable(what: &str, id: impl fmt::Display, error: &dyn std::error::Error) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} {id}: {error}").into())
}
