//! One check, from top to bottom. The only place that knows every capability.
//!
//! The order of effects is what makes alerts neither lost nor false: nothing is concluded from a
//! listing that is not complete, the change is committed before anybody is told, and an alert
//! counts as told only after the sink confirmed it.

mod close;
mod dry_run;
mod ending;
mod error;
mod fail;
mod run;
mod tell;
mod watchers;

use std::cell::{Cell, OnceCell};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::sleep_until;
use tracing::{error, warn};

use crate::audit::{self, AuditTrail};
use crate::cli::CheckOptions;
use crate::config::Settings;
use crate::domain::{
    AuditLine, Comparison, Diff, Failing, News, Observation, Outcome, Transition, Triage, guard,
    triage,
};
use crate::github::Job;
use crate::http::Sender;
use crate::progress::Progress;
use crate::slack::{self, Slack, message};
use crate::smartlead::Smartlead;
use crate::smartlead::forecast::listing_time;
use crate::store::{Begun, Change, Known, Store, StoreError};
use close::Applied;
use ending::Counts;
pub use ending::Ending;
pub use error::CheckError;
pub use run::{Run, interrupted};
use watchers::Watchers;
pub use watchers::refused;

/// Requests end at the deadline by themselves. So much later everything does, that they may say
/// why and a run that has come to its end may be closed.
const CLOSING_GRACE: Duration = Duration::from_secs(10);

/// Where a check runs.
pub struct Host {
    /// Shows how far the listing is.
    pub progress: Progress,
    /// The job of GitHub Actions around it, if it is one.
    pub job: Job,
}

/// Whether what a run found is on record.
#[derive(Clone, Copy)]
enum Recorded {
    /// It has not been tried.
    No,
    /// It was tried, and the database has not said how it ended.
    Perhaps,
    /// It is, and the run ends so if it is cut off.
    Yes(Outcome),
}

/// One check under way.
struct Check<'a> {
    settings: &'a Settings,
    options: &'a CheckOptions,
    run: &'a Run,
    progress: &'a Progress,
    watchers: &'a Watchers<'a>,
    smartlead: Smartlead,
    slack: Slack,
    store: Box<dyn Store>,
    /// Whether the lease may be ours, so that it has to be given back.
    leased: Cell<bool>,
    /// The checks that failed just before this one, once that is known.
    failing: OnceCell<Failing>,
    recorded: Cell<Recorded>,
}

/// Runs one check to its end, whatever that is, and logs it. `stop` ends it early, in good order.
pub async fn run(
    settings: &Settings,
    options: &CheckOptions,
    run: &Run,
    host: &Host,
    stop: impl Future<Output = ()>,
) -> Ending {
    let watchers = Watchers::new(&settings.common, &host.job);
    watchers.warn_of_lost_files(settings);
    let ending = match Check::new(settings, options, run, host, &watchers) {
        Ok(check) => check.run(stop).await,
        Err(error) => {
            error!("{error}");
            watchers.note_problem(error.to_string());
            Ending::Failed
        }
    };
    host.progress.end();
    if !options.dry_run {
        watchers.note_end(&ending, run).await;
    }
    ending
}

impl<'a> Check<'a> {
    fn new(
        settings: &'a Settings,
        options: &'a CheckOptions,
        run: &'a Run,
        host: &'a Host,
        watchers: &'a Watchers<'a>,
    ) -> Result<Self, CheckError> {
        let deadline = run.deadline(settings.common.run_timeout);
        let sender = |server, policy, deadline| {
            Sender::new(server, policy, deadline, settings.common.redactor.clone())
        };
        let listing_deadline = run.deadline(listing_time(settings.common.run_timeout));
        let source = sender(
            &settings.smartlead.base_url,
            settings.common.policy,
            listing_deadline,
        )?;
        let redactor = settings.common.redactor.clone();
        Ok(Self {
            settings,
            options,
            run,
            progress: &host.progress,
            watchers,
            smartlead: Smartlead::new(
                settings.smartlead.clone(),
                source,
                redactor.clone(),
                host.progress.clone(),
            ),
            slack: Slack::new(
                settings.slack.clone(),
                sender(
                    &settings.slack.base_url,
                    slack::policy(settings.common.policy),
                    deadline,
                )?,
            ),
            store: settings
                .database
                .store(settings.common.database_timeout, redactor),
            leased: Cell::new(false),
            failing: OnceCell::new(),
            recorded: Cell::new(Recorded::No),
        })
    }

    /// Tries, and sees to it that the end is in good order, whatever it is.
    async fn run(&self, stop: impl Future<Output = ()>) -> Ending {
        let attempt = async {
            if self.options.dry_run {
                return self.dry_run().await;
            }
            self.attempt().await
        };
        let ended = tokio::select! {
            ended = AssertUnwindSafe(attempt).catch_unwind() => ended.unwrap_or(Err(CheckError::Panicked)),
            () = stop => Err(CheckError::Interrupted),
            () = sleep_until(self.run.deadline(self.settings.common.run_timeout) + CLOSING_GRACE) => Err(CheckError::Deadline),
        };
        match ended {
            Ok(ending) => ending,
            Err(error @ CheckError::Busy { .. }) => self.give_way(&error),
            Err(error @ CheckError::Store(StoreError::LeaseLost))
                if !matches!(self.recorded.get(), Recorded::Yes(_)) =>
            {
                self.give_way(&error)
            }
            Err(error) => self.fail(&error).await,
        }
    }

    /// The check itself. What is known of accounts changes in `record` and nowhere before.
    async fn attempt(&self) -> Result<Ending, CheckError> {
        let mut known = self.begin().await?;
        let trail =
            AuditTrail::open(&self.settings.common.csv_dir).map_err(CheckError::AuditFolder)?;
        self.watchers.note_start(self.run);
        let Observation {
            accounts,
            mut diff,
            mut fleet,
        } = self.list(&known).await?;
        if self.options.first_run {
            fleet.make_all_news();
        }
        let triage = self.triage(&mut known, &mut diff);
        let disconnected = diff.open_after(&known.open).count();
        let news = self.news(&known, &diff, &triage);
        let outcome = if news.is_empty() {
            Outcome::Complete
        } else {
            Outcome::Untold
        };
        self.watchers.note_new(&diff);
        self.recorded.set(Recorded::Perhaps);
        self.store
            .record(&Change {
                run_id: &self.run.id,
                started_at: self.run.started_at(),
                accounts_seen: accounts,
                disconnected,
                outcome,
                diff: &diff,
                announce: self.announce(),
                triage: &triage,
                recoveries: self.settings.common.alerts.recoveries,
                audit: Some(&|transition| self.audit_line(transition)),
            })
            .await?;
        self.recorded.set(Recorded::Yes(outcome));
        let (csv, unaudited) = self.append(&trail, &known.outbox, &diff.transitions);
        if unaudited.is_some() {
            self.recorded.set(Recorded::Yes(Outcome::Failed));
        }
        let open = diff.open_after(&known.open);
        let daily = self.daily(&known.memory, &triage, open);
        let names = self.names(&news, daily.as_ref(), &fleet).await;
        let context = self.context(&csv, &fleet, &names);
        let messages = message::news(&news, &context);
        let daily = daily.and_then(|daily| message::daily(&daily, &context));
        let counts = Counts::new(accounts, disconnected, &diff);
        // What a large outage has in memory is on record, and to mark it as told takes some, too.
        drop(news);
        drop((diff, known.open));
        let new = messages.partition_point(|part| !part.place.is_taken());
        let (messages, edits) = messages.split_at(new);
        let posted = self.tell(messages).await?;
        if posted.untold.is_none() {
            let back = self.recoveries(&context).await?;
            self.tell_aside(&back, "who is back").await?;
            self.tell_aside(daily.as_slice(), "the daily message")
                .await?;
            self.show_all(edits).await;
        }
        let recovery_told_at = match &known.recovery {
            Some(recovery) if unaudited.is_none() => self.tell_recovery(recovery).await,
            _ => None,
        };
        self.close(Applied {
            counts,
            told: posted.told,
            untold: posted.untold,
            unaudited,
            recovery_told_at,
        })
        .await
    }

    /// Decides how each disconnection that is untold is told.
    fn triage(&self, known: &mut Known, diff: &mut Diff) -> Triage {
        triage(
            &mut known.open,
            diff,
            &known.memory,
            self.announce(),
            self.settings.common.alerts.rules,
            self.run.started_at(),
        )
    }

    /// What there is to tell.
    fn news<'k>(&self, known: &'k Known, diff: &'k Diff, triage: &'k Triage) -> News<'k> {
        News::new(
            &known.open,
            diff,
            triage,
            known.unannounced,
            self.announce(),
        )
    }

    /// Reads the whole fleet and compares it with what is known, if it can be believed. Where there
    /// is no time for as many accounts as the last listing held it says so first, and reads as far as
    /// it comes: the fleet may have shrunk.
    async fn list(&self, known: &Known) -> Result<Observation, CheckError> {
        let timeout = self.settings.common.run_timeout;
        let left = listing_time(timeout).saturating_sub(self.run.elapsed());
        let pages = || self.smartlead.pages();
        let shortage = || pages().shortage(known.last_size?, timeout, left);
        if let Some(shortage) = shortage() {
            warn!("this check will hardly come to its end: {shortage}");
        }
        let least = known.last_size.map(|accounts| pages().takes(accounts));
        self.progress
            .begin(known.last_size, least.unwrap_or_default());
        let comparison = || Comparison::new(&known.open, self.run.started_at());
        let observed = self.smartlead.observe(comparison).await;
        self.progress.end();
        // By now the server may have taught a slower pace.
        let observation = observed.map_err(|error| match shortage() {
            Some(shortage) if error.is_late() => CheckError::Late {
                source: error,
                shortage: Box::new(shortage),
            },
            _ => error.into(),
        })?;
        self.check_size(observation.accounts, known)?;
        Ok(observation)
    }

    /// Logs an error and keeps it for those who watch over the checks.
    fn note_problem(&self, error: &impl std::fmt::Display) {
        error!("{error}");
        self.watchers.note_problem(self.words(error));
    }

    /// Another run is at work: nothing was done, and it is nobody's fault.
    fn give_way(&self, error: &CheckError) -> Ending {
        self.note_problem(error);
        Ending::Busy
    }

    async fn begin(&self) -> Result<Known, CheckError> {
        let now = self.run.started_at();
        self.leased.set(true);
        let begun = self
            .store
            .begin(&self.run.id, now, self.settings.common.run_timeout)
            .await;
        self.leased.set(!matches!(
            begun,
            Ok(Begun::Busy { .. }) | Err(StoreError::Unreachable { .. } | StoreError::Newer { .. })
        ));
        match begun? {
            Begun::Free(known) => {
                self.run.put_after(known.failing.last_applied);
                self.failing.get_or_init(|| known.failing.clone());
                Ok(*known)
            }
            Begun::Busy { holder, until } => Err(CheckError::Busy { holder, until }),
        }
    }

    /// Refuses a listing that is suspiciously short. Before the first complete check all that is
    /// known of the fleet's size is what the table of an earlier program holds open.
    fn check_size(&self, accounts: usize, known: &Known) -> Result<(), CheckError> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let seen = count(accounts);
        let last = known.last_size.unwrap_or_else(|| count(known.open.len()));
        if self.options.accept_shrink || !guard::is_suspiciously_short(seen, last) {
            return Ok(());
        }
        Err(CheckError::Short {
            seen,
            last,
            of: match known.last_size {
                Some(_) => "of the last complete check",
                None => "that are on record as disconnected",
            },
        })
    }

    /// Appends to the audit trail. A failure is told at the end: alerts do not wait for a disk.
    fn append(
        &self,
        trail: &AuditTrail,
        left: &[AuditLine],
        new: &[Transition],
    ) -> (String, Option<CheckError>) {
        let name = |file: &std::path::Path| {
            file.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let new = new.iter().map(|transition| self.audit_line(transition));
        match trail.append(left, new) {
            Ok(file) => {
                let name = file.as_deref().and_then(name);
                (
                    name.unwrap_or_else(|| audit::file_name(self.run.started_at())),
                    None,
                )
            }
            Err(error) => (
                audit::file_name(self.run.started_at()),
                Some(CheckError::AuditRows(error)),
            ),
        }
    }

    /// A line of the audit trail. They are rendered anew wherever they go, for a large outage makes
    /// more of them than should be in memory at a time.
    fn audit_line(&self, transition: &Transition) -> AuditLine {
        audit::line(transition, &self.run.id, self.run.started_at())
    }

    /// An error as text that may be kept and shown: a server may have echoed a secret.
    fn words(&self, error: &impl std::fmt::Display) -> String {
        self.settings
            .common
            .redactor
            .redact(&error.to_string())
            .into_owned()
    }
}
