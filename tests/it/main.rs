//! The whole program, run as users run it: the real binary against fake servers on real sockets,
//! a real database and real files.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

mod alerting;
mod bad_input;
mod check;
mod commands;
mod databases;
mod demo;
mod doctor;
mod explain;
mod history;
mod hostile;
mod leak;
mod marks;
mod pace;
mod report;
mod shim;
mod sink;
mod source;
mod status;
mod store;
#[allow(unused, reason = "shared with the other test binaries")]
mod support;
mod tls;
mod watchers;
