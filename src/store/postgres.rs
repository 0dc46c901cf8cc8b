//! What is Postgres's alone.

use std::io::ErrorKind;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{Connection as _, Row as _, raw_sql};
use url::Url;

use super::migrate::{Migration, migrations};
use super::stored::Text;
use super::{BadUrl, Stored};
use crate::redact::Redactor;

#[expect(
    clippy::duplicate_mod,
    reason = "the other copy speaks to the other driver"
)]
#[path = "engine.rs"]
mod engine;

type Connection = PgConnection;
type Db = sqlx::Postgres;
type Options = PgConnectOptions;

const BEGIN: &str = "begin";

const BEFORE_TOGETHER: usize = 0;

/// The server makes one transaction of what comes as one query.
fn together(statements: String) -> String {
    statements
}

/// Each batch takes two round trips, and its rows are in memory several times while they travel, at
/// some 250 bytes each.
const BATCH: usize = 5_000;

const MIGRATIONS: &[Migration] = migrations!("postgres": 1 "0001_seed", 2 "0002_monitor", 3 "0003_told_and_lease_times", 4 "0004_room_for_updates",
    5 "0005_causes_and_incidents");

/// Parameters that other tools put into the URL for themselves, such as Prisma for its pooler.
const FOREIGN_PARAMETERS: [&str; 4] = ["pgbouncer", "connection_limit", "pool_timeout", "schema"];

mod sql {
    pub(super) use super::super::sql::*;

    /// The columns of [`Stored`](super::super::Stored).
    pub(super) const STORED: &str = "
        account_id, from_name, from_email, account_type, disconnection_type, tags, message_per_day,
        daily_sent_count, campaign_count, client_id, smtp_error, imap_error, cause, told_as,
        incident_id, detected_at, missed_listings, announced_at is not null as told,
        announce_attempted_at is not null as attempted, is_active, resolved_at, resolution";

    /// Any number; all processes of this program ask for the same one.
    pub(super) const MIGRATION_LOCK: &str = "select pg_advisory_xact_lock(5283046921137)";

    pub(super) const MIGRATION_TABLE: &str = "
        create table if not exists monitor_schema (
            version    bigint primary key,
            name       text not null,
            applied_at timestamptz not null default now())";

    /// By the server's clock, read at the moment of deciding: the time of the transaction's
    /// beginning may be earlier than that of a lease it had to wait for.
    pub(super) const TAKE_LEASE: &str = "
        insert into run_lease (name, holder, taken_at, expires_at)
        values ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))
        on conflict (name) do update
           set holder = excluded.holder, taken_at = excluded.taken_at,
               expires_at = excluded.expires_at
         where run_lease.expires_at <= clock_timestamp()
            or run_lease.taken_at > clock_timestamp() + make_interval(secs => $4)";

    /// The lease row is locked until the end of the transaction, so that nobody takes the lease
    /// over between this and the commit.
    pub(super) const RECORD_RUN: &str = "
        insert into check_runs (run_id, started_at, outcome, accounts_seen, disconnected,
                                newly_disconnected, reconnected)
        select $1, $2, $8, $3, $4, $5, $6
          from run_lease where name = $7 and holder = $1 for update";

    pub(super) const INSERT: &str = "
        insert into disconnected_accounts (
            account_id, from_name, from_email, account_type, disconnection_type, tags,
            message_per_day, daily_sent_count, campaign_count, client_id, smtp_error, imap_error,
            cause, told_as, incident_id, detected_at, last_seen_at, check_run_id)
        select account_id, from_name, from_email, account_type, disconnection_type, tags,
               message_per_day, daily_sent_count, campaign_count, client_id, smtp_error, imap_error,
               cause, told_as, incident_id, $2, $2, $3
          from json_populate_recordset(null::disconnected_accounts, $1::json)";

    pub(super) const UPDATE: &str = "
        update disconnected_accounts as known
           set from_name = new.from_name, from_email = new.from_email,
               account_type = new.account_type, disconnection_type = new.disconnection_type,
               tags = new.tags, message_per_day = new.message_per_day,
               daily_sent_count = new.daily_sent_count, campaign_count = new.campaign_count,
               client_id = new.client_id, smtp_error = new.smtp_error, imap_error = new.imap_error,
               cause = new.cause, told_as = new.told_as, incident_id = new.incident_id,
               recovery_due = new.recovery_due and ($3 or known.slack_ts is not null),
               resolution = new.resolution, is_active = new.resolution is null,
               resolved_at = case when new.resolution is null then null else $2 end,
               last_seen_at = case when new.resolution = 'removed' then known.last_seen_at else $2 end
          from json_populate_recordset(null::disconnected_accounts, $1::json) as new
         where known.is_active and known.workspace = 'default'
           and known.account_id = new.account_id";

    pub(super) const ADD_TO_OUTBOX: &str = "
        insert into audit_outbox (month, line)
        select value ->> 'month', value ->> 'line' from json_array_elements($1::json)";

    pub(super) const SERVER: &str = "
        select 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) as version,
               clock_timestamp() as now,
               (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as is_encrypted";

    pub(super) const FILTERED: &str = "
        select row_security_active('disconnected_accounts') as is_filtered;";

    /// Ids are given, since a number that a sequence has given away does not come back; whether
    /// they could be had is looked up. Policies may let a row in and then hide it.
    pub(super) const TRY_WRITING: &str = "
        do $$
        declare
            hidden text := 'row security hides the rows that are written';
            ungiven text := 'permission denied for the sequence of disconnected_accounts';
        begin
            insert into disconnected_accounts (id, account_id, detected_at) values (-1, -1, 'epoch');
            update disconnected_accounts set tags = '' where id = -1;
            if not found then raise insufficient_privilege using message = hidden; end if;
            delete from disconnected_accounts where id = -1;
            if not found then raise insufficient_privilege using message = hidden; end if;
            if exists (select from pg_attribute
                        where attrelid = 'disconnected_accounts'::regclass
                          and attname = 'id' and attidentity = ''
                          and not has_sequence_privilege(
                                pg_get_serial_sequence('disconnected_accounts', 'id'), 'usage'))
            then raise insufficient_privilege using message = ungiven; end if;
            insert into check_runs (id, run_id, started_at, outcome)
            overriding system value values (-1, 'doctor', 'epoch', 'failed');
            update check_runs set finished_at = started_at where id = -1;
            if not found then raise insufficient_privilege using message = hidden; end if;
            insert into run_lease (name, holder, expires_at) values ('doctor', 'doctor', 'epoch');
            update run_lease set holder = 'doctor' where name = 'doctor';
            if not found then raise insufficient_privilege using message = hidden; end if;
            delete from run_lease where name = 'doctor';
            insert into audit_outbox (id, month, line) overriding system value values (-1, '', '');
            delete from audit_outbox where id = -1;
            if not found then raise insufficient_privilege using message = hidden; end if;
            insert into incidents (id, cause, opened_at, check_run_id) values (-1, '', 'epoch', '');
            update incidents set closed_at = opened_at where id = -1;
            delete from incidents where id = -1;
            if not found then raise insufficient_privilege using message = hidden; end if;
            insert into chronic_accounts (account_id, since) values (-1, 'epoch');
            update chronic_accounts set told_at = since where account_id = -1;
            delete from chronic_accounts where account_id = -1;
            if not found then raise insufficient_privilege using message = hidden; end if;
            insert into notices (name) values ('doctor');
            update notices set told_at = 'epoch' where name = 'doctor';
            delete from notices where name = 'doctor';
            if not found then raise insufficient_privilege using message = hidden; end if;
        end
        $$";
}

/// Whether a second connection is given the server's session of the first, or the first another
/// than before: that happens with a pooler in transaction mode, and with nothing else.
async fn is_pooled(first: &mut PgConnection, options: &PgConnectOptions) -> sqlx::Result<bool> {
    async fn session(connection: &mut PgConnection) -> sqlx::Result<i32> {
        let row = raw_sql("select pg_backend_pid()").fetch_one(connection);
        row.await?.try_get(0)
    }
    let before = session(first).await?;
    let mut second = PgConnection::connect_with(options).await?;
    let mut transaction = second.begin().await?;
    // Where the two share the only session there is, the first would wait for the second.
    let is_pooled = session(&mut transaction).await? == before || session(first).await? != before;
    transaction.rollback().await?;
    second.close().await?;
    Ok(is_pooled)
}

/// Whether the connection is encrypted, as far as that is known. What the server says is of its
/// own end, where a pooler may be.
fn is_encrypted(options: &PgConnectOptions, says: Option<bool>, is_pooled: bool) -> Option<bool> {
    match options.get_ssl_mode() {
        PgSslMode::Disable => Some(false),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => Some(true),
        PgSslMode::Allow | PgSslMode::Prefer => says.filter(|_| !is_pooled),
    }
}

/// Reads a row of [`sql::STORED`].
fn stored(row: &PgRow) -> sqlx::Result<Stored<'_>> {
    let text = |name| {
        let text: sqlx::Result<Option<&str>> = row.try_get(name);
        text.map(|text| text.map(Text::from))
    };
    Ok(Stored {
        account_id: row.try_get("account_id")?,
        from_name: text("from_name")?,
        from_email: text("from_email")?,
        account_type: text("account_type")?,
        disconnection_type: text("disconnection_type")?,
        tags: text("tags")?,
        message_per_day: row.try_get("message_per_day")?,
        daily_sent_count: row.try_get("daily_sent_count")?,
        campaign_count: row.try_get("campaign_count")?,
        client_id: row.try_get("client_id")?,
        smtp_error: text("smtp_error")?,
        imap_error: text("imap_error")?,
        cause: text("cause")?,
        told_as: text("told_as")?,
        incident_id: row.try_get("incident_id")?,
        detected_at: row.try_get("detected_at")?,
        missed_listings: row.try_get("missed_listings")?,
        told: row.try_get("told")?,
        attempted: row.try_get("attempted")?,
        is_active: row.try_get("is_active")?,
        resolved_at: row.try_get("resolved_at")?,
        resolution: text("resolution")?,
    })
}

/// Options for any server, pooled or not.
pub(super) fn parse(url: &str) -> Result<PgConnectOptions, BadUrl> {
    let unreadable = |why: &str| {
        BadUrl(format!(
            "it is not a postgres URL ({why}); in user and password, characters such as @ : / # ? % \
             must be percent-encoded"
        ))
    };
    // Where user and password end is ambiguous if they hold such characters as they are, and a
    // part of the password would be taken for the host or the database, which are shown.
    let behind_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = behind_scheme
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let ats = behind_scheme.matches('@').count();
    if behind_scheme.contains('#') || ats > 1 || ats != authority.matches('@').count() {
        return Err(unreadable("it is not clear where the password ends"));
    }
    let mut parsed = Url::parse(url).map_err(|error| unreadable(&error.to_string()))?;
    if parsed.host_str().is_none_or(str::is_empty)
        && !parsed.query_pairs().any(|(key, _)| key == "host")
    {
        return Err(unreadable("no host"));
    }
    let ours: Vec<(String, String)> = parsed
        .query_pairs()
        .filter(|(key, _)| !FOREIGN_PARAMETERS.contains(&key.as_ref()))
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    parsed.set_query(None);
    if !ours.is_empty() {
        parsed.query_pairs_mut().extend_pairs(ours);
    }
    let options = PgConnectOptions::from_str(parsed.as_str())
        .map_err(|_| unreadable("a part of it cannot be read"))?;
    // A pooler refuses start-up parameters that it does not know.
    Ok(options
        .application_name("monitor")
        .extra_float_digits(None)
        .statement_cache_capacity(0))
}

pub(super) fn engine(
    options: PgConnectOptions,
    limit: Duration,
    redactor: Redactor,
) -> engine::Engine {
    engine::Engine::new(options, limit, redactor)
}

pub(super) fn place(options: &PgConnectOptions) -> String {
    let database = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    let host = options.get_socket().map_or_else(
        || options.get_host().to_owned(),
        |socket| socket.display().to_string(),
    );
    format!(
        "Postgres database {database:?} at {host}:{}",
        options.get_port()
    )
}

/// There is nothing to make before a server can be reached.
fn prepare(_: &PgConnectOptions) -> std::io::Result<()> {
    Ok(())
}

/// Whether there is no database that could be read; a server's answer tells.
fn is_absent(_: &PgConnectOptions) -> bool {
    false
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).as_deref() == Some("42P01")
}

/// What to do about an error. Codes: PostgreSQL documentation, appendix A.
fn remedy(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|error| error.code());
    match (code.as_deref(), error) {
        (Some("28P01" | "28000"), _) => "Check user and password in DATABASE_URL",
        (Some("3D000"), _) => "Check the name of the database in DATABASE_URL, or create it",
        (Some("42501" | "3F000"), _) => {
            "The user of DATABASE_URL needs the right to create and change tables in this schema"
        }
        (Some("25006"), _) => {
            "The server is read-only: use the address of the primary in DATABASE_URL, or free its disk if it is full"
        }
        (Some("53100"), _) => "The server's disk is full",
        (Some("53300"), _) => {
            "The server has no free connection: use its pooler's address in DATABASE_URL"
        }
        (Some("42P01" | "42703" | "42P07" | "42701" | "23502"), _) => {
            "Somebody changed the tables by hand: bring them back, or give monitor a database of its own"
        }
        (Some("0A000"), _) => {
            "If a view depends on disconnected_accounts, drop it, run monitor, and create it again"
        }
        (Some("XX000" | "08P01"), _) => {
            "Behind a pooler this is its word for a wrong user, password, database or project in DATABASE_URL"
        }
        (None, sqlx::Error::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            "It is out of reach or slow, or another program has its tables locked; if it stays, raise DATABASE_TIMEOUT_SECS"
        }
        (None, sqlx::Error::Io(error))
            if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::NotFound) =>
        {
            "Check sslmode and sslrootcert in DATABASE_URL: the file must hold the authority that signed the server's certificate"
        }
        (None, sqlx::Error::Io(_)) => {
            "Check host and port in DATABASE_URL, and that the server runs and may be reached from here"
        }
        (None, sqlx::Error::Tls(_)) => "Check sslmode and sslrootcert in DATABASE_URL",
        (None, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => {
            "A row of disconnected_accounts was changed by hand: correct it"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_for_other_tools_are_dropped() {
        let options = parse(
            "postgresql://u.ref:p%40w@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1&sslmode=require",
        )
        .unwrap();
        assert_eq!(
            place(&options),
            "Postgres database \"postgres\" at aws-0.pooler.supabase.com:6543"
        );
        assert_eq!(options.get_username(), "u.ref");
        assert!(matches!(
            options.get_ssl_mode(),
            sqlx::postgres::PgSslMode::Require
        ));
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_quoted() {
        for url in [
            "postgres://u:s3cret#x@h/db",
            "postgres://",
            "postgres://u:s3cret@h:port/db",
            "postgres://u:s3cret@h/db?sslmode=maybe",
            "postgres://u:My@s3cret#1@127.0.0.1:5/db",
            "postgres://u:My@s3cret/1@127.0.0.1:5/db",
            "postgres://u:5432/s3cret@127.0.0.1:5/db",
            "postgres://u:5432?s3cret@127.0.0.1:5/db",
            "postgres://u:a@s3cret@127.0.0.1:5/db",
        ] {
            let error = parse(url)
                .err()
                .unwrap_or_else(|| panic!("{url}"))
                .to_string();
            assert!(!error.contains("s3cret"), "{error}");
            assert!(error.contains("percent-encoded"), "{error}");
        }
    }
}
