//! The promises of what is told, held for weeks of a simulated fleet. `scripts/noise.sh` plays months
//! of a larger one, and counts.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, which is what it is for"
)]

#[allow(unused, reason = "shared with the benchmark, which shows more of it")]
#[path = "../benches/noise/simulation/mod.rs"]
mod simulation;

use monitor::config::Alerts;
use monitor::store::Recoveries;
use simulation::{Plan, Scale, play};

#[track_caller]
fn assert_promises(seed: u64, alerts: Alerts) {
    let scale = Scale {
        seed,
        days: 8,
        accounts: 400,
    };
    let outcome = play(&Plan::new(scale), scale, alerts);
    assert!(outcome.broken.is_empty(), "{:#?}", outcome.broken);
    assert!(outcome.cycles.len() > 20, "hardly anything went down");
}

#[test]
fn each_disconnection_is_told_in_one_way() {
    for seed in 1..=3 {
        assert_promises(seed, Alerts::default());
    }
}

#[test]
fn and_with_confirmation() {
    let mut alerts = Alerts::default();
    alerts.rules.confirm_checks = 2;
    assert_promises(4, alerts);
}

#[test]
fn and_with_word_of_who_is_back() {
    let alerts = Alerts {
        recoveries: Recoveries::Channel,
        ..Alerts::default()
    };
    assert_promises(5, alerts);
}
