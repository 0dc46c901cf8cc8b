//! How a check gets out what it has to tell.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Check, CheckError};
use crate::domain::chronic::Chronic;
use crate::domain::incident::Scope;
use crate::domain::{
    Announce, Disconnection, Fleet, IncidentNews, Memory, Names, News, Receipt, Recovery, Triage,
};
use crate::slack::Thread;
use crate::slack::message::{self, Context, Daily, Part, Place};
use crate::store::{Recoveries, StoreError};

/// How long an alert waits for the names of clients and campaigns.
const NAMES_GRACE: Duration = Duration::from_secs(20);

/// How long Slack may take for what tells nothing new. A run holds the lease meanwhile.
const SHOWING_GRACE: Duration = Duration::from_secs(30);

/// What is told once a day is not told again before.
const DAY: TimeDelta = TimeDelta::hours(24);

/// What became of the messages of a check.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// Disconnections that were told.
    pub(super) told: usize,
    /// Why not all of them were.
    pub(super) untold: Option<String>,
}

impl Check<'_> {
    /// What becomes of the announcements that are on record.
    pub(super) fn announce(&self) -> Announce {
        match (self.options.first_run, self.options.baseline) {
            (true, _) => Announce::All,
            (false, true) => Announce::Nothing,
            (false, false) => Announce::New,
        }
    }

    /// The names that the messages of these news show, as far as they can be had in time.
    pub(super) async fn names(
        &self,
        news: &News<'_>,
        daily: Option<&Daily<'_>>,
        fleet: &Fleet,
    ) -> Names {
        let reminder = daily.and_then(|daily| daily.reminder.as_ref());
        let reminder = reminder.into_iter().flat_map(|(_, down)| down);
        let incidents = news.incidents.iter().flat_map(|incident| &incident.down);
        let down = news.alert.disconnections.iter().chain(incidents);
        let mut down = down.chain(reminder).peekable();
        let is_of_client =
            |news: &IncidentNews<'_>| matches!(news.incident.factor.scope, Scope::Client(_));
        // A message that is brought up to date says more than what is new.
        let is_known = |news: &IncidentNews<'_>| news.incident.headline.is_some();
        let campaigns = match news.incidents.iter().any(is_known) {
            true => fleet.short_of_senders(),
            false => fleet.stricken(),
        };
        let campaigns = down.peek().is_some() && !campaigns.is_empty();
        let clients = news.incidents.iter().any(is_of_client)
            || down.any(|disconnection| disconnection.mailbox.client_id.is_some());
        let late = |what| warn!("the alert does without the names of {what}: they took too long");
        let mut names = Names::default();
        if clients {
            match timeout(NAMES_GRACE, self.smartlead.clients()).await {
                Ok(clients) => names.clients = clients,
                Err(_) => late("clients"),
            }
        }
        if campaigns {
            match timeout(NAMES_GRACE, self.smartlead.campaigns()).await {
                Ok(campaigns) => names.campaigns = campaigns,
                Err(_) => late("campaigns"),
            }
        }
        names
    }

    /// What the messages of this check have in common.
    pub(super) fn context<'c>(
        &'c self,
        csv: &'c str,
        fleet: &'c Fleet,
        names: &'c Names,
    ) -> Context<'c> {
        Context {
            run_id: &self.run.id,
            checked_at: self.run.started_at(),
            csv,
            fleet,
            names,
        }
    }

    /// Posts messages in their order.
    ///
    /// That a post begins is on record before it does, and that it ended, one way or the other,
    /// after: what lies between is what may be repeated, and is then marked as that.
    ///
    /// # Errors
    /// When the database fails in between.
    pub(super) async fn tell(&self, parts: &[Part]) -> Result<Posted, CheckError> {
        let mut posted = Posted::default();
        let mut head: Option<Receipt> = None;
        let mut attempted_at = self.run.now();
        let mut is_noted = false;
        for (index, part) in parts.iter().enumerate() {
            let thread = match &part.place {
                Place::Channel => None,
                Place::Thread => head.as_ref().map(Thread::of),
                Place::ThreadOf(receipt) => Some(Thread::of(receipt)),
                Place::ThreadAndChannel(receipt) => Some(Thread::shown_in_channel(receipt)),
                Place::Instead(_) => None,
            };
            if part.tells_nothing() {
                self.show(part, thread).await;
                continue;
            }
            if !is_noted {
                attempted_at = self.run.now();
                let attempt = self
                    .store
                    .attempt(&self.run.id, &part.telling, attempted_at);
                match attempt.await {
                    Err(lost @ StoreError::LeaseLost) => {
                        posted.untold = Some(lost.to_string());
                        return Ok(posted);
                    }
                    attempted => attempted?,
                }
            }
            let receipt = match self.slack.post(&part.message, thread).await {
                Ok(receipt) => receipt,
                Err(error) if error.may_have_posted() => {
                    posted.untold = Some(format!(
                        "{}. It may be in the channel all the same; the next message marks it as a possible repeat",
                        self.words(&error)
                    ));
                    return Ok(posted);
                }
                Err(error) => {
                    self.withdraw(attempted_at).await;
                    posted.untold = Some(self.words(&error));
                    return Ok(posted);
                }
            };
            attempted_at = self.run.now();
            let mut later = parts.iter().skip(index + 1);
            let next = later.find(|next| !next.tells_nothing());
            let next = next.map(|next| &next.telling);
            is_noted = next.is_some();
            let marked =
                self.store
                    .mark_told(&self.run.id, &part.telling, &receipt, next, attempted_at);
            match marked.await {
                Ok(()) => {}
                Err(lost @ StoreError::LeaseLost) => {
                    posted.untold = Some(format!(
                        "an alert was posted, but not marked as told: {lost}"
                    ));
                    return Ok(posted);
                }
                Err(error) => return Err(CheckError::Unmarked(error)),
            }
            let accounts = part.telling.accounts.len() + part.telling.others;
            info!(
                accounts,
                channel = receipt.channel,
                ts = receipt.ts,
                "message posted"
            );
            posted.told += accounts;
            if part.place == Place::Channel {
                head = Some(receipt);
            }
        }
        Ok(posted)
    }

    /// Shows what tells nothing new. A run that has lost its lease knows less than the one that took
    /// it over, and shows nothing.
    pub(super) async fn show_all(&self, parts: &[Part]) {
        if parts.is_empty() {
            return;
        }
        if let Err(error) = self.store.hold(&self.run.id).await {
            let why = self.words(&error);
            warn!("earlier messages could not be brought up to date: {why}");
            return;
        }
        let show = async {
            for part in parts {
                self.show(part, None).await;
            }
        };
        if timeout(SHOWING_GRACE, show).await.is_err() {
            warn!("earlier messages could not all be brought up to date: Slack took too long");
        }
    }

    /// Sends a message that tells nothing which another does not, so that nothing depends on it.
    async fn show(&self, part: &Part, thread: Option<Thread<'_>>) {
        let (what, sent) = match &part.place {
            Place::Instead(receipt) => (
                "the message of an incident is not up to date until the next change",
                self.slack.update(&part.message, receipt).await,
            ),
            _ => (
                "a reply with more of the accounts could not be sent",
                self.slack.post(&part.message, thread).await.map(drop),
            ),
        };
        if let Err(error) = sent {
            warn!("{what}: {}", self.words(&error));
        }
    }

    async fn withdraw(&self, attempted_at: DateTime<Utc>) {
        if let Err(error) = self.store.withdraw(&self.run.id, attempted_at).await {
            warn!(
                "the next message calls this one a possible repeat, though it was refused: {}",
                self.words(&error)
            );
        }
    }

    /// Posts what is no alert, such as who is back; what is not posted is left for the next check.
    pub(super) async fn tell_aside(
        &self,
        parts: &[Part],
        what: &'static str,
    ) -> Result<(), CheckError> {
        if let Some(why) = self.tell(parts).await?.untold {
            warn!("{what} could not be posted: {why}");
        }
        Ok(())
    }

    /// Which accounts that were seen connected again are to be told, by message.
    pub(super) async fn recoveries(&self, context: &Context<'_>) -> Result<Vec<Part>, CheckError> {
        let setting = self.settings.common.alerts.recoveries;
        if setting == Recoveries::Off || self.announce() == Announce::Nothing {
            return Ok(Vec::new());
        }
        let mut threads = self.store.recoveries().await?;
        match setting {
            Recoveries::Channel => threads = message::merged(threads),
            // Of a message that is not known there is no thread.
            _ => threads.retain(|thread| thread.thread.is_some()),
        }
        Ok(message::reconnected(&threads, context))
    }

    /// What is told once a day, if it is time for that.
    pub(super) fn daily<'k>(
        &self,
        memory: &'k Memory,
        triage: &Triage,
        open: impl Iterator<Item = &'k Disconnection>,
    ) -> Option<Daily<'k>> {
        let now = self.run.started_at();
        let is_chronic = |account: &&Chronic| {
            account.told_at.is_some() && triage.held.binary_search(&account.account).is_err()
        };
        let chronic: Vec<&Chronic> = memory.chronic.iter().filter(is_chronic).collect();
        let remind_after = self.settings.common.alerts.remind_after;
        // An account that was told as chronic just now need not be told again before a day has passed.
        let first = chronic.iter().filter_map(|account| account.told_at).min();
        let last = memory
            .daily_at
            .max(first.filter(|_| remind_after.is_none()));
        // One of a clock that was ahead by more than that is none.
        let is_due = last.is_none_or(|last| (now - last).abs() >= DAY);
        if !is_due || self.announce() == Announce::Nothing {
            return None;
        }
        let folded = memory.folded + u64::try_from(triage.folded.len()).unwrap_or(u64::MAX);
        let reminder = remind_after.map(|after| {
            let is_old = |d: &&Disconnection| now - d.detected_at >= after;
            (after, open.filter(is_old).collect())
        });
        Some(Daily {
            chronic,
            folded,
            perhaps_told: memory.folded_perhaps_told,
            reminder,
        })
    }

    /// Tells that checks work again; when the sink took that. Whether they still do is not known to
    /// a run that has lost its lease.
    pub(super) async fn tell_recovery(&self, recovery: &Recovery) -> Option<DateTime<Utc>> {
        self.store.hold(&self.run.id).await.ok()?;
        let message = message::recovery(recovery, &self.run.id, self.run.started_at());
        self.post_notice(&self.slack, &message).await
    }
}
