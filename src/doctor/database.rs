//! Whether the database would serve a check, and what it knows of the last one.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, timeout_at};

use super::files::writable;
use super::finding::{Finding, Part, Status};
use super::{Examination, clock, settings};
use crate::config::Parts;
use crate::disk;
use crate::domain::{Outcome, PastRun, text, trend};
use crate::smartlead::forecast::{Pages, listing_time};
use crate::store::{Contents, Facts, Lease, Schema, Server, StoreError};

const CONNECTION: &str = "connection";
const ROWS: &str = "rows";
const LAST: &str = "last check";

pub(super) async fn findings(examination: &Examination<'_>) -> Vec<Finding> {
    let parts = examination.parts;
    let unknown = Part::Checks.skipped(LAST, "the database could not be read");
    let database = match (settings::lacking(parts, &["DATABASE_"]), &parts.database) {
        (None, Some(database)) => database,
        (lacking, _) => {
            let finding = Part::Database.skipped(CONNECTION, lacking.unwrap_or_default());
            return vec![finding, unknown];
        }
    };
    let limit = parts.common.database_timeout.min(super::REQUEST_LIMIT);
    let store = database.store(limit, parts.common.redactor.clone());
    let asked = Instant::now();
    let facts = match timeout_at(examination.deadline(), store.examine()).await {
        Ok(facts) => facts,
        Err(_) => {
            let detail = format!("{database}: no answer");
            let remedy = "It is slow, or another program has its tables locked: try again later";
            let finding = Part::Database.failed(CONNECTION, detail).remedy(remedy);
            return vec![finding.took(asked.elapsed()), unknown];
        }
    };
    match facts {
        Ok(Some(facts)) => {
            let mut findings = known(&facts, examination.run.now());
            if let Some(Ok(contents)) = &facts.contents {
                findings.extend(outgrown(parts, &contents.runs));
            }
            findings
        }
        Ok(None) => absent(database.path().unwrap_or(Path::new(""))),
        Err(error) => vec![failed(CONNECTION, &error).took(asked.elapsed()), unknown],
    }
}

fn failed(check: &'static str, error: &StoreError) -> Finding {
    let finding = Part::Database.failed(check, error.fault());
    finding.remedy(error.remedy())
}

/// A file that the first check will make.
fn absent(file: &Path) -> Vec<Finding> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let finding = match disk::try_folder(folder) {
        Ok(_) => Part::Database.ok(CONNECTION, writable(file.display(), false)),
        Err(error) => Part::Database
            .failed(
                CONNECTION,
                format!("{} cannot be made: {error}", file.display()),
            )
            .remedy(disk::remedy("DATABASE_URL", &error)),
    };
    vec![finding, Part::Checks.ok(LAST, "no check has run yet")]
}

fn known(facts: &Facts, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = vec![connection(&facts.server), schema(&facts.schema)];
    findings.push(match &facts.writing {
        Ok(()) => Part::Database.ok("writing", "insert, update and delete work (rolled back)"),
        Err(error) => part(error, "writing"),
    });
    let clock = facts.server.clock;
    let then = |at: Instant| now - TimeDelta::from_std(at.elapsed()).unwrap_or_default();
    findings.extend(clock.and_then(|(told, at)| clock::finding("database", Some(told), then(at))));
    match &facts.contents {
        None => findings.push(Part::Checks.ok(LAST, "no check has run yet")),
        Some(Err(error)) => {
            findings.push(part(error, ROWS));
            findings.push(Part::Checks.skipped(LAST, "the database could not be read"));
        }
        Some(Ok(contents)) => {
            // A lease goes by the clock of the server where there is one.
            let now_there = clock.map_or(now, |(told, at)| {
                told + TimeDelta::from_std(at.elapsed()).unwrap_or_default()
            });
            let lease = contents.lease.as_ref();
            let lease = lease.filter(|lease| lease.until > now_there);
            findings.extend([
                rows(contents),
                held(lease),
                last(&contents.runs, lease, now),
            ]);
        }
    }
    findings
}

/// That a listing as large as the last complete one has no room in a run.
fn outgrown(parts: &Parts, runs: &[PastRun]) -> Option<Finding> {
    let accounts = runs.iter().find_map(|run| run.accounts)?;
    let size = parts.smartlead.as_ref()?.page_size;
    let timeout = parts.common.run_timeout;
    let pages = Pages::at(size, parts.common.policy.rate_limit);
    let shortage = pages.shortage(accounts, timeout, listing_time(timeout))?;
    let finding = Part::Checks.warning("size of the fleet", shortage.arithmetic());
    Some(finding.remedy(shortage.remedy()))
}

/// What could not be looked at; that the schema is newer has been said.
fn part(error: &StoreError, check: &'static str) -> Finding {
    match error {
        StoreError::Newer { .. } => Part::Database.skipped(check, "the schema is newer"),
        error => failed(check, error),
    }
}

fn connection(server: &Server) -> Finding {
    let said = [
        Some(server.version.clone()),
        server.is_encrypted.map(|is| match is {
            true => "encrypted".to_owned(),
            false => "not encrypted".to_owned(),
        }),
        server.is_pooled.map(|is| match is {
            true => "through a pooler in transaction mode".to_owned(),
            false => "no pooler in transaction mode seen".to_owned(),
        }),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let finding = Part::Database.ok(CONNECTION, said.join("; "));
    finding.took(server.reached_in)
}

fn schema(schema: &Result<Schema, StoreError>) -> Finding {
    const CHECK: &str = "schema";
    let detail = match schema {
        Ok(Schema::Absent) => "there are no tables yet; the next check makes them".to_owned(),
        Ok(Schema::Legacy) => {
            "the table of the Python version; the next check adopts it, rows and all".to_owned()
        }
        Ok(Schema::Older { found, newest }) => {
            format!("version {found}; the next check updates it to {newest}")
        }
        Ok(Schema::Current(version)) => format!("version {version}, up to date"),
        Err(error) => return failed(CHECK, error),
    };
    Part::Database.ok(CHECK, detail)
}

fn rows(contents: &Contents) -> Finding {
    let Contents {
        open,
        untold,
        resolved,
        ..
    } = contents;
    let detail = format!("{open} open, of which {untold} untold; {resolved} resolved");
    if !contents.is_filtered {
        return Part::Database.ok(ROWS, detail);
    }
    Part::Database
        .warning(
            ROWS,
            format!("{detail}; row security may hide others from this user"),
        )
        .remedy("Let DATABASE_URL name the owner of the tables")
}

fn held(lease: Option<&Lease>) -> Finding {
    const CHECK: &str = "lease";
    match lease {
        Some(Lease { holder, until }) => {
            let detail = format!("run {holder} has it until {}", text::time(*until));
            Part::Database.ok(CHECK, detail)
        }
        None => Part::Database.ok(CHECK, "free"),
    }
}

fn last(runs: &[PastRun], lease: Option<&Lease>, now: DateTime<Utc>) -> Finding {
    let Some(run) = runs.first() else {
        return Part::Checks.ok(LAST, "no check has run yet");
    };
    let age = (now - run.started_at).max(TimeDelta::zero());
    let is_under_way = lease.is_some_and(|lease| lease.holder == run.id);
    let how = match run.end() {
        Some(outcome) => outcome.as_str(),
        None if is_under_way => "under way",
        None => "cut off before its end",
    };
    let mut detail = format!(
        "{how}, {} ago ({}, run {})",
        text::duration(age),
        text::time(run.started_at),
        run.id
    );
    if let Some(error) = &run.error {
        detail.push_str(&format!(": {error}"));
    }
    let is_overdue = age > trend::overdue_after(runs);
    let is_good = run.outcome == Outcome::Complete && (run.end().is_some() || is_under_way);
    let status = match is_good && !is_overdue {
        true => Status::Ok,
        false => Status::Warning,
    };
    let finding = Part::Checks.finding(LAST, status, detail);
    match is_overdue {
        true => finding.remedy("See that the scheduler still starts monitor"),
        false => finding,
    }
}
