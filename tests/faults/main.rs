//! The promises under faults: whatever goes wrong around the program, no disconnection is lost and
//! nothing false is said. `story` holds the judge; the other modules bring the faults.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

mod clock;
mod crash;
mod incidents;
mod judge;
mod model;
mod overlap;
mod storm;
mod story;
mod table;

#[allow(
    unused,
    reason = "the support of the other tests; these need a part of it"
)]
#[path = "../it/support/mod.rs"]
mod support;
