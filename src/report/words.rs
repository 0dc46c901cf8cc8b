//! What page and charts say in words.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::numbers::grouped;
use super::{Check, Report};
use crate::domain::UNFINISHED;
use crate::domain::text::duration;
use crate::domain::trend::Day;

/// `21 Nov 2026`.
pub(super) fn date(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// `21 Nov`.
pub(super) fn day_month(date: NaiveDate) -> String {
    date.format("%-d %b").to_string()
}

/// `21 Nov 2026, 10:51`.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M").to_string()
}

/// How long ago something was.
pub(super) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match now - at {
        gone if gone < TimeDelta::minutes(1) => "just now".to_owned(),
        gone => short(gone) + " ago",
    }
}

/// A length of time in seconds, as people say it.
pub(super) fn length(seconds: i64) -> String {
    short(TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX))
}

/// A length of time in its two largest units, or in one: `2 d 7 h`, `8 h`.
pub(super) fn short(length: TimeDelta) -> String {
    let text = duration(length);
    let larger = text.strip_suffix(" 0 h").or(text.strip_suffix(" 0 min"));
    larger.map(str::to_owned).unwrap_or(text)
}

/// The sum of something over all days.
pub(super) fn sum(report: &Report, value: fn(&Day) -> u64) -> u64 {
    report.days.iter().map(value).fold(0, u64::saturating_add)
}

/// How many went down and came back in all days together.
pub(super) fn change(report: &Report) -> String {
    format!(
        "{} went down and {} came back{}.",
        grouped(sum(report, |day| day.disconnected)),
        grouped(sum(report, |day| day.reconnected)),
        span(report)
            .map(|span| format!(", {span}"))
            .unwrap_or_default()
    )
}

/// `1 Nov 2026 – 21 Nov 2026`.
pub(super) fn span(report: &Report) -> Option<String> {
    let (first, last) = report.days.first().zip(report.days.last())?;
    Some(format!("{} – {}", date(first.date), date(last.date)))
}

/// The most that were down at a time, and when they first were.
pub(super) fn peak(report: &Report) -> String {
    let mut latest_first = report.open_over_time.iter().rev();
    let first = latest_first.next();
    let peak = first.map(|first| {
        latest_first.fold(
            first,
            |most, sight| {
                if sight.open >= most.open { sight } else { most }
            },
        )
    });
    match peak {
        Some(peak) if peak.open > 0 => {
            format!(
                "The most were {}, on {}.",
                grouped(peak.open),
                moment(peak.at)
            )
        }
        Some(_) => "None was down.".to_owned(),
        None => "No check was complete.".to_owned(),
    }
}

/// The outcomes there are, with how many checks had them.
pub(super) fn counts(checks: &[Check]) -> impl Iterator<Item = (&'static str, usize)> {
    let outcomes = ["complete", "untold", "failed", "short", UNFINISHED].into_iter();
    let counts = outcomes.map(|outcome| {
        let checks = checks.iter().filter(|check| check.outcome == outcome);
        (outcome, checks.count())
    });
    counts.filter(|(_, count)| *count > 0)
}

/// `70 complete, 1 failed`.
pub(super) fn outcomes(checks: &[Check]) -> String {
    let words: Vec<String> = counts(checks)
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    words.join(", ")
}

/// A check on one line.
pub(super) fn check_line(check: &Check) -> String {
    let mut line = format!("{} UTC: {}", moment(check.started_at), check.outcome);
    if let (Some(down), Some(new)) = (check.disconnected, check.newly_disconnected) {
        line += &format!(", {} down, {} of them new", grouped(down), grouped(new));
    }
    if let Some(error) = &check.error {
        line += &format!(". {error}");
    }
    line
}
