//! The identity and the clock of one run.

use std::cell::Cell;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use tokio::time::Instant;

use crate::domain::{RunId, in_order};

/// One run: its name, and its time. The wall clock is read once; what passes after that is
/// measured by the monotonic one, so that a clock that is set back in between does no harm.
#[derive(Debug)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    started_at: Cell<DateTime<Utc>>,
    began: Instant,
}

impl Run {
    /// A run that starts now, which is `started_at`; `random` tells runs of the same second apart.
    pub fn start(started_at: DateTime<Utc>, random: u32) -> Self {
        Self {
            id: RunId::new(started_at, random),
            started_at: Cell::new(started_at.trunc_subsecs(6)),
            began: Instant::now(),
        }
    }

    /// Its start, to the microsecond, which is what databases keep.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.started_at.get()
    }

    /// Has the run come after what was recorded under `last`, whatever the clock says. Its id keeps
    /// the time of the clock.
    pub fn put_after(&self, last: Option<DateTime<Utc>>) {
        self.started_at.set(in_order(self.started_at(), last));
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.started_at() + self.elapsed()).trunc_subsecs(6)
    }

    /// How long the run has lasted.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The moment at which the run has lasted `timeout`.
    pub fn deadline(&self, timeout: Duration) -> Instant {
        self.began + timeout
    }
}

/// Resolves when the process is asked to stop: Ctrl-C or, where there are such things, SIGTERM and
/// SIGHUP, which comes when the terminal is closed.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hang_up)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        ) {
            tokio::select! {
                Ok(()) = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
            return;
        }
    }
    // Where no handler can be installed, the signal ends the process by itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
