//! The status for other programs.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::incident::size;
use super::{Status, TOTALS};
use crate::audit::cell;
use crate::data::Record;
use crate::domain::figures::{Count, count_by};
use crate::domain::{Incident, IncidentId};
use crate::state::LastCheck;

/// The status as JSON: names stay, and times are RFC 3339 in UTC.
#[derive(Debug, Serialize)]
pub struct Json<'a> {
    /// When it was looked up.
    pub generated_at: DateTime<Utc>,
    /// Start of the last check that read the fleet; what is down is as of then. Null if none did.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether the last check read the fleet, and not long ago.
    pub is_current: bool,
    /// The last check, as the state file shows it; null if there was none.
    pub last_check: Option<LastCheck<'a>>,
    /// How many accounts are down, whether the filters let them pass or not.
    pub down: usize,
    /// The incident that was asked for; null if none was, or if it is not on record.
    pub incident: Option<IncidentRecord>,
    /// Of those in `accounts`.
    pub totals: Totals,
    /// What is down and passes the filters, the last detected first.
    pub accounts: Vec<Record<'a>>,
}

/// An incident, named as the columns of its table are.
#[derive(Debug, Serialize)]
pub struct IncidentRecord {
    id: IncidentId,
    /// The id of the class of its cause.
    cause: &'static str,
    /// `domain`, `client` or `type`; null for the whole fleet.
    scope: Option<&'static str>,
    /// Which.
    scope_value: Option<String>,
    opened_at: DateTime<Utc>,
    /// When few enough were left; null while it goes on.
    closed_at: Option<DateTime<Utc>>,
    /// Disconnections that were ever part of it.
    accounts: u64,
    /// Those that go on, whether the filters let them pass or not.
    down: u64,
}

impl IncidentRecord {
    fn of(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            cause: incident.factor.cause.as_str(),
            scope: incident.factor.scope.dimension(),
            scope_value: incident.factor.scope.value(),
            opened_at: incident.opened_at,
            closed_at: incident.closed_at,
            accounts: size(incident),
            down: incident.down,
        }
    }
}

/// How many disconnections there are of each value, the most frequent first.
#[derive(Debug, Serialize)]
pub struct Totals {
    kind: Vec<Count>,
    account_type: Vec<Count>,
    client_id: Vec<Count>,
    cause: Vec<Count>,
}

/// The columns of the CSV: fields of [`Record`].
const HEADER: [&str; 19] = [
    "account_id",
    "from_name",
    "from_email",
    "account_type",
    "disconnection_type",
    "tags",
    "client_id",
    "message_per_day",
    "daily_sent_count",
    "campaign_count",
    "smtp_error",
    "imap_error",
    "detected_at",
    "down_seconds",
    "missed_listings",
    "told",
    "cause",
    "told_as",
    "incident",
];

impl<'a> Status<'a> {
    /// The status for [`serde`].
    pub fn json(&self) -> Json<'_> {
        let [kind, cause, account_type, client_id] = TOTALS.map(|(_, dimension)| {
            count_by(
                dimension,
                self.shown.iter().map(|cycle| &cycle.disconnection),
            )
        });
        Json {
            generated_at: self.now,
            as_of: self.as_of,
            is_current: self.is_current(),
            last_check: self.last.map(Into::into),
            down: self.down,
            incident: self.incident.map(IncidentRecord::of),
            totals: Totals {
                kind,
                account_type,
                client_id,
                cause,
            },
            accounts: self.records().collect(),
        }
    }

    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.shown.iter().map(|cycle| Record::new(cycle, self.now))
    }

    /// The accounts as CSV with a header, RFC 4180 but for its line ends, which are those of Unix.
    /// Cells that a spreadsheet would run are neutralised.
    ///
    /// # Errors
    /// None that memory does not give.
    pub fn csv(&self) -> csv::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER)?;
        let text = |text: Option<&str>| cell(text.unwrap_or_default()).into_owned();
        let number = |number: Option<i64>| number.map(|n| n.to_string()).unwrap_or_default();
        let count = |count: Option<u32>| number(count.map(Into::into));
        for record in self.records() {
            writer.write_record([
                record.account_id.to_string(),
                text(record.from_name),
                text(record.from_email),
                text(record.account_type),
                record.disconnection_type.to_owned(),
                text(Some(&record.tags.join(", "))),
                number(record.client_id),
                count(record.message_per_day),
                count(record.daily_sent_count),
                count(record.campaign_count),
                text(record.smtp_error),
                text(record.imap_error),
                record
                    .detected_at
                    .to_rfc3339_opts(SecondsFormat::Secs, true),
                record.down_seconds.to_string(),
                record.missed_listings.to_string(),
                record.told.to_owned(),
                record.cause.to_owned(),
                record.told_as.unwrap_or_default().to_owned(),
                number(record.incident.map(|id| id.get().into())),
            ])?;
        }
        let written = writer.into_inner().map_err(|error| error.into_error())?;
        Ok(String::from_utf8_lossy(&written).into_owned())
    }
}
