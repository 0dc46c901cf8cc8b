//! Whom a check tells about, and how it gets the alert out.

use tracing::info;

use super::Check;
use crate::domain::Disconnection;
use crate::slack::message::{self, Alert, Part};
use crate::store::Announce;

impl Check<'_> {
    /// What becomes of the announcements that are on record.
    pub(super) fn announce(&self) -> Announce {
        match (self.options.first_run, self.options.baseline) {
            (true, _) => Announce::All,
            (false, true) => Announce::Nothing,
            (false, false) => Announce::New,
        }
    }

    /// The open disconnections that this run has to tell about.
    pub(super) fn untold<'d>(
        &self,
        open: impl Iterator<Item = &'d Disconnection>,
    ) -> Vec<Disconnection> {
        let wanted = |d: &&Disconnection| match self.announce() {
            Announce::New => !d.told,
            Announce::All => !d.told || d.missed_listings == 0,
            Announce::Nothing => false,
        };
        open.filter(wanted).cloned().collect()
    }

    /// The messages of an alert about these disconnections.
    pub(super) fn alert(&self, untold: &[Disconnection], csv: &str) -> Vec<Part> {
        message::alert(&Alert {
            run_id: &self.run.id,
            checked_at: self.run.started_at,
            disconnections: untold,
            csv,
        })
    }

    /// Tells about disconnections, message by message; gives how many were told, and why not all.
    pub(super) async fn tell(
        &self,
        untold: &[Disconnection],
        csv: &str,
    ) -> (usize, Option<String>) {
        let mut told = 0;
        let mut thread = None;
        for part in self.alert(untold, csv) {
            let receipt = match self.slack.post(&part.message, thread.as_ref()).await {
                Ok(receipt) => receipt,
                Err(error) => return (told, Some(self.words(&error))),
            };
            let marked = self
                .store
                .mark_told(&self.run.id, &part.accounts, &receipt, self.run.now())
                .await;
            if let Err(error) = marked {
                let why = format!(
                    "an alert was posted but not marked as told, so it may repeat: {}",
                    self.words(&error)
                );
                return (told, Some(why));
            }
            let accounts = part.accounts.len();
            info!(
                accounts,
                channel = receipt.channel,
                ts = receipt.ts,
                "alert posted"
            );
            told += accounts;
            thread.get_or_insert(receipt);
        }
        (told, None)
    }
}
