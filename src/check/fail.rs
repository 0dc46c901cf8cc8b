//! What happens when a check fails: it is logged, told and recorded, and the lease is released.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::{debug, error, warn};

use super::{Check, CheckError, Ending};
use crate::domain::Outcome;
use crate::http::Sender;
use crate::slack::{self, Slack, message};
use crate::store::Failure;

/// How long telling of a failure may take, after the deadline if need be.
const FAILURE_GRACE: Duration = Duration::from_secs(30);

/// How long recording of it may take.
const RECORDING_GRACE: Duration = Duration::from_secs(15);

impl Check<'_> {
    /// Logs, tells and records that the check failed, and releases the lease.
    pub(super) async fn fail(&self, error: &CheckError) -> Ending {
        error!("{error}");
        if self.options.dry_run {
            return Ending::Failed;
        }
        let told = error.is_worth_telling() && self.tell_failure(error).await;
        let outcome = match (error, self.recorded.get()) {
            (CheckError::Short { told: before, .. }, _) if told || *before => Outcome::Short,
            // Cut off after it was recorded: what is on record is as it should be.
            (CheckError::Interrupted | CheckError::Deadline, Some(outcome)) => outcome,
            _ => Outcome::Failed,
        };
        let words = self.words(error);
        self.write_state(outcome, Some(&words), None);
        if self.leased.get() {
            self.record_failure(error, outcome, &words).await;
        }
        outcome.into()
    }

    async fn record_failure(&self, error: &CheckError, outcome: Outcome, words: &str) {
        let failure = Failure {
            run_id: &self.run.id,
            started_at: self.run.started_at,
            finished_at: self.run.now(),
            outcome,
            error: words,
        };
        match timeout(RECORDING_GRACE, self.store.fail(&failure)).await {
            Ok(Ok(())) => {}
            // The database has said what is wrong with it.
            Ok(Err(second)) if matches!(error, CheckError::Store(_)) => {
                debug!("the failed run could not be recorded: {second}");
            }
            Ok(Err(second)) => warn!("the failed run could not be recorded: {second}"),
            Err(_) => warn!("the failed run could not be recorded in time"),
        }
    }

    /// Posts the error message, within its own short time; whether Slack took it.
    pub(super) async fn tell_failure(&self, error: &CheckError) -> bool {
        let deadline = Instant::now() + FAILURE_GRACE;
        let policy = slack::policy(self.settings.policy);
        let server = &self.settings.slack.base_url;
        let redactor = self.settings.redactor.clone();
        let Ok(sender) = Sender::new(server, policy, deadline, redactor) else {
            return false;
        };
        let message = message::failure(&message::Failure {
            run_id: &self.run.id,
            checked_at: self.run.started_at,
            reason: &self.words(error),
            next: error.what_happens_next(self.recorded.get().is_some()),
        });
        match Slack::new(self.settings.slack.clone(), sender)
            .post(&message, None)
            .await
        {
            Ok(_) => true,
            Err(error) => {
                warn!("the error message could not be posted: {error}");
                false
            }
        }
    }
}
