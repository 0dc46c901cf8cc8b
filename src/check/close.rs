//! The end of a check that was applied.

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::{Check, CheckError, Counts, Ending, Recorded};
use crate::domain::{Outcome, chronic};
use crate::state::{self, LastCheck};
use crate::store::{Finish, StoreError};

/// What a check that was applied has to say.
pub(super) struct Applied {
    pub(super) counts: Counts,
    pub(super) told: usize,
    /// Why an alert is untold.
    pub(super) untold: Option<String>,
    /// Why the audit trail is behind.
    pub(super) unaudited: Option<CheckError>,
    /// When the sink took word that checks work again.
    pub(super) recovery_told_at: Option<DateTime<Utc>>,
}

impl Check<'_> {
    /// Retention, state file, the end of the run, and one line that sums it up.
    pub(super) async fn close(&self, applied: Applied) -> Result<Ending, CheckError> {
        let unaudited = applied.unaudited.as_ref().map(|error| self.words(error));
        let outcome = match (&unaudited, &applied.untold) {
            (Some(_), _) => Outcome::Failed,
            (None, Some(_)) => Outcome::Untold,
            (None, None) => Outcome::Complete,
        };
        self.recorded.set(Recorded::Yes(outcome));
        let failure_told_at = match &applied.unaudited {
            Some(error) => self.tell_failure(error, outcome).await,
            None => None,
        };
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
                failure_told_at,
                recovery_told_at: applied.recovery_told_at,
                // What makes an account chronic has to be on record for as long as that looks back.
                keep_since: now - self.settings.common.retention.max(chronic::WINDOW),
            })
            .await;
        let kept = |why| format!("the alert is kept for the next run. {why}");
        let faults = applied
            .untold
            .as_ref()
            .map(kept)
            .into_iter()
            .chain(unaudited.clone());
        for fault in faults {
            // A database that fails is the fault that ends the run; the others follow from it.
            match &finished {
                Ok(_) | Err(StoreError::LeaseLost) => self.note_problem(&fault),
                Err(_) => warn!("{fault}"),
            }
        }
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
        self.watchers.note_counts(applied.counts);
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
        Ok(outcome.into())
    }

    pub(super) fn write_state(
        &self,
        outcome: Outcome,
        error: Option<&str>,
        counts: Option<Counts>,
    ) {
        let path = &self.settings.common.state_file;
        let written = state::write(
            path,
            &LastCheck {
                run_id: self.run.id.as_str(),
                started_at: self.run.started_at(),
                finished_at: Some(self.run.now()),
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
