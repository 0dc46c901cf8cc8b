//! Accounts that go down again and again: each is told as that once and then counted once a day,
//! until it has held.

use chrono::{DateTime, TimeDelta, Utc};

/// An account is chronic when it has gone down so many times …
pub const CYCLES: u32 = 3;

/// … within this time …
pub const WINDOW: TimeDelta = TimeDelta::days(7);

/// … until it has held for this long.
pub const HOLD: TimeDelta = TimeDelta::days(3);

/// An account that is chronic, or was until a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chronic {
    /// The source's stable key.
    pub account: i64,
    /// Its address, as last recorded.
    pub address: Option<String>,
    /// How often it went down within [`WINDOW`], not counting incidents.
    pub cycles: u32,
    /// When the sink took that it is chronic.
    pub told_at: Option<DateTime<Utc>>,
    /// Whether it is down.
    pub is_down: bool,
    /// When it was last resolved, if that is still on record.
    pub resolved_at: Option<DateTime<Utc>>,
}

impl Chronic {
    /// Whether it has held long enough at `now` to be an account like any other.
    pub fn has_held(&self, now: DateTime<Utc>) -> bool {
        let is_long_ago = |at: DateTime<Utc>| now - at >= HOLD;
        !self.is_down && self.resolved_at.is_none_or(is_long_ago)
    }
}
