//! The statements that keep the ledger of what is told: none of them has a parameter.

use chrono::{DateTime, Utc};

use super::super::super::LEASE;
use super::super::super::simple::{Literal, filled};
use super::super::{BATCH, sql};
use crate::domain::{Beside, IncidentId, Receipt, RunId, Telling, Triage, Way};

/// The name of the notice that is given once a day.
const DAILY: &str = "daily";

/// Notes that the post of a message begins.
pub(super) fn begun(run_id: &RunId, telling: &Telling, at: DateTime<Utc>) -> String {
    let (lease, run) = (Literal::Word(LEASE), Literal::Word(run_id.as_str()));
    let mut statements = String::new();
    if let Some((word, incident)) = written(telling.way) {
        statements += &filled(
            sql::ATTEMPT,
            &[
                Literal::Time(at),
                Literal::Numbers(&telling.accounts),
                Literal::Number((telling.others > 0).into()),
                Literal::Number(telling.unannounced.into()),
                lease,
                run,
                word,
                incident,
            ],
        );
    }
    let (lease, run) = (Literal::Word(LEASE), Literal::Word(run_id.as_str()));
    statements += &match &telling.beside {
        None => String::new(),
        Some(Beside::Headline(id, _)) => filled(
            sql::ATTEMPT_HEADLINE,
            &[Literal::Time(at), number(*id), lease, run],
        ),
        Some(Beside::End(id)) => filled(
            sql::ATTEMPT_END,
            &[Literal::Time(at), number(*id), lease, run],
        ),
        Some(Beside::Reconnected(thread)) => {
            let [all, channel, ts] = place(thread.as_ref());
            let values = [Literal::Time(at), all, channel, ts, lease, run];
            filled(sql::ATTEMPT_RECOVERY, &values)
        }
        Some(Beside::Daily) => filled(sql::ATTEMPT_NOTICE, &[Literal::Word(DAILY), lease, run]),
    };
    statements
}

/// Notes that the sink has confirmed a message.
pub(super) fn told(
    run_id: &RunId,
    telling: &Telling,
    receipt: &Receipt,
    at: DateTime<Utc>,
) -> String {
    let lease = || Literal::Word(LEASE);
    let run = || Literal::Word(run_id.as_str());
    let channel = || Literal::Word(&receipt.channel);
    let ts = || Literal::Word(&receipt.ts);
    let mut statements = String::new();
    if let Some((word, incident)) = written(telling.way) {
        statements += &filled(
            sql::MARK_TOLD,
            &[
                Literal::Time(at),
                channel(),
                ts(),
                Literal::Numbers(&telling.accounts),
                Literal::Number((telling.others > 0).into()),
                Literal::Number(telling.unannounced.into()),
                lease(),
                run(),
                word,
                incident,
            ],
        );
    }
    if telling.way == Way::Alert {
        statements += &filled(sql::CHRONIC_TOLD, &[Literal::Time(at), lease(), run()]);
    }
    statements += &match &telling.beside {
        None => String::new(),
        Some(Beside::Headline(id, accounts)) => {
            let accounts = Literal::Number(i64::try_from(*accounts).unwrap_or(i64::MAX));
            let values = [
                Literal::Time(at),
                channel(),
                ts(),
                accounts,
                number(*id),
                lease(),
                run(),
            ];
            filled(sql::HEADLINE_TOLD, &values)
        }
        Some(Beside::End(id)) => filled(
            sql::END_TOLD,
            &[Literal::Time(at), number(*id), lease(), run()],
        ),
        Some(Beside::Reconnected(thread)) => {
            let [all, channel, ts] = place(thread.as_ref());
            let values = [all, channel, ts, lease(), run()];
            filled(sql::RECOVERY_OF_ACCOUNTS_TOLD, &values)
        }
        Some(Beside::Daily) => filled(sql::NOTICE_TOLD, &[Literal::Word(DAILY), lease(), run()]),
    };
    statements
}

/// Records what was decided at `at`, but for incidents that open; empty where it is nothing.
pub(super) fn decided(triage: &Triage, at: DateTime<Utc>) -> String {
    let mut statements = String::new();
    let mut moved = triage.moved.clone();
    moved.sort_by_key(|(account, way)| (way.as_str(), way.incident(), *account));
    for group in moved.chunk_by(|(_, a), (_, b)| a == b) {
        let Some((word, incident)) = group.first().and_then(|(_, way)| written(*way)) else {
            continue;
        };
        let accounts: Vec<i64> = group.iter().map(|(account, _)| *account).collect();
        for accounts in accounts.chunks(BATCH) {
            let values = [word, incident, Literal::Numbers(accounts)];
            statements += &filled(sql::MOVE, &values);
        }
    }
    // Before those that are chronic now, for an account that has held may be so again at once.
    if !triage.held.is_empty() {
        statements += &filled(sql::END_CHRONIC, &[Literal::Numbers(&triage.held)]);
    }
    let ids = |ids: &[IncidentId]| ids.iter().map(|id| i64::from(id.get())).collect::<Vec<_>>();
    let lists = [
        (sql::CLOSE_INCIDENTS, ids(&triage.closed)),
        (sql::DROP_INCIDENTS, ids(&triage.dropped)),
        (sql::ADD_CHRONIC, triage.chronic.keys().copied().collect()),
    ];
    for (statement, ids) in lists.iter().filter(|(_, ids)| !ids.is_empty()) {
        statements += &filled(statement, &[Literal::Time(at), Literal::Numbers(ids)]);
    }
    statements
}

/// A way as the database has it; none for what is told in no way.
fn written(way: Way) -> Option<(Literal<'static>, Literal<'static>)> {
    let word = way.as_str()?;
    let incident = way.incident().map_or(0, |id| id.get().into());
    Some((Literal::Word(word), Literal::Number(incident)))
}

fn number(id: IncidentId) -> Literal<'static> {
    Literal::Number(id.get().into())
}

/// A thread as a condition of statements: whether any will do, and which it is.
fn place(thread: Option<&Receipt>) -> [Literal<'_>; 3] {
    let (channel, ts) = thread.map_or(("", ""), |thread| (&*thread.channel, &*thread.ts));
    let is_any = Literal::Number(thread.is_none().into());
    [is_any, Literal::Word(channel), Literal::Word(ts)]
}
