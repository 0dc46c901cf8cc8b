//! One check, as `monitor::check` does it, with a listing, a Slack and a clock of our own.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use monitor::audit;
use monitor::config::Alerts;
use monitor::domain::{
    Announce, Comparison, Diff, Names, News, Observation, Outcome, RunId, Triage, Way, triage,
};
use monitor::redact::Redactor;
use monitor::slack::message::{self, Context};
use monitor::store::{Begun, Change, Database, Failure, Finish, Known, Store};
use sqlx::{Connection as _, SqliteConnection};

use super::ledger::Ledger;
use super::plan::Plan;
use super::sink::Slack;
use super::tell::Killed;
use super::world::World;

/// When the first check would begin if it were in time.
const START: &str = "2026-01-05T00:05:00Z";

/// Seconds that a scheduler may be late.
const LATE: u32 = 90;

const LEASE: Duration = Duration::from_secs(540);

/// How long history is kept.
const RETENTION: TimeDelta = TimeDelta::days(30);

/// How long Slack is not reminded that checks still fail.
const ERROR_REMINDER: TimeDelta = TimeDelta::hours(6);

const FAILURE: &str = "Smartlead's v1 listing could not be read: HTTP 503 (Service Unavailable) after \
    3 attempts. The fault is on Smartlead's side (https://status.smartlead.ai); the next check tries again";

/// How a check that was applied went.
struct Applied {
    is_told: bool,
    recovery_told_at: Option<DateTime<Utc>>,
}

/// A monitor with its database, and those who watch it.
pub struct Monitor<'p> {
    pub(super) alerts: Alerts,
    pub(super) store: Box<dyn Store>,
    /// Looks into the database beside the store.
    pub(super) reader: SqliteConnection,
    pub(super) hour: u32,
    pub(super) run_id: RunId,
    /// When the check began.
    pub(super) began: DateTime<Utc>,
    /// The time; a post takes a second of it.
    pub(super) now: DateTime<Utc>,
    names: &'p Names,
    start: DateTime<Utc>,
    rng: Rng,
    pub slack: Slack,
    pub ledger: Ledger,
}

impl<'p> Monitor<'p> {
    pub async fn new(plan: &'p Plan, alerts: Alerts, database: &Database) -> Self {
        let Database::Sqlite(options) = database else {
            panic!("the database is a file");
        };
        let start = START.parse().unwrap();
        let options = (**options).clone().create_if_missing(true);
        Self {
            alerts,
            names: &plan.names,
            store: database.store(Duration::from_secs(60), Redactor::new([])),
            reader: SqliteConnection::connect_with(&options).await.unwrap(),
            rng: Rng::with_seed(plan.scale.seed),
            start,
            hour: 0,
            run_id: RunId::new(start, 0),
            began: start,
            now: start,
            slack: Slack::new(plan),
            ledger: Ledger::default(),
        }
    }

    /// The check of this hour.
    pub async fn check(&mut self, hour: u32, world: &World<'_>, is_blind: bool) {
        let late = TimeDelta::seconds(self.rng.u32(..LATE).into());
        let at = self.start + TimeDelta::hours(hour.into()) + late;
        self.hour = hour;
        self.began = at;
        self.now = at;
        self.run_id = RunId::new(at, hour);
        let begun = self.store.begin(&self.run_id, at, LEASE).await.unwrap();
        let Begun::Free(known) = begun else {
            panic!("hour {hour}: {begun:?}");
        };
        if is_blind {
            self.fail(&known, at).await;
        } else if let Ok(applied) = self.apply(*known, world, at).await {
            self.finish(applied).await;
        }
    }

    async fn apply(
        &mut self,
        mut known: Known,
        world: &World<'_>,
        at: DateTime<Utc>,
    ) -> Result<Applied, Killed> {
        // A fleet is adopted with what is down at the time.
        let announce = match self.hour {
            0 => Announce::Nothing,
            _ => Announce::New,
        };
        let mut comparison = Comparison::new(&known.open, at);
        for account in world.listing() {
            comparison.see(account);
            self.ledger.see(self.hour, at, account);
        }
        let Observation {
            accounts,
            mut diff,
            fleet,
        } = comparison.complete();
        let rules = self.alerts.rules;
        let triage = triage(
            &mut known.open,
            &mut diff,
            &known.memory,
            announce,
            rules,
            at,
        );
        let news = News::new(&known.open, &diff, &triage, known.unannounced, announce);
        let disconnected = diff.open_after(&known.open).count();
        let change = Change {
            run_id: &self.run_id,
            started_at: at,
            accounts_seen: accounts,
            disconnected,
            outcome: if news.is_empty() {
                Outcome::Complete
            } else {
                Outcome::Untold
            },
            diff: &diff,
            announce,
            triage: &triage,
            recoveries: self.alerts.recoveries,
            audit: None,
        };
        self.store.record(&change).await.unwrap();
        self.judge(&diff, &triage, disconnected).await;
        let run_id = self.run_id.clone();
        let csv = audit::file_name(at);
        let context = Context {
            run_id: &run_id,
            checked_at: at,
            csv: &csv,
            fleet: &fleet,
            names: self.names,
        };
        let is_told = self.tell(&message::news(&news, &context)).await?;
        if is_told && announce == Announce::New {
            let back = self.recoveries(&context).await;
            let due = self.due().await;
            let is_told = self.tell(&back).await;
            self.ledger.back_told += due - self.due().await;
            is_told?;
            let open = diff.open_after(&known.open);
            let daily = self.daily(&known.memory, &triage, open, &context);
            self.tell(daily.as_slice()).await?;
        }
        let recovery_told_at = match &known.recovery {
            Some(recovery) => self.notice(&message::recovery(recovery, &run_id, at))?,
            None => None,
        };
        Ok(Applied {
            is_told,
            recovery_told_at,
        })
    }

    /// Judges what was concluded from a listing and recorded.
    async fn judge(&mut self, diff: &Diff, triage: &Triage, disconnected: usize) {
        let down = self.ledger.close_listing(self.hour);
        if disconnected != down {
            self.ledger.is_broken(
                self.hour,
                format!("{disconnected} are open, {down} are down"),
            );
        }
        if self.hour == 0 {
            self.ledger.adopt();
        }
        for transition in diff.transitions.iter().filter(|t| t.event.resolves()) {
            let gone = &transition.disconnection;
            if gone.way == Way::Passed {
                let confirm = self.alerts.rules.confirm_checks;
                self.ledger
                    .pass(self.hour, gone.mailbox.id, gone.detected_at, confirm);
            }
        }
        if !triage.chronic.is_empty() {
            let chronic = self.chronic().await;
            for account in triage
                .chronic
                .keys()
                .filter(|account| !chronic.contains(account))
            {
                let what = format!("{account} is told as chronic and is not");
                self.ledger.is_broken(self.hour, what);
            }
        }
    }

    /// The source could not be read.
    async fn fail(&mut self, known: &Known, at: DateTime<Utc>) {
        let failing = &known.failing;
        let message = message::failure(&message::Failure {
            run_id: &self.run_id,
            checked_at: at,
            reason: FAILURE,
            next: "the next check tries again. Nothing was changed.",
            failed_checks: failing.checks + 1,
            failing_since: failing.since.unwrap_or(at),
            last_applied: failing.last_applied,
        });
        let told_at = match failing.is_due(Outcome::Failed, at, ERROR_REMINDER) {
            true => self.notice(&message),
            false => Ok(None),
        };
        let Ok(told_at) = told_at else {
            return;
        };
        let failure = Failure {
            run_id: &self.run_id,
            started_at: at,
            finished_at: self.now,
            outcome: Outcome::Failed,
            error: FAILURE,
            told_at,
        };
        self.store.fail(&failure).await.unwrap();
    }

    async fn finish(&mut self, applied: Applied) {
        let finish = Finish {
            run_id: &self.run_id,
            finished_at: self.now,
            outcome: if applied.is_told {
                Outcome::Complete
            } else {
                Outcome::Untold
            },
            error: None,
            audited: true,
            failure_told_at: None,
            recovery_told_at: applied.recovery_told_at,
            keep_since: self.now - RETENTION,
        };
        self.store.finish(&finish).await.unwrap();
    }
}
