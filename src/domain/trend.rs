//! How it went: what checks saw, check by check and day by day, and when nobody looked. Days are
//! those of UTC.

use std::ops::RangeInclusive;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::diff::Event;
use super::history::{History, PastRun};

/// Checks are meant to run once an hour; some that were started by hand are not a habit.
const USUAL: TimeDelta = TimeDelta::hours(1);

/// From so many runs it is told what is usual of late.
pub const RECENT: usize = 25;

/// An hourly check may start late, or one may have been missed, before that is worth a word.
const SOONEST: TimeDelta = TimeDelta::hours(2);

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Which.
    pub date: NaiveDate,
    /// Disconnections that were found.
    pub disconnected: u64,
    /// Disconnections that ended because both links were seen connected.
    pub reconnected: u64,
    /// Checks whose listing was applied.
    pub checks: u64,
    /// Disconnections that were open after the last of these checks.
    pub open: Option<u64>,
}

/// A length of time with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sight {
    /// When it looked.
    pub at: DateTime<Utc>,
    /// Disconnections that were open afterwards.
    pub open: u64,
}

/// The days from the first on record to today; the last of so many, and no fewer.
///
/// Counts come from the runs, which are kept for ever. Before the first of these there are only
/// the cycles that an earlier program left and that were not deleted since.
pub fn days(history: &History, now: DateTime<Utc>, many: RangeInclusive<u64>) -> Vec<Day> {
    let applied = || history.runs.iter().filter(|run| is_applied(run));
    let first_run = applied().map(|run| run.started_at).min();
    let is_earlier = |at: &DateTime<Utc>| first_run.is_none_or(|first| *at < first);
    let found = || {
        let found = history.cycles.iter();
        found
            .map(|cycle| cycle.disconnection.detected_at)
            .filter(is_earlier)
    };
    let ended = || {
        let ended = history.cycles.iter().filter_map(|cycle| cycle.end);
        ended
            .filter(|end| end.event == Some(Event::Reconnected))
            .map(|end| end.at)
            .filter(is_earlier)
    };
    let last = now.date_naive();
    let ago = |days: &u64| {
        let first = last.checked_sub_days(Days::new(days.saturating_sub(1)));
        first.unwrap_or(last)
    };
    let first = first_run.into_iter().chain(found()).chain(ended()).min();
    let first = first
        .map_or(last, |first| first.date_naive())
        .min(ago(many.start()))
        .max(ago(many.end()));
    let mut days: Vec<Day> = first
        .iter_days()
        .take_while(|date| *date <= last)
        .map(|date| Day {
            date,
            disconnected: 0,
            reconnected: 0,
            checks: 0,
            open: None,
        })
        .collect();
    let mut count = |at: DateTime<Utc>, add: &dyn Fn(&mut Day)| {
        let index = (at.date_naive() - first).num_days();
        let day = usize::try_from(index)
            .ok()
            .and_then(|index| days.get_mut(index));
        if let Some(day) = day {
            add(day);
        }
    };
    for run in applied() {
        count(run.started_at, &|day| {
            day.disconnected = day.disconnected.saturating_add(run.new.unwrap_or_default());
            day.reconnected = day
                .reconnected
                .saturating_add(run.reconnected.unwrap_or_default());
            day.checks += 1;
            // The last check of a day comes first.
            day.open = day.open.or(run.disconnected);
        });
    }
    found().for_each(|at| count(at, &|day| day.disconnected += 1));
    ended().for_each(|at| count(at, &|day| day.reconnected += 1));
    days
}

/// What checks saw from `from` on, the first first.
pub fn sights(runs: &[PastRun], from: DateTime<Utc>) -> Vec<Sight> {
    let mut sights: Vec<Sight> = runs
        .iter()
        .filter(|run| is_applied(run) && run.started_at >= from)
        .filter_map(|run| {
            let open = run.disconnected?;
            Some(Sight {
                at: run.started_at,
                open,
            })
        })
        .collect();
    sights.sort_by_key(|sight| sight.at);
    sights
}

/// The time that usually passes between two checks: the median, or an hour if that is less.
pub fn usual_interval(runs: &[PastRun]) -> TimeDelta {
    let starts = ascending(runs.iter());
    let mut intervals: Vec<TimeDelta> = pairs(&starts).map(|span| span.until - span.from).collect();
    intervals.sort_unstable();
    let median = intervals.get(intervals.len() / 2).copied();
    median.unwrap_or(USUAL).max(USUAL)
}

/// How long after the last of these runs, which comes first, the next is missing: one and a half
/// times what was usual of late, or two hours if that is less.
pub fn overdue_after(runs: &[PastRun]) -> TimeDelta {
    let recent = runs.get(..RECENT).unwrap_or(runs);
    (usual_interval(recent) * 3 / 2).max(SOONEST)
}

/// The times between `from` and `until` of which nothing is known: those before the first check
/// on record that applied its listing, and those between two of them, or after the last, that are
/// longer than one and a half times what is usual.
pub fn blind(runs: &[PastRun], from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Span> {
    let longest = usual_interval(runs) * 3 / 2;
    let mut looked = ascending(runs.iter().filter(|run| is_applied(run)));
    let before = Span {
        from,
        until: looked.first().copied().unwrap_or(until),
    };
    looked.push(until);
    let between = pairs(&looked).filter(|span| span.until - span.from > longest);
    std::iter::once(before)
        .chain(between)
        .map(|span| Span {
            from: span.from.max(from),
            until: span.until.min(until),
        })
        .filter(|span| span.from < span.until)
        .collect()
}

fn is_applied(run: &PastRun) -> bool {
    run.accounts.is_some()
}

fn ascending<'a>(runs: impl Iterator<Item = &'a PastRun>) -> Vec<DateTime<Utc>> {
    let mut starts: Vec<DateTime<Utc>> = runs.map(|run| run.started_at).collect();
    starts.sort_unstable();
    starts
}

fn pairs(times: &[DateTime<Utc>]) -> impl Iterator<Item = Span> {
    let ends = times.iter().skip(1);
    times.iter().zip(ends).map(|(from, until)| Span {
        from: *from,
        until: *until,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Cycle, Outcome, fixtures};
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    /// A check that found and closed so many; none if it failed.
    fn run(hours: i64, counts: Option<(u64, u64, u64)>) -> PastRun {
        PastRun {
            id: String::new(),
            started_at: at(hours),
            finished_at: None,
            outcome: match counts {
                Some(_) => Outcome::Complete,
                None => Outcome::Failed,
            },
            accounts: counts.map(|_| 100),
            disconnected: counts.map(|(_, _, open)| open),
            new: counts.map(|(new, _, _)| new),
            reconnected: counts.map(|(_, reconnected, _)| reconnected),
            error: None,
        }
    }

    fn cycle(from: i64, end: Option<(i64, Event)>) -> Cycle {
        fixtures::cycle(1, at(from), end.map(|(hours, event)| (at(hours), event)))
    }

    fn told(days: &[Day]) -> Vec<(u64, u64, u64, Option<u64>)> {
        let told = days
            .iter()
            .map(|day| (day.disconnected, day.reconnected, day.checks, day.open));
        told.collect()
    }

    #[test]
    fn runs_are_counted_by_the_day_and_what_was_before_them_by_cycles() {
        let history = History {
            cycles: vec![
                cycle(1, Some((5, Event::Reconnected))),
                cycle(2, Some((6, Event::Removed))),
                // Of this one the run of the second day tells.
                cycle(30, Some((80, Event::Reconnected))),
            ],
            runs: vec![
                run(80, Some((0, 1, 0))),
                run(79, None),
                run(31, Some((2, 1, 4))),
                run(30, Some((1, 0, 3))),
            ],
            ..History::default()
        };
        let days = days(&history, at(97), 1..=30);
        assert_eq!(days.first().unwrap().date, at(0).date_naive());
        assert_eq!(
            told(&days),
            [
                (2, 1, 0, None),
                (3, 1, 2, Some(4)),
                (0, 0, 0, None),
                (0, 1, 1, Some(0)),
                (0, 0, 0, None)
            ]
        );
    }

    #[test]
    fn only_the_last_days_are_counted_and_never_less_than_today() {
        let history = History {
            cycles: vec![cycle(-9999, None)],
            ..History::default()
        };
        assert_eq!(days(&history, at(50), 1..=2).len(), 2);
        assert_eq!(
            told(&days(&History::default(), at(50), 2..=3)),
            [(0, 0, 0, None); 2]
        );
        // A clock that was set back.
        let runs = vec![run(500, Some((u64::MAX, 1, 1))); 2];
        let history = History {
            runs,
            ..History::default()
        };
        assert_eq!(told(&days(&history, at(1), 1..=30)), [(0, 0, 0, None)]);
        assert_eq!(
            days(&history, at(501), 1..=30)[0].disconnected,
            u64::MAX,
            "no overflow"
        );
    }

    #[test]
    fn sights_are_those_of_checks_that_were_applied_in_order() {
        let runs = [
            run(3, Some((0, 0, 7))),
            run(2, None),
            run(1, Some((0, 0, 5))),
            run(0, Some((0, 0, 1))),
        ];
        let seen: Vec<(DateTime<Utc>, u64)> = sights(&runs, at(1))
            .iter()
            .map(|sight| (sight.at, sight.open))
            .collect();
        assert_eq!(seen, [(at(1), 5), (at(3), 7)]);
    }

    #[test]
    fn the_usual_interval_is_the_median_but_an_hour_at_least() {
        let runs: Vec<PastRun> = [24, 18, 12, 11, 6, 0].map(|hours| run(hours, None)).into();
        assert_eq!(usual_interval(&runs), TimeDelta::hours(6));
        let by_hand: Vec<PastRun> = [2, 1, 1, 1].map(|hours| run(hours, None)).into();
        assert_eq!(usual_interval(&by_hand), TimeDelta::hours(1));
        assert_eq!(usual_interval(&[]), TimeDelta::hours(1));
    }

    #[test]
    fn a_check_is_overdue_by_what_is_usual_of_late() {
        let every = |hours: i64, count: i64| -> Vec<PastRun> {
            (0..count).rev().map(|n| run(n * hours, None)).collect()
        };
        assert_eq!(overdue_after(&[]), TimeDelta::hours(2));
        assert_eq!(overdue_after(&every(1, 30)), TimeDelta::hours(2));
        assert_eq!(overdue_after(&every(4, 30)), TimeDelta::hours(6));
        // What was usual long ago is of no account.
        let mut changed = every(1, 25);
        changed.extend((1..100).map(|n| run(-24 * n, None)));
        assert_eq!(overdue_after(&changed), TimeDelta::hours(2));
    }

    #[test]
    fn nothing_is_known_before_the_first_check_and_while_none_is_applied() {
        let applied = |hours| run(hours, Some((0, 0, 0)));
        let runs = [
            applied(9),
            applied(8),
            run(7, None),
            run(6, None),
            applied(5),
            applied(4),
            run(3, None),
        ];
        let spans = |from, until| -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
            let spans = blind(&runs, at(from), at(until));
            spans.iter().map(|span| (span.from, span.until)).collect()
        };
        assert_eq!(spans(0, 10), [(at(0), at(4)), (at(5), at(8))]);
        assert_eq!(
            spans(6, 20),
            [(at(6), at(8)), (at(9), at(20))],
            "clipped, and after the last"
        );
        assert_eq!(
            blind(&[], at(0), at(1)),
            [Span {
                from: at(0),
                until: at(1)
            }]
        );
    }
}
