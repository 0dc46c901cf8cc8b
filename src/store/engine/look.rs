//! Looking without touching: no lease, no file, no change of the schema.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, Either, Row as _};

use super::super::super::migrate;
use super::super::super::simple::{Literal, filled};
use super::super::super::{Known, MOST_APPLIED, MOST_RECOVERED, StoreError};
use super::super::{Connection, MIGRATIONS, sql, stored};
use super::{Engine, rows, simple};
use crate::domain::chronic;
use crate::domain::text::Pool;
use crate::domain::{Cycle, History, IncidentId, Memory, Reconnected};

impl Engine {
    /// What `work` reads in a transaction that is rolled back; `None` where there is no database.
    /// A schema that is older is brought up to date in that transaction, so that there is one way
    /// to read it.
    pub(super) async fn look<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Connection) -> sqlx::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        if super::super::is_absent(&self.options) {
            return Ok(None);
        }
        let version = self.run("reading its schema", Self::version).await?;
        self.check_version(version)?;
        self.run(doing, async |connection| {
            let mut transaction = connection.begin().await?;
            let migrated = if version < migrate::newest(MIGRATIONS) {
                Self::migrate(&mut transaction).await
            } else {
                Ok(())
            };
            let found = match migrated {
                Ok(()) => work(&mut transaction).await,
                Err(error) => Err(error),
            };
            // Also after an error: the end of the program does not wait for a file to be closed,
            // and its journal would stay.
            let ended = transaction.rollback().await;
            let found = found?;
            ended?;
            Ok(Some(found))
        })
        .await
    }

    /// What is known at `now`.
    pub(super) async fn known(
        connection: &mut Connection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Known> {
        let mut known = Known::default();
        let mut pool = Pool::default();
        let lately = [Literal::Time(now - chronic::WINDOW)];
        // All in one round trip. The rows of a statement end in its result.
        let statements = [
            filled(sql::HISTORY, &[]),
            format!("select {} {};", sql::STORED, sql::OPEN),
            sql::INCIDENTS.to_owned(),
            sql::MEMBERS.to_owned(),
            filled(sql::APPLIED, &[Literal::Number(MOST_APPLIED.into())]),
            filled(sql::RELAPSES, &lately),
            filled(sql::CHRONIC, &lately),
            filled(sql::OUTBOX, &[]),
        ];
        let statements = simple(statements.concat());
        let mut answers = statements.fetch_many(connection);
        let mut statement = 0;
        let memory = &mut Memory::default();
        while let Some(answer) = answers.try_next().await? {
            match (answer, statement) {
                (Either::Left(_), _) => statement += 1,
                (Either::Right(row), 0) => rows::known(&row, &mut known, memory)?,
                (Either::Right(row), 1) => {
                    let disconnection = stored(&row)?.disconnection(&mut pool)?;
                    known.open.push(disconnection);
                }
                (Either::Right(row), 2) => memory.incidents.extend(rows::incident(&row)?),
                (Either::Right(row), 3) => {
                    let (incident, account): (i64, i64) =
                        (row.try_get("incident_id")?, row.try_get("account_id")?);
                    memory.note_member(incident, account);
                }
                (Either::Right(row), 4) => memory.applied.push(row.try_get("started_at")?),
                (Either::Right(row), 5) => memory.relapses.extend([rows::relapses(&row)?]),
                (Either::Right(row), 6) => memory.chronic.push(rows::chronic(&row)?),
                (Either::Right(row), _) => known.outbox.push(rows::line(&row)?),
            }
        }
        memory.count_open(&known.open);
        known.memory = std::mem::take(memory);
        Ok(known)
    }

    /// Which reconnections are to be told, each with those accounts that were down the longest.
    pub(super) async fn reconnected(connection: &mut Connection) -> sqlx::Result<Vec<Reconnected>> {
        let mut threads: Vec<Reconnected> = Vec::new();
        let longest = [Literal::Number(MOST_RECOVERED)];
        let longest = filled(sql::RECOVERED, &longest);
        let columns = "slack_channel, slack_ts";
        let statements = format!(
            "{} select {}, {columns} {longest}",
            sql::RECOVERIES,
            sql::STORED
        );
        let statements = simple(statements);
        let mut answers = statements.fetch_many(connection);
        let mut pool = Pool::default();
        let mut is_account = false;
        while let Some(answer) = answers.try_next().await? {
            match answer {
                Either::Left(_) => is_account = true,
                Either::Right(row) if is_account => {
                    let receipt = rows::receipt(&row)?;
                    let cycle = stored(&row)?.cycle(&mut pool)?;
                    let thread = threads.iter_mut().find(|thread| thread.thread == receipt);
                    if let Some(thread) = thread {
                        thread.cycles.push(cycle);
                    }
                }
                Either::Right(row) => threads.push(rows::reconnected(&row)?),
            }
        }
        Ok(threads)
    }

    /// The cycles that are open or ended at `since` or later, the last so many runs, and the
    /// incidents.
    pub(super) async fn past(
        connection: &mut Connection,
        since: DateTime<Utc>,
        runs: u32,
    ) -> sqlx::Result<History> {
        let mut history = History::default();
        let mut pool = Pool::default();
        let mut down: BTreeMap<IncidentId, u64> = BTreeMap::new();
        let statements = format!("select {}", sql::STORED)
            + &filled(sql::CYCLES, &[Literal::Time(since)])
            + &filled(sql::RUNS, &[Literal::Number(runs.into())])
            + &filled(sql::PAST_INCIDENTS, &[]);
        let statements = simple(statements);
        let mut answers = statements.fetch_many(connection);
        let mut statement = 0;
        while let Some(answer) = answers.try_next().await? {
            match (answer, statement) {
                (Either::Left(_), _) => statement += 1,
                (Either::Right(row), 0) => {
                    let cycle = stored(&row)?.cycle(&mut pool)?;
                    let incident = cycle.disconnection.way.incident();
                    if let Some(id) = incident.filter(|_| cycle.end.is_none()) {
                        *down.entry(id).or_default() += 1;
                    }
                    history.cycles.push(cycle);
                }
                (Either::Right(row), 1) => history.runs.push(rows::run(&row)?),
                (Either::Right(row), _) => history.incidents.extend(rows::incident(&row)?),
            }
        }
        for incident in &mut history.incidents {
            incident.down = down.get(&incident.id).copied().unwrap_or_default();
            incident.accounts += incident.down;
        }
        // An engine would do it on disk.
        history
            .cycles
            .sort_unstable_by_key(|Cycle { disconnection, .. }| {
                (disconnection.detected_at, disconnection.mailbox.id)
            });
        Ok(history)
    }
}
