//! What the channel shows, as values: Block Kit messages inside Slack's limits.
//!
//! Names, tags and provider errors are untrusted. They stand in `raw_text` and `plain_text` only,
//! which Slack shows as they are; where the fallback text has to carry some, it is escaped.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::{Disconnection, Kind, RunId, text};

/// Visible characters a message may have. Slack refuses some messages from about 12,000 on, by a
/// rule it does not document (slackapi/bolt-js issues 2509 and 2867).
const LONGEST_MESSAGE: usize = 8_000;

/// Rows of a table, its header included.
/// Source: <https://docs.slack.dev/reference/block-kit/blocks/table-block>.
const MOST_ROWS: usize = 100;

/// Room kept for everything in a message that is not a row of the table.
const RESERVED: usize = 1_000;

/// Replies that carry on a table which does not fit into the message.
const MOST_REPLIES: usize = 2;

/// A section's text may have 3,000 characters.
const LONGEST_REASON: usize = 2_000;

/// Columns of the table and the characters each may show.
const COLUMNS: [(&str, usize); 7] = [
    ("ID", 20),
    ("E-mail", 64),
    ("Name", 40),
    ("Type", 16),
    ("Disconnection", 13),
    ("Tags", 60),
    ("Reason", 120),
];

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
}

/// A message of an alert, with the accounts that count as told once Slack has taken it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The message: the first of an alert stands in the channel, the others in its thread.
    pub message: Message,
    /// Ids of accounts.
    pub accounts: Vec<i64>,
}

/// The new disconnections of one check, or those that are untold from before.
#[derive(Debug, Clone, Copy)]
pub struct Alert<'a> {
    /// The run that tells.
    pub run_id: &'a RunId,
    /// Its start.
    pub checked_at: DateTime<Utc>,
    /// What to tell.
    pub disconnections: &'a [Disconnection],
    /// Name of the CSV file that has them all.
    pub csv: &'a str,
}

/// A check that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its start.
    pub checked_at: DateTime<Utc>,
    /// Why it failed, without secrets.
    pub reason: &'a str,
    /// What happens next.
    pub next: &'a str,
}

/// The alert as messages, empty if there is nothing to tell. The heaviest disconnections come
/// first: both links down before one, and a high daily cap before a low one. What does not fit
/// even into the thread is counted, the CSV named, and goes with the last message.
pub fn alert(alert: &Alert<'_>) -> Vec<Part> {
    let mut sorted: Vec<&Disconnection> = alert.disconnections.iter().collect();
    sorted.sort_by_key(|d| (d.kind, std::cmp::Reverse(d.mailbox.daily_cap), d.mailbox.id));
    let tables = tables(&sorted);
    let listed: Vec<usize> = tables.iter().map(|table| table.accounts.len()).collect();
    let first = listed.first().copied().unwrap_or_default();
    let in_thread: usize = listed.iter().skip(1).sum();
    let left_out = sorted.len() - first - in_thread;
    let parts = tables.len();
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
        let mut accounts = table.accounts;
        if index + 1 == parts {
            accounts.extend(sorted.iter().skip(to).map(|d| d.mailbox.id));
        }
        messages.push(Part { message, accounts });
        from = to;
    }
    messages
}

/// The message about a failed check.
pub fn failure(failure: &Failure<'_>) -> Message {
    let title = "⚠️ Smartlead Monitor Error";
    let reason = text::clean(failure.reason, LONGEST_REASON);
    let time = time(failure.checked_at);
    let details = format!("Time: {time}\nRun ID: {}\nReason: {reason}", failure.run_id);
    let next = format!("What happens next: {}", failure.next);
    Message {
        text: format!("{title}\n{}\n{}", escape(&details), escape(&next)),
        blocks: vec![header(title), plain(&details), plain(&next)],
    }
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
    Message {
        text: format!("{title}\n{}", escape(&summary)),
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
    let mut title = format!(
        "Accounts {} to {to} of {} (Run ID: {})",
        from + 1,
        alert.disconnections.len(),
        alert.run_id
    );
    if left_out > 0 {
        title.push_str(&format!("\nNot listed: {}.", elsewhere(alert, left_out)));
    }
    Message {
        text: escape(&title),
        blocks: vec![plain(&title), table.block()],
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
fn tables(sorted: &[&Disconnection]) -> Vec<Table> {
    let heading: usize = COLUMNS.iter().map(|(name, _)| length(name)).sum();
    let mut tables: Vec<Table> = Vec::new();
    for disconnection in sorted {
        let row = row(disconnection);
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

fn row(disconnection: &Disconnection) -> [String; 7] {
    let mailbox = &disconnection.mailbox;
    let reason = disconnection.reason();
    let cells = [
        Some(mailbox.id.to_string()),
        mailbox.address.clone(),
        mailbox.name.clone(),
        mailbox.account_type.clone(),
        Some(disconnection.kind.to_string()),
        Some(mailbox.tags.clone()),
        reason,
    ];
    let mut limits = COLUMNS.iter().map(|(_, limit)| *limit);
    cells.map(|cell| {
        let shown = text::clean(&cell.unwrap_or_default(), limits.next().unwrap_or_default());
        // Slack refuses an empty cell.
        if shown.is_empty() {
            "–".to_owned()
        } else {
            shown
        }
    })
}

impl Table {
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

fn accounts(count: usize) -> String {
    format!("{count} account{}", if count == 1 { "" } else { "s" })
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
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
