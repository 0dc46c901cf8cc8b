//! The rate limit of the simulated Smartlead.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How a server limits the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Requests in a window.
    pub requests: u32,
    /// Length of the window.
    pub period: Duration,
    /// Which window it is.
    pub window: Window,
    /// Whether each answer says in headers what is left.
    pub is_told: bool,
}

/// The window in which requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// It begins with a request and then stands: at its end all is free again.
    Fixed,
    /// It always ends now.
    Sliding,
}

/// Counts requests. Those that it refuses do not count.
pub(super) struct Gate {
    limit: Limit,
    granted: VecDeque<Instant>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) granted: bool,
    /// Until there is room for another.
    pub(super) wait: Duration,
    remaining: usize,
    limit: Limit,
}

impl Gate {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            limit,
            granted: VecDeque::new(),
        }
    }

    pub(super) fn ask(&mut self, now: Instant) -> Word {
        let Limit {
            requests, period, ..
        } = self.limit;
        while let Some(first) = self.granted.front()
            && now.duration_since(*first) >= period
        {
            match self.limit.window {
                Window::Fixed => self.granted.clear(),
                Window::Sliding => drop(self.granted.pop_front()),
            }
        }
        let granted = self.granted.len() < requests as usize;
        if granted {
            self.granted.push_back(now);
        }
        let first = self.granted.front().copied().unwrap_or(now);
        Word {
            granted,
            wait: (first + period).saturating_duration_since(now),
            remaining: (requests as usize).saturating_sub(self.granted.len()),
            limit: self.limit,
        }
    }
}

impl Word {
    /// The headers of the answer; `Retry-After` is not one of them.
    pub(super) fn headers(self, now: SystemTime) -> Vec<(&'static str, String)> {
        if !self.limit.is_told {
            return Vec::new();
        }
        let reset = (now + self.wait)
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        vec![
            ("x-ratelimit-limit", self.limit.requests.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", whole_seconds(reset).to_string()),
        ]
    }
}

/// Rounded up, so that who waits so long is not early.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks at these seconds; gives which were granted.
    fn granted(window: Window, at: &[u64]) -> Vec<u64> {
        let mut gate = Gate::new(Limit {
            requests: 2,
            period: Duration::from_secs(10),
            window,
            is_told: true,
        });
        let start = Instant::now();
        let mut ask = |second: &u64| gate.ask(start + Duration::from_secs(*second)).granted;
        at.iter().copied().filter(|second| ask(second)).collect()
    }

    #[test]
    fn a_fixed_window_is_free_again_at_its_end() {
        assert_eq!(
            granted(Window::Fixed, &[0, 9, 9, 10, 10, 10, 19, 20]),
            [0, 9, 10, 10, 20]
        );
    }

    #[test]
    fn a_sliding_window_frees_one_for_each_that_leaves_it() {
        assert_eq!(
            granted(Window::Sliding, &[0, 9, 9, 10, 10, 18, 19, 20]),
            [0, 9, 10, 19, 20]
        );
    }

    #[test]
    fn the_headers_say_what_is_left_and_until_when() {
        let mut gate = Gate::new(Limit {
            requests: 2,
            period: Duration::from_secs(10),
            window: Window::Fixed,
            is_told: true,
        });
        let start = Instant::now();
        gate.ask(start);
        let word = gate.ask(start + Duration::from_millis(2_500));
        assert_eq!(word.wait, Duration::from_millis(7_500));
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let headers = word.headers(now).into_iter().map(|(_, value)| value);
        assert_eq!(headers.collect::<Vec<_>>(), ["2", "0", "1008"]);
    }
}
