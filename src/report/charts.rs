//! Charts as inline SVG. Across, everything is in percent, so that a chart is as wide as its place
//! and its letters keep their size on a phone; down, in pixels. Colours come from the page's style.

use maud::{Markup, html};

use super::numbers::{compact, grouped, percent, place, share, step, ticks};
use super::words::{check_line, day_month, outcomes};
use super::{Check, DurationClass, Totals};
use crate::domain::UNFINISHED;

/// Room above a chart, for the name of its axis and the figure on its highest bar.
pub(super) const TOP: f64 = 31.0;

/// Height of a chart without what is written around it.
pub(super) const HEIGHT: f64 = 180.0;

/// Most checks in a row of the strip: a day of one an hour.
const ROW: usize = 24;

const DAY: i64 = 86_400;

/// What the value of a vertical axis is.
pub(super) fn axis_name(name: &str) -> Markup {
    html! { text.axis x="-44" y="9" { (name) } }
}

/// A line across, with its value.
pub(super) fn grid_line(value: u64, y: f64) -> Markup {
    html! {
        line.grid x1="0" x2="100%" y1=(place(y)) y2=(place(y)) {}
        text.tick x="-8" y=(place(y + 4.0)) { (compact(value)) }
    }
}

/// A rectangle: its place and width in percent, its top and height in pixels.
pub(super) fn block(class: &str, left: f64, width: f64, top: f64, height: f64) -> Markup {
    let (left, width) = (percent(left), percent(width));
    html! { rect class=(class) x=(left) width=(width) y=(place(top)) height=(place(height)) {} }
}

/// Text: its place in percent, its foot in pixels.
pub(super) fn label(class: &str, at: f64, foot: f64, text: &str) -> Markup {
    html! { text class=(class) x=(percent(at)) y=(place(foot)) { (text) } }
}

/// The hatching that charts refer to.
pub(super) fn patterns() -> Markup {
    html! {
        svg.patterns aria-hidden="true" width="0" height="0" {
            pattern #hatch width="6" height="6"
                patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                line.hatch x1="0" x2="0" y1="0" y2="6" {}
            }
        }
    }
}

/// Columns of how long disconnections lasted: those that ended, and on them those that go on.
pub(super) fn durations(classes: &[DurationClass]) -> Markup {
    let all = |class: &DurationClass| class.reconnected.saturating_add(class.still_down);
    let most = classes.iter().map(all).max().unwrap_or_default().max(1);
    let lines = ticks(most, step(most, 5));
    let top = lines.last().copied().unwrap_or_default();
    let length = |value: u64| share(value, top, HEIGHT);
    let base = TOP + HEIGHT;
    let slot = 100.0 / classes.len().max(1) as f64;
    let in_hours = classes.iter().filter(|class| unit(class) == "hours");
    let hours = in_hours.count() as f64 * slot;
    let height = place(base + 48.0);
    html! {
        svg.plot role="img" aria-label="How long disconnections lasted" height=(height) {
            desc { @for class in classes { (class_line(class)) ". " } }
            (axis_name("disconnections"))
            @for line in &lines { (grid_line(*line, base - length(*line))) }
            @for (class, x) in classes.iter().zip((0..).map(|index| f64::from(index) * slot)) {
                @let (ended, open) = (length(class.reconnected), length(class.still_down));
                @let (left, width, middle) = (x + slot * 0.14, slot * 0.72, x + slot * 0.5);
                g.slot {
                    title { (class_line(class)) }
                    (block("hit", x, slot, TOP, HEIGHT))
                    (block("back", left, width, base - ended, ended))
                    (block("down", left, width, base - ended - open, open))
                    @if all(class) > 0 {
                        (label("figure", middle, base - ended - open - 5.0, &compact(all(class))))
                    }
                    (label("name", middle, base + 19.0, &name(class)))
                }
            }
            line.zero x1="0" x2="100%" y1=(place(base)) y2=(place(base)) {}
            (brace("hours", 0.0, hours, base + 27.0))
            (brace("days", hours, 100.0, base + 27.0))
        }
    }
}

fn class_line(class: &DurationClass) -> String {
    format!(
        "{} {}: {} reconnected, {} still down",
        name(class),
        unit(class),
        grouped(class.reconnected),
        grouped(class.still_down)
    )
}

fn unit(class: &DurationClass) -> &'static str {
    if class.from_seconds < DAY {
        "hours"
    } else {
        "days"
    }
}

/// `1–3`, in its unit.
fn name(class: &DurationClass) -> String {
    let seconds = if unit(class) == "hours" { 3_600 } else { DAY };
    let from = class.from_seconds / seconds;
    match class.until_seconds.map(|until| until / seconds) {
        Some(until) if from == 0 => format!("<{until}"),
        Some(until) => format!("{from}–{until}"),
        None => format!("{from}+"),
    }
}

/// The unit of the names above it.
fn brace(unit: &str, from: f64, until: f64, y: f64) -> Markup {
    html! {
        line.zero x1=(percent(from + 1.5)) x2=(percent(until - 1.5)) y1=(place(y)) y2=(place(y)) {}
        (label("name", (from + until) / 2.0, y + 15.0, unit))
    }
}

/// One cell for each check, the oldest first, marked by how it ended; a day begins a row.
pub(super) fn strip(checks: &[Check]) -> Markup {
    let oldest_first: Vec<&Check> = checks.iter().rev().collect();
    let same_day =
        |one: &&Check, next: &&Check| one.started_at.date_naive() == next.started_at.date_naive();
    let days = oldest_first.chunk_by(same_day);
    let lines: Vec<&[&Check]> = days.flat_map(|day| day.chunks(ROW)).collect();
    let slot = 100.0 / ROW as f64;
    let row = 30.0;
    let height = place(row * lines.len() as f64);
    let rows = (0..).map(|index| f64::from(index) * row);
    let columns = || (0..).map(|index| f64::from(index) * slot);
    html! {
        svg.plot.strip role="img" aria-label="How the last checks ended" height=(height) {
            desc { (outcomes(checks)) }
            @for (cells, y) in lines.into_iter().zip(rows) {
                @if let Some(first) = cells.first() {
                    text.tick x="-8" y=(place(y + 16.0)) {
                        (day_month(first.started_at.date_naive()))
                    }
                }
                @for (check, x) in cells.iter().zip(columns()) {
                    g.slot.(check.outcome) {
                        title { (check_line(check)) }
                        (block("cell", x + slot * 0.08, slot * 0.84, y, 24.0))
                        (label("mark", x + slot * 0.5, y + 17.0, mark(check.outcome)))
                    }
                }
            }
        }
    }
}

/// What tells a cell apart beside its colour.
pub(super) fn mark(outcome: &str) -> &'static str {
    match outcome {
        "complete" => "",
        "untold" => "!",
        "short" => "–",
        UNFINISHED => "?",
        _ => "×",
    }
}

/// One bar of three parts: which links fail.
pub(super) fn kinds(totals: &Totals) -> Markup {
    let both = share(totals.both, totals.total, 100.0);
    let smtp = share(totals.smtp, totals.total, 100.0);
    let imap = share(totals.imap, totals.total, 100.0);
    let parts = [
        ("both", 0.0, both),
        ("smtp", both, smtp),
        ("imap", both + smtp, imap),
    ];
    let title = "Accounts that are down, by the links that fail";
    html! {
        svg.kinds role="img" aria-label=(title) height="16" {
            desc {
                "Both links: " (grouped(totals.both)) ", SMTP only: " (grouped(totals.smtp))
                ", IMAP only: " (grouped(totals.imap))
            }
            @for (class, from, width) in parts { (block(class, from, width, 0.0, 16.0)) }
        }
    }
}

/// A bar that lies: all of a group, and within it those that are down.
pub(super) fn bar(all: u64, down: u64, most: u64) -> Markup {
    html! {
        svg.bar aria-hidden="true" height="12" {
            (block("back", 0.0, share(all, most, 100.0), 0.0, 12.0))
            (block("down", 0.0, share(down, most, 100.0), 0.0, 12.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(from: i64, until: Option<i64>) -> DurationClass {
        DurationClass {
            from_seconds: from * 3_600,
            until_seconds: until.map(|hours| hours * 3_600),
            reconnected: 0,
            still_down: 0,
        }
    }

    #[test]
    fn classes_are_named_in_their_unit() {
        let names: Vec<(String, &str)> =
            [(0, Some(1)), (12, Some(24)), (24, Some(72)), (168, None)]
                .map(|(from, until)| class(from, until))
                .iter()
                .map(|class| (name(class), unit(class)))
                .collect();
        let named = [
            ("<1", "hours"),
            ("12–24", "hours"),
            ("1–3", "days"),
            ("7+", "days"),
        ];
        assert!(
            names
                .iter()
                .map(|(name, unit)| (name.as_str(), *unit))
                .eq(named)
        );
    }

    #[test]
    fn charts_of_nothing_and_of_huge_numbers_have_finite_places() {
        let mut huge = class(0, None);
        (huge.reconnected, huge.still_down) = (u64::MAX, u64::MAX);
        let totals = Totals {
            total: 0,
            both: 0,
            smtp: 0,
            imap: 0,
            untold: 0,
        };
        for svg in [
            durations(&[]),
            durations(&[class(0, None)]),
            durations(&[huge]),
            strip(&[]),
            kinds(&totals),
            bar(0, 0, 0),
        ] {
            let svg = svg.into_string();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
