//! What a fault is worth: another try, a wait, or nothing.
//!
//! Only this file names `backoff`, which has had no release since 2021 (RUSTSEC-2025-0012).

use std::time::Duration;

use backoff::backoff::Backoff as _;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

/// No delay between tries grows beyond this.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// Each delay is drawn from this much around its middle.
const JITTER: f64 = 0.25;

/// Why a try brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The server answered with another status than 2xx and 429.
    #[error("HTTP {code} ({message})")]
    Status {
        /// The status.
        code: u16,
        /// The server's words.
        message: String,
        /// How long it asked to wait before the next try.
        wait: Option<Duration>,
    },
    /// The server refused for the rate of requests.
    #[error("rate limited ({message})")]
    RateLimited {
        /// The server's words.
        message: String,
        /// How long it asked to wait.
        wait: Option<Duration>,
    },
    /// The server was not reached: name, connection or TLS. It has not seen the request.
    #[error("no connection ({0})")]
    Unsent(String),
    /// The connection was lost or the time ran out; the server may have seen the request.
    #[error("connection lost ({0})")]
    Broken(String),
    /// A 2xx whose body is not what was asked for.
    #[error("unusable answer ({0})")]
    Malformed(String),
    /// A 2xx that says the request was not acted on, and may be sent again.
    #[error("not taken ({0})")]
    NotTaken(String),
    /// There is no time left in the run.
    #[error("{what}")]
    Deadline {
        /// What there is no time for.
        what: String,
        /// Whether the server may have acted on the request.
        may_have_acted: bool,
    },
}

impl Fault {
    /// The least wait before the next try, if there is one: the one the server asked for.
    pub(super) fn wait(&self) -> Duration {
        match self {
            Self::Status { wait, .. } | Self::RateLimited { wait, .. } => wait.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    /// Whether the server may have acted on the request all the same. A status below 500 says that
    /// it was refused (RFC 9110, section 15.5), but for a time-out.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Status { code, .. } => *code == 408 || *code >= 500,
            Self::Broken(_) | Self::Malformed(_) => true,
            Self::RateLimited { .. } | Self::Unsent(_) | Self::NotTaken(_) => false,
            Self::Deadline { may_have_acted, .. } => *may_have_acted,
        }
    }

    /// The fault for which a further `wait` would pass the deadline of the run.
    pub(super) fn past_deadline(self, wait: Duration) -> Self {
        Self::Deadline {
            what: format!(
                "{self}; the next try is due in {:.1} s, after the deadline of the run",
                wait.as_secs_f32()
            ),
            may_have_acted: self.may_have_acted(),
        }
    }
}

/// A request that brought nothing, after all its tries.
#[derive(Debug, thiserror::Error)]
#[error("{fault}{}", tries(.attempts))]
pub struct SendError {
    /// The last fault.
    pub fault: Fault,
    /// Tries made.
    pub attempts: u32,
}

fn tries(attempts: &u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        n => format!(" after {n} attempts"),
    }
}

/// Whether a request may be sent again when the server may have acted on it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It reads; any number of times is the same.
    Safe,
    /// It acts; a second time would act twice.
    OnlyIfUnsent,
}

/// What to do after a fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    GiveUp,
    /// Try again after a back-off.
    Retry,
    /// Try again after the wait that the server asked for, else after a back-off. Nothing was
    /// done, so it does not count as a try.
    Wait(Option<Duration>),
}

/// What to do after `fault` ended the try number `attempts` of `max`.
pub(super) fn next(fault: &Fault, attempts: u32, max: u32, repeat: Repeat) -> Next {
    let worth_it = match fault {
        Fault::RateLimited { wait, .. } => return Next::Wait(*wait),
        Fault::Deadline { .. } => false,
        Fault::Unsent(_) | Fault::NotTaken(_) => true,
        Fault::Broken(_) | Fault::Malformed(_) => repeat == Repeat::Safe,
        Fault::Status { code, .. } => {
            repeat == Repeat::Safe && (*code == 408 || (500..=599).contains(code))
        }
    };
    if worth_it && attempts < max {
        Next::Retry
    } else {
        Next::GiveUp
    }
}

/// Growing delays with jitter.
pub(super) struct Backoff(ExponentialBackoff);

impl Backoff {
    pub(super) fn new(base: Duration) -> Self {
        Self(
            ExponentialBackoffBuilder::new()
                .with_initial_interval(base)
                .with_multiplier(2.0)
                .with_randomization_factor(JITTER)
                .with_max_interval(LONGEST_DELAY)
                .with_max_elapsed_time(None)
                .build(),
        )
    }

    pub(super) fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(LONGEST_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> Fault {
        Fault::Status {
            code,
            message: String::new(),
            wait: None,
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_is_final_is_not() {
        let retried = [500, 502, 503, 504, 599, 408].map(status);
        let unsure = [
            Fault::Broken(String::new()),
            Fault::Malformed(String::new()),
        ];
        for fault in retried.iter().chain(&unsure) {
            assert_eq!(next(fault, 1, 3, Repeat::Safe), Next::Retry, "{fault:?}");
            assert_eq!(
                next(fault, 1, 3, Repeat::OnlyIfUnsent),
                Next::GiveUp,
                "{fault:?}"
            );
        }
        for fault in [301, 400, 401, 403, 404, 409, 422].map(status) {
            assert_eq!(next(&fault, 1, 3, Repeat::Safe), Next::GiveUp, "{fault:?}");
        }
        let deadline = status(500).past_deadline(Duration::ZERO);
        assert_eq!(next(&deadline, 1, 3, Repeat::Safe), Next::GiveUp);
    }

    #[test]
    fn a_request_that_was_never_sent_is_repeated_whatever_it_does() {
        for fault in [Fault::Unsent(String::new()), Fault::NotTaken(String::new())] {
            for repeat in [Repeat::Safe, Repeat::OnlyIfUnsent] {
                assert_eq!(next(&fault, 1, 3, repeat), Next::Retry, "{fault:?}");
            }
        }
    }

    #[test]
    fn what_may_have_been_acted_on_is_known_also_past_the_deadline() {
        let limited = Fault::RateLimited {
            message: String::new(),
            wait: None,
        };
        for (fault, may) in [
            (status(500), true),
            (status(503), true),
            (status(408), true),
            (status(400), false),
            (status(404), false),
            (status(302), false),
            (limited, false),
            (Fault::Unsent(String::new()), false),
            (Fault::NotTaken(String::new()), false),
            (Fault::Broken(String::new()), true),
            (Fault::Malformed(String::new()), true),
        ] {
            assert_eq!(fault.may_have_acted(), may, "{fault:?}");
            let late = fault.past_deadline(Duration::from_secs(1));
            assert_eq!(late.may_have_acted(), may, "{late:?}");
        }
    }

    #[test]
    fn tries_end_at_the_maximum_but_waiting_is_not_a_try() {
        assert_eq!(next(&status(500), 2, 3, Repeat::Safe), Next::Retry);
        assert_eq!(next(&status(500), 3, 3, Repeat::Safe), Next::GiveUp);
        let wait = Some(Duration::from_secs(7));
        let limited = Fault::RateLimited {
            message: String::new(),
            wait,
        };
        assert_eq!(
            next(&limited, 99, 3, Repeat::OnlyIfUnsent),
            Next::Wait(wait)
        );
    }

    #[test]
    fn delays_double_within_their_jitter_and_stop_growing() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        for middle in [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            let delay = backoff.next().as_secs_f64();
            assert!(
                (middle * 0.749..=middle * 1.251).contains(&delay),
                "{delay} for {middle}"
            );
        }
    }
}
