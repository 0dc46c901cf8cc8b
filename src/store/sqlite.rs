//! What is SQLite's alone.

use std::io::ErrorKind;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};

use super::migrate::{Migration, migrations};
use super::{BadUrl, Stored};
use crate::redact::Redactor;

#[expect(
    clippy::duplicate_mod,
    reason = "the other copy speaks to the other driver"
)]
#[path = "engine.rs"]
mod engine;

type Connection = SqliteConnection;
type Db = sqlx::Sqlite;
type Options = SqliteConnectOptions;

/// Takes the write lock at once. A transaction that reads first and then writes cannot wait for
/// another writer; it fails.
const BEGIN: &str = "begin immediate";

const BEFORE_TOGETHER: usize = 1;

fn together(statements: String) -> String {
    format!("{BEGIN}; {statements} commit;")
}

/// More would be no quicker, since nothing travels, but would take memory.
const BATCH: usize = 500;

const MIGRATIONS: &[Migration] = migrations!("sqlite": 1 "0001_seed", 2 "0002_monitor", 3 "0003_told_and_lease_times", 4 "0004_room_for_updates",
    5 "0005_causes_and_incidents");

/// How long to wait for another program that has the file locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Rows that the driver's thread reads ahead. With its 50 the two threads spend much of their time
/// on waking each other.
const BUFFERED_ROWS: usize = 1_000;

mod sql {
    pub(super) use super::super::sql::*;

    /// The columns of [`Stored`](super::super::Stored) in its order, as one. Each value of a row
    /// costs the driver two allocations that another thread frees, which for a row of nineteen
    /// takes longer than all the rest.
    pub(super) const STORED: &str = "
        json_array(
            account_id, from_name, from_email, account_type, disconnection_type, tags,
            message_per_day, daily_sent_count, campaign_count, client_id, smtp_error, imap_error,
            cause, told_as, incident_id, detected_at, missed_listings, announced_at is not null,
            announce_attempted_at is not null, iif(is_active, 1, 0), resolved_at, resolution)";

    /// The transaction has the write lock already.
    pub(super) const MIGRATION_LOCK: &str = "select 1";

    pub(super) const MIGRATION_TABLE: &str = "
        create table if not exists monitor_schema (
            version    integer primary key,
            name       text not null,
            applied_at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')))";

    pub(super) const TAKE_LEASE: &str = "
        insert into run_lease (name, holder, taken_at, expires_at) values ($1, $2, $5, $6)
        on conflict (name) do update
           set holder = excluded.holder, taken_at = excluded.taken_at,
               expires_at = excluded.expires_at
         where run_lease.expires_at <= $5 or run_lease.taken_at > $7";

    pub(super) const RECORD_RUN: &str = "
        insert into check_runs (run_id, started_at, outcome, accounts_seen, disconnected,
                                newly_disconnected, reconnected)
        select $1, $2, $8, $3, $4, $5, $6
          from run_lease where name = $7 and holder = $1";

    pub(super) const INSERT: &str = "
        insert into disconnected_accounts (
            account_id, from_name, from_email, account_type, disconnection_type, tags,
            message_per_day, daily_sent_count, campaign_count, client_id, smtp_error, imap_error,
            cause, told_as, incident_id, detected_at, last_seen_at, check_run_id)
        select value ->> 'account_id', value ->> 'from_name', value ->> 'from_email',
               value ->> 'account_type', value ->> 'disconnection_type', value ->> 'tags',
               value ->> 'message_per_day', value ->> 'daily_sent_count',
               value ->> 'campaign_count', value ->> 'client_id', value ->> 'smtp_error',
               value ->> 'imap_error', value ->> 'cause', value ->> 'told_as',
               value ->> 'incident_id', $2, $2, $3
          from jsonb_each($1)";

    /// The limit keeps the planner from reading all of the JSON anew for each open row.
    pub(super) const UPDATE: &str = "
        update disconnected_accounts
           set from_name = new.value ->> 'from_name', from_email = new.value ->> 'from_email',
               account_type = new.value ->> 'account_type',
               disconnection_type = new.value ->> 'disconnection_type',
               tags = new.value ->> 'tags', message_per_day = new.value ->> 'message_per_day',
               daily_sent_count = new.value ->> 'daily_sent_count',
               campaign_count = new.value ->> 'campaign_count',
               client_id = new.value ->> 'client_id', smtp_error = new.value ->> 'smtp_error',
               imap_error = new.value ->> 'imap_error', cause = new.value ->> 'cause',
               told_as = new.value ->> 'told_as', incident_id = new.value ->> 'incident_id',
               recovery_due = new.value ->> 'recovery_due' and ($3 or slack_ts is not null),
               resolution = new.value ->> 'resolution',
               is_active = new.value ->> 'resolution' is null,
               resolved_at = case when new.value ->> 'resolution' is null then null else $2 end,
               last_seen_at = case when new.value ->> 'resolution' = 'removed' then last_seen_at else $2 end
          from (select value from jsonb_each($1) limit -1) as new
         where is_active and workspace = 'default'
           and account_id = new.value ->> 'account_id'";

    pub(super) const ADD_TO_OUTBOX: &str = "
        insert into audit_outbox (month, line)
        select value ->> 'month', value ->> 'line' from jsonb_each($1)";

    /// There is no server, and so no clock of its own.
    pub(super) const SERVER: &str = "
        select 'SQLite ' || sqlite_version() as version, null as now, null as is_encrypted";

    /// There are no users, and so nothing that is hidden from one.
    pub(super) const FILTERED: &str = "select 1 = 0 as is_filtered;";

    pub(super) const TRY_WRITING: &str = "
        insert into disconnected_accounts (account_id, detected_at) values (-1, '');
        update disconnected_accounts set tags = '' where account_id = -1;
        delete from disconnected_accounts where account_id = -1;
        insert into check_runs (run_id, started_at, outcome) values ('doctor', '', 'failed');
        update check_runs set finished_at = started_at where run_id = 'doctor';
        insert into run_lease (name, holder, expires_at) values ('doctor', 'doctor', '');
        update run_lease set holder = 'doctor' where name = 'doctor';
        delete from run_lease where name = 'doctor';
        insert into audit_outbox (month, line) values ('', '');
        delete from audit_outbox where line = '';
        insert into incidents (id, cause, opened_at, check_run_id) values (-1, '', '', '');
        update incidents set closed_at = '' where id = -1;
        delete from incidents where id = -1;
        insert into chronic_accounts (account_id, since) values (-1, '');
        update chronic_accounts set told_at = '' where account_id = -1;
        delete from chronic_accounts where account_id = -1;
        insert into notices (name) values ('doctor');
        update notices set told_at = '' where name = 'doctor';
        delete from notices where name = 'doctor'";
}

/// A file has no pooler before it.
async fn is_pooled(_: &mut SqliteConnection, _: &SqliteConnectOptions) -> sqlx::Result<bool> {
    Ok(false)
}

/// Nor a network.
fn is_encrypted(_: &SqliteConnectOptions, _: Option<bool>, _: bool) -> Option<bool> {
    None
}

/// Reads a row of [`sql::STORED`].
fn stored(row: &SqliteRow) -> sqlx::Result<Stored<'_>> {
    Stored::from_json(row.try_get(0)?)
}

/// Options for a file that is made where it does not exist.
pub(super) fn parse(url: &str) -> Result<SqliteConnectOptions, BadUrl> {
    let options = SqliteConnectOptions::from_str(url).map_err(|_| {
        BadUrl("it is not a sqlite URL; an example is sqlite://state/monitor.db".to_owned())
    })?;
    let path = options.get_filename();
    if path.as_os_str().is_empty() || url.contains(":memory:") {
        return Err(BadUrl(
            "it names no file; an example is sqlite://state/monitor.db".to_owned(),
        ));
    }
    Ok(file(options))
}

/// Options that make the file where it does not exist, and wait for other programs.
pub(super) fn file(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(BUFFERED_ROWS)
}

pub(super) fn engine(
    options: SqliteConnectOptions,
    limit: Duration,
    redactor: Redactor,
) -> engine::Engine {
    engine::Engine::new(options, limit, redactor)
}

pub(super) fn place(options: &SqliteConnectOptions) -> String {
    format!("SQLite file {}", options.get_filename().display())
}

/// Makes the folder of the file.
fn prepare(options: &SqliteConnectOptions) -> std::io::Result<()> {
    match options.get_filename().parent() {
        Some(folder) => std::fs::create_dir_all(folder),
        None => Ok(()),
    }
}

/// Whether there is no database that could be read.
fn is_absent(options: &SqliteConnectOptions) -> bool {
    !options.get_filename().exists()
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.message().starts_with("no such table"))
}

/// What to do about an error. Primary result codes: <https://sqlite.org/rescode.html>; the driver
/// gives extended codes, whose low byte is the primary one.
fn remedy(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|error| error.code());
    let primary = code
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff);
    match (primary, error) {
        (Some(5 | 6), _) => "Another program has the file open: close it",
        (Some(8), _) => "The file or its folder is read-only: allow this user to write there",
        (Some(10), _) => "The disk cannot be read or written: check it, and that it is not full",
        (Some(13), _) => "The disk is full",
        (Some(14), _) => {
            "The file cannot be opened: check the path in DATABASE_URL, and that this user may write there"
        }
        (Some(11 | 26), _) => {
            "The file is damaged or not a SQLite database: move it away, or correct DATABASE_URL"
        }
        (Some(1), _) => {
            "Somebody changed the tables by hand: bring them back, or give monitor a file of its own"
        }
        (None, sqlx::Error::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            "Another program has the file locked, or the disk is slow; if it stays, raise DATABASE_TIMEOUT_SECS"
        }
        (None, sqlx::Error::Io(_)) => {
            "Check the path in DATABASE_URL, and that this user may write there"
        }
        (None, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => {
            "A row of disconnected_accounts was changed by hand: correct it"
        }
        _ => "",
    }
}
