//! Accounts in rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::draft::length;
use crate::domain::cause::Class;
use crate::domain::chronic::WINDOW;
use crate::domain::text;
use crate::domain::{Disconnection, Told};

/// Rows of a table, its header included.
/// Source: <https://docs.slack.dev/reference/block-kit/blocks/table-block>.
const MOST_ROWS: usize = 100;

/// What an empty cell shows; Slack refuses one with nothing in it.
pub(super) const EMPTY: &str = "–";

/// Where a person finds the account and its error (Smartlead help centre, article 88).
const ACCOUNT_PAGE: &str = "https://app.smartlead.ai/app/email-account";

/// The columns of a table and the characters each may show. The first is the account's id.
pub(super) type Columns = [(&'static str, usize)];

/// The columns of what is down.
pub(super) const DOWN: &Columns = &[
    ("ID", 20),
    ("E-mail", 64),
    ("Name", 40),
    ("Type", 16),
    ("Disconnection", 80),
    ("Tags", 60),
    ("Reason", 120),
];

/// One message's worth of rows.
pub(super) struct Table {
    columns: &'static Columns,
    rows: Vec<Vec<String>>,
    accounts: Vec<i64>,
    length: usize,
}

impl Table {
    /// Tables of these rows in their order, each an account's id and its other cells. There are as
    /// many tables as `rooms`, which are the visible characters that each may have, or fewer.
    pub(super) fn fill<R: AsRef<str>>(
        columns: &'static Columns,
        rows: impl Iterator<Item = (i64, Vec<R>)>,
        rooms: &[usize],
    ) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        let mut rooms = rooms.iter();
        let mut room = 0;
        for (account, cells) in rows {
            let id = account.to_string();
            let cells = std::iter::once(&*id).chain(cells.iter().map(AsRef::as_ref));
            let cells = cells
                .zip(columns)
                .map(|(text, (_, limit))| cell(text, *limit));
            let row: Vec<String> = cells.collect();
            let added = row.iter().map(|cell| length(cell)).sum::<usize>();
            let fits = tables.last().is_some_and(|table| {
                table.rows.len() + 1 < MOST_ROWS && table.length + added <= room
            });
            if !fits {
                match rooms.next() {
                    Some(next) => room = *next,
                    None => break,
                }
                tables.push(Self {
                    columns,
                    rows: Vec::new(),
                    accounts: Vec::new(),
                    length: columns.iter().map(|(name, _)| length(name)).sum(),
                });
            }
            if let Some(table) = tables.last_mut() {
                table.length += added;
                table.rows.push(row);
                table.accounts.push(account);
            }
        }
        tables
    }

    /// The one table of as many of these rows as fit into `room`.
    pub(super) fn of<R: AsRef<str>>(
        columns: &'static Columns,
        rows: impl Iterator<Item = (i64, Vec<R>)>,
        room: usize,
    ) -> Option<Self> {
        Self::fill(columns, rows, &[room]).pop()
    }

    /// The cells of its rows.
    pub(super) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The accounts of its rows.
    pub(super) fn accounts(&self) -> &[i64] {
        &self.accounts
    }

    /// A row as text.
    pub(super) fn line(row: &[String]) -> String {
        let cells = row.iter().map(String::as_str);
        let cells: Vec<&str> = cells.filter(|cell| *cell != EMPTY).collect();
        cells.join(" | ")
    }

    /// The table block. An id leads to the account's page; every other cell is literal text.
    pub(super) fn block(&self) -> Value {
        let heading = self.columns.iter().map(|(name, _)| {
            json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                {"type": "text", "text": name, "style": {"bold": true}}]}]})
        });
        let mut rows = vec![Value::Array(heading.collect())];
        for (cells, id) in self.rows.iter().zip(&self.accounts) {
            let url = format!("{ACCOUNT_PAGE}/{id}/error-state");
            let mut cells = cells.iter();
            let link = json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                {"type": "link", "url": url, "text": cells.next()}]}]});
            let others = cells.map(|cell| json!({"type": "raw_text", "text": cell}));
            rows.push(std::iter::once(link).chain(others).collect());
        }
        let wrapped = self.columns.iter().map(|_| json!({"is_wrapped": true}));
        let wrapped: Vec<Value> = wrapped.collect();
        json!({"type": "table", "rows": rows, "column_settings": wrapped})
    }
}

fn cell(text: &str, limit: usize) -> String {
    let shown = text::clean(text, limit);
    if shown.is_empty() {
        return EMPTY.to_owned();
    }
    shown
}

/// What the last column of [`DOWN`] shows.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// What [`why`] gives.
    Class,
    /// The provider's words: what the rows have in common is said above.
    Text,
}

/// The row of a disconnection under [`DOWN`]. An account that is `chronic` has so many cycles.
pub(super) fn row(
    disconnection: &Disconnection,
    reason: Reason,
    chronic: &BTreeMap<i64, u32>,
    checked_at: DateTime<Utc>,
) -> (i64, Vec<String>) {
    let mailbox = &disconnection.mailbox;
    let mut kind = disconnection.kind.to_string();
    // Earlier, or later by a clock that was wrong.
    if disconnection.detected_at != checked_at {
        kind.push_str(&format!(", since {}", minute(disconnection.detected_at)));
    }
    if let Some(cycles) = chronic.get(&mailbox.id) {
        let days = WINDOW.num_days();
        kind.push_str(&format!(", {} time in {days} days", ordinal(*cycles)));
    }
    if disconnection.told == Told::Perhaps {
        kind.push_str(" (possible repeat)");
    }
    let reason = match reason {
        Reason::Class => why(disconnection),
        Reason::Text => provider_words(disconnection),
    };
    let text = |text: &Option<arcstr::ArcStr>| text.as_deref().unwrap_or_default().to_owned();
    let cells = vec![
        text(&mailbox.address),
        text(&mailbox.name),
        text(&mailbox.account_type),
        kind,
        mailbox.tags.to_string(),
        reason,
    ];
    (mailbox.id, cells)
}

/// The class of the cause in words; the provider's words where it is not known.
pub(super) fn why(disconnection: &Disconnection) -> String {
    match disconnection.cause {
        Class::Unknown => provider_words(disconnection),
        class => text::sentence(class.words()),
    }
}

fn provider_words(disconnection: &Disconnection) -> String {
    let words = disconnection.reason();
    words.unwrap_or_else(|| "No reason given".to_owned())
}

/// A moment, to the minute.
pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_endings_that_they_are_spoken_with() {
        let spoken = [1, 2, 3, 4, 11, 12, 13, 21, 102, 113].map(ordinal);
        let expected = "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 113th";
        assert_eq!(spoken.join(" "), expected);
    }
}
