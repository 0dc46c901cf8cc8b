//! The charts that run along the days.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use maud::{Markup, html};

use super::Report;
use super::charts::{HEIGHT, TOP, axis_name, block, grid_line, label};
use super::numbers::{compact, counted, grouped, percent, place, share, step, ticks};
use super::words::{change, date, day_month, peak};
use crate::domain::trend::{Day, Sight, Span};

/// The units across a drawing that stretches.
const ACROSS: f64 = 1_000.0;

/// Whole days along the bottom of a chart.
struct Axis<'a> {
    days: &'a [Day],
    from: DateTime<Utc>,
    length: TimeDelta,
}

impl<'a> Axis<'a> {
    fn of(report: &'a Report) -> Self {
        let days = &report.days;
        let start = |day: &Day| day.date.and_time(NaiveTime::MIN).and_utc();
        let from = days.first().map_or(report.since, start);
        let count = u64::try_from(days.len()).unwrap_or_default();
        let until = from.checked_add_days(Days::new(count));
        let length = until.map_or(TimeDelta::zero(), |until| until - from);
        Self { days, from, length }
    }

    /// How far along a moment is, in `scale`ths.
    fn at(&self, at: DateTime<Utc>, scale: f64) -> f64 {
        let gone = (at - self.from).clamp(TimeDelta::zero(), self.length);
        let [gone, all] = [gone, self.length].map(|span| u64::try_from(span.num_seconds()));
        share(gone.unwrap_or_default(), all.unwrap_or_default(), scale)
    }

    /// The width of a day in percent.
    fn slot(&self) -> f64 {
        100.0 / self.days.len().max(1) as f64
    }

    /// The days with the places where they begin, in percent.
    fn slots(&self) -> impl Iterator<Item = (&Day, f64)> {
        let slot = self.slot();
        self.days
            .iter()
            .zip((0..).map(move |index| f64::from(index) * slot))
    }

    /// What lies behind the data: the times of which nothing is known.
    fn ground(&self, blind: &[Span], height: f64) -> Markup {
        html! {
            @for span in blind {
                @let (from, until) = (self.at(span.from, 100.0), self.at(span.until, 100.0));
                (block("blind", from, until - from, TOP, height))
            }
        }
    }

    /// The names of some days, fewer on a narrow screen; today always.
    fn names(&self, y: f64) -> Markup {
        let count = self.days.len();
        let many = count.div_ceil(10).max(1);
        let few = count.div_ceil(5).max(1).next_multiple_of(many);
        html! {
            text.tick x="-8" y=(place(y)) { "UTC" }
            @for (left, (day, x)) in (0..count).rev().zip(self.slots()) {
                @if left % many == 0 {
                    @let class = if left % few == 0 { "name" } else { "name roomy" };
                    (label(class, x + self.slot() / 2.0, y, &day_month(day.date)))
                }
            }
        }
    }
}

/// Bars up for what went down and bars down for what came back, day by day.
pub(super) fn per_day(report: &Report) -> Markup {
    let axis = Axis::of(report);
    let most = |value: fn(&Day) -> u64| axis.days.iter().map(value).max().unwrap_or_default();
    let (up, down) = (most(|day| day.disconnected), most(|day| day.reconnected));
    let step = step(up.saturating_add(down), 8);
    let (up, down) = (ticks(up.max(1), step), ticks(down, step));
    let [above, below] = [&up, &down].map(|lines| lines.last().copied().unwrap_or_default());
    let length = |value: u64| share(value, above.saturating_add(below), HEIGHT);
    let zero = TOP + length(above);
    // The figures under the lower bars need room, too.
    let bottom = TOP + HEIGHT + if below > 0 { 14.0 } else { 0.0 };
    let (slot, height) = (axis.slot(), bottom - TOP);
    let title = "Accounts disconnected and reconnected per day";
    html! {
        svg.plot role="img" aria-label=(title) height=(place(bottom + 27.0)) {
            desc { (change(report)) }
            (axis.ground(&report.blind, height))
            (axis_name("accounts"))
            @for line in &up { (grid_line(*line, zero - length(*line))) }
            @for line in down.iter().skip(1) { (grid_line(*line, zero + length(*line))) }
            @for (day, x) in axis.slots() {
                @let (rise, fall) = (length(day.disconnected), length(day.reconnected));
                @let (left, width, middle) = (x + slot * 0.15, slot * 0.7, x + slot * 0.5);
                g.slot {
                    title {
                        (date(day.date)) ": " (grouped(day.disconnected)) " went down, "
                        (grouped(day.reconnected)) " came back; "
                        (counted(day.checks, "complete check", "complete checks"))
                    }
                    (block("hit", x, slot, TOP, height))
                    (block("down", left, width, zero - rise, rise))
                    (block("back", left, width, zero, fall))
                    @if day.disconnected > 0 {
                        (label("figure wide", middle, zero - rise - 5.0, &compact(day.disconnected)))
                    }
                    @if day.reconnected > 0 {
                        (label("figure wide", middle, zero + fall + 13.0, &compact(day.reconnected)))
                    }
                }
            }
            line.zero x1="0" x2="100%" y1=(place(zero)) y2=(place(zero)) {}
            (axis.names(bottom + 20.0))
        }
    }
}

/// A line of how many were down, with a step at each check that saw a change and a gap where
/// nothing was seen.
pub(super) fn open_over_time(report: &Report) -> Markup {
    let axis = Axis::of(report);
    let sights = &report.open_over_time;
    let most = sights.iter().map(|sight| sight.open).max();
    let most = most.unwrap_or_default().max(1);
    let lines = ticks(most, step(most, 5));
    let top = lines.last().copied().unwrap_or_default();
    let y = |open: u64| HEIGHT - share(open, top, HEIGHT);
    let bottom = TOP + HEIGHT;
    let title = "Accounts that were down, over time";
    html! {
        svg.plot role="img" aria-label=(title) height=(place(bottom + 27.0)) {
            desc { (peak(report)) }
            (axis.ground(&report.blind, HEIGHT))
            (axis_name("accounts down"))
            @for line in &lines { (grid_line(*line, TOP + y(*line))) }
            line.zero x1="0" x2="100%" y1=(place(bottom)) y2=(place(bottom)) {}
            svg x="0" width="100%" y=(place(TOP)) height=(place(HEIGHT)) overflow="visible"
                preserveAspectRatio="none" viewBox={ "0 0 " (place(ACROSS)) " " (place(HEIGHT)) } {
                @for stroke in strokes(sights, &report.blind, &axis, report.generated_at) {
                    @let line = stroke.line(y);
                    path.area d={ (line) "V" (place(HEIGHT)) "H" (place(stroke.from())) "Z" } {}
                    path.course d=(line) {}
                }
            }
            @for (day, x) in axis.slots() {
                g.slot {
                    title {
                        (date(day.date)) ": "
                        @match day.open {
                            Some(open) => { (grouped(open)) " down after its last check" },
                            None => "not known",
                        }
                    }
                    (block("hit", x, axis.slot(), TOP, HEIGHT))
                }
            }
            @if let Some(last) = sights.last() {
                @let (x, y) = (axis.at(last.at, 100.0), TOP + y(last.open));
                circle.end cx=(percent(x)) cy=(place(y)) r="4" {}
                (label("end", x, y - 9.0, &grouped(last.open)))
            }
            (axis.names(bottom + 20.0))
        }
    }
}

/// A part of the line between two gaps: places across, and how many were down from there on.
#[derive(Debug, PartialEq)]
struct Stroke {
    steps: Vec<(f64, u64)>,
    until: f64,
}

impl Stroke {
    fn from(&self) -> f64 {
        self.steps.first().map_or(0.0, |(x, _)| *x)
    }

    fn line(&self, y: impl Fn(u64) -> f64) -> String {
        let mut line = String::new();
        for (index, (x, open)) in self.steps.iter().enumerate() {
            let (x, y) = (place(*x), place(y(*open)));
            line += &match index {
                0 => format!("M{x} {y}"),
                _ => format!("H{x}V{y}"),
            };
        }
        line + "H" + &place(self.until)
    }
}

/// Breaks what was seen where nothing was seen after, and leaves out what would not change the
/// picture.
fn strokes(sights: &[Sight], blind: &[Span], axis: &Axis<'_>, now: DateTime<Utc>) -> Vec<Stroke> {
    let x = |at| axis.at(at, ACROSS).round();
    let mut strokes: Vec<Stroke> = Vec::new();
    let mut gaps = blind.iter().peekable();
    let mut is_broken = true;
    for sight in sights {
        let at = x(sight.at);
        match strokes.last_mut().filter(|_| !is_broken) {
            None => strokes.push(Stroke {
                steps: vec![(at, sight.open)],
                // A check that stands alone is a dot.
                until: at + 2.0,
            }),
            Some(stroke) => {
                stroke.until = stroke.until.max(at);
                match stroke.steps.last_mut() {
                    Some((_, open)) if *open == sight.open => {}
                    Some((last, open)) if *last == at => *open = sight.open,
                    _ => stroke.steps.push((at, sight.open)),
                }
            }
        }
        while gaps.next_if(|gap| gap.from < sight.at).is_some() {}
        is_broken = gaps.peek().is_some_and(|gap| gap.from == sight.at);
    }
    if let Some(stroke) = strokes.last_mut().filter(|_| !is_broken) {
        stroke.until = stroke.until.max(x(now));
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn day(index: i64) -> Day {
        Day {
            date: at(24 * index).date_naive(),
            disconnected: 0,
            reconnected: 0,
            checks: 0,
            open: None,
        }
    }

    /// Ten days, so that an hour is about four units across.
    fn drawn(sights: &[(i64, u64)], blind: &[(i64, i64)], now: i64) -> Vec<Stroke> {
        let days: Vec<Day> = (0..10).map(day).collect();
        let axis = Axis {
            days: &days,
            from: at(0),
            length: TimeDelta::days(10),
        };
        let sights: Vec<Sight> = sights
            .iter()
            .map(|(hours, open)| Sight {
                at: at(*hours),
                open: *open,
            })
            .collect();
        let blind: Vec<Span> = blind
            .iter()
            .map(|(from, until)| Span {
                from: at(*from),
                until: at(*until),
            })
            .collect();
        strokes(&sights, &blind, &axis, at(now))
    }

    fn stroke(steps: &[(f64, u64)], until: f64) -> Stroke {
        Stroke {
            steps: steps.to_vec(),
            until,
        }
    }

    #[test]
    fn a_moment_is_placed_within_the_days() {
        let days = [day(0), day(1)];
        let axis = Axis {
            days: &days,
            from: at(0),
            length: TimeDelta::days(2),
        };
        for (hours, percent) in [(-5, 0.0), (0, 0.0), (12, 25.0), (48, 100.0), (99, 100.0)] {
            assert_eq!(axis.at(at(hours), 100.0), percent);
        }
        assert_eq!(
            axis.slots().map(|(_, x)| x).collect::<Vec<_>>(),
            [0.0, 50.0]
        );
    }

    #[test]
    fn the_line_steps_where_something_changed_and_goes_on_to_now() {
        assert_eq!(
            drawn(&[(0, 5), (24, 5), (48, 7), (72, 7)], &[], 96),
            [stroke(&[(0.0, 5), (200.0, 7)], 400.0)]
        );
        assert_eq!(
            stroke(&[(0.0, 5), (200.0, 7)], 400.0).line(|open| open as f64),
            "M0 5H200V7H400"
        );
    }

    #[test]
    fn the_line_breaks_where_nobody_looked() {
        assert_eq!(
            drawn(
                &[(24, 5), (48, 6), (120, 6), (144, 1)],
                &[(0, 24), (48, 120), (144, 200)],
                200
            ),
            [
                stroke(&[(100.0, 5), (200.0, 6)], 200.0),
                stroke(&[(500.0, 6), (600.0, 1)], 600.0)
            ]
        );
    }

    #[test]
    fn one_check_is_a_dot_and_none_is_nothing() {
        assert_eq!(
            drawn(&[(24, 5)], &[(24, 200)], 200),
            [stroke(&[(100.0, 5)], 102.0)]
        );
        assert!(drawn(&[], &[(0, 200)], 200).is_empty());
    }

    #[test]
    fn checks_closer_than_the_eye_sees_are_one_step() {
        let sights: Vec<(i64, u64)> = (0..240).map(|hour| (hour / 24 * 24, hour as u64)).collect();
        let strokes = drawn(&sights, &[], 240);
        assert_eq!(strokes.len(), 1);
        assert_eq!(strokes[0].steps.len(), 10);
        assert_eq!(strokes[0].steps[9], (900.0, 239));
    }
}
