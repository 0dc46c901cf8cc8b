//! Runs: their names and their ends.

use std::fmt;

use chrono::{DateTime, Utc};

/// The name of one run: its start in UTC and six hex digits, such as `20240120140500_abc123`.
///
/// Holds nothing but digits, an underscore and `a` to `f`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// A run that started at `started_at`; the low 24 bits of `random` tell runs of the same
    /// second apart.
    pub fn new(started_at: DateTime<Utc>, random: u32) -> Self {
        Self(format!(
            "{}_{:06x}",
            started_at.format("%Y%m%d%H%M%S"),
            random & 0x00ff_ffff
        ))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a run ended, as `check_runs` records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The listing was applied and everything was told.
    Complete,
    /// The listing was applied, but an alert is still untold.
    Untold,
    /// The run failed.
    Failed,
    /// Nothing was applied because the listing was suspiciously short, and the sink was told so.
    Short,
}

impl Outcome {
    /// The spelling used in the database and the state file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Untold => "untold",
            Self::Failed => "failed",
            Self::Short => "short",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_utc_start_and_six_hex_digits() {
        let start = "2024-01-20T14:05:00Z".parse().unwrap();
        assert_eq!(
            RunId::new(start, 0xffab_c123).as_str(),
            "20240120140500_abc123"
        );
        assert_eq!(RunId::new(start, 7).to_string(), "20240120140500_000007");
    }
}
