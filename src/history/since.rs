//! How far to look back.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// As long as anything may be kept, see `RETENTION_DAYS`.
const FURTHEST: TimeDelta = TimeDelta::days(36_500);

/// How far to look back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long.
    Ago(TimeDelta),
    /// Until this day begins, in UTC.
    Day(NaiveDate),
}

/// Why it is not known how far to look back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSince {
    /// It is no length and no date.
    #[error("it is no length of time such as 12h, 30d or 2w, and no date such as 2026-11-01")]
    Form,
    /// It is too long ago.
    #[error("it is more than 100 years ago")]
    TooFar,
    /// It is yet to come.
    #[error("it lies in the future")]
    Future,
}

impl FromStr for Since {
    type Err = BadSince;

    fn from_str(text: &str) -> Result<Self, BadSince> {
        for (unit, hours) in [('h', 1), ('d', 24), ('w', 7 * 24)] {
            let Some(number) = text.strip_suffix(unit) else {
                continue;
            };
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(BadSince::Form);
            }
            // So many weeks are no overflow.
            let number: u32 = number.parse().map_err(|_| BadSince::TooFar)?;
            return Ok(Self::Ago(TimeDelta::hours(i64::from(number) * hours)));
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| BadSince::Form)?;
        // The parser takes other spellings, too.
        if day.to_string() == text {
            Ok(Self::Day(day))
        } else {
            Err(BadSince::Form)
        }
    }
}

impl Since {
    /// The moment it is at `now`.
    ///
    /// # Errors
    /// When it lies in the future, or more than 100 years ago.
    pub fn start(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, BadSince> {
        let start = match self {
            Self::Ago(length) => now.checked_sub_signed(length).ok_or(BadSince::TooFar)?,
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
        };
        if start > now {
            Err(BadSince::Future)
        } else if now - start > FURTHEST {
            Err(BadSince::TooFar)
        } else {
            Ok(start)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_dates_are_understood() {
        let now: DateTime<Utc> = "2026-11-21T14:05:00Z".parse().unwrap();
        for (text, start) in [
            ("12h", "2026-11-21T02:05:00Z"),
            ("30d", "2026-10-22T14:05:00Z"),
            ("2w", "2026-11-07T14:05:00Z"),
            ("0d", "2026-11-21T14:05:00Z"),
            ("007d", "2026-11-14T14:05:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("36500d", "1926-12-16T14:05:00Z"),
        ] {
            let since: Since = text.parse().unwrap();
            assert_eq!(since.start(now), Ok(start.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let now: DateTime<Utc> = "2026-11-21T14:05:00Z".parse().unwrap();
        let start = |text: &str| text.parse::<Since>()?.start(now);
        for text in [
            "",
            " ",
            "d",
            "30",
            "30 d",
            " 30d",
            "+3d",
            "-3d",
            "3.5d",
            "3m",
            "3D",
            "1d2h",
            "٣d",
            "日d",
            "yesterday",
            "2026-11",
            "2026-1-1",
            "2026-11-31",
            "2026-11-21T00:00:00Z",
            "21.11.2026",
            "+2026-11-01",
            " 2026-11-01",
        ] {
            assert_eq!(start(text), Err(BadSince::Form), "{text:?}");
        }
        for text in [
            "36501d",
            "99999999999999999999h",
            "4294967295w",
            "4294967296w",
            "0001-01-01",
            "-0001-01-01",
        ] {
            assert_eq!(start(text), Err(BadSince::TooFar), "{text:?}");
        }
        for text in ["2026-11-22", "9999-12-31"] {
            assert_eq!(start(text), Err(BadSince::Future), "{text:?}");
        }
    }
}
