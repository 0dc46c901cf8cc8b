//! A disconnection as the databases give it back.

use std::borrow::Cow;
use std::ops::Deref;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::unreadable;
use crate::domain::cause::{Class, Link, classify};
use crate::domain::text::Pool;
use crate::domain::{Cycle, Disconnection, End, Event, Mailbox, Told, Way};

/// A text, in its row where it stands there as it is.
#[derive(Deserialize)]
pub(super) struct Text<'r>(#[serde(borrow)] Cow<'r, str>);

impl<'r> From<&'r str> for Text<'r> {
    fn from(text: &'r str) -> Self {
        Self(text.into())
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A row of the table, named as its columns are. Anything may have written it.
#[derive(Deserialize)]
pub(super) struct Stored<'r> {
    pub(super) account_id: i64,
    #[serde(borrow)]
    pub(super) from_name: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) from_email: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) account_type: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) disconnection_type: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) tags: Option<Text<'r>>,
    pub(super) message_per_day: Option<i64>,
    pub(super) daily_sent_count: Option<i64>,
    pub(super) campaign_count: Option<i64>,
    pub(super) client_id: Option<i64>,
    #[serde(borrow)]
    pub(super) smtp_error: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) imap_error: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) cause: Option<Text<'r>>,
    #[serde(borrow)]
    pub(super) told_as: Option<Text<'r>>,
    pub(super) incident_id: Option<i64>,
    #[serde(deserialize_with = "moment")]
    pub(super) detected_at: DateTime<Utc>,
    pub(super) missed_listings: i32,
    /// Whether `announced_at` is set.
    #[serde(deserialize_with = "flag")]
    pub(super) told: bool,
    /// Whether `announce_attempted_at` is set.
    #[serde(deserialize_with = "flag")]
    pub(super) attempted: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) is_active: bool,
    #[serde(deserialize_with = "moment_if_any")]
    pub(super) resolved_at: Option<DateTime<Utc>>,
    #[serde(borrow)]
    pub(super) resolution: Option<Text<'r>>,
}

/// A moment as text. Somebody may have written one by hand; without a zone it is UTC.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = Text::deserialize(deserializer)?;
    // The form in which we write it is read in a third of the time.
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text) {
        return Ok(moment.to_utc());
    }
    let moment = text.parse().or_else(|error| {
        let forms = [
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M",
        ];
        let mut read = forms
            .iter()
            .map(|form| NaiveDateTime::parse_from_str(&text, form));
        let naive = read.find_map(Result::ok);
        naive.map(|naive| naive.and_utc()).ok_or(error)
    });
    moment.map_err(|error| D::Error::custom(format!("a time that cannot be read ({error})")))
}

fn moment_if_any<'de, D>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    struct Moment(#[serde(deserialize_with = "moment")] DateTime<Utc>);
    let moment = Option::<Moment>::deserialize(deserializer)?;
    Ok(moment.map(|Moment(moment)| moment))
}

/// A truth value, also as SQLite has it.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value == true || value == 1)
}

impl<'r> Stored<'r> {
    /// Reads a row that comes as the text of a JSON object, or of an array in the order of the
    /// fields.
    ///
    /// # Errors
    /// When a column holds what it should not; it names the account.
    pub(super) fn from_json(text: &'r str) -> sqlx::Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            let row: Value = serde_json::from_str(text).unwrap_or_default();
            let id = row.get("account_id").or(row.get(0)).and_then(Value::as_i64);
            match id {
                Some(id) => unreadable("account", id, &error),
                None => sqlx::Error::Decode(error.into()),
            }
        })
    }

    /// The disconnection, its texts from this pool where many have them in common.
    ///
    /// # Errors
    /// When its kind is none.
    pub(super) fn disconnection(self, pool: &mut Pool) -> sqlx::Result<Disconnection> {
        let kind = self.disconnection_type.as_deref().unwrap_or_default();
        let kind = kind.parse();
        let count = |number| u32::try_from(number).ok();
        // Rows of earlier versions have none.
        let cause = self.cause.as_deref().and_then(|cause| cause.parse().ok());
        let cause = cause.unwrap_or_else(|| self.classify());
        let mut common = |text: Text<'_>| pool.get(&text);
        Ok(Disconnection {
            kind: kind.map_err(|error| unreadable("account", self.account_id, &error))?,
            mailbox: Mailbox {
                id: self.account_id,
                name: self.from_name.map(&mut common),
                address: self.from_email.as_deref().map(Into::into),
                account_type: self.account_type.map(&mut common),
                tags: self.tags.map(&mut common).unwrap_or_default(),
                daily_cap: self.message_per_day.and_then(count),
                sent_today: self.daily_sent_count.and_then(count),
                campaigns: self.campaign_count.and_then(count),
                client_id: self.client_id,
            },
            cause,
            way: Way::read(self.told_as.as_deref(), self.incident_id),
            smtp_error: self.smtp_error.map(&mut common),
            imap_error: self.imap_error.map(&mut common),
            detected_at: self.detected_at,
            missed_listings: u32::try_from(self.missed_listings).unwrap_or_default(),
            told: match (self.told, self.attempted) {
                (true, _) => Told::Yes,
                (false, true) => Told::Perhaps,
                (false, false) => Told::No,
            },
        })
    }

    /// What the provider's words mean.
    fn classify(&self) -> Class {
        let provider = self.account_type.as_deref();
        let class = |text: &Option<Text<'_>>, link| {
            let text = text.as_deref()?;
            Some(classify(text, Some(link), provider).class)
        };
        let smtp = class(&self.smtp_error, Link::Smtp);
        Class::decisive(smtp, class(&self.imap_error, Link::Imap))
    }

    /// The disconnection with its end.
    ///
    /// # Errors
    /// When its kind is none.
    pub(super) fn cycle(self, pool: &mut Pool) -> sqlx::Result<Cycle> {
        let at = self.resolved_at.unwrap_or(self.detected_at);
        let end = End {
            at,
            event: match self.resolution.as_deref() {
                Some("removed") => Some(Event::Removed),
                // The Python version may have left no end, and closed doubles get that of their start.
                None if at == self.detected_at => None,
                // It knew no removal.
                _ => Some(Event::Reconnected),
            },
        };
        Ok(Cycle {
            end: (!self.is_active).then_some(end),
            disconnection: self.disconnection(pool)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, detected_at: &str, resolved_at: &str) -> sqlx::Result<Stored<'static>> {
        Stored::from_json(
            format!(
                r#"{{"account_id":{id},"detected_at":{detected_at},"resolved_at":{resolved_at},
                "missed_listings":0,"told":true,"attempted":false,"is_active":true}}"#
            )
            .leak(),
        )
    }

    #[test]
    fn times_are_read_also_as_people_write_them() {
        for (text, expected) in [
            (
                "2026-11-21T14:05:00.123456+00:00",
                "2026-11-21T14:05:00.123456Z",
            ),
            ("2026-11-21T15:05:00+01:00", "2026-11-21T14:05:00Z"),
            ("2026-11-21 14:05:00", "2026-11-21T14:05:00Z"),
            ("2026-11-21T14:05:00.5", "2026-11-21T14:05:00.5Z"),
            ("2026-11-21 14:05", "2026-11-21T14:05:00Z"),
        ] {
            let expected: DateTime<Utc> = expected.parse().unwrap();
            let text = format!("\"{text}\"");
            let read = row("7", &text, "null").unwrap();
            assert_eq!((read.detected_at, read.resolved_at), (expected, None));
            assert_eq!(row("7", &text, &text).unwrap().resolved_at, Some(expected));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_account() {
        for (detected_at, resolved_at) in [
            ("\"soon\"", "null"),
            ("7", "null"),
            ("\"2026-11-21 14:05\"", "\"\""),
        ] {
            let error = row("7", detected_at, resolved_at)
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains("account 7: "), "{error}");
        }
        assert!(row("null", "\"2026-11-21 14:05\"", "null").is_err());
    }
}
