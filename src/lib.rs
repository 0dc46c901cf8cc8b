//! Watches the mailboxes of a Smartlead workspace and tells a Slack channel, once, about each that
//! has newly lost its SMTP or IMAP connection.
//!
//! # How one check goes
//!
//! 1. `main` reads the command line ([`cli`]) and the settings ([`config`]), starts the log
//!    ([`telemetry`]), takes the time, and calls [`check::run`].
//! 2. The store ([`store`]) opens, brings its schema up to date, and gives the lease and what is
//!    known; the folder of the audit trail ([`audit`]) is proved writable.
//! 3. The source ([`smartlead`]) is paged to its end through the polite sender ([`http`]). If
//!    anything about the listing is incomplete or suspiciously short, the check fails here, and
//!    has changed nothing.
//! 4. [`domain::comparison`] compares each account that is listed with what is open. It is pure, and
//!    so is every other decision: paging, pace, retries, rendering, the guard against short listings.
//! 5. The store commits the transitions and the run. New disconnections are untold.
//! 6. The transitions are appended to the audit trail.
//! 7. What is untold is rendered and posted ([`slack`]): that a post begins is on record before it
//!    does, and each message that was confirmed marks its disconnections as told.
//! 8. The state file ([`state`]) is replaced, old history is deleted, and the lease is released.
//!
//! Who watches over the checks hears of each: a person by [`progress`], a dead man's switch by
//! [`heartbeat`], a job of GitHub Actions by [`github`]; `check::watchers` tells them.
//!
//! # The other commands
//!
//! [`doctor`] looks at every part and changes nothing. [`status`], [`mod@history`] and [`report`]
//! read [`domain::History`] from the store and show it, on the [`terminal`], as a page, or as
//! [`data`] for other programs; the figures are [`domain::figures`] and [`domain::trend`].
//! [`mod@explain`] says what [`domain::cause`] makes of an error text. [`demo`] plays checks against
//! servers of its own.
//!
//! Dependencies point one way: `main`, then the commands, then the capabilities, then [`domain`]. No
//! capability knows another; of the commands only [`check`] and [`doctor`] know them all. A new
//! source or sink is a new folder and a line in each of the two.

pub mod audit;
pub mod check;
pub mod cli;
pub mod config;
pub mod data;
pub mod demo;
pub mod disk;
pub mod doctor;
pub mod domain;
pub mod explain;
pub mod github;
pub mod heartbeat;
pub mod history;
pub mod http;
pub mod progress;
pub mod redact;
pub mod report;
pub mod slack;
pub mod smartlead;
pub mod state;
pub mod status;
pub mod store;
pub mod telemetry;
pub mod terminal;
