//! The promises about what is told, over days of a small fleet's life: the simulation of
//! `scripts/noise.sh`, with some seeds and worse weather.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, which is what it is for"
)]

#[allow(
    unused,
    reason = "the benchmark makes a table of it; a test needs a part of it"
)]
#[path = "../benches/noise/simulation/mod.rs"]
mod simulation;

use std::thread;

use chrono::TimeDelta;
use monitor::config::Alerts;
use monitor::domain::Way;
use monitor::store::Recoveries;
use simulation::{Cycle, Plan, Scale, Weather, play, policies};

const SEEDS: [u64; 3] = [1, 2, 3];

const WEATHER: Weather = Weather {
    lost: 0.2,
    killed: 0.05,
};

#[test]
fn every_disconnection_is_told_in_one_way_within_the_limits_of_slack() {
    let played = thread::scope(|scope| {
        let playing = SEEDS.map(|seed| scope.spawn(move || play_all(seed)));
        playing.map(|playing| playing.join().unwrap())
    });
    let (broken, cycles): (Vec<_>, Vec<_>) = played.into_iter().unzip();
    let broken = broken.concat();
    assert!(
        broken.is_empty(),
        "{} promises are broken:\n{}",
        broken.len(),
        broken.join("\n")
    );
    let happened = |what: fn(&Cycle) -> bool| cycles.iter().flatten().any(what);
    assert!(happened(|cycle| cycle.way() == Some(Way::Alert)));
    assert!(happened(|cycle| {
        matches!(cycle.way(), Some(Way::Incident(_)))
    }));
    assert!(happened(|cycle| cycle.way() == Some(Way::Chronic)));
    assert!(happened(|cycle| cycle.is_passed));
    assert!(happened(|cycle| cycle.told.len() > 1));
}

/// The promises that are broken with this seed, and every time that an account was down.
fn play_all(seed: u64) -> (Vec<String>, Vec<Cycle>) {
    let everything = Alerts {
        recoveries: Recoveries::Channel,
        remind_after: Some(TimeDelta::hours(24)),
        ..Alerts::default()
    };
    let plan = Plan::new(Scale {
        seed,
        days: 10,
        accounts: 400,
        weather: WEATHER,
    });
    let mut broken = Vec::new();
    let mut cycles = Vec::new();
    for (name, alerts) in policies().into_iter().chain([("everything", everything)]) {
        let outcome = play(&plan, alerts);
        let named = |what| format!("seed {seed}, {name}, {what}");
        broken.extend(outcome.broken.into_iter().map(named));
        cycles.extend(outcome.cycles);
    }
    (broken, cycles)
}
