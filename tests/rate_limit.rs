//! The rate limit, measured where the requests arrive. A test binary of its own, because it is the
//! one test that other tests running beside it could disturb.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

#[allow(
    unused,
    reason = "the support of the other tests; this one needs a part of it"
)]
#[path = "it/support/mod.rs"]
mod support;

use std::time::Duration;

use serde_json::json;
use support::World;
use support::smartlead::{fleet, json_response};

/// The pace of the default limit over twice its window, so that a machine that is busy for a moment
/// is forgiven more: 20 requests in any 4 seconds. Failures and refusals are strewn in, since
/// what is sent again counts as well, and a pause that is asked for is a pause for all.
#[test]
fn no_window_holds_more_requests_than_the_limit_allows_and_a_pause_none() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(450, []));
    let mut arrived = 0;
    world.smartlead.set_fault(move |_| {
        arrived += 1;
        match arrived {
            5..=7 => Some(json_response(503, &json!({}))),
            15 => Some(json_response(429, &json!({"retry_after": 1}))),
            _ => None,
        }
    });
    let settings = [
        ("PAGE_SIZE", "10"),
        ("RATE_LIMIT_REQUESTS", "20"),
        ("RATE_LIMIT_PERIOD_SECS", "4"),
        ("MAX_CONCURRENT_REQUESTS", "8"),
    ];
    world.run_with(&[], &settings).assert(0);
    let arrivals: Vec<_> = world
        .smartlead
        .asked()
        .iter()
        .map(|asked| asked.at)
        .collect();
    assert!(arrivals.len() >= 50, "{}", arrivals.len());
    let pause = arrivals[15] - arrivals[14];
    assert!(
        pause >= Duration::from_secs(1),
        "{pause:?} after a 429 that asked for 1 s"
    );
    let closest = arrivals
        .windows(21)
        .map(|window| window[20] - window[0])
        .min()
        .unwrap();
    assert!(
        closest >= Duration::from_secs(4),
        "21 requests arrived within {closest:?}"
    );
}
