//! The words of the program, as values: accounts, disconnections and what changed between them.
//!
//! Everything here is pure: no I/O, no clock, no randomness, and nothing of a particular source
//! or database.

pub mod account;
pub mod cause;
pub mod chronic;
pub mod comparison;
pub mod cost;
pub mod diff;
pub mod disconnection;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod guard;
pub mod health;
pub mod history;
pub mod incident;
pub mod ledger;
pub mod news;
pub mod run;
pub mod text;
pub mod trend;
pub mod triage;

pub use account::{Account, LinkState, Mailbox};
pub use cause::{Cause, Class, Link, Owner, Transience, classify};
pub use comparison::{Comparison, Observation};
pub use cost::{Cost, Fleet, Names, Senders};
pub use diff::{Diff, Event, Transition, Unannounced};
pub use disconnection::{Disconnection, Kind, Told, Way};
pub use health::{Failing, Recovery};
pub use history::{Cycle, End, History, PastRun, UNFINISHED};
pub use incident::{Incident, IncidentId};
pub use ledger::{AuditLine, Beside, Receipt, Telling};
pub use news::{AlertNews, IncidentNews, News, Reconnected, Step};
pub use run::{Outcome, RunId, in_order};
pub use triage::{Announce, Memory, Triage, triage};
