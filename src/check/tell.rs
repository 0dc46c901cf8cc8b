//! Whom a check tells about, and how it gets the alert out.

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::{Check, CheckError};
use crate::domain::{Diff, Disconnection, Recovery, Telling, Told, Unannounced};
use crate::slack::message::{self, Alert, Part};
use crate::store::{Announce, Known, StoreError};

/// What a run has to tell.
pub(super) struct Untold<'a> {
    /// What is down.
    pub(super) disconnections: Vec<&'a Disconnection>,
    /// What is not any more.
    pub(super) unannounced: Unannounced,
}

impl Untold<'_> {
    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.disconnections.is_empty() && self.unannounced.count() == 0
    }
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

    /// What this run has to tell of what is open after `found`, and of what was resolved untold.
    pub(super) fn untold<'k>(&self, known: &'k Known, found: &'k Diff) -> Untold<'k> {
        let wanted = |d: &&Disconnection| match self.announce() {
            Announce::New => d.told != Told::Yes,
            Announce::All => d.told != Told::Yes || !found.is_missing(d),
            Announce::Nothing => false,
        };
        Untold {
            disconnections: found.open_after(&known.open).filter(wanted).collect(),
            unannounced: match self.announce() {
                Announce::Nothing => Unannounced::default(),
                Announce::New | Announce::All => known.unannounced + found.unannounced(),
            },
        }
    }

    /// The messages that tell this.
    pub(super) fn alert(&self, untold: &Untold<'_>, csv: &str) -> Vec<Part> {
        message::alert(&Alert {
            run_id: &self.run.id,
            checked_at: self.run.started_at(),
            disconnections: &untold.disconnections,
            unannounced: untold.unannounced,
            csv,
        })
    }

    /// Posts the messages of an alert; gives how many disconnections were told, and why not all.
    ///
    /// That a post begins is on record before it does, and that it ended, one way or the other,
    /// after: what lies between is what may be repeated, and is then marked as that.
    ///
    /// # Errors
    /// When the database fails in between.
    pub(super) async fn tell(&self, parts: &[Part]) -> Result<(usize, Option<String>), CheckError> {
        let mut told = 0;
        let mut thread = None;
        let mut attempted_at = self.run.now();
        if let Some(first) = parts.first() {
            let attempt = self
                .store
                .attempt(&self.run.id, &first.telling, attempted_at);
            match attempt.await {
                Err(lost @ StoreError::LeaseLost) => return Ok((0, Some(lost.to_string()))),
                attempted => attempted?,
            }
        }
        let nexts = parts.iter().skip(1).map(|part| Some(&part.telling));
        for (part, next) in parts.iter().zip(nexts.chain([None])) {
            let receipt = match self.slack.post(&part.message, thread.as_ref()).await {
                Ok(receipt) => receipt,
                Err(error) if error.may_have_posted() => {
                    let why = format!(
                        "{}. It may be in the channel all the same; the next message marks it as a possible repeat",
                        self.words(&error)
                    );
                    return Ok((told, Some(why)));
                }
                Err(error) => {
                    self.withdraw(attempted_at).await;
                    return Ok((told, Some(self.words(&error))));
                }
            };
            attempted_at = self.run.now();
            let marked =
                self.store
                    .mark_told(&self.run.id, &part.telling, &receipt, next, attempted_at);
            match marked.await {
                Ok(()) => {}
                Err(lost @ StoreError::LeaseLost) => {
                    let why = format!("an alert was posted, but not marked as told: {lost}");
                    return Ok((told, Some(why)));
                }
                Err(error) => return Err(CheckError::Unmarked(error)),
            }
            let Telling {
                accounts,
                others,
                unannounced,
            } = &part.telling;
            let accounts = accounts.len() + others;
            info!(
                accounts,
                unseen_recoveries = unannounced.then_some(true),
                channel = receipt.channel,
                ts = receipt.ts,
                "alert posted"
            );
            told += accounts;
            thread.get_or_insert(receipt);
        }
        Ok((told, None))
    }

    async fn withdraw(&self, attempted_at: DateTime<Utc>) {
        if let Err(error) = self.store.withdraw(&self.run.id, attempted_at).await {
            warn!(
                "the next message calls this one a possible repeat, though it was refused: {}",
                self.words(&error)
            );
        }
    }

    /// Tells that checks work again; when the sink took that. Whether they still do is not known to
    /// a run that has lost its lease.
    pub(super) async fn tell_recovery(&self, recovery: &Recovery) -> Option<DateTime<Utc>> {
        self.store.hold(&self.run.id).await.ok()?;
        let message = message::recovery(recovery, &self.run.id, self.run.started_at());
        self.post_notice(&self.slack, &message).await
    }
}
