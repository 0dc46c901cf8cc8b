//! What joins the three ledgers of the program: database, audit trail and sink.

use super::disconnection::Way;
use super::incident::IncidentId;

/// A line of the audit trail, rendered, and the month of its file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AuditLine {
    /// `YYYYMM`.
    pub month: String,
    /// The line without its end.
    pub line: String,
}

/// What one message tells, and so what is told once the sink has taken it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telling {
    /// How the disconnections are told that it tells; it tells none of another way.
    pub way: Way,
    /// Accounts whose open disconnection it lists.
    pub accounts: Vec<i64>,
    /// How many it counts without listing them: if any, all others that are open and untold.
    pub others: usize,
    /// Whether it counts all that were resolved untold.
    pub unannounced: bool,
    /// What it tells beside them.
    pub beside: Option<Beside>,
}

/// What a message tells that is no disconnection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// It stands for an incident in the channel, with so many disconnections.
    Headline(IncidentId, u64),
    /// The end of an incident.
    End(IncidentId),
    /// That accounts were seen connected again: those whose alert is in the thread of this message,
    /// or all.
    Reconnected(Option<Receipt>),
    /// What is told once a day.
    Daily,
}

/// Where an alert stands at the sink: the message in the channel that it is, or whose thread it is
/// in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receipt {
    /// The sink's id of the channel.
    pub channel: String,
    /// The sink's id of the message.
    pub ts: String,
}
