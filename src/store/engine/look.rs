//! Looking without touching: no lease, no file, no change of the schema.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, Either};

use super::super::super::migrate;
use super::super::super::simple::{Literal, filled};
use super::super::super::{Known, StoreError};
use super::super::{Connection, MIGRATIONS, sql, stored};
use super::{Engine, rows, simple};
use crate::domain::text::Pool;
use crate::domain::{Cycle, History};

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

    pub(super) async fn known(connection: &mut Connection) -> sqlx::Result<Known> {
        let mut known = Known::default();
        let mut pool = Pool::default();
        // All in one round trip. The rows of a statement end in its result.
        let statements = simple(format!(
            "{}; select {} {}; {}",
            sql::HISTORY,
            sql::STORED,
            sql::OPEN,
            sql::OUTBOX
        ));
        let mut answers = statements.fetch_many(connection);
        let mut statement = 0;
        while let Some(answer) = answers.try_next().await? {
            match (answer, statement) {
                (Either::Left(_), _) => statement += 1,
                (Either::Right(row), 0) => rows::known(&row, &mut known)?,
                (Either::Right(row), 1) => {
                    let disconnection = stored(&row)?.disconnection(&mut pool)?;
                    known.open.push(disconnection);
                }
                (Either::Right(row), _) => known.outbox.push(rows::line(&row)?),
            }
        }
        Ok(known)
    }

    /// The cycles that are open or ended at `since` or later, and the last so many runs.
    pub(super) async fn cycles_and_runs(
        connection: &mut Connection,
        since: DateTime<Utc>,
        runs: u32,
    ) -> sqlx::Result<History> {
        let mut history = History::default();
        let mut pool = Pool::default();
        let statements = format!("select {}", sql::STORED)
            + &filled(sql::CYCLES, &[Literal::Time(since)])
            + &filled(sql::RUNS, &[Literal::Number(runs.into())]);
        let statements = simple(statements);
        let mut answers = statements.fetch_many(connection);
        let mut is_run = false;
        while let Some(answer) = answers.try_next().await? {
            match answer {
                Either::Left(_) => is_run = true,
                Either::Right(row) if is_run => history.runs.push(rows::run(&row)?),
                Either::Right(row) => history.cycles.push(stored(&row)?.cycle(&mut pool)?),
            }
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
