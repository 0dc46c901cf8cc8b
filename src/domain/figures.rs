//! Figures about cycles: who is down most, how long, and by what.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::cause::Class;
use super::diff::Event;
use super::disconnection::Disconnection;
use super::history::Cycle;

/// What stands for a value that an account does not have.
pub const NONE: &str = "(none)";

/// What disconnections may be counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Which links fail.
    Kind,
    /// Why, by the id of the class.
    Cause,
    /// The provider type.
    AccountType,
    /// What follows the `@` of the address, in lower case.
    SendingDomain,
    /// Each tag; an account may have several.
    Tag,
    /// The agency's client.
    Client,
}

impl Dimension {
    /// The values of a disconnection, at least one; [`NONE`] where the account has none.
    pub fn values(self, disconnection: &Disconnection) -> Vec<String> {
        let mailbox = &disconnection.mailbox;
        let one = match self {
            Self::Kind => Some(disconnection.kind.as_str().to_owned()),
            Self::Cause => Some(disconnection.cause.as_str().to_owned()),
            Self::AccountType => mailbox.account_type.as_deref().map(str::to_owned),
            Self::SendingDomain => mailbox.domain().map(Cow::into_owned),
            Self::Client => mailbox.client_id.map(|id| id.to_string()),
            Self::Tag => {
                let tags: Vec<String> = mailbox.tag_names().map(str::to_owned).collect();
                if !tags.is_empty() {
                    return tags;
                }
                None
            }
        };
        vec![
            one.filter(|value| !value.is_empty())
                .unwrap_or_else(|| NONE.to_owned()),
        ]
    }

    /// One of its values for people.
    pub fn in_words(self, value: &str) -> &str {
        match self {
            Self::Cause => value.parse().map_or(value, |class: Class| class.words()),
            _ => value,
        }
    }
}

/// How many disconnections have a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The value.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// Counts disconnections by a dimension, the most frequent value first.
pub fn count_by<'a>(
    dimension: Dimension,
    disconnections: impl IntoIterator<Item = &'a Disconnection>,
) -> Vec<Count> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in disconnections
        .into_iter()
        .flat_map(|disconnection| dimension.values(disconnection))
    {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<Count> = counts
        .into_iter()
        .map(|(name, count)| Count { name, count })
        .collect();
    // Stable, so that equals stay in the order of their names.
    counts.sort_by_key(|count| Reverse(count.count));
    counts
}

/// An account that went down again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chronic<'a> {
    /// Its last cycle.
    pub last: &'a Cycle,
    /// How many cycles it has.
    pub cycles: usize,
    /// How long it was down in all of them.
    pub down: TimeDelta,
}

/// The accounts with two cycles or more among these, which are in the order of their beginning;
/// the most frequent first, and of equals the one that was down the longest. Cycles whose end is not
/// known are left out: they may be doubles that the Python version made.
pub fn chronic(cycles: &[Cycle], now: DateTime<Utc>) -> Vec<Chronic<'_>> {
    let mut accounts: BTreeMap<i64, Chronic<'_>> = BTreeMap::new();
    for cycle in cycles.iter().filter(|cycle| !cycle.has_unknown_end()) {
        let account = accounts
            .entry(cycle.disconnection.mailbox.id)
            .or_insert(Chronic {
                last: cycle,
                cycles: 0,
                down: TimeDelta::zero(),
            });
        account.last = cycle;
        account.cycles += 1;
        account.down = sum([account.down, cycle.duration(now)]);
    }
    let mut chronic: Vec<Chronic<'_>> = accounts
        .into_values()
        .filter(|account| account.cycles > 1)
        .collect();
    chronic.sort_by_key(|account| Reverse((account.cycles, account.down)));
    chronic
}

/// How long it took until accounts were seen connected again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeToReconnect {
    /// Of so many cycles.
    pub cycles: usize,
    /// The arithmetic mean.
    pub mean: TimeDelta,
    /// Half of them took no longer; of an even number the lower of the two in the middle.
    pub median: TimeDelta,
}

/// Measures the cycles that ended because both links were seen connected; `None` if there are none.
pub fn time_to_reconnect(cycles: &[Cycle]) -> Option<TimeToReconnect> {
    let mut lengths: Vec<TimeDelta> = cycles
        .iter()
        .filter_map(|cycle| {
            let end = cycle
                .end
                .filter(|end| end.event == Some(Event::Reconnected))?;
            Some(cycle.duration(end.at))
        })
        .collect();
    lengths.sort_unstable();
    let count = i32::try_from(lengths.len()).ok()?;
    let middle = lengths.len().checked_sub(1)? / 2;
    Some(TimeToReconnect {
        cycles: lengths.len(),
        mean: sum(lengths.iter().copied()) / count,
        median: lengths.get(middle).copied()?,
    })
}

/// Where the classes of [`durations`] begin, in hours.
const CLASSES: [i64; 8] = [0, 1, 3, 6, 12, 24, 72, 168];

/// How many disconnections lasted about so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationClass {
    /// At least so long.
    pub from: TimeDelta,
    /// Less than so long; none for the last class.
    pub until: Option<TimeDelta>,
    /// Those that ended because both links were seen connected.
    pub reconnected: usize,
    /// Those that are open, by how long they have been.
    pub open: usize,
}

/// Sorts cycles by how long they lasted, the shortest class first: under 1 h, 3 h, 6 h, 12 h, 24 h,
/// 3 d, 7 d, and more. Cycles that ended because the account was removed tell nothing, nor do
/// those whose end is not known.
pub fn durations(cycles: &[Cycle], now: DateTime<Utc>) -> Vec<DurationClass> {
    let ends = CLASSES.iter().skip(1).copied().map(TimeDelta::hours);
    let mut classes: Vec<DurationClass> = CLASSES
        .iter()
        .zip(ends.map(Some).chain([None]))
        .map(|(from, until)| DurationClass {
            from: TimeDelta::hours(*from),
            until,
            reconnected: 0,
            open: 0,
        })
        .collect();
    for cycle in cycles {
        let length = cycle.duration(now);
        let class = classes.iter_mut().rfind(|class| class.from <= length);
        match (class, cycle.end.map(|end| end.event)) {
            (Some(class), None) => class.open += 1,
            (Some(class), Some(Some(Event::Reconnected))) => class.reconnected += 1,
            _ => {}
        }
    }
    classes
}

/// The sum, or the longest time there is: a row that somebody made by hand may span any.
fn sum(lengths: impl IntoIterator<Item = TimeDelta>) -> TimeDelta {
    lengths.into_iter().fold(TimeDelta::zero(), |sum, length| {
        sum.checked_add(&length).unwrap_or(TimeDelta::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Disconnection, End, Kind, fixtures};
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn cycle(id: i64, from: i64, end: Option<(i64, Event)>) -> Cycle {
        fixtures::cycle(id, at(from), end.map(|(hours, event)| (at(hours), event)))
    }

    #[test]
    fn values_are_counted_the_most_frequent_first() {
        let mut down: Vec<Disconnection> =
            (1..=4).map(|id| cycle(id, 0, None).disconnection).collect();
        down[0].mailbox.tags = "warm, pool-1".into();
        down[1].mailbox.tags = "pool-1".into();
        down[1].mailbox.address = Some("a@B.example".into());
        down[2].mailbox.address = Some("no address".into());
        down[3].kind = Kind::Both;
        let count = |dimension| -> Vec<(String, usize)> {
            let counts = count_by(dimension, &down);
            counts.into_iter().map(|c| (c.name, c.count)).collect()
        };
        let named = |counts: &[(&str, usize)]| -> Vec<(String, usize)> {
            counts.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect()
        };
        assert_eq!(
            count(Dimension::Tag),
            named(&[(NONE, 2), ("pool-1", 2), ("warm", 1)])
        );
        assert_eq!(
            count(Dimension::SendingDomain),
            named(&[(NONE, 3), ("b.example", 1)])
        );
        assert_eq!(count(Dimension::Kind), named(&[("SMTP", 3), ("BOTH", 1)]));
        assert_eq!(count(Dimension::Client), named(&[(NONE, 4)]));
        down[1].cause = Class::QuotaFull;
        let counts = count_by(Dimension::Cause, &down);
        let causes: Vec<(&str, &str, usize)> = counts
            .iter()
            .map(|c| (&*c.name, Dimension::Cause.in_words(&c.name), c.count))
            .collect();
        assert_eq!(
            causes,
            [
                ("unknown", "cause not known", 3),
                ("quota_full", "mailbox full", 1)
            ]
        );
    }

    #[test]
    fn who_goes_down_again_and_again_is_chronic() {
        let cycles = [
            cycle(1, 0, Some((1, Event::Reconnected))),
            cycle(2, 0, Some((9, Event::Reconnected))),
            cycle(3, 0, Some((9, Event::Reconnected))),
            cycle(1, 5, Some((6, Event::Reconnected))),
            cycle(3, 10, None),
        ];
        let found: Vec<(i64, usize, i64)> = chronic(&cycles, at(12))
            .iter()
            .map(|c| {
                (
                    c.last.disconnection.mailbox.id,
                    c.cycles,
                    c.down.num_hours(),
                )
            })
            .collect();
        assert_eq!(found, [(3, 2, 11), (1, 2, 2)]);
    }

    #[test]
    fn times_without_end_do_not_overflow() {
        let mut long = cycle(1, 0, Some((0, Event::Reconnected)));
        long.disconnection.detected_at = DateTime::<Utc>::MIN_UTC;
        long.end = Some(End {
            at: DateTime::<Utc>::MAX_UTC,
            event: Some(Event::Reconnected),
        });
        let cycles = vec![long; 1_000];
        assert_eq!(chronic(&cycles, at(0))[0].down, TimeDelta::MAX);
        assert!(time_to_reconnect(&cycles).is_some());
    }

    #[test]
    fn only_what_was_seen_connected_counts_as_reconnected() {
        let mut cycles = vec![
            cycle(1, 0, Some((1, Event::Reconnected))),
            cycle(2, 0, Some((2, Event::Reconnected))),
            cycle(3, 0, Some((9, Event::Reconnected))),
            cycle(4, 0, Some((99, Event::Removed))),
            cycle(5, 0, None),
        ];
        let time = time_to_reconnect(&cycles).unwrap();
        assert_eq!(
            (time.cycles, time.mean.num_hours(), time.median.num_hours()),
            (3, 4, 2)
        );
        // A clock that was set back.
        cycles[0].end = Some(End {
            at: at(-5),
            event: Some(Event::Reconnected),
        });
        assert_eq!(
            time_to_reconnect(&cycles[..1]).unwrap().mean,
            TimeDelta::zero()
        );
        assert_eq!(time_to_reconnect(&cycles[3..]), None);
    }

    #[test]
    fn a_cycle_whose_end_is_not_known_counts_nowhere() {
        let mut unknown = cycle(1, 0, None);
        unknown.end = Some(End {
            at: at(0),
            event: None,
        });
        let cycles = [unknown, cycle(1, 0, Some((4, Event::Reconnected)))];
        let time = time_to_reconnect(&cycles).unwrap();
        assert_eq!((time.cycles, time.median.num_hours()), (1, 4));
        assert!(chronic(&cycles, at(9)).is_empty());
        let classes = durations(&cycles, at(9));
        let counted: usize = classes.iter().map(|c| c.reconnected + c.open).sum();
        assert_eq!(counted, 1);
    }

    #[test]
    fn durations_fall_into_classes_that_leave_no_gap() {
        let cycles = [
            cycle(1, 0, Some((0, Event::Reconnected))),
            cycle(2, 0, Some((1, Event::Reconnected))),
            cycle(3, 0, Some((2, Event::Reconnected))),
            cycle(4, 0, Some((2, Event::Removed))),
            cycle(5, 0, Some((9_999, Event::Reconnected))),
            // A clock that was set back.
            cycle(6, 5, Some((0, Event::Reconnected))),
            cycle(7, 0, None),
        ];
        let classes = durations(&cycles, at(80));
        let counts: Vec<(usize, usize)> = classes
            .iter()
            .map(|class| (class.reconnected, class.open))
            .collect();
        assert_eq!(
            counts,
            [
                (2, 0),
                (2, 0),
                (0, 0),
                (0, 0),
                (0, 0),
                (0, 0),
                (0, 1),
                (1, 0)
            ]
        );
        let next = classes.iter().skip(1).map(|class| Some(class.from));
        assert!(
            next.chain([None])
                .eq(classes.iter().map(|class| class.until))
        );
    }
}
