//! What happens when a check fails: it is logged, told and recorded, and the lease is released.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};

use super::{Check, CheckError, Ending, Recorded};
use crate::domain::Outcome;
use crate::http::Sender;
use crate::slack::message::{self, Message};
use crate::slack::{self, Slack};
use crate::store::Failure;

/// How long telling of a failure may take, after the deadline if need be.
const FAILURE_GRACE: Duration = Duration::from_secs(30);

/// How long recording of it may take.
const RECORDING_GRACE: Duration = Duration::from_secs(15);

impl Check<'_> {
    /// Logs, tells and records that the check failed, and releases the lease.
    pub(super) async fn fail(&self, error: &CheckError) -> Ending {
        self.note_problem(error);
        if self.options.dry_run {
            return Ending::Failed;
        }
        let outcome = match (error, self.recorded.get()) {
            (CheckError::Short { .. }, _) => Outcome::Short,
            // What is on record is as it should be.
            (CheckError::Interrupted | CheckError::Deadline, Recorded::Yes(Outcome::Untold)) => {
                Outcome::Untold
            }
            _ => Outcome::Failed,
        };
        let told_at = if error.is_worth_telling() {
            self.tell_failure(error, outcome).await
        } else {
            None
        };
        let words = self.words(error);
        self.write_state(outcome, Some(&words), None);
        if self.leased.get() {
            let failure = Failure {
                run_id: &self.run.id,
                started_at: self.run.started_at(),
                finished_at: self.run.now(),
                outcome,
                error: &words,
                told_at,
            };
            self.record_failure(error, &failure).await;
        }
        outcome.into()
    }

    async fn record_failure(&self, error: &CheckError, failure: &Failure<'_>) {
        match timeout(RECORDING_GRACE, self.store.fail(failure)).await {
            Ok(Ok(())) => {}
            // The database has said what is wrong with it.
            Ok(Err(second)) if matches!(error, CheckError::Store(_) | CheckError::Unmarked(_)) => {
                debug!("the failed run could not be recorded: {second}");
            }
            Ok(Err(second)) => warn!("the failed run could not be recorded: {second}"),
            Err(_) => warn!("the failed run could not be recorded in time"),
        }
    }

    /// Posts the error message, within its own short time, unless Slack knows well enough that
    /// checks fail; when Slack took it.
    pub(super) async fn tell_failure(
        &self,
        error: &CheckError,
        outcome: Outcome,
    ) -> Option<DateTime<Utc>> {
        let failing = self.failing.get().cloned().unwrap_or_default();
        if !failing.is_due(outcome, self.run.now(), self.settings.common.error_reminder) {
            info!(
                failed_checks = failing.checks + 1,
                "the error was told before; the channel is not reminded yet"
            );
            return None;
        }
        let deadline = Instant::now() + FAILURE_GRACE;
        let policy = slack::policy(self.settings.common.policy);
        let server = &self.settings.slack.base_url;
        let redactor = self.settings.common.redactor.clone();
        let sender = Sender::new(server, policy, deadline, redactor).ok()?;
        let message = message::failure(&message::Failure {
            run_id: &self.run.id,
            checked_at: self.run.started_at(),
            reason: &self.words(error),
            next: error.what_happens_next(self.recorded.get()),
            failed_checks: failing.checks + 1,
            failing_since: failing.since.unwrap_or_else(|| self.run.started_at()),
            last_applied: failing.last_applied,
        });
        let slack = Slack::new(self.settings.slack.clone(), sender);
        self.post_notice(&slack, &message).await
    }

    /// Posts a message about the checks themselves; when Slack took it. What it may have taken
    /// counts as not taken: a second one is a lesser evil than hours of silence.
    pub(super) async fn post_notice(
        &self,
        slack: &Slack,
        message: &Message,
    ) -> Option<DateTime<Utc>> {
        match slack.post(message, None).await {
            Ok(_) => Some(self.run.now()),
            Err(error) => {
                let title = message.text.lines().next().unwrap_or_default();
                warn!("the message \"{title}\" could not be posted: {error}");
                None
            }
        }
    }
}
