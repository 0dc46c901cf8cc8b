//! How long a listing takes under the limit of requests: the arithmetic before the wait. Pure.

use std::fmt;
use std::time::Duration;

use crate::domain::text;
use crate::http::RateLimit;

/// Of a run's time, so much is for the listing; the rest is kept for recording and telling.
const LISTING_SHARE: f64 = 0.9;

/// The longest `RUN_TIMEOUT_SECS`, in seconds.
pub const LONGEST_RUN: u64 = 86_400;

/// Accounts a page can hold.
pub const LARGEST_PAGE: usize = 100;

/// Requests for the smallest listing: a page that is not full, which ends it, and the empty one that
/// proves that this is the end. Each full page is one more.
pub const FEWEST_REQUESTS: u64 = 2;

/// A request each so often is the least that Smartlead allows anybody
/// (<https://api.smartlead.ai/guides/rate-limits>); 60 a minute, and some more for the slack.
const SLOWEST_LIMIT: Duration = Duration::from_millis(1_050);

/// From here on one hourly check runs into the next.
const HOUR: u64 = 3_600;

/// How much of a run of `timeout` is for the listing.
pub fn listing_time(timeout: Duration) -> Duration {
    timeout.mul_f64(LISTING_SHARE)
}

/// The `RUN_TIMEOUT_SECS` that leaves `time` for the listing, in whole minutes.
pub fn run_for(time: Duration) -> u64 {
    // What is too large for the number becomes the largest one, which is not wrong here.
    let minutes = (time.as_secs_f64() / LISTING_SHARE / 60.0).ceil() as u64;
    minutes.saturating_mul(60)
}

/// The pace at which pages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// Accounts on each, at least 1.
    pub size: usize,
    /// The limit that is set; `None` for none.
    pub limit: Option<RateLimit>,
    /// The time from one to the next as it is, which may be more than the limit asks.
    pub spacing: Duration,
}

impl Pages {
    /// Pages at the pace of the settings.
    pub fn at(size: usize, limit: Option<RateLimit>) -> Self {
        let spacing = limit.map_or(Duration::ZERO, RateLimit::spacing);
        Self {
            size,
            limit,
            spacing,
        }
    }

    /// Requests for a listing of so many accounts, if none has to be sent again.
    pub fn requests(self, accounts: u64) -> u64 {
        let full = accounts.checked_div(as_u64(self.size)).unwrap_or(accounts);
        full.saturating_add(FEWEST_REQUESTS)
    }

    /// The least time for a listing of so many accounts.
    pub fn takes(self, accounts: u64) -> Duration {
        self.requests_take(self.requests(accounts))
    }

    /// The least time for so many requests: the first is sent at once.
    pub fn requests_take(self, requests: u64) -> Duration {
        if self.spacing.is_zero() {
            return Duration::ZERO;
        }
        let pauses = u32::try_from(requests.saturating_sub(1));
        pauses.map_or(Duration::MAX, |n| self.spacing.saturating_mul(n))
    }

    /// The most accounts that can be read in `time`: 0 if not even one, `None` if nothing but the
    /// server limits it.
    pub fn largest(self, time: Duration) -> Option<u64> {
        let requests = time.as_nanos().checked_div(self.spacing.as_nanos())?;
        let requests = u64::try_from(requests).map_or(u64::MAX, |n| n.saturating_add(1));
        // One account more would be another full page.
        let full = requests.saturating_sub(FEWEST_REQUESTS - 1);
        Some(full.saturating_mul(as_u64(self.size)).saturating_sub(1))
    }

    /// What is missing to read so many accounts, if anything is. Of a run of `timeout`, `left` is
    /// left for it.
    pub fn shortage(self, accounts: u64, timeout: Duration, left: Duration) -> Option<Shortage> {
        (self.takes(accounts) > left).then_some(Shortage {
            pages: self,
            accounts,
            timeout,
            left,
        })
    }

    /// The pace in words, such as `10 in 2 s`.
    pub fn pace(self) -> String {
        match self.limit {
            Some(limit) if limit.spacing() == self.spacing => {
                format!("{} in {} s", limit.requests, limit.period.as_secs_f64())
            }
            _ => format!("one in {:.3} s", self.spacing.as_secs_f64()),
        }
    }
}

/// A fleet that cannot be read in the time of a run. The text is the arithmetic and the setting to
/// change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    pages: Pages,
    accounts: u64,
    timeout: Duration,
    left: Duration,
}

impl Shortage {
    /// What is missing, as a sentence without its stop.
    pub fn arithmetic(&self) -> String {
        format!(
            "the last listing held {} accounts: {} requests at {} take {}, but RUN_TIMEOUT_SECS={} \
             leaves {} for the listing",
            text::grouped(self.accounts),
            text::grouped(self.pages.requests(self.accounts)),
            self.pages.pace(),
            text::time_needed(self.pages.takes(self.accounts)),
            self.timeout.as_secs(),
            text::time_left(self.left),
        )
    }

    /// What to do, as a sentence without its stop.
    pub fn remedy(&self) -> String {
        let fuller = Pages {
            size: LARGEST_PAGE,
            ..self.pages
        };
        if self.pages.size < fuller.size && fuller.takes(self.accounts) <= self.left {
            return format!("Set PAGE_SIZE={LARGEST_PAGE}");
        }
        let begun = listing_time(self.timeout).saturating_sub(self.left);
        let needed = fuller.takes(self.accounts).saturating_add(begun);
        let fuller = match self.pages.size < fuller.size {
            true => format!("Set PAGE_SIZE={LARGEST_PAGE}, and raise"),
            false => "Raise".to_owned(),
        };
        match run_for(needed) {
            seconds if seconds > LONGEST_RUN && self.pages.spacing > SLOWEST_LIMIT => {
                "No run is long enough: raise RATE_LIMIT_REQUESTS, to what your plan at Smartlead allows"
                    .to_owned()
            }
            seconds if seconds > LONGEST_RUN => {
                "No run is long enough: have Smartlead raise its limit, and RATE_LIMIT_REQUESTS with it"
                    .to_owned()
            }
            seconds if seconds >= HOUR => format!(
                "{fuller} RUN_TIMEOUT_SECS to {seconds} or more, and the limit and the interval of \
                 whatever starts monitor with it"
            ),
            seconds => format!(
                "{fuller} RUN_TIMEOUT_SECS to {seconds} or more, and the limit of whatever starts \
                 monitor with it"
            ),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.arithmetic(), self.remedy())
    }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn limit(requests: u32, seconds: u64) -> Option<RateLimit> {
        Some(RateLimit {
            requests: NonZeroU32::new(requests).unwrap(),
            period: Duration::from_secs(seconds),
        })
    }

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_listing_is_its_full_pages_and_two_that_prove_its_end() {
        let pages = Pages::at(100, limit(10, 2));
        for (accounts, requests) in [
            (0, 2),
            (1, 2),
            (99, 2),
            (100, 3),
            (101, 3),
            (100_000, 1_002),
        ] {
            assert_eq!(pages.requests(accounts), requests, "{accounts}");
        }
        assert_eq!(pages.takes(10_000), secs(0.203 * 101.0));
        assert_eq!(pages.takes(u64::MAX), Duration::MAX);
        assert_eq!(Pages::at(100, None).takes(u64::MAX), Duration::ZERO);
    }

    #[test]
    fn the_largest_fleet_fits_and_one_account_more_does_not() {
        for (size, limit, timeout) in [
            (100, limit(10, 2), 540),
            (1, limit(10, 2), 540),
            (100, limit(1, 2), 3_600),
            (7, limit(3, 7), 1_234),
        ] {
            let (pages, timeout) = (Pages::at(size, limit), Duration::from_secs(timeout));
            let time = listing_time(timeout);
            let largest = pages.largest(time).unwrap();
            assert_eq!(pages.shortage(largest, timeout, time), None);
            assert!(pages.shortage(largest + 1, timeout, time).is_some());
        }
        let largest = |limit, time| Pages::at(100, limit).largest(secs(time));
        assert_eq!(largest(limit(10, 2), 486.0), Some(239_399));
        assert_eq!(largest(limit(1, 10), 30.0), Some(199));
        assert_eq!(largest(limit(1, 10), 10.0), Some(0));
        assert_eq!(largest(None, 486.0), None);
    }

    #[test]
    fn what_is_missing_is_told_with_the_arithmetic() {
        let pages = Pages::at(100, limit(10, 2));
        let timeout = Duration::from_secs(120);
        let shortage = pages.shortage(100_000, timeout, secs(108.0)).unwrap();
        assert_eq!(
            shortage.to_string(),
            "the last listing held 100,000 accounts: 1,002 requests at 10 in 2 s take 3 min 24 s, \
             but RUN_TIMEOUT_SECS=120 leaves 1 min 48 s for the listing. Raise RUN_TIMEOUT_SECS to \
             240 or more, and the limit of whatever starts monitor with it"
        );
        let slower = Pages {
            spacing: secs(1.02),
            ..pages
        };
        let shortage = slower.shortage(100_000, timeout, secs(107.6)).unwrap();
        let text = shortage.to_string();
        assert!(text.contains("at one in 1.020 s take 17 min 2 s"), "{text}");
        assert!(text.contains("leaves 1 min 48 s"), "{text}");
    }

    #[test]
    fn the_remedy_is_one_that_works() {
        for (size, accounts, limit, words) in [
            (10, 20_000, limit(10, 2), "Set PAGE_SIZE=100."),
            (
                10,
                60_000,
                limit(10, 2),
                "Set PAGE_SIZE=100, and raise RUN_TIMEOUT_SECS to 180 or more",
            ),
            (
                100,
                1_000_000,
                limit(10, 2),
                "Raise RUN_TIMEOUT_SECS to 2280 or more, and the limit of",
            ),
            (
                100,
                400_000,
                limit(1, 1),
                "Raise RUN_TIMEOUT_SECS to 4560 or more, and the limit and the interval of",
            ),
            (100, 10_000_000, limit(1, 1), "No run is long enough"),
            (
                100,
                u64::MAX,
                limit(1, 1),
                "No run is long enough: have Smartlead",
            ),
            (
                100,
                10_000_000,
                limit(1, 60),
                "No run is long enough: raise RATE_LIMIT_REQUESTS",
            ),
        ] {
            let (pages, timeout) = (Pages::at(size, limit), Duration::from_secs(60));
            let shortage = pages.shortage(accounts, timeout, secs(50.0)).unwrap();
            let remedy = format!("{}.", shortage.remedy());
            assert!(remedy.starts_with(words), "{remedy}");
        }
    }
}
