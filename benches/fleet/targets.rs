//! What the figures should be, and whether they are.

use std::fmt;
use std::time::Duration;

use monitor::domain::text::grouped;

use crate::Line;
use crate::sheet::name;
use crate::support::Engine;

/// CPU time and peak memory that a check of so many accounts may take on a machine with two
/// processors.
const BUDGETS: [(u32, Duration, u64); 3] = [
    (10_000, Duration::from_millis(200), 25_000_000),
    (100_000, Duration::from_millis(1_200), 40_000_000),
    (1_000_000, Duration::from_secs(12), 100_000_000),
];

/// The time of the database for the largest outage: 300,000 newly down.
const LARGEST_OUTAGE: Duration = Duration::from_secs(20);

/// How much CPU time per account may differ between 10,000 accounts and more.
const FLAT: f64 = 0.20;

/// Rows that an unchanged run may write: its own, its lease, and what tidies them up.
const UNCHANGED_ROWS: u64 = 10;

#[derive(Default)]
pub struct Targets {
    lines: Vec<String>,
}

impl Targets {
    pub fn add(&mut self, what: &str, is_met: bool) {
        let verdict = if is_met { "ok    " } else { "MISSED" };
        self.lines.push(format!("{verdict}  {what}"));
    }

    pub fn fleets(&mut self, lines: &[Line]) {
        for (accounts, cpu, peak) in BUDGETS {
            for line in lines.iter().filter(|line| line.accounts == accounts) {
                let cost = &line.run.cost;
                let what = format!(
                    "{} accounts, {}, {}: CPU {:.3} s of {:.1}, peak {:.1} MB of {}",
                    grouped(u64::from(accounts)),
                    name(line.engine),
                    line.scenario,
                    cost.cpu.as_secs_f64(),
                    cpu.as_secs_f64(),
                    cost.peak as f64 / 1e6,
                    peak / 1_000_000,
                );
                self.add(
                    &what,
                    cost.code == 0 && cost.cpu <= cpu && cost.peak <= peak,
                );
            }
        }
        for line in lines.iter().filter(|line| line.scenario == "unchanged") {
            if let Some(asked) = &line.run.asked {
                let what = format!(
                    "{} accounts, unchanged: {} rows written, of {UNCHANGED_ROWS} at any size",
                    grouped(u64::from(line.accounts)),
                    asked.rows
                );
                self.add(&what, asked.rows <= UNCHANGED_ROWS);
            }
        }
        self.flat(lines);
        let largest = lines.iter().find(|line| {
            line.accounts == 1_000_000
                && line.engine == Engine::Postgres
                && line.scenario == "30 % newly down"
        });
        if let Some(line) = largest
            && let Some(asked) = &line.run.asked
        {
            let what = format!(
                "300,000 newly down: {:.1} s of {} in Postgres",
                asked.waited.as_secs_f64(),
                LARGEST_OUTAGE.as_secs()
            );
            self.add(
                &what,
                line.run.cost.code == 0 && asked.waited <= LARGEST_OUTAGE,
            );
        }
    }

    /// What every run costs, whatever the fleet, is taken for the cost of the smallest.
    fn flat(&mut self, lines: &[Line]) {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let mut costs = lines
                .iter()
                .filter(|line| line.engine == engine && line.scenario == "nothing down")
                .map(|line| (f64::from(line.accounts), line.run.cost.cpu.as_secs_f64()));
            let (fewest, least) = costs.next().unwrap();
            let each: Vec<f64> = costs
                .map(|(accounts, cpu)| (cpu - least) / (accounts - fewest) * 1e6)
                .collect();
            let shown: Vec<String> = each.iter().map(|each| format!("{each:.1}")).collect();
            let what = format!(
                "{}, nothing down: CPU for each account beyond the first {} {} µs from 10,000 on, \
                 of the same within {:.0} %",
                name(engine),
                grouped(fewest as u64),
                shown.join(", "),
                FLAT * 100.0
            );
            let is_flat = each
                .iter()
                .all(|other| (other / each[0] - 1.0).abs() <= FLAT);
            self.add(&what, is_flat);
        }
    }

    pub fn start_up(&mut self, time: Duration) {
        let what = format!("monitor --version: {:.1} ms of 5", time.as_secs_f64() * 1e3);
        self.add(&what, time < Duration::from_millis(5));
    }

    pub fn status(&mut self, engine: Engine, time: Duration) {
        let what = format!(
            "monitor status with 10,000 open, {}: {:.0} ms of 100",
            name(engine),
            time.as_secs_f64() * 1e3
        );
        self.add(&what, time < Duration::from_millis(100));
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
