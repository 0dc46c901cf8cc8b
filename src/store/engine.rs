// One body for both engines. `postgres.rs` and `sqlite.rs` each take this file in as a module and
// supply, right above it, what differs:
//
//     Connection, Db, Options    the driver's types
//     BEGIN                      the statement that begins a transaction that writes
//     MIGRATIONS                 the files of its folder
//     sql                        the statements of sql.rs, and those that unpack JSON
//     place, prepare, is_absent, is_missing_table, remedy
//
// sqlx's traits cannot be bounded over both drivers without repeating a page of bounds on every
// function, and a macro would hide the same text from tools.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, raw_sql};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::super::simple::{Literal, filled};
use super::super::{
    Announce, Begun, CONNECT_TIMEOUT, Change, Failure, Finish, Known, LEASE, OPERATION_TIMEOUT,
    Record, Store, StoreError, json, kind, migrate,
};
use super::{BEGIN, Connection, Db, MIGRATIONS, Options, sql};
use crate::domain::{AuditLine, Disconnection, Event, Mailbox, Outcome, Receipt, RunId};
use crate::redact::Redactor;

/// One database, with at most one connection, made when it is needed.
pub(in super::super) struct Engine {
    options: Options,
    connection: Mutex<Option<Connection>>,
    redactor: Redactor,
}

type Transaction<'c> = sqlx::Transaction<'c, Db>;

/// A statement with parameters, for text from outside: unnamed, so that no pooler can mix it up,
/// and to be used inside a transaction, so that none can lose it.
fn query(sql: &'static str) -> sqlx::query::Query<'static, Db, <Db as sqlx::Database>::Arguments> {
    sqlx::query(sql).persistent(false)
}

/// A statement, or several, without parameters.
fn simple(sql: String) -> sqlx::RawSql {
    // Made of our own text and of literals that cannot hold anything else.
    raw_sql(AssertSqlSafe(sql))
}

impl Engine {
    pub(super) fn new(options: Options, redactor: Redactor) -> Self {
        Self {
            options,
            connection: Mutex::new(None),
            redactor,
        }
    }

    /// Runs `work` on the connection. After an error or a time-out the connection is dropped, and
    /// with it whatever the server had not committed.
    async fn run<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Connection) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self.connection.lock().await;
        let kept = slot.take();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let worked = timeout(OPERATION_TIMEOUT, work(&mut connection)).await;
        let value = worked
            .unwrap_or_else(|_| Err(timed_out()))
            .map_err(|error| self.error(doing, &error))?;
        *slot = Some(connection);
        Ok(value)
    }

    async fn connect(&self) -> Result<Connection, StoreError> {
        let connected = timeout(CONNECT_TIMEOUT, Connection::connect_with(&self.options)).await;
        connected
            .unwrap_or_else(|_| Err(timed_out()))
            .map_err(|error| StoreError::Unreachable {
                place: super::place(&self.options),
                cause: self.cause(&error),
                remedy: super::remedy(&error),
            })
    }

    /// Runs `work` inside a transaction and commits it.
    async fn transaction<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> sqlx::Result<T>,
    ) -> Result<T, StoreError> {
        self.run(doing, async |connection| {
            let mut transaction = connection.begin_with(BEGIN).await?;
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        })
        .await
    }

    fn error(&self, doing: &'static str, error: &sqlx::Error) -> StoreError {
        StoreError::Failed {
            place: super::place(&self.options),
            doing,
            cause: self.cause(error),
            remedy: super::remedy(error),
        }
    }

    /// The server's own words where there are some; the driver adds a line number of the server's
    /// source to them.
    fn cause(&self, error: &sqlx::Error) -> String {
        let words = match error.as_database_error() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        };
        self.redactor.excerpt(&words, 500)
    }

    /// The version of the schema; 0 where there is none.
    async fn version(connection: &mut Connection) -> sqlx::Result<i64> {
        match raw_sql(migrate::VERSION).fetch_one(connection).await {
            Ok(row) => row.try_get(0),
            Err(error) if super::is_missing_table(&error) => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn check_version(&self, found: i64) -> Result<(), StoreError> {
        let known = migrate::newest(MIGRATIONS);
        if found <= known {
            return Ok(());
        }
        let place = super::place(&self.options);
        Err(StoreError::Newer {
            place,
            found,
            known,
        })
    }

    /// Applies what is missing. The lock makes a second process wait and then find nothing to do.
    async fn migrate(transaction: &mut Transaction<'_>) -> sqlx::Result<()> {
        raw_sql(sql::MIGRATION_LOCK)
            .execute(&mut **transaction)
            .await?;
        raw_sql(sql::MIGRATION_TABLE)
            .execute(&mut **transaction)
            .await?;
        let done = raw_sql(migrate::VERSION)
            .fetch_one(&mut **transaction)
            .await?
            .try_get(0)?;
        for migration in migrate::pending(MIGRATIONS, done) {
            raw_sql(migration.sql).execute(&mut **transaction).await?;
            query(migrate::APPLIED)
                .bind(migration.version)
                .bind(migration.name)
                .execute(&mut **transaction)
                .await?;
        }
        Ok(())
    }

    async fn known(connection: &mut Connection) -> sqlx::Result<Known> {
        let open = raw_sql(sql::OPEN).fetch_all(&mut *connection).await?;
        let runs = raw_sql(sql::LAST_RUNS).fetch_one(&mut *connection).await?;
        let outbox = raw_sql(sql::OUTBOX).fetch_all(&mut *connection).await?;
        let last_outcome: Option<String> = runs.try_get("last_outcome")?;
        let last_complete: Option<i64> = runs.try_get("last_complete")?;
        Ok(Known {
            open: open
                .iter()
                .map(disconnection)
                .collect::<sqlx::Result<_>>()?,
            last_complete: last_complete.and_then(|count| u64::try_from(count).ok()),
            told_short: last_outcome.as_deref() == Some(Outcome::Short.as_str()),
            outbox: outbox
                .iter()
                .map(|row| {
                    Ok(AuditLine {
                        month: row.try_get("month")?,
                        line: row.try_get("line")?,
                    })
                })
                .collect::<sqlx::Result<_>>()?,
        })
    }
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        "no answer in time",
    ))
}

fn disconnection(row: &<Db as sqlx::Database>::Row) -> sqlx::Result<Disconnection> {
    let tags: Option<String> = row.try_get("tags")?;
    let missed: i32 = row.try_get("missed_listings")?;
    let id = row.try_get("account_id")?;
    Ok(Disconnection {
        mailbox: Mailbox {
            id,
            name: row.try_get("from_name")?,
            address: row.try_get("from_email")?,
            account_type: row.try_get("account_type")?,
            tags: tags.unwrap_or_default(),
            daily_cap: row.try_get("message_per_day")?,
            sent_today: row.try_get("daily_sent_count")?,
            campaigns: row.try_get("campaign_count")?,
            client_id: row.try_get("client_id")?,
        },
        kind: kind(id, row.try_get("disconnection_type")?)?,
        smtp_error: row.try_get("smtp_error")?,
        imap_error: row.try_get("imap_error")?,
        detected_at: row.try_get("detected_at")?,
        missed_listings: u32::try_from(missed).unwrap_or_default(),
        told: row.try_get("told")?,
    })
}

#[async_trait(?Send)]
impl Store for Engine {
    async fn begin(
        &self,
        run_id: &RunId,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        super::prepare(&self.options)
            .map_err(|error| self.error("making its folder", &error.into()))?;
        let version = self.run("reading its schema", Self::version).await?;
        self.check_version(version)?;
        let newest = migrate::newest(MIGRATIONS);
        if version < newest {
            tracing::info!(
                from = version,
                to = newest,
                "updating the schema of the database"
            );
            self.transaction("updating its schema", Self::migrate)
                .await?;
        }
        let begun = self
            .run(
                "taking the lease and reading what is open",
                async |connection| {
                    let holder = [Literal::Word(LEASE)];
                    let lease = [
                        Literal::Word(LEASE),
                        Literal::Word(run_id.as_str()),
                        Literal::Time(lease_until),
                        Literal::Time(now),
                    ];
                    loop {
                        let take = simple(filled(sql::TAKE_LEASE, &lease));
                        if take.execute(&mut *connection).await?.rows_affected() > 0 {
                            // Nobody else writes while the lease is ours, so these are of one moment.
                            return Ok(Begun::Free(Self::known(connection).await?));
                        }
                        let held = simple(filled(sql::LEASE_HOLDER, &holder))
                            .fetch_optional(&mut *connection)
                            .await?;
                        // Without a holder it was released between the two statements.
                        if let Some(held) = held {
                            return Ok(Begun::Busy {
                                holder: held.try_get("holder")?,
                                until: held.try_get("expires_at")?,
                            });
                        }
                    }
                },
            )
            .await?;
        // The listing takes minutes. A connection that idles so long is one that a pooler or a
        // firewall may have dropped.
        self.connection.lock().await.take();
        Ok(begun)
    }

    async fn preview(&self) -> Result<Known, StoreError> {
        if super::is_absent(&self.options) {
            return Ok(Known::default());
        }
        let version = self.run("reading its schema", Self::version).await?;
        self.check_version(version)?;
        self.run("reading the open disconnections", async |connection| {
            let mut transaction = connection.begin().await?;
            if version < migrate::newest(MIGRATIONS) {
                Self::migrate(&mut transaction).await?;
            }
            let known = Self::known(&mut transaction).await?;
            transaction.rollback().await?;
            Ok(known)
        })
        .await
    }

    async fn record(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let (new, updated): (Vec<_>, Vec<_>) = change
            .diff
            .transitions
            .iter()
            .partition(|transition| transition.event == Event::Disconnected);
        let records = |transitions: Vec<&_>| {
            let records: Vec<_> = transitions.into_iter().map(Record::of).collect();
            (!records.is_empty()).then(|| json(&records))
        };
        let (new, updated) = (records(new), records(updated));
        let recorded = self
            .transaction("recording the check", async |transaction| {
                let run = [
                    Literal::Word(change.run_id.as_str()),
                    Literal::Time(change.started_at),
                    Literal::Number(count(change.accounts_seen)),
                    Literal::Number(count(change.disconnected)),
                    Literal::Number(count(change.diff.count(Event::Disconnected))),
                    Literal::Number(count(change.diff.count(Event::Reconnected))),
                    Literal::Word(LEASE),
                ];
                let run = simple(filled(sql::RECORD_RUN, &run))
                    .execute(&mut **transaction)
                    .await?;
                if run.rows_affected() == 0 {
                    return Ok(false);
                }
                if let Some(updated) = &updated {
                    query(sql::UPDATE)
                        .bind(updated.as_str())
                        .bind(change.started_at)
                        .execute(&mut **transaction)
                        .await?;
                }
                let missing = Literal::Numbers(&change.diff.missing);
                simple(filled(
                    sql::SEEN,
                    &[missing, Literal::Time(change.started_at)],
                ))
                .execute(&mut **transaction)
                .await?;
                if let Some(new) = &new {
                    query(sql::INSERT)
                        .bind(new.as_str())
                        .bind(change.started_at)
                        .bind(change.run_id.as_str())
                        .execute(&mut **transaction)
                        .await?;
                }
                match change.announce {
                    Announce::New => {}
                    Announce::All => {
                        raw_sql(sql::FORGET_TOLD)
                            .execute(&mut **transaction)
                            .await?;
                    }
                    Announce::Nothing => {
                        simple(filled(sql::ALL_TOLD, &[Literal::Time(change.started_at)]))
                            .execute(&mut **transaction)
                            .await?;
                    }
                }
                if !change.audit.is_empty() {
                    query(sql::ADD_TO_OUTBOX)
                        .bind(json(&change.audit))
                        .execute(&mut **transaction)
                        .await?;
                }
                Ok(true)
            })
            .await?;
        if recorded {
            Ok(())
        } else {
            Err(StoreError::LeaseLost)
        }
    }

    async fn mark_told(
        &self,
        run_id: &RunId,
        accounts: &[i64],
        receipt: &Receipt,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let marking = filled(
            sql::MARK_TOLD,
            &[
                Literal::Time(at),
                Literal::Word(&receipt.channel),
                Literal::Word(&receipt.ts),
                Literal::Numbers(accounts),
                Literal::Word(LEASE),
                Literal::Word(run_id.as_str()),
            ],
        );
        let mark = async || {
            self.run("marking alerts as told", async |connection| {
                simple(marking.clone()).execute(connection).await
            })
            .await
        };
        // What is posted but not marked is posted again, so the mark is worth a second try. The
        // connection may have been dropped while Slack had us wait.
        let marked = match mark().await {
            Ok(marked) => marked,
            Err(_) => mark().await?,
        };
        match marked.rows_affected() {
            0 => Err(StoreError::LeaseLost),
            _ => Ok(()),
        }
    }

    async fn finish(&self, finish: &Finish<'_>) -> Result<u64, StoreError> {
        let run_id = finish.run_id.as_str();
        let ours = [Literal::Word(LEASE), Literal::Word(run_id)];
        let run = [
            Literal::Word(run_id),
            Literal::Time(finish.finished_at),
            Literal::Word(finish.outcome.as_str()),
        ];
        let mut closing = filled(sql::DELETE_OLD, &[Literal::Time(finish.keep_since)]);
        if finish.audited {
            closing += &filled(sql::EMPTY_OUTBOX, &ours);
        }
        closing += &filled(sql::CLOSE_RUN, &run);
        closing += &filled(sql::RELEASE_LEASE, &ours);
        let done = self
            .transaction("closing the run", async |transaction| {
                if let Some(error) = finish.error {
                    query(sql::NOTE_ERROR)
                        .bind(run_id)
                        .bind(error)
                        .execute(&mut **transaction)
                        .await?;
                }
                let done = simple(closing).execute_many(&mut **transaction);
                done.try_collect::<Vec<_>>().await
            })
            .await?;
        // The first deleted what is old, the last gave the lease back.
        let deleted = done.first().map_or(0, |done| done.rows_affected());
        let released = done.last().map_or(0, |done| done.rows_affected());
        if released > 0 {
            Ok(deleted)
        } else {
            Err(StoreError::LeaseLost)
        }
    }

    async fn fail(&self, failure: &Failure<'_>) -> Result<(), StoreError> {
        self.transaction("recording the failed run", async |transaction| {
            query(sql::RECORD_FAILURE)
                .bind(failure.run_id.as_str())
                .bind(failure.started_at)
                .bind(failure.finished_at)
                .bind(failure.outcome.as_str())
                .bind(failure.error)
                .execute(&mut **transaction)
                .await?;
            let ours = [Literal::Word(LEASE), Literal::Word(failure.run_id.as_str())];
            simple(filled(sql::RELEASE_LEASE, &ours))
                .execute(&mut **transaction)
                .await?;
            Ok(())
        })
        .await
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
