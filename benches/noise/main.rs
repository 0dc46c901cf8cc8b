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

use clap::{Parser, value_parser};
use monitor::domain::text::grouped;
use sheet::{Column, Sheet};
use simulation::{Outcome, Plan, Scale, Weather, play, policies};

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
    let arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let name = "scripts/noise.sh".to_owned();
    let options = Options::parse_from(std::iter::once(name).chain(arguments));
    let scale = Scale {
        seed: options.seed,
        days: options.days,
        accounts: options.accounts,
        weather: Weather::USUAL,
    };
    let plan = &Plan::new(scale);
    let policies = policies();
    let outcomes = thread::scope(|scope| {
        let playing = policies.map(|(_, alerts)| scope.spawn(move || play(plan, alerts)));
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
    let broken = named().map(|(name, outcome)| complain(name, outcome));
    ExitCode::from(u8::from(broken.sum::<usize>() > 0))
}

/// Says which promises are broken, and gives how many.
fn complain(policy: &str, outcome: &Outcome) -> usize {
    let broken = outcome.broken.len();
    for what in outcome.broken.iter().take(MOST_SHOWN) {
        eprintln!("BROKEN  {policy}: {what}");
    }
    if broken > MOST_SHOWN {
        eprintln!("BROKEN  {policy}: {} more", broken - MOST_SHOWN);
    }
    broken
}
