//! How noisy the program is: a seeded simulation of months of a fleet's life, as `scripts/noise.sh`
//! runs it. It prints what the channel gets under some settings, beside one line for each
//! disconnection, and fails where a promise is broken.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark may stop at anything unexpected"
)]

mod sheet;
mod simulation;

use std::process::ExitCode;
use std::thread;

use clap::Parser;
use clap::value_parser;
use monitor::config::Alerts;
use monitor::domain::text::grouped;
use monitor::store::Recoveries;
use sheet::{Column, Sheet};
use simulation::{Outcome, Plan, Scale, play};

/// Broken promises of a policy that are shown.
const MOST_SHOWN: usize = 20;

/// Simulates how noisy the monitor is.
#[derive(Parser)]
#[command(name = "scripts/noise.sh")]
struct Options {
    /// What everything follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days that are simulated, a check an hour
    #[arg(long, default_value_t = 90, value_parser = value_parser!(u32).range(5..=365))]
    days: u32,
    /// Accounts of the fleet
    #[arg(long, default_value_t = 5_000, value_parser = value_parser!(u32).range(200..=100_000))]
    accounts: u32,
}

fn main() -> ExitCode {
    // Cargo says that this is a benchmark.
    let options = Options::parse_from(std::env::args().filter(|argument| argument != "--bench"));
    let scale = Scale {
        seed: options.seed,
        days: options.days,
        accounts: options.accounts,
    };
    let plan = &Plan::new(scale);
    let mut confirming = Alerts::default();
    confirming.rules.confirm_checks = 2;
    let recovering = Alerts {
        recoveries: Recoveries::Thread,
        ..Alerts::default()
    };
    let policies = [
        ("monitor", Alerts::default()),
        ("CONFIRM_CHECKS=2", confirming),
        ("SLACK_NOTIFY_RECONNECTED=thread", recovering),
    ];
    let outcomes = thread::scope(|scope| {
        let playing = policies.map(|(_, alerts)| scope.spawn(move || play(plan, scale, alerts)));
        playing.map(|playing| playing.join().unwrap())
    });
    let mut columns = vec![Column::naive(&outcomes[0], plan)];
    let named = || policies.iter().map(|(name, _)| *name).zip(&outcomes);
    columns.extend(named().map(|(name, outcome)| Column::of(name, outcome)));
    println!(
        "\n{} days, {} accounts, seed {}:\n\n{}",
        scale.days,
        grouped(scale.accounts.into()),
        scale.seed,
        Sheet(&columns)
    );
    let is_broken = named()
        .filter(|(name, outcome)| complain(name, outcome))
        .count()
        > 0;
    ExitCode::from(u8::from(is_broken))
}

/// Says which promises are broken, if any is.
fn complain(policy: &str, outcome: &Outcome) -> bool {
    for broken in outcome.broken.iter().take(MOST_SHOWN) {
        eprintln!("BROKEN  {policy}: {broken}");
    }
    if outcome.broken.len() > MOST_SHOWN {
        eprintln!(
            "BROKEN  {policy}: {} more",
            outcome.broken.len() - MOST_SHOWN
        );
    }
    !outcome.broken.is_empty()
}
