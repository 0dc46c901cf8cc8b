//! The words of the program, as values: accounts, disconnections and what changed between them.
//!
//! Everything here is pure: no I/O, no clock, no randomness, and nothing of a particular source
//! or database.

pub mod account;
pub mod diff;
pub mod disconnection;
pub mod guard;
pub mod ledger;
pub mod run;
pub mod text;

pub use account::{Account, LinkState, Listing, Mailbox};
pub use diff::{Diff, Event, Transition, apply, diff};
pub use disconnection::{Disconnection, Kind};
pub use ledger::{AuditLine, Receipt};
pub use run::{Outcome, RunId};
