//! What the channel shows, as values: Block Kit messages inside Slack's limits.
//!
//! Names, tags and provider errors are untrusted. They stand in `raw_text` and `plain_text` only,
//! which Slack shows as they are; where the fallback text has to carry some, it is escaped.

mod notice;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::text::{self, time};
use crate::domain::{Disconnection, Kind, RunId, Telling, Told, Unannounced};
pub use notice::{Failure, failure, recovery, trial};

/// Visible characters a message may have. Slack refuses some messages from about 12,000 on, by a
/// rule it does not document (slackapi/bolt-js issues 2509 and 2867).
const LONGEST_MESSAGE: usize = 8_000;

/// Rows of a table, its header included.
/// Source: <https://docs.slack.dev/reference/block-kit/blocks/table-block>.
const MOST_ROWS: usize = 100;

/// Room kept for everything in a message that is not a row of the table.
const RESERVED: usize = 1_500;

/// Replies that carry on a table which does not fit into the message.
const MOST_REPLIES: usize = 2;

/// Characters of a message that is text alone.
/// Source: <https://docs.slack.dev/reference/methods/chat.postMessage>, which advises 4,000.
const LONGEST_PLAIN: usize = 3_800;

/// Room kept in it for what is not listed.
const RESERVED_PLAIN: usize = 300;

/// Columns of the table and the characters each may show.
const COLUMNS: [(&str, usize); 7] = [
    ("ID", 20),
    ("E-mail", 64),
    ("Name", 40),
    ("Type", 16),
    ("Disconnection", 60),
    ("Tags", 60),
    ("Reason", 120),
];

/// What an empty cell shows; Slack refuses one with nothing in it.
const EMPTY: &str = "–";

/// Where a person finds the account and its error (Smartlead help centre, article 88).
const ACCOUNT_PAGE: &str = "https://app.smartlead.ai/app/email-account";

/// The list of all accounts in the web application.
const DASHBOARD: &str = "https://app.smartlead.ai/app/email-accounts/emails";

/// A message, without the channel it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// For notifications and screen readers; Slack's mrkdwn.
    pub text: String,
    /// What the channel shows.
    pub blocks: Vec<Value>,
    /// The same as text alone, with fewer rows, for when Slack objects to the blocks.
    pub plain: String,
}

/// A message of an alert, and what is told once Slack has taken it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The message: the first of an alert stands in the channel, the others in its thread.
    pub message: Message,
    /// What it tells.
    pub telling: Telling,
}

/// The new disconnections of one check, and those that are untold from before.
#[derive(Debug, Clone, Copy)]
pub struct Alert<'a> {
    /// The run that tells.
    pub run_id: &'a RunId,
    /// Its start.
    pub checked_at: DateTime<Utc>,
    /// What is down and to be told.
    pub disconnections: &'a [&'a Disconnection],
    /// What is no longer down and was not told.
    pub unannounced: Unannounced,
    /// Name of the CSV file that has them all.
    pub csv: &'a str,
}

/// The alert as messages, empty if there is nothing to tell. The heaviest disconnections come
/// first: both links down before one, and a high daily cap before a low one. What does not fit
/// even into the thread is counted, the CSV named, and goes with the last message. What was resolved untold
/// goes with the first, or is a message of its own.
pub fn alert(alert: &Alert<'_>) -> Vec<Part> {
    let mut sorted = alert.disconnections.to_vec();
    sorted.sort_by_key(|d| (d.kind, std::cmp::Reverse(d.mailbox.daily_cap), d.mailbox.id));
    let tables = tables(&sorted, alert.checked_at);
    let listed: Vec<usize> = tables.iter().map(|table| table.accounts.len()).collect();
    let first = listed.first().copied().unwrap_or_default();
    let in_thread: usize = listed.iter().skip(1).sum();
    let left_out = sorted.len() - first - in_thread;
    let parts = tables.len();
    if parts == 0 && alert.unannounced.count() > 0 {
        return vec![Part {
            message: unannounced_alone(alert),
            telling: Telling {
                accounts: Vec::new(),
                others: 0,
                unannounced: true,
            },
        }];
    }
    let mut from = 0;
    let mut messages = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let to = from + table.accounts.len();
        let message = match index {
            0 => opening(alert, &table, first, in_thread, left_out),
            _ => {
                let left_out = if index + 1 == parts { left_out } else { 0 };
                continuation(alert, &table, from, to, left_out)
            }
        };
        messages.push(Part {
            message,
            telling: Telling {
                accounts: table.accounts,
                others: if index + 1 == parts { left_out } else { 0 },
                unannounced: index == 0 && alert.unannounced.count() > 0,
            },
        });
        from = to;
    }
    messages
}

impl Message {
    /// A title and paragraphs.
    fn new(title: &str, paragraphs: &[String]) -> Self {
        let whole = paragraphs.join("\n");
        let mut text = format!("{title}\n{}", escape(&whole));
        if length(&text) > LONGEST_PLAIN {
            // Escaping makes five characters of one.
            let beginning: String = whole.chars().take(LONGEST_PLAIN / 5 - 50).collect();
            text = format!("{title}\n{}…", escape(&beginning));
        }
        Self {
            plain: text.clone(),
            text,
            blocks: std::iter::once(header(title))
                .chain(paragraphs.iter().map(|paragraph| plain(paragraph)))
                .collect(),
        }
    }
}

/// Nothing is down that would have to be told, but something was.
fn unannounced_alone(alert: &Alert<'_>) -> Message {
    let count = alert.unannounced.count();
    let title = format!("🟡 {count} Account Disconnection(s) Passed Unannounced");
    let summary = format!(
        "Check Time: {}\nRun ID: {}\n{}\nThe CSV has them: {} or the file of the month before.",
        time(alert.checked_at),
        alert.run_id,
        unannounced(alert.unannounced),
        alert.csv
    );
    Message::new(&title, &[summary])
}

/// One line on what was down and is not any more.
fn unannounced(unannounced: Unannounced) -> String {
    let ends = [
        ("came back", unannounced.reconnected),
        ("were removed from Smartlead", unannounced.removed),
    ];
    let ends: Vec<String> = ends
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(end, count)| format!("Went down and {end} unseen: {}", accounts(count)))
        .collect();
    let mut line = ends.join(". ");
    if unannounced.perhaps_told > 0 {
        line.push_str(&format!(
            " ({} of them a possible repeat)",
            unannounced.perhaps_told
        ));
    }
    line
}

fn opening(
    alert: &Alert<'_>,
    table: &Table,
    first: usize,
    in_thread: usize,
    left_out: usize,
) -> Message {
    let total = alert.disconnections.len();
    let title = format!("🔴 {total} New Account Disconnection(s) Detected");
    let mut summary = format!(
        "Check Time: {}\nRun ID: {}",
        time(alert.checked_at),
        alert.run_id
    );
    for kind in Kind::ALL {
        let count = alert
            .disconnections
            .iter()
            .filter(|d| d.kind == kind)
            .count();
        if count > 0 {
            summary.push_str(&format!("\n{}: {}", kind_name(kind), accounts(count)));
        }
    }
    let of = |wanted: &dyn Fn(&Disconnection) -> bool| {
        alert.disconnections.iter().filter(|d| wanted(d)).count()
    };
    let late = of(&|d| d.detected_at != alert.checked_at);
    if late > 0 {
        summary.push_str(&format!(
            "\nFound down before this check (the table says when): {}",
            accounts(late)
        ));
    }
    let repeats = of(&|d| d.told == Told::Perhaps);
    if repeats > 0 {
        summary.push_str(&format!(
            "\nMarked as a possible repeat, because Slack did not confirm an earlier message: {}",
            accounts(repeats)
        ));
    }
    if alert.unannounced.count() > 0 {
        summary.push_str(&format!("\n{}", unannounced(alert.unannounced)));
    }
    let mut blocks = vec![header(&title), plain(&summary), table.block()];
    if first < total {
        let mut rest = format!("Listed here: {first} of {total}.");
        if in_thread > 0 {
            rest.push_str(&format!(" In the thread: {in_thread}."));
        }
        if left_out > 0 {
            rest.push_str(&format!(" Not listed: {}.", elsewhere(alert, left_out)));
        }
        blocks.push(plain(&rest));
    }
    blocks.push(markup(&format!(
        "*Recommended actions*\n\
         1. Check the accounts in the <{DASHBOARD}|Smartlead dashboard>; each ID above leads to its error.\n\
         2. Verify the connectivity of the e-mail provider (SMTP and IMAP).\n\
         3. Re-authenticate the accounts where needed."
    )));
    let text = format!("{title}\n{}", escape(&summary));
    Message {
        plain: table.plain(&text, alert, left_out),
        text,
        blocks,
    }
}

fn continuation(
    alert: &Alert<'_>,
    table: &Table,
    from: usize,
    to: usize,
    left_out: usize,
) -> Message {
    let title = format!(
        "Accounts {} to {to} of {} (Run ID: {})",
        from + 1,
        alert.disconnections.len(),
        alert.run_id
    );
    let text = escape(&title);
    let shown = match left_out {
        0 => title,
        _ => format!("{title}\nNot listed: {}.", elsewhere(alert, left_out)),
    };
    Message {
        plain: table.plain(&text, alert, left_out),
        text: escape(&shown),
        blocks: vec![plain(&shown), table.block()],
    }
}

/// Where to find what is not listed. What was on record before may stand in an older file.
fn elsewhere(alert: &Alert<'_>, left_out: usize) -> String {
    format!(
        "{}; see the CSV file {} or those of the months before, or the open rows of the database",
        accounts(left_out),
        alert.csv
    )
}

/// One message's worth of rows.
#[derive(Default)]
struct Table {
    rows: Vec<[String; 7]>,
    accounts: Vec<i64>,
    length: usize,
}

/// Fills as many tables as there may be messages.
fn tables(sorted: &[&Disconnection], checked_at: DateTime<Utc>) -> Vec<Table> {
    let heading: usize = COLUMNS.iter().map(|(name, _)| length(name)).sum();
    let mut tables: Vec<Table> = Vec::new();
    for disconnection in sorted {
        let row = row(disconnection, checked_at);
        let added = row.iter().map(|cell| length(cell)).sum::<usize>();
        let fits = tables.last().is_some_and(|table| {
            table.rows.len() + 1 < MOST_ROWS
                && table.length + added + heading + RESERVED <= LONGEST_MESSAGE
        });
        if !fits {
            if tables.len() > MOST_REPLIES {
                break;
            }
            tables.push(Table::default());
        }
        if let Some(table) = tables.last_mut() {
            table.length += added;
            table.rows.push(row);
            table.accounts.push(disconnection.mailbox.id);
        }
    }
    tables
}

fn row(disconnection: &Disconnection, checked_at: DateTime<Utc>) -> [String; 7] {
    let mailbox = &disconnection.mailbox;
    let reason = disconnection.reason();
    let mut kind = disconnection.kind.to_string();
    // Earlier, or later by a clock that was wrong.
    if disconnection.detected_at != checked_at {
        let since = disconnection.detected_at.format("%Y-%m-%d %H:%M UTC");
        kind.push_str(&format!(", since {since}"));
    }
    if disconnection.told == Told::Perhaps {
        kind.push_str(" (possible repeat)");
    }
    let id = mailbox.id.to_string();
    let cells = [
        Some(&*id),
        mailbox.address.as_deref(),
        mailbox.name.as_deref(),
        mailbox.account_type.as_deref(),
        Some(&*kind),
        Some(&*mailbox.tags),
        reason.as_deref(),
    ];
    let mut limits = COLUMNS.iter().map(|(_, limit)| *limit);
    cells.map(|cell| {
        let shown = text::clean(cell.unwrap_or_default(), limits.next().unwrap_or_default());
        if shown.is_empty() {
            EMPTY.to_owned()
        } else {
            shown
        }
    })
}

impl Table {
    /// The rows as text under `heading`, as many as fit; the others are counted with those that are
    /// `left_out` of the alert. Slack's markup is off for such a message,
    /// but mentions have to be escaped all the same.
    fn plain(&self, heading: &str, alert: &Alert<'_>, left_out: usize) -> String {
        let mut text = heading.to_owned();
        let mut listed = 0;
        for row in &self.rows {
            let cells: Vec<&str> = row
                .iter()
                .map(String::as_str)
                .filter(|cell| *cell != EMPTY)
                .collect();
            let line = format!("\n{}", escape(&cells.join(" | ")));
            if length(&text) + length(&line) > LONGEST_PLAIN - RESERVED_PLAIN {
                break;
            }
            text.push_str(&line);
            listed += 1;
        }
        let left_out = left_out + self.rows.len() - listed;
        if left_out > 0 {
            text.push_str(&format!("\nNot listed: {}.", elsewhere(alert, left_out)));
        }
        text
    }

    /// The table block. An id leads to the account's page; every other cell is literal text.
    fn block(&self) -> Value {
        let heading = COLUMNS.iter().map(|(name, _)| {
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
        let wrapped: Vec<Value> = COLUMNS
            .iter()
            .map(|_| json!({"is_wrapped": true}))
            .collect();
        json!({"type": "table", "rows": rows, "column_settings": wrapped})
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Both => "Both SMTP & IMAP",
        Kind::Smtp => "SMTP Only",
        Kind::Imap => "IMAP Only",
    }
}

fn accounts(count: impl TryInto<u64>) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} account{}", if count == 1 { "" } else { "s" })
}

fn header(title: &str) -> Value {
    json!({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": true}})
}

/// Text that Slack shows as it is.
fn plain(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "plain_text", "text": text, "emoji": false}})
}

/// Our own words with our own links; nothing untrusted.
fn markup(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})
}

/// Escapes text for Slack's mrkdwn: no mention and no link, not even of a bare URL.
/// Source: <https://docs.slack.dev/messaging/formatting-message-text/>.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace("://", ":/\u{200b}/")
}

/// The longer of the two ways to count characters.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests;
