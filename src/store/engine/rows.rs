//! Rows of the tables as values of the domain.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::super::super::{Known, kind, unreadable};
use super::super::Db;
use crate::domain::{
    AuditLine, Cycle, Disconnection, End, Event, Failing, Mailbox, PastRun, Recovery, Told,
    Unannounced,
};

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

fn text(row: &Row, column: &str) -> sqlx::Result<Option<Arc<str>>> {
    let text: Option<String> = row.try_get(column)?;
    Ok(text.map(Arc::from))
}

pub(super) fn disconnection(row: &Row) -> sqlx::Result<Disconnection> {
    let missed: i32 = row.try_get("missed_listings")?;
    let id = row.try_get("account_id")?;
    Ok(Disconnection {
        mailbox: Mailbox {
            id,
            name: text(row, "from_name")?,
            address: text(row, "from_email")?,
            account_type: text(row, "account_type")?,
            tags: text(row, "tags")?.unwrap_or_default(),
            daily_cap: row.try_get("message_per_day")?,
            sent_today: row.try_get("daily_sent_count")?,
            campaigns: row.try_get("campaign_count")?,
            client_id: row.try_get("client_id")?,
        },
        kind: kind(id, row.try_get("disconnection_type")?)?,
        smtp_error: text(row, "smtp_error")?,
        imap_error: text(row, "imap_error")?,
        detected_at: row.try_get("detected_at")?,
        missed_listings: u32::try_from(missed).unwrap_or_default(),
        told: match (row.try_get("told")?, row.try_get("attempted")?) {
            (true, _) => Told::Yes,
            (false, true) => Told::Perhaps,
            (false, false) => Told::No,
        },
    })
}

/// Reads a row of `OUTBOX`.
pub(super) fn line(row: &Row) -> sqlx::Result<AuditLine> {
    Ok(AuditLine {
        month: row.try_get("month")?,
        line: row.try_get("line")?,
    })
}

/// Reads a row of `CYCLES`.
pub(super) fn cycle(row: &Row) -> sqlx::Result<Cycle> {
    let disconnection = disconnection(row)?;
    let is_active: bool = row.try_get("is_active")?;
    let resolved_at: Option<DateTime<Utc>> = row.try_get("resolved_at")?;
    let resolution: Option<String> = row.try_get("resolution")?;
    let at = resolved_at.unwrap_or(disconnection.detected_at);
    let end = End {
        at,
        event: match resolution.as_deref() {
            Some("removed") => Some(Event::Removed),
            // The Python version may have left no end, and closed doubles get that of their start.
            None if at == disconnection.detected_at => None,
            // It knew no removal.
            _ => Some(Event::Reconnected),
        },
    };
    Ok(Cycle {
        end: (!is_active).then_some(end),
        disconnection,
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
