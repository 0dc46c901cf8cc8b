//! Rows of the tables as values of the domain.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::super::super::{Known, unreadable};
use super::super::Db;
use crate::domain::chronic::Chronic;
use crate::domain::incident::{Factor, Headline, Incident, IncidentId, Scope};
use crate::domain::{
    AuditLine, Failing, Memory, PastRun, Receipt, Reconnected, Recovery, Unannounced,
};

type Row = <Db as sqlx::Database>::Row;

/// Reads the row of `HISTORY`.
pub(super) fn known(row: &Row, known: &mut Known, memory: &mut Memory) -> sqlx::Result<()> {
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
    memory.folded = count("folded")?;
    memory.folded_perhaps_told = count("folded_perhaps_told")?;
    memory.last_incident = u32::try_from(count("last_incident")?).unwrap_or(u32::MAX);
    memory.daily_at = row.try_get("daily_at")?;
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

/// Reads a row of `INCIDENTS`, without the disconnections that are open; none for one that no
/// version of the program writes.
pub(super) fn incident(row: &Row) -> sqlx::Result<Option<Incident>> {
    let count = |name: &str| {
        let count: sqlx::Result<i64> = row.try_get(name);
        count.map(|count| u64::try_from(count).unwrap_or_default())
    };
    let id: i64 = row.try_get("id")?;
    let cause: String = row.try_get("cause")?;
    let dimension: Option<String> = row.try_get("scope")?;
    let value: Option<String> = row.try_get("scope_value")?;
    let told: Option<i64> = row.try_get("headline_accounts")?;
    let told = told.and_then(|told| u64::try_from(told).ok());
    let receipt = receipt(row)?;
    let id = u32::try_from(id).ok().and_then(IncidentId::new);
    let scope = Scope::read(dimension.as_deref(), value.as_deref());
    let (Some(id), Some(scope), Ok(cause)) = (id, scope, cause.parse()) else {
        return Ok(None);
    };
    Ok(Some(Incident {
        id,
        factor: Factor { cause, scope },
        opened_at: row.try_get("opened_at")?,
        closed_at: row.try_get("closed_at")?,
        accounts: count("resolved")?,
        down: 0,
        unseen: count("unseen")?,
        unseen_perhaps_told: count("unseen_perhaps_told")?,
        headline: told
            .zip(receipt)
            .map(|(accounts, receipt)| Headline { receipt, accounts }),
        is_perhaps_told: row.try_get("attempted")?,
        is_end_perhaps_told: row.try_get("close_attempted")?,
    }))
}

/// Reads a row of `RELAPSES`.
pub(super) fn relapses(row: &Row) -> sqlx::Result<(i64, u32)> {
    let cycles: i64 = row.try_get("cycles")?;
    Ok((
        row.try_get("account_id")?,
        u32::try_from(cycles).unwrap_or(u32::MAX),
    ))
}

/// Reads a row of `CHRONIC`.
pub(super) fn chronic(row: &Row) -> sqlx::Result<Chronic> {
    let cycles: i64 = row.try_get("cycles")?;
    let down: i64 = row.try_get("down")?;
    Ok(Chronic {
        account: row.try_get("account_id")?,
        address: row.try_get("address")?,
        cycles: u32::try_from(cycles).unwrap_or_default(),
        told_at: row.try_get("told_at")?,
        is_down: down > 0,
        resolved_at: row.try_get("resolved_at")?,
    })
}

/// Reads a row of `RECOVERIES`, without the accounts.
pub(super) fn reconnected(row: &Row) -> sqlx::Result<Reconnected> {
    let count = |name: &str| {
        let count: sqlx::Result<i64> = row.try_get(name);
        count.map(|count| u64::try_from(count).unwrap_or_default())
    };
    Ok(Reconnected {
        thread: receipt(row)?,
        accounts: count("accounts")?,
        perhaps_told: count("perhaps_told")?,
        cycles: Vec::new(),
    })
}

/// Reads where a message is.
pub(super) fn receipt(row: &Row) -> sqlx::Result<Option<Receipt>> {
    let channel: Option<String> = row.try_get("slack_channel")?;
    let ts: Option<String> = row.try_get("slack_ts")?;
    Ok(channel.zip(ts).map(|(channel, ts)| Receipt { channel, ts }))
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
