//! x
pub mod domain;
pub mod http;
pub mod redact;
pub mod smartlead;
pub mod store;
pub mod audit;
pub mod state;
pub mod slack;
