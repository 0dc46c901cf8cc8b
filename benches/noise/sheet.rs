//! The table of the policies, as Markdown.

use std::fmt;

use monitor::domain::Way;
use monitor::domain::text::grouped;

use crate::simulation::{Cycle, Outcome, Plan, Traffic, YOUNG};

/// Hours of a day.
const DAY: usize = 24;

const ROWS: [&str; 18] = [
    "messages in the channel, a day on average",
    "messages in the channel, the median day",
    "messages in the channel, the worst day",
    "messages in the channel, the worst hour",
    "… of these about failed checks, a day on average",
    "replies in threads, a day on average",
    "replies in threads, the worst hour",
    "messages changed in place, a day on average",
    "disconnections",
    "… listed in a message",
    "… told as part of an incident",
    "… counted in the daily message",
    "… over before they were confirmed, and not told",
    "… never told",
    "told within one check, while Smartlead and Slack worked",
    "told within one check, in all",
    "told again, marked as a possible repeat",
    "told again, not marked",
];

/// A policy and what its reader gets.
pub struct Column {
    name: &'static str,
    cells: [String; ROWS.len()],
}

impl Column {
    /// What the program does.
    pub fn of(name: &'static str, outcome: &Outcome) -> Self {
        let cycles = settled(outcome);
        let number =
            |wanted: &dyn Fn(&Cycle) -> bool| cycles.iter().filter(|cycle| wanted(cycle)).count();
        let told_as = |wanted: fn(Way) -> bool| number(&|cycle| cycle.way().is_some_and(wanted));
        let again = |is_marked: bool| {
            let again = cycles.iter().flat_map(|cycle| cycle.told.iter().skip(1));
            count(
                again
                    .filter(|telling| telling.is_marked == is_marked)
                    .count(),
            )
        };
        let hourly = |count: fn(&Traffic) -> u32| {
            let counts = outcome
                .traffic
                .iter()
                .map(|traffic| count(traffic) as usize);
            counts.collect::<Vec<_>>()
        };
        let channel = hourly(|traffic| traffic.channel);
        let replies = hourly(|traffic| traffic.replies);
        let [prompt, in_all] = promptness(&cycles, Cycle::is_prompt, &outcome.trouble);
        Self {
            name,
            cells: [
                mean(&channel),
                median(&channel),
                count(daily(&channel).max().unwrap_or_default()),
                count(channel.iter().copied().max().unwrap_or_default()),
                mean(&hourly(|traffic| traffic.notices)),
                mean(&replies),
                count(replies.iter().copied().max().unwrap_or_default()),
                mean(&hourly(|traffic| traffic.updates)),
                count(cycles.len()),
                count(told_as(|way| way == Way::Alert)),
                count(told_as(|way| way.incident().is_some())),
                count(told_as(|way| way == Way::Chronic)),
                count(number(&|cycle| cycle.is_passed)),
                count(number(&|cycle| cycle.told.is_empty() && !cycle.is_passed)),
                prompt,
                in_all,
                again(true),
                again(false),
            ],
        }
    }

    /// A line for each disconnection, as the check that sees it posts it, and no more of it if Slack
    /// does not take it.
    pub fn naive(outcome: &Outcome, plan: &Plan) -> Self {
        let told = |cycle: &Cycle| {
            let is_lost = plan.slack_outage.contains(&cycle.first);
            (!is_lost).then_some(cycle.first)
        };
        let mut channel = vec![0; outcome.traffic.len()];
        for hour in outcome.cycles.iter().filter_map(told) {
            channel[hour as usize] += 1;
        }
        let cycles = settled(outcome);
        let lost = cycles.iter().filter(|cycle| told(cycle).is_none()).count();
        let [prompt, in_all] = promptness(&cycles, |cycle| told(cycle).is_some(), &outcome.trouble);
        let none = || "0".to_owned();
        Self {
            name: "one line each",
            cells: [
                mean(&channel),
                median(&channel),
                count(daily(&channel).max().unwrap_or_default()),
                count(channel.iter().copied().max().unwrap_or_default()),
                none(),
                none(),
                none(),
                none(),
                count(cycles.len()),
                count(cycles.len() - lost),
                none(),
                none(),
                none(),
                count(lost),
                prompt,
                in_all,
                none(),
                none(),
            ],
        }
    }
}

/// The disconnections of which it can be said how they are told.
fn settled(outcome: &Outcome) -> Vec<&Cycle> {
    let end = outcome.traffic.len();
    let is_settled = |cycle: &&Cycle| ((cycle.first + YOUNG) as usize) < end;
    outcome.cycles.iter().filter(is_settled).collect()
}

/// Of the disconnections that lasted, the share of those that were told in time: of those in whose
/// two checks no server failed, and of all. What the daily line counts is of accounts that are told
/// as chronic, and does not go in.
fn promptness(
    cycles: &[&Cycle],
    is_prompt: impl Fn(&Cycle) -> bool,
    trouble: &[bool],
) -> [String; 2] {
    let lasting = cycles
        .iter()
        .filter(|c| c.is_lasting && c.way() != Some(Way::Chronic));
    let fair = lasting.clone().filter(|cycle| cycle.is_fair(trouble));
    [
        share(
            fair.clone().filter(|cycle| is_prompt(cycle)).count(),
            fair.count(),
        ),
        share(
            lasting.clone().filter(|cycle| is_prompt(cycle)).count(),
            lasting.count(),
        ),
    ]
}

fn daily(hourly: &[usize]) -> impl Iterator<Item = usize> {
    hourly.chunks(DAY).map(|day| day.iter().sum())
}

fn mean(hourly: &[usize]) -> String {
    let days = hourly.len() as f64 / DAY as f64;
    format!("{:.1}", hourly.iter().sum::<usize>() as f64 / days)
}

fn median(hourly: &[usize]) -> String {
    let mut days: Vec<usize> = daily(hourly).collect();
    days.sort_unstable();
    count(days[days.len() / 2])
}

fn count(number: usize) -> String {
    grouped(number as u64)
}

fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => "–".to_owned(),
        // What is not all of it does not look so.
        _ => format!(
            "{:.1} %",
            (part as f64 * 1_000.0 / whole as f64).floor() / 10.0
        ),
    }
}

pub struct Sheet<'c>(pub &'c [Column]);

impl fmt::Display for Sheet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |text: &str| text.chars().count();
        let head = ROWS.iter().map(|row| length(row)).max().unwrap_or_default();
        let widths = self.0.iter().map(|column| {
            let cells = column.cells.iter().map(|cell| length(cell)).max();
            length(column.name).max(cells.unwrap_or_default())
        });
        let widths: Vec<usize> = widths.collect();
        write!(f, "| {:head$} ", "")?;
        for (column, width) in self.0.iter().zip(&widths) {
            write!(f, "| {:>width$} ", column.name)?;
        }
        write!(f, "|\n| {} ", "-".repeat(head))?;
        for width in &widths {
            write!(f, "| {}: ", "-".repeat(width - 1))?;
        }
        for (row, name) in ROWS.iter().enumerate() {
            write!(f, "|\n| {name:head$} ")?;
            for (column, width) in self.0.iter().zip(&widths) {
                write!(f, "| {:>width$} ", column.cells[row])?;
            }
        }
        writeln!(f, "|")
    }
}
