//! The whole program on fleets of up to a million accounts, as `scripts/bench.sh` runs it, which
//! brings up what it needs: Postgres, and a Python for the plain client beside it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at anything unexpected"
)]

mod measure;
mod rate;
mod scene;
mod sheet;
#[allow(
    unused,
    reason = "the support of the tests; a benchmark needs a part of it"
)]
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod targets;

use std::time::Duration;

use scene::{Run, SCENARIOS, Scene};
use sheet::Sheet;
use support::Engine;
use targets::Targets;

/// Accounts of a fleet, and how often it is measured. The median of the CPU time is shown.
const FLEETS: [(u32, usize); 4] = [(1_000, 9), (10_000, 9), (100_000, 3), (1_000_000, 1)];

/// What a short run leaves out.
const QUICK: u32 = 100_000;

/// A line of the table.
pub struct Line {
    pub accounts: u32,
    pub engine: Engine,
    pub scenario: &'static str,
    pub run: Run,
}

fn main() {
    // Cargo says that this is a benchmark.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let is_quick = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--quick"] => true,
        _ => panic!("only --quick is known, not {arguments:?}"),
    };
    let fleets = FLEETS
        .iter()
        .filter(|(accounts, _)| !is_quick || *accounts <= QUICK);
    let mut sheet = Sheet::new();
    let mut lines = Vec::new();
    for (accounts, times) in fleets {
        let runs = (0..*times).map(|_| [scene::python(*accounts)]).collect();
        let [python] = medians(runs);
        sheet.plain(*accounts, &python);
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let runs = (0..*times).map(|_| Scene::new(*accounts, engine).play());
            let runs = medians(runs.collect());
            for (scenario, run) in SCENARIOS.into_iter().zip(runs) {
                let line = Line {
                    accounts: *accounts,
                    engine,
                    scenario,
                    run,
                };
                sheet.line(&line, &python.cost);
                lines.push(line);
            }
        }
    }
    println!("\n{sheet}");
    let mut targets = Targets::default();
    targets.fleets(&lines);
    targets.start_up(scene::start_up());
    for engine in [Engine::Sqlite, Engine::Postgres] {
        targets.status(engine, scene::status(engine));
    }
    if !is_quick {
        rate::measure(&mut targets);
    }
    println!("{targets}");
}

/// Of each scenario the run with the median CPU time.
fn medians<const N: usize>(mut plays: Vec<[Run; N]>) -> [Run; N] {
    std::array::from_fn(|scenario| {
        plays.sort_by_key(|runs| runs[scenario].cost.cpu);
        plays[plays.len() / 2][scenario].clone()
    })
}

/// The median of 21 durations.
fn median_time(measure: impl Fn() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..21).map(|_| measure()).collect();
    times.sort();
    times[times.len() / 2]
}
