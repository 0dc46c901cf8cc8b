//! The status for other programs.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{Status, TOTALS};
use crate::audit::cell;
use crate::data::Record;
use crate::domain::figures::{Count, count_by};
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
    /// Of those in `accounts`.
    pub totals: Totals,
    /// What is down and passes the filters, the last detected first.
    pub accounts: Vec<Record<'a>>,
}

/// How many disconnections there are of each value, the most frequent first.
#[derive(Debug, Serialize)]
pub struct Totals {
    kind: Vec<Count>,
    account_type: Vec<Count>,
    client_id: Vec<Count>,
}

/// The columns of the CSV: fields of [`Record`].
const HEADER: [&str; 16] = [
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
];

impl<'a> Status<'a> {
    /// The status for [`serde`].
    pub fn json(&self) -> Json<'_> {
        let [kind, account_type, client_id] = TOTALS.map(|(_, dimension)| {
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
            totals: Totals {
                kind,
                account_type,
                client_id,
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
            ])?;
        }
        let written = writer.into_inner().map_err(|error| error.into_error())?;
        Ok(String::from_utf8_lossy(&written).into_owned())
    }
}
