//! Rows of the tables as values of the domain.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::super::super::{Known, unreadable};
use super::super::Db;
use crate::domain::{AuditLine, Failing, PastRun, Recovery, Unannounced};

type Row = <Db as sqlx::Database>::Row;

/// Reads the row of `HISTORY`.
pub(super) fn known(row: &Row, known: &mut Known) -> sqlx::Result<()> {
    let count = |name: &str| {
        let count: sqlx::Result<i64> = row.try_get(name);
        count.map(|count| u64::try_from(count).unwrap_or_default())
    };
    let last_size: Option<i64> = row.try_get("last_size")?;
    known.last_size = last_size.and_then(|size| u64::try_from(size).ok());
    known.unannounced = Unannounced {
        reconnected: count("reconnected")?,
        removed: count("removed")?,
        perhaps_told: count("perhaps_told")?,
    };
    known.failing = Failing {
        checks: count("failing")?,
        since: row.try_get("failing_since")?,
        last_applied: row.try_get("last_applied")?,
        failure_told_at: row.try_get("failure_told_at")?,
        short_told_at: row.try_get("short_told_at")?,
    };
    let blind_from: Option<DateTime<Utc>> = row.try_get("blind_from")?;
    let blind_to = row.try_get("blind_to")?;
    let since: Option<DateTime<Utc>> = row.try_get("failed_since")?;
    let checks = count("failed")?;
    let is_blind = count("blind")? > 0;
    known.recovery = since.map(|since| Recovery {
        checks,
        since,
        // A database whose first check failed was blind from that check on.
        blind: is_blind.then(|| (blind_from.unwrap_or(since), blind_to)),
    });
    Ok(())
}

/// Reads a row of `OUTBOX`.
pub(super) fn line(row: &Row) -> sqlx::Result<AuditLine> {
    Ok(AuditLine {
        month: row.try_get("month")?,
        line: row.try_get("line")?,
    })
}

/// Reads a row of `RUNS`.
pub(super) fn run(row: &Row) -> sqlx::Result<PastRun> {
    let count = |name: &str| {
        let count: sqlx::Result<Option<i64>> = row.try_get(name);
        count.map(|count| count.and_then(|count| u64::try_from(count).ok()))
    };
    let id: String = row.try_get("run_id")?;
    let outcome: String = row.try_get("outcome")?;
    Ok(PastRun {
        outcome: outcome
            .parse()
            .map_err(|error| unreadable("run", &id, &error))?,
        id,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        accounts: count("accounts_seen")?,
        disconnected: count("disconnected")?,
        new: count("newly_disconnected")?,
        reconnected: count("reconnected")?,
        error: row.try_get("error")?,
    })
}
