//! What joins the three ledgers of the program: database, audit trail and sink.

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
    /// Accounts whose open disconnection it lists.
    pub accounts: Vec<i64>,
    /// How many it counts without listing them: if any, all others that are open and untold.
    pub others: usize,
    /// Whether it counts all that were resolved untold.
    pub unannounced: bool,
}

/// Where an alert stands at the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The sink's id of the channel.
    pub channel: String,
    /// The sink's id of the message.
    pub ts: String,
}
