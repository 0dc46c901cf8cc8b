//! The tables of the page.

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

use super::numbers::{counted, grouped};
use super::words::{counts, length, moment};
use super::{Account, Check, Chronic, Down, Report, charts};
use crate::domain::UNFINISHED;
use crate::domain::text::clean;

/// Rows of the table of what is down that show at once.
const FIRST_DOWN: usize = 20;

/// Rows of it in all.
const MOST_DOWN: usize = 200;

/// Rows of the table of accounts that went down again and again.
const MOST_CHRONIC: usize = 15;

/// Rows of the table of checks.
const MOST_CHECKS: usize = 20;

/// The provider's words are cut to this many characters.
const LONGEST_REASON: usize = 300;

const DOWN_COLUMNS: [&str; 7] = [
    "Account",
    "Fails",
    "Down since",
    "Type, client",
    "Tags",
    "Reason",
    "Alert",
];

const CHRONIC_COLUMNS: [&str; 7] = [
    "Account",
    "Times",
    "Down in all",
    "Last went down",
    "Now",
    "Type, client",
    "Tags",
];

pub(super) fn down_now(report: &Report) -> Markup {
    let down = report.disconnected.total;
    let first = report.down.iter().take(FIRST_DOWN);
    let more: Vec<&Down> = report
        .down
        .iter()
        .take(MOST_DOWN)
        .skip(FIRST_DOWN)
        .collect();
    html! {
        section.card aria-labelledby="down" {
            h2 #down { "Down now" }
            @if down == 0 { p.none { "No account is known to be down." } }
            @else {
                (down_table("Accounts that are down, the last detected first", first))
                @if !more.is_empty() {
                    details.more {
                        summary { "The next " (more.len()) " of " (grouped(down)) }
                        (down_table("More accounts that are down", more.iter().copied()))
                    }
                }
                @if down > MOST_DOWN as u64 {
                    p.note {
                        (grouped(down.saturating_sub(MOST_DOWN as u64)))
                        " more are not shown here. " code { "monitor status" }
                        " lists all of them, and the CSV audit trail has a row of each."
                    }
                }
            }
        }
    }
}

fn down_table<'a>(caption: &str, rows: impl Iterator<Item = &'a Down>) -> Markup {
    html! {
        table.cards.down {
            caption { (caption) }
            (head(&DOWN_COLUMNS))
            tbody {
                @for row in rows {
                    tr {
                        (account_cell(&row.account))
                        (fails_cell(row.disconnection_type))
                        td data-label="Down since" {
                            (stamp(row.detected_at)) small { (length(row.down_seconds)) }
                        }
                        (type_cell(&row.account))
                        (text_cell("Tags", Some(&row.account.tags.join(", ")), 120))
                        (reason_cell(row))
                        td data-label="Alert" { (row.alert) }
                    }
                }
            }
        }
    }
}

pub(super) fn chronic(report: &Report) -> Markup {
    let rest = report.chronic.len().saturating_sub(MOST_CHRONIC);
    html! {
        section.card aria-labelledby="chronic" {
            h2 #chronic { "Down again and again" }
            @if report.chronic.is_empty() {
                p.none { "No account went down more than once in this time." }
            } @else {
                table.cards.chronic {
                    caption { "Accounts with two disconnections or more, the most frequent first" }
                    (head(&CHRONIC_COLUMNS))
                    tbody {
                        @for row in report.chronic.iter().take(MOST_CHRONIC) { (chronic_row(row)) }
                    }
                }
                @if rest > 0 {
                    p.note {
                        (counted(rest as u64, "account more", "accounts more"))
                        " went down twice or more."
                    }
                }
            }
        }
    }
}

fn chronic_row(row: &Chronic) -> Markup {
    html! {
        tr {
            (account_cell(&row.account))
            td data-label="Times" { (grouped(row.disconnections)) }
            td data-label="Down in all" { (length(row.down_seconds)) }
            td data-label="Last went down" { (stamp(row.last_detected_at)) }
            td data-label="Now" { (if row.is_down { "down" } else { "not down" }) }
            (type_cell(&row.account))
            (text_cell("Tags", Some(&row.account.tags.join(", ")), 120))
        }
    }
}

pub(super) fn last_checks(report: &Report) -> Markup {
    html! {
        section.card aria-labelledby="checks" {
            h2 #checks { "Last checks" }
            @if report.checks.is_empty() { p.none { "No check is on record." } }
            @else {
                p.note { "A cell for each check and a row for each day (UTC), the oldest first." }
                ul.key {
                    @for (outcome, count) in counts(&report.checks) {
                        li {
                            span.swatch.(outcome) { (charts::mark(outcome)) }
                            strong { (count) } " " (meaning(outcome))
                        }
                    }
                }
                (charts::strip(&report.checks))
                table.cards.checks {
                    caption { "The latest checks, the last first" }
                    (head(&["Started", "Outcome", "Accounts", "Down", "New", "Back", "Why"]))
                    tbody {
                        @for check in report.checks.iter().take(MOST_CHECKS) { (check_row(check)) }
                    }
                }
            }
        }
    }
}

fn check_row(check: &Check) -> Markup {
    html! {
        tr {
            th scope="row" { (stamp(check.started_at)) }
            td data-label="Outcome" { (outcome(check.outcome)) }
            td data-label="Accounts" { (number(check.accounts_seen)) }
            td data-label="Down" { (number(check.disconnected)) }
            td data-label="New" { (number(check.newly_disconnected)) }
            td data-label="Back" { (number(check.reconnected)) }
            (text_cell("Why", check.error.as_deref(), 400))
        }
    }
}

fn meaning(outcome: &str) -> &'static str {
    match outcome {
        "complete" => "complete",
        "untold" => "complete, but Slack was not told all",
        "short" => "failed: the list was suspiciously short",
        UNFINISHED => "not finished: under way, or cut off",
        _ => "failed",
    }
}

fn fails_cell(kind: &str) -> Markup {
    html! { td data-label="Fails" { span.kind.(kind.to_lowercase()) { (kind) } } }
}

/// The heads of columns.
pub(super) fn head(columns: &[&str]) -> Markup {
    html! { thead { tr { @for column in columns { th scope="col" { (column) } } } } }
}

pub(super) fn outcome(outcome: &'static str) -> Markup {
    html! { span.outcome.(outcome) { (outcome) } }
}

/// Who an account is, as the head of its row.
fn account_cell(account: &Account) -> Markup {
    html! {
        th scope="row" {
            bdi { (clean(&name(account), 120)) }
            small {
                @if let Some(name) = &account.from_name { bdi { (clean(name, 60)) } " · " }
                (account.account_id)
            }
        }
    }
}

/// Which provider an account is with, and whose it is.
fn type_cell(account: &Account) -> Markup {
    html! {
        td data-label="Type, client" {
            bdi { (clean(account.account_type.as_deref().unwrap_or("–"), 30)) }
            @if let Some(client) = account.client_id { small { "client " (client) } }
        }
    }
}

/// Why an account is down: the cause, where it is known, and the provider's words.
fn reason_cell(row: &Down) -> Markup {
    let label = "Reason";
    let reason = row.reason.as_deref();
    let Some(cause) = row.cause_words else {
        return text_cell(label, reason, LONGEST_REASON);
    };
    html! {
        td data-label=(label) {
            (cause)
            @if let Some(reason) = reason { small { bdi { (clean(reason, LONGEST_REASON)) } } }
        }
    }
}

/// What an account is called: its address, or else its id.
pub(super) fn name(account: &Account) -> String {
    match &account.from_email {
        Some(address) => address.clone(),
        None => format!("account {}", account.account_id),
    }
}

/// A cell with words of others, if there are any, cut to so many characters.
fn text_cell(label: &str, text: Option<&str>, longest: usize) -> Markup {
    html! {
        @match text.filter(|text| !text.is_empty()) {
            Some(text) => td data-label=(label) { bdi { (clean(text, longest)) } },
            None => td.empty data-label=(label) { "–" },
        }
    }
}

pub(super) fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "–".to_owned(), grouped)
}

pub(super) fn stamp(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339_opts(SecondsFormat::Secs, true)) { (moment(at)) } }
}
