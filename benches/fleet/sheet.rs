//! The table of the fleets, as Markdown.

use std::fmt;
use std::time::Duration;

use monitor::domain::text::grouped;

use crate::Line;
use crate::measure::Cost;
use crate::scene::Run;
use crate::support::Engine;

const HEAD: [&str; 13] = [
    "accounts",
    "database",
    "run",
    "wall s",
    "CPU s",
    "peak MB",
    "requests",
    "round trips",
    "rows",
    "written MB",
    "wall ÷",
    "CPU ÷",
    "peak ÷",
];

const LEGEND: &str = "\
Each run is a process of its own against a Smartlead and a Slack on the same machine that answer at
once, without a rate limit (RATE_LIMIT_REQUESTS=0); wall takes in Slack's pace of a message a second,
of up to 3 messages. The four runs of a fleet share a database, in this order; what is newly down
stays down. CPU: of the program alone, user and system. Round trips: of Postgres, the login's among
them. Rows: inserted, updated and deleted in Postgres. Written: blocks that the program had written
to disk (SQLite's file and journal, CSV, log, state), and what Postgres wrote ahead (WAL, fsync on).
÷: in proportion to `plain`, a client in Python (scripts/bench/plain.py) that lists and counts and
does nothing else. Each line is the run with the median CPU time: of 9 up to 10,000 accounts, of 3 at
100,000, of 1 at 1,000,000.";

pub struct Sheet {
    rows: Vec<[String; HEAD.len()]>,
}

fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

fn ratio(ours: f64, theirs: f64) -> String {
    format!("{:.2}", ours / theirs)
}

pub fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres | Engine::Pooled => "Postgres",
    }
}

impl Sheet {
    pub fn new() -> Self {
        Self {
            rows: vec![HEAD.map(str::to_owned)],
        }
    }

    pub fn plain(&mut self, accounts: u32, run: &Run) {
        let blank = String::new;
        let one = || "1".to_owned();
        self.rows.push([
            grouped(u64::from(accounts)),
            blank(),
            "plain".to_owned(),
            seconds(run.cost.wall),
            milliseconds(run.cost.cpu),
            megabytes(run.cost.peak),
            grouped(run.requests as u64),
            blank(),
            blank(),
            blank(),
            one(),
            one(),
            one(),
        ]);
    }

    pub fn line(&mut self, line: &Line, plain: &Cost) {
        let Line {
            accounts,
            engine,
            scenario,
            run,
        } = line;
        let cost = &run.cost;
        let asked = run.asked.as_ref();
        let scenario = match cost.code {
            0 => (*scenario).to_owned(),
            code => format!("{scenario}: exit code {code}"),
        };
        let written = cost.written + asked.map_or(0, |asked| asked.wal);
        self.rows.push([
            grouped(u64::from(*accounts)),
            name(*engine).to_owned(),
            scenario,
            seconds(cost.wall),
            milliseconds(cost.cpu),
            megabytes(cost.peak),
            grouped(run.requests as u64),
            asked.map_or_else(String::new, |asked| grouped(asked.trips as u64)),
            asked.map_or_else(String::new, |asked| grouped(asked.rows)),
            megabytes(written),
            ratio(cost.wall.as_secs_f64(), plain.wall.as_secs_f64()),
            ratio(cost.cpu.as_secs_f64(), plain.cpu.as_secs_f64()),
            ratio(cost.peak as f64, plain.peak as f64),
        ]);
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_text = |column: usize| column == 1 || column == 2;
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| row[column].chars().count());
                cells.max().unwrap_or_default()
            })
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if is_text(column) {
                    write!(f, "| {cell:width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")?;
            if index == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let end = if is_text(column) { "-" } else { ":" };
                    write!(f, "| {}{end} ", "-".repeat(width - 1))?;
                }
                writeln!(f, "|")?;
            }
        }
        write!(f, "\n{LEGEND}\n")
    }
}
