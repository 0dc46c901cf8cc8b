//! One check, from top to bottom. The only place that knows every capability.
//!
//! The order of effects is what makes alerts neither lost nor false: nothing is concluded from a
//! listing that is not complete, the change is committed before anybody is told, and an alert
//! counts as told only after the sink confirmed it.

mod dry_run;
mod error;
mod fail;
mod run;
mod tell;

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::sleep_until;
use tracing::{error, info, warn};

use crate::audit::{self, AuditTrail};
use crate::cli::CheckOptions;
use crate::config::Settings;
use crate::domain::{AuditLine, Event, Listing, Outcome, apply, diff, guard};
use crate::http::Sender;
use crate::slack::{self, Slack};
use crate::smartlead::Smartlead;
use crate::state::{self, LastCheck};
use crate::store::{Begun, Change, Finish, Known, Store, StoreError};
pub use error::CheckError;
pub use run::{Run, interrupted};

/// Of a run's time, so much is for the listing; the rest is kept for recording and telling.
const LISTING_SHARE: f64 = 0.9;

/// Requests end at the deadline by themselves. So much later everything does, that they may say
/// why and a run that has come to its end may be closed.
const CLOSING_GRACE: Duration = Duration::from_secs(10);

/// How a check ended.
#[derive(Debug)]
pub enum Ending {
    /// Applied, and everything is told.
    Complete,
    /// Applied, but an alert is untold.
    Untold,
    /// Failed.
    Failed,
    /// Another run holds the lease.
    Busy,
}

impl Ending {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Untold => 3,
            Self::Busy => 4,
        }
    }
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::Complete,
            Outcome::Untold => Self::Untold,
            Outcome::Failed | Outcome::Short => Self::Failed,
        }
    }
}

/// What a check that was applied has to say.
struct Applied {
    counts: Counts,
    told: usize,
    /// Why an alert is untold.
    untold: Option<String>,
    /// Why the audit trail is behind.
    unaudited: Option<CheckError>,
}

/// The numbers of a check.
#[derive(Clone, Copy)]
struct Counts {
    accounts: usize,
    disconnected: usize,
    new: usize,
    changed: usize,
    reconnected: usize,
    removed: usize,
}

/// One check under way.
struct Check<'a> {
    settings: &'a Settings,
    options: &'a CheckOptions,
    run: &'a Run,
    smartlead: Smartlead,
    slack: Slack,
    store: Box<dyn Store>,
    /// Whether the lease may be ours, so that it has to be given back.
    leased: Cell<bool>,
    /// How the run ends if it is cut off; nothing as long as what it found is not on record.
    recorded: Cell<Option<Outcome>>,
}

/// Runs one check to its end, whatever that is, and logs it. `stop` ends it early, in good order.
pub async fn run(
    settings: &Settings,
    options: &CheckOptions,
    run: &Run,
    stop: impl Future<Output = ()>,
) -> Ending {
    let check = match Check::new(settings, options, run) {
        Ok(check) => check,
        Err(error) => {
            error!("{error}");
            return Ending::Failed;
        }
    };
    let attempt = async {
        if options.dry_run {
            return check.dry_run().await;
        }
        check.attempt().await
    };
    let ended = tokio::select! {
        ended = AssertUnwindSafe(attempt).catch_unwind() => ended.unwrap_or(Err(CheckError::Panicked)),
        () = stop => Err(CheckError::Interrupted),
        () = sleep_until(check.run.deadline(settings.run_timeout) + CLOSING_GRACE) => Err(CheckError::Deadline),
    };
    match ended {
        Ok(ending) => ending,
        Err(error @ CheckError::Busy { .. }) => check.give_way(&error),
        Err(error @ CheckError::Store(StoreError::LeaseLost)) if check.recorded.get().is_none() => {
            check.give_way(&error)
        }
        Err(error) => check.fail(&error).await,
    }
}

impl<'a> Check<'a> {
    fn new(
        settings: &'a Settings,
        options: &'a CheckOptions,
        run: &'a Run,
    ) -> Result<Self, CheckError> {
        let deadline = run.deadline(settings.run_timeout);
        let sender = |server, policy, deadline| {
            Sender::new(server, policy, deadline, settings.redactor.clone())
        };
        let listing_deadline = run.deadline(settings.run_timeout.mul_f64(LISTING_SHARE));
        let source = sender(
            &settings.smartlead.base_url,
            settings.policy,
            listing_deadline,
        )?;
        let redactor = settings.redactor.clone();
        Ok(Self {
            settings,
            options,
            run,
            smartlead: Smartlead::new(settings.smartlead.clone(), source, redactor.clone()),
            slack: Slack::new(
                settings.slack.clone(),
                sender(
                    &settings.slack.base_url,
                    slack::policy(settings.policy),
                    deadline,
                )?,
            ),
            store: settings.database.store(redactor),
            leased: Cell::new(false),
            recorded: Cell::new(None),
        })
    }

    /// The check itself. What is known of accounts changes in `record` and nowhere before.
    async fn attempt(&self) -> Result<Ending, CheckError> {
        let known = self.begin().await?;
        let trail = AuditTrail::open(&self.settings.csv_dir).map_err(CheckError::AuditFolder)?;
        let fleet = self.smartlead.fleet().await?;
        self.check_size(&fleet, &known)?;
        let found = diff(&known.open, &fleet, self.run.started_at);
        let open = apply(known.open, &found);
        let lines = audit::lines(&found.transitions, &self.run.id, self.run.started_at);
        self.store
            .record(&Change {
                run_id: &self.run.id,
                started_at: self.run.started_at,
                accounts_seen: fleet.len(),
                disconnected: open.len(),
                diff: &found,
                announce: self.announce(),
                audit: &lines,
            })
            .await?;
        self.recorded.set(Some(Outcome::Untold));
        let (csv, unaudited) = self.append(&trail, &known.outbox, &lines);
        if unaudited.is_some() {
            self.recorded.set(Some(Outcome::Failed));
        }
        let (told, untold) = self.tell(&self.untold(open.iter()), &csv).await;
        self.close(Applied {
            counts: Counts {
                accounts: fleet.len(),
                disconnected: open.len(),
                new: found.count(Event::Disconnected),
                changed: found.count(Event::Changed),
                reconnected: found.count(Event::Reconnected),
                removed: found.count(Event::Removed),
            },
            told,
            untold,
            unaudited,
        })
        .await
    }

    /// Another run is at work: nothing was done, and it is nobody's fault.
    fn give_way(&self, error: &CheckError) -> Ending {
        error!("{error}");
        Ending::Busy
    }

    async fn begin(&self) -> Result<Known, CheckError> {
        let now = self.run.started_at;
        let lease_until = now + self.settings.run_timeout;
        self.leased.set(true);
        let begun = self.store.begin(&self.run.id, now, lease_until).await;
        self.leased.set(!matches!(
            begun,
            Ok(Begun::Busy { .. }) | Err(StoreError::Unreachable { .. } | StoreError::Newer { .. })
        ));
        match begun? {
            Begun::Free(known) => Ok(known),
            Begun::Busy { holder, until } => Err(CheckError::Busy { holder, until }),
        }
    }

    /// Refuses a listing that is suspiciously short. Before the first complete check all that is
    /// known of the fleet's size is what the table of an earlier program holds open.
    fn check_size(&self, fleet: &Listing, known: &Known) -> Result<(), CheckError> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let seen = count(fleet.len());
        let last = known
            .last_complete
            .unwrap_or_else(|| count(known.open.len()));
        if self.options.accept_shrink || !guard::is_suspiciously_short(seen, last) {
            return Ok(());
        }
        Err(CheckError::Short {
            seen,
            last,
            of: match known.last_complete {
                Some(_) => "of the last complete check",
                None => "that are on record as disconnected",
            },
            told: known.told_short,
        })
    }

    /// Appends to the audit trail. A failure is told at the end: alerts do not wait for a disk.
    fn append(
        &self,
        trail: &AuditTrail,
        left: &[AuditLine],
        new: &[AuditLine],
    ) -> (String, Option<CheckError>) {
        let name = |file: &std::path::Path| {
            file.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        match trail.append(left, new) {
            Ok(file) => {
                let name = file.as_deref().and_then(name);
                (
                    name.unwrap_or_else(|| audit::file_name(self.run.started_at)),
                    None,
                )
            }
            Err(error) => (
                audit::file_name(self.run.started_at),
                Some(CheckError::AuditRows(error)),
            ),
        }
    }

    /// Retention, state file, the end of the run, and one line that sums it up.
    async fn close(&self, applied: Applied) -> Result<Ending, CheckError> {
        let unaudited = applied.unaudited.as_ref().map(|error| self.words(error));
        let outcome = match (&unaudited, &applied.untold) {
            (Some(_), _) => Outcome::Failed,
            (None, Some(_)) => Outcome::Untold,
            (None, None) => Outcome::Complete,
        };
        self.recorded.set(Some(outcome));
        if let Some(why) = &applied.untold {
            error!("the alert is kept for the next run. {why}");
        }
        if let Some(why) = &unaudited {
            error!("{why}");
        }
        let error = unaudited.as_deref().or(applied.untold.as_deref());
        self.write_state(outcome, error, Some(applied.counts));
        let now = self.run.now();
        let finished = self
            .store
            .finish(&Finish {
                run_id: &self.run.id,
                finished_at: now,
                outcome,
                error,
                audited: unaudited.is_none(),
                keep_since: now - self.settings.retention,
            })
            .await;
        let deleted = match finished {
            // What this run did is done and on record; the other run has all the rest.
            Err(StoreError::LeaseLost) => {
                warn!(
                    "the run took longer than its lease, and another began meanwhile. Raise RUN_TIMEOUT_SECS"
                );
                0
            }
            finished => finished?,
        };
        let Counts {
            accounts,
            disconnected,
            new,
            changed,
            reconnected,
            removed,
        } = applied.counts;
        let seconds = format!("{:.1}", self.run.elapsed().as_secs_f32());
        info!(
            run_id = %self.run.id, accounts, disconnected, new, changed, reconnected, removed,
            told = applied.told, deleted, seconds, "check {}", outcome.as_str()
        );
        if let Some(error) = &applied.unaudited {
            self.tell_failure(error).await;
        }
        Ok(outcome.into())
    }

    /// An error as text that may be kept and shown: a server may have echoed a secret.
    fn words(&self, error: &impl std::fmt::Display) -> String {
        self.settings
            .redactor
            .redact(&error.to_string())
            .into_owned()
    }

    fn write_state(&self, outcome: Outcome, error: Option<&str>, counts: Option<Counts>) {
        let path = &self.settings.state_file;
        let written = state::write(
            path,
            &LastCheck {
                run_id: self.run.id.as_str(),
                started_at: self.run.started_at,
                finished_at: self.run.now(),
                outcome: outcome.as_str(),
                accounts_seen: counts.map(|counts| counts.accounts),
                disconnected: counts.map(|counts| counts.disconnected),
                newly_disconnected: counts.map(|counts| counts.new),
                reconnected: counts.map(|counts| counts.reconnected),
                error,
            },
        );
        if let Err(error) = written {
            warn!(
                "the state file {} cannot be written ({error}). Check STATE_FILE; nothing depends on it",
                path.display()
            );
        }
    }
}
