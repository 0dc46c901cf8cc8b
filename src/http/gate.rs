//! Where requests wait for their turn.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::pace::{Allowance, Pace, RateLimit, Ticket};

/// A request is so many cells of the limiter, and may be a cell early. So a timer that wakes a little
/// late, as all do, puts off one request and not all that come after it: of 102 requests that
/// was a sixth of a second. A cell is less than the slack of a single request, so that the limit
/// holds also where it is one request.
const CELLS: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Lets requests through one by one.
pub(super) struct Gate {
    /// Behind a lock that serves in the order of asking: were a later page to overtake an earlier
    /// one, the window of pages in flight would wait for it.
    limiter: tokio::sync::Mutex<Limiter>,
    pace: Mutex<Pace>,
    /// An answer may have ended a wait.
    answered: Notify,
}

/// A request on its way, until this is dropped.
pub(super) struct Passage<'a> {
    gate: &'a Gate,
    /// What it was sent as.
    pub(super) ticket: Ticket,
}

impl Gate {
    /// Keeps `limit`. What the server asks for that goes beyond `deadline` is not waited for.
    pub(super) fn new(limit: Option<RateLimit>, deadline: Instant) -> Self {
        let pace = Pace::new(limit, deadline);
        Self {
            limiter: tokio::sync::Mutex::new(Limiter::new(pace.spacing())),
            pace: Mutex::new(pace),
            answered: Notify::new(),
        }
    }

    /// Returns when a request may be sent: after any pause the server asked for, and in pace.
    pub(super) async fn pass(&self) -> Passage<'_> {
        let mut limiter = self.limiter.lock().await;
        loop {
            while let Some(until) = self.pace(|pace| pace.held_until(Instant::now())) {
                tokio::select! {
                    () = sleep_until(until) => {}
                    () = self.answered.notified() => {}
                }
            }
            limiter.ready(self.spacing()).await;
            if let Some(ticket) = self.pace(|pace| pace.send(Instant::now())) {
                return Passage { gate: self, ticket };
            }
        }
    }

    /// The time from one request to the next; zero for no limit.
    pub(super) fn spacing(&self) -> Duration {
        self.pace(|pace| pace.spacing())
    }

    /// As [`Pace::refused`].
    pub(super) fn refused(&self, ticket: Ticket, until: Instant) -> Option<Duration> {
        self.pace(|pace| pace.refused(ticket, until))
    }

    fn pace<T>(&self, with: impl FnOnce(&mut Pace) -> T) -> T {
        with(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Passage<'_> {
    /// The answer is here, and has this to say. As [`Pace::told`].
    pub(super) fn answered(
        self,
        allowance: Option<Allowance>,
        was_taken: bool,
    ) -> Option<Duration> {
        let (gate, ticket) = (self.gate, self.ticket);
        drop(self);
        let pause = gate.pace(|pace| pace.told(ticket, allowance?, was_taken, Instant::now()));
        gate.answered.notify_one();
        pause
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.gate.pace(Pace::done);
    }
}

/// Evenly spaced requests, each at most a hundredth of the spacing early.
struct Limiter {
    spacing: Duration,
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Limiter {
    fn new(spacing: Duration) -> Self {
        let quota = Quota::with_period(spacing / CELLS.get());
        let quota = quota.map(|quota| quota.allow_burst(CELLS.saturating_add(1)));
        Self {
            spacing,
            limiter: quota.map(RateLimiter::direct),
        }
    }

    /// Returns a `spacing` after the last time, as nearly as a timer can.
    async fn ready(&mut self, spacing: Duration) {
        if spacing != self.spacing {
            *self = Self::new(spacing);
            // The new one has not seen the last request, which may have been a moment ago.
            if let Some(limiter) = &self.limiter {
                let _ = limiter.check_n(CELLS);
            }
        }
        if let Some(limiter) = &self.limiter {
            // It fails for more cells than may come at once, which these are not.
            let _ = limiter.until_n_ready(CELLS).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_though_a_request_may_be_a_cell_early() {
        for requests in [1, 2, 10, 10_000] {
            let period = Duration::from_secs(2);
            let requests = NonZeroU32::new(requests).unwrap();
            let spacing = RateLimit { requests, period }.spacing();
            let closest = spacing * requests.get() - spacing / CELLS.get();
            assert!(closest > period, "{closest:?} for {requests}");
        }
    }
}
