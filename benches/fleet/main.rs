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

use measure::Cost;
use scene::{Run, SCENARIOS, Scene};
use sheet::Sheet;
use support::Engine;
use targets::Targets;

/// Accounts of a fleet, and how often it is measured. The median of the CPU time is shown.
const FLEETS: [(u32, usize); 4] = [(1_000, 3), (10_000, 3), (100_000, 3), (1_000_000, 1)];

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
        let python = median(*times, |_| scene::python(*accounts));
        sheet.python(*accounts, &python);
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let mut runs: Vec<[Run; SCENARIOS.len()]> = (0..*times)
                .map(|_| Scene::new(*accounts, engine).play())
                .collect();
            for (index, scenario) in SCENARIOS.into_iter().enumerate() {
                runs.sort_by_key(|run| run[index].cost.cpu);
                let run = runs[runs.len() / 2][index].clone();
                let line = Line {
                    accounts: *accounts,
                    engine,
                    scenario,
                    run,
                };
                sheet.line(&line, &python);
                lines.push(line);
            }
        }
    }
    println!("\n{sheet}");
    let mut targets = Targets::default();
    targets.fleets(&lines);
    targets.start_up(&scene::start_up());
    for engine in [Engine::Sqlite, Engine::Postgres] {
        targets.status(engine, scene::status(engine));
    }
    if !is_quick {
        rate::measure(&mut targets);
    }
    println!("{targets}");
}

/// The one with the median CPU time.
fn median(times: usize, measure: impl Fn(usize) -> Cost) -> Cost {
    let mut costs: Vec<Cost> = (0..times).map(measure).collect();
    costs.sort_by_key(|cost| cost.cpu);
    costs.swap_remove(times / 2)
}

/// The median of 21 durations.
fn median_time(measure: impl Fn() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..21).map(|_| measure()).collect();
    times.sort();
    times[times.len() / 2]
}
