// One body for both engines. `postgres.rs` and `sqlite.rs` each take this file in as a module and
// supply, right above it, what differs:
//
//     Connection, Db, Options    the driver's types
//     BEGIN                      the statement that begins a transaction that writes
//     together, BEFORE_TOGETHER  what makes one transaction of statements that travel together, and
//                                how many statements it puts before them
//     BATCH                      how many rows travel at a time
//     MIGRATIONS                 the files of its folder
//     sql                        the statements of sql.rs, and those that unpack JSON
//     place, prepare, is_absent, is_missing_table, is_pooled, is_encrypted, remedy
//
// sqlx's traits cannot be bounded over both drivers without repeating a page of bounds on every
// function, and a macro would hide the same text from tools.

#[path = "engine/connection.rs"]
mod connection;
#[path = "engine/examine.rs"]
mod examine;
#[path = "engine/look.rs"]
mod look;
#[path = "engine/rows.rs"]
mod rows;
#[path = "engine/telling.rs"]
mod telling;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Row as _, raw_sql};
use tokio::sync::Mutex;

use super::super::simple::{Literal, filled};
use super::super::{
    Begun, CLOCK_SLACK, Change, Facts, Failure, Finish, Known, LEASE, Record, Recoveries, Store,
    StoreError, batches, migrate,
};
use super::{Connection, Db, MIGRATIONS, Options, sql};
use crate::domain::{Announce, Event, History, Receipt, Reconnected, RunId, Telling, Transition};
use crate::redact::Redactor;

/// One database, with at most one connection, made when it is needed.
pub(in super::super) struct Engine {
    options: Options,
    connection: Mutex<Option<Connection>>,
    limit: Duration,
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
    pub(super) fn new(options: Options, limit: Duration, redactor: Redactor) -> Self {
        Self {
            options,
            connection: Mutex::new(None),
            limit,
            redactor,
        }
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

    /// Runs statements that change announcements, if the lease is ours, and a second time if that
    /// fails: the connection may have been dropped while Slack had us wait, and what is posted but
    /// not marked is posted again.
    async fn mark(
        &self,
        doing: &'static str,
        run_id: &RunId,
        marking: &str,
    ) -> Result<(), StoreError> {
        let ours = [Literal::Word(LEASE), Literal::Word(run_id.as_str())];
        let marking = super::together(filled(sql::HOLD_LEASE, &ours) + marking);
        let mark = async || {
            self.run(doing, async |connection| {
                let done = simple(marking.clone()).execute_many(connection);
                done.try_collect::<Vec<_>>().await
            })
            .await
        };
        let done = match mark().await {
            Ok(done) => done,
            Err(_) => mark().await?,
        };
        // Of the first statement of ours, which holds the lease.
        let held = done.get(super::BEFORE_TOGETHER);
        match held.map_or(0, |done| done.rows_affected()) {
            0 => Err(StoreError::LeaseLost),
            _ => Ok(()),
        }
    }
}

#[async_trait(?Send)]
impl Store for Engine {
    async fn begin(
        &self,
        run_id: &RunId,
        now: DateTime<Utc>,
        lease: Duration,
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
                        Literal::Number(seconds(lease)),
                        Literal::Number(seconds(CLOCK_SLACK)),
                        Literal::Time(now),
                        Literal::Time(now + lease),
                        Literal::Time(now + CLOCK_SLACK),
                    ];
                    loop {
                        let take = simple(filled(sql::TAKE_LEASE, &lease));
                        if take.execute(&mut *connection).await?.rows_affected() > 0 {
                            // Nobody else writes while the lease is ours, so these are of one moment.
                            let known = Self::known(connection, now).await?;
                            return Ok(Begun::Free(Box::new(known)));
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

    async fn preview(&self, now: DateTime<Utc>) -> Result<Known, StoreError> {
        let known = self.look("reading the open disconnections", async |connection| {
            Self::known(connection, now).await
        });
        Ok(known.await?.unwrap_or_default())
    }

    async fn recoveries(&self) -> Result<Vec<Reconnected>, StoreError> {
        let doing = "reading which reconnections are to be told";
        self.run(doing, Self::reconnected).await
    }

    async fn history(&self, since: DateTime<Utc>, runs: u32) -> Result<History, StoreError> {
        let history = self.look("reading the history", async |connection| {
            Self::past(connection, since, runs).await
        });
        Ok(history.await?.unwrap_or_default())
    }

    async fn examine(&self) -> Result<Option<Facts>, StoreError> {
        self.facts().await
    }

    async fn record(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let transitions = &change.diff.transitions;
        let is_new = |transition: &&Transition| transition.event == Event::Disconnected;
        let recoveries = change.recoveries;
        let record = |transition| Record::of(transition, recoveries);
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
                    Literal::Word(change.outcome.as_str()),
                ];
                let run = simple(filled(sql::RECORD_RUN, &run))
                    .execute(&mut **transaction)
                    .await?;
                if run.rows_affected() == 0 {
                    return Ok(false);
                }
                let updated = transitions.iter().filter(|t| !is_new(t));
                for updated in batches(updated.map(record), super::BATCH) {
                    query(sql::UPDATE)
                        .bind(updated)
                        .bind(change.started_at)
                        .bind(recoveries == Recoveries::Channel)
                        .execute(&mut **transaction)
                        .await?;
                }
                let seen = [
                    Literal::Numbers(&change.diff.missing),
                    Literal::Time(change.started_at),
                    Literal::Word(change.run_id.as_str()),
                ];
                simple(filled(sql::SEEN, &seen))
                    .execute(&mut **transaction)
                    .await?;
                let new = transitions.iter().filter(is_new);
                for new in batches(new.map(record), super::BATCH) {
                    query(sql::INSERT)
                        .bind(new)
                        .bind(change.started_at)
                        .bind(change.run_id.as_str())
                        .execute(&mut **transaction)
                        .await?;
                }
                for incident in change.triage.opened() {
                    query(sql::OPEN_INCIDENT)
                        .bind(i64::from(incident.id.get()))
                        .bind(incident.factor.cause.as_str())
                        .bind(incident.factor.scope.dimension())
                        .bind(incident.factor.scope.value())
                        .bind(incident.opened_at)
                        .bind(change.run_id.as_str())
                        .execute(&mut **transaction)
                        .await?;
                }
                let decided = telling::decided(change.triage, change.started_at);
                if !decided.is_empty() {
                    simple(decided).execute(&mut **transaction).await?;
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
                let Some(line) = change.audit else {
                    return Ok(true);
                };
                for lines in batches(transitions.iter().map(line), super::BATCH) {
                    query(sql::ADD_TO_OUTBOX)
                        .bind(lines)
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

    async fn hold(&self, run_id: &RunId) -> Result<(), StoreError> {
        self.mark("looking after the lease", run_id, "").await
    }

    async fn attempt(
        &self,
        run_id: &RunId,
        telling: &Telling,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let attempting = telling::begun(run_id, telling, at);
        self.mark("noting that an alert is posted", run_id, &attempting)
            .await
    }

    async fn withdraw(&self, run_id: &RunId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let ours = [
            Literal::Time(at),
            Literal::Word(LEASE),
            Literal::Word(run_id.as_str()),
        ];
        let withdrawing = filled(sql::WITHDRAW, &ours);
        self.mark("noting that an alert was refused", run_id, &withdrawing)
            .await
    }

    async fn mark_told(
        &self,
        run_id: &RunId,
        telling: &Telling,
        receipt: &Receipt,
        next: Option<&Telling>,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut marking = telling::told(run_id, telling, receipt, at);
        if let Some(next) = next {
            marking += &telling::begun(run_id, next, at);
        }
        self.mark("marking alerts as told", run_id, &marking).await
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
        closing += &filled(
            sql::DELETE_OLD_INCIDENTS,
            &[Literal::Time(finish.keep_since)],
        );
        closing += &filled(sql::CLOSE_RUN, &run);
        if let Some(at) = finish.failure_told_at {
            let told = [Literal::Word(run_id), Literal::Time(at)];
            closing += &filled(sql::FAILURE_TOLD, &told);
        }
        if let Some(at) = finish.recovery_told_at {
            let told = [
                Literal::Time(at),
                Literal::Word(LEASE),
                Literal::Word(run_id),
            ];
            closing += &filled(sql::RECOVERY_TOLD, &told);
        }
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
        let ours = [Literal::Word(LEASE), Literal::Word(failure.run_id.as_str())];
        let release = || simple(filled(sql::RELEASE_LEASE, &ours));
        let recorded = self
            .transaction("recording the failed run", async |transaction| {
                query(sql::RECORD_FAILURE)
                    .bind(failure.run_id.as_str())
                    .bind(failure.started_at)
                    .bind(failure.finished_at)
                    .bind(failure.outcome.as_str())
                    .bind(failure.error)
                    .bind(failure.told_at)
                    .execute(&mut **transaction)
                    .await?;
                release().execute(&mut **transaction).await?;
                Ok(())
            })
            .await;
        if recorded.is_err() {
            // The table of the runs may be what fails, and the next run shall not wait for that.
            self.run("releasing the lease", async |connection| {
                release().execute(connection).await
            })
            .await?;
        }
        recorded
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
