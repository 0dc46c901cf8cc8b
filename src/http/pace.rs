//! When the next request may go: by the settings, by what the server says of its allowance, and by
//! what its refusals teach. Pure: the time is passed in.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// Requests are spaced this much wider than the limit asks, because the limit holds where they
/// arrive: at the default of 10 in 2 s one may be 28 ms slower on its way than the eleventh, which
/// may be sent 2 ms early. More would be dear: 10,000 accounts take 20 s as it is.
const SLACK: f64 = 1.015;

/// No refusal teaches a wider spacing: 60 requests a minute is the slowest limit that any source
/// has for Smartlead (<https://api.smartlead.ai/guides/rate-limits>), and what looks slower is a
/// window that others had used up.
const WIDEST_LESSON: Duration = Duration::from_secs(1);

/// A refusal after fewer requests than this may have come out of the blue, and so may one with a
/// pause that no limit explains; so it takes two of them to teach. Else one that says nothing of
/// the rate could slow a run until its deadline.
const FEW: u32 = 10;

/// At most `requests` in any window of `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a window.
    pub requests: NonZeroU32,
    /// Length of the window.
    pub period: Duration,
}

impl RateLimit {
    /// The time from one request to the next that keeps the limit. They are evenly spaced: a
    /// bucket that allows a burst would let twice the limit through in its first window.
    pub fn spacing(self) -> Duration {
        self.period
            .div_f64(f64::from(self.requests.get()))
            .mul_f64(SLACK)
    }
}

/// What a server says of its limit in the headers of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Requests left in its window.
    pub(super) remaining: u32,
    /// How long that window still lasts.
    pub(super) reset: Duration,
}

/// A request that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Refusals before it was sent.
    refusals: u64,
    /// Its place among those that were sent since, from 1.
    nth: u32,
    sent_at: Instant,
}

/// Requests sent without a refusal among them.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// When the first could be sent.
    began: Instant,
    requests: u32,
}

/// What may be sent before the server's window ends.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// The least that an answer has said of it. Answers may overtake each other.
    remaining: u32,
    /// What is left when those under way, which the server may not have counted, are counted.
    left: u32,
    ends: Instant,
}

/// The pace of the requests to one server.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    /// What is to wait for longer is not waited for.
    deadline: Instant,
    /// Nothing is sent before this moment: the server asked for a pause.
    hold: Option<Instant>,
    refusals: u64,
    /// The requests since the last refusal.
    stretch: Option<Stretch>,
    /// The requests before it.
    refused: Option<Stretch>,
    /// Whether the last refusal was so odd that it has not taught.
    is_in_doubt: bool,
    budget: Option<Budget>,
    /// The end of the last window that was used up, until an answer of the next is here.
    used_up: Option<Instant>,
    /// Whether the server's words on its allowance can be believed.
    is_believed: bool,
    /// Requests without an answer yet.
    in_flight: u32,
}

impl Pace {
    /// The pace of `limit`, until `deadline`.
    pub(super) fn new(limit: Option<RateLimit>, deadline: Instant) -> Self {
        Self {
            spacing: limit.map_or(Duration::ZERO, RateLimit::spacing),
            deadline,
            hold: None,
            refusals: 0,
            stretch: None,
            refused: None,
            is_in_doubt: false,
            budget: None,
            used_up: None,
            is_believed: true,
            in_flight: 0,
        }
    }

    /// The time from one request to the next; zero for no limit. It never shrinks.
    pub(super) fn spacing(&self) -> Duration {
        self.spacing
    }

    /// Until when nothing may be sent, unless an answer changes that; `None` if something may.
    pub(super) fn held_until(&mut self, now: Instant) -> Option<Instant> {
        self.hold = self.hold.filter(|until| *until > now);
        self.budget = self.budget.filter(|budget| budget.ends > now);
        let spent = self.budget.filter(|budget| budget.left == 0);
        self.hold.max(spent.map(|budget| budget.ends))
    }

    /// Sends a request, if one may be sent.
    pub(super) fn send(&mut self, now: Instant) -> Option<Ticket> {
        if self.held_until(now).is_some() {
            return None;
        }
        if let Some(budget) = &mut self.budget {
            budget.left = budget.left.saturating_sub(1);
        }
        self.in_flight += 1;
        let stretch = self.stretch.get_or_insert(Stretch {
            began: now,
            requests: 0,
        });
        stretch.requests += 1;
        Some(Ticket {
            refusals: self.refusals,
            nth: stretch.requests,
            sent_at: now,
        })
    }

    /// A request is no longer under way.
    pub(super) fn done(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The answer to a request, which is no longer under way, has this to say; `was_taken` says
    /// whether it was anything but a refusal. Gives the length of the pause, if one begins.
    pub(super) fn told(
        &mut self,
        ticket: Ticket,
        allowance: Allowance,
        was_taken: bool,
        now: Instant,
    ) -> Option<Duration> {
        let is_of_next = self.used_up.is_some_and(|end| ticket.sent_at >= end);
        if is_of_next && was_taken {
            // A window with room for one request is a wrong header, which would stall the run for
            // good. If it is true all the same, the server says so with a refusal.
            self.is_believed &= allowance.remaining > 0;
            self.used_up = None;
        }
        let ends = now + allowance.reset;
        if !self.is_believed {
            self.budget = None;
        }
        if !self.is_believed || ends >= self.deadline {
            return None;
        }
        let before = self.budget.filter(|budget| budget.ends > now);
        let remaining = before.map_or(u32::MAX, |budget| budget.remaining);
        let remaining = remaining.min(allowance.remaining);
        let budget = Budget {
            remaining,
            left: remaining.saturating_sub(self.in_flight),
            // The moment is told to the second and rounded up, so the earliest is the best.
            ends: before.map_or(ends, |budget| budget.ends.min(ends)),
        };
        self.budget = Some(budget);
        if remaining > 0 || self.in_flight > 0 || self.used_up.is_some_and(|end| end > now) {
            return None;
        }
        self.used_up = Some(budget.ends);
        Some(budget.ends - now)
    }

    /// The server refused a request for the rate and asked to send nothing before `until`. Gives
    /// the new spacing, if this has taught one.
    ///
    /// The rate it takes is what was sent since the last pause, over the time of that and of the
    /// new pause. Requests that were under way when the pause began belong to the same refusal.
    pub(super) fn refused(&mut self, ticket: Ticket, until: Instant) -> Option<Duration> {
        let hold = self.hold.map_or(until, |earlier| earlier.max(until));
        self.hold = Some(hold);
        if ticket.refusals != self.refusals {
            let unused = self
                .stretch
                .as_mut()
                .filter(|stretch| stretch.requests == 0);
            if let Some(stretch) = unused {
                stretch.began = hold;
            }
            return None;
        }
        self.refusals += 1;
        let requests = ticket.nth - 1;
        let stretch = self.stretch.filter(|_| requests > 0);
        let stretch = stretch.map(|stretch| Stretch {
            requests,
            ..stretch
        });
        // The first after a pause is refused: the pause was too short, so both are one.
        self.refused = stretch.or(self.refused);
        self.stretch = Some(Stretch {
            began: hold,
            requests: 0,
        });
        let is_odd = self.refused.is_none_or(|stretch| {
            let time = hold.saturating_duration_since(stretch.began);
            stretch.requests < FEW || time > 2 * WIDEST_LESSON * stretch.requests
        });
        self.is_in_doubt = is_odd && !self.is_in_doubt;
        match self.is_in_doubt {
            true => None,
            false => self.learn(hold),
        }
    }

    /// The spacing that the requests before the pause that ends at `until` teach.
    fn learn(&mut self, until: Instant) -> Option<Duration> {
        // Where the server says when its window ends, nothing has to be guessed.
        if self.budget.is_some_and(|budget| budget.remaining == 0) {
            return None;
        }
        let stretch = self.refused?;
        let time = until.saturating_duration_since(stretch.began);
        let spacing = time.div_f64(f64::from(stretch.requests));
        let spacing = spacing.min(WIDEST_LESSON).mul_f64(SLACK);
        if spacing <= self.spacing {
            return None;
        }
        self.spacing = spacing;
        Some(spacing)
    }
}

#[cfg(test)]
mod tests;
