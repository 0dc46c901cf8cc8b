//! The ordinary alert.

use std::cmp::Reverse;

use super::causes::Causes;
use super::cost;
use super::draft::Draft;
use super::table::{DOWN, Reason, Table, row};
use super::{Context, Message, Part, Place, accounts, counted, repeats};
use crate::domain::chronic::{CYCLES, HOLD, WINDOW};
use crate::domain::text::grouped;
use crate::domain::{AlertNews, Cost, Disconnection, Kind, Telling, Told, Unannounced, Way};

/// Replies that carry on a table which does not fit into the message.
const REPLIES: usize = 2;

/// The alert as messages, empty if there is nothing to tell. The causes of most accounts come
/// first, then the heaviest disconnections: both links down before one, and a high daily cap before
/// a low one. What does not fit even into the thread is counted, the CSV named, and goes with the
/// last message. What was resolved untold goes with the first, or is a message of its own.
pub(super) fn parts(news: &AlertNews<'_>, cost: &Cost, context: &Context<'_>) -> Vec<Part> {
    if news.is_empty() {
        return Vec::new();
    }
    if news.disconnections.is_empty() {
        return vec![Part {
            message: passed(news, context),
            place: Place::Channel,
            telling: Telling {
                way: Way::Alert,
                unannounced: true,
                ..Telling::default()
            },
        }];
    }
    let causes = Causes::of(&news.disconnections);
    let mut sorted = news.disconnections.clone();
    sorted.sort_unstable_by_key(|d| {
        let mailbox = &d.mailbox;
        (
            causes.rank(d.cause),
            d.kind,
            Reverse(mailbox.daily_cap),
            mailbox.id,
        )
    });
    let earliest = sorted.iter().map(|d| d.detected_at).min();
    let files = context.files(earliest.unwrap_or(context.checked_at));
    let elsewhere = format!("{files}, or monitor status");
    let mut opening = opening(news, &causes, cost, context);
    opening.elsewhere = &elsewhere;
    let reply = Draft {
        paragraphs: vec![heading(sorted.len(), sorted.len(), sorted.len(), context)],
        ..Draft::default()
    };
    let mut rooms = vec![opening.room()];
    rooms.extend([reply.room(); REPLIES]);
    let rows = sorted
        .iter()
        .map(|d| row(d, Reason::Class, &news.chronic, context.checked_at));
    let tables = Table::fill(DOWN, rows, &rooms);
    let listed: Vec<usize> = tables.iter().map(|table| table.accounts().len()).collect();
    let first = listed.first().copied().unwrap_or_default();
    let in_thread = listed.iter().skip(1).sum::<usize>();
    let left_out = sorted.len() - first - in_thread;
    if first < sorted.len() {
        opening.note = format!(
            "Listed here: {} of {}.",
            grouped(first as u64),
            grouped(sorted.len() as u64)
        );
    }
    if in_thread > 0 {
        opening
            .note
            .push_str(&format!(" In the thread: {}.", grouped(in_thread as u64)));
    }
    let last = tables.len().saturating_sub(1);
    let mut opening = Some(opening);
    let mut to = 0;
    let mut parts = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let from = to;
        to += table.accounts().len();
        let telling = Telling {
            way: Way::Alert,
            beside: None,
            accounts: table.accounts().to_vec(),
            others: if index == last { left_out } else { 0 },
            unannounced: index == 0 && news.unannounced.count() > 0,
        };
        let (draft, place) = match opening.take() {
            Some(opening) => (opening, Place::Channel),
            None => (
                Draft {
                    paragraphs: vec![heading(from + 1, to, sorted.len(), context)],
                    elsewhere: &elsewhere,
                    ..Draft::default()
                },
                Place::Thread,
            ),
        };
        let draft = Draft {
            left_out: if index == 0 || index == last {
                left_out
            } else {
                0
            },
            table: Some(table),
            ..draft
        };
        parts.push(Part {
            message: draft.finish(),
            place,
            telling,
        });
    }
    parts
}

fn heading(from: usize, to: usize, all: usize, context: &Context<'_>) -> String {
    let [from, to, all] = [from, to, all].map(|number| grouped(number as u64));
    format!(
        "Accounts {from} to {to} of {all} (Run ID: {})",
        context.run_id
    )
}

/// The first message without its table.
fn opening<'a>(
    news: &AlertNews<'_>,
    causes: &Causes,
    cost: &Cost,
    context: &Context<'_>,
) -> Draft<'a> {
    let total = news.disconnections.len();
    let why = format!("{} {}", causes.words(), cost::words(cost));
    let of = |wanted: &dyn Fn(&Disconnection) -> bool| {
        news.disconnections.iter().filter(|d| wanted(d)).count()
    };
    let mut facts = context.stamp();
    for kind in Kind::ALL {
        let count = of(&|d| d.kind == kind);
        if count > 0 {
            facts.push_str(&format!("\n{}: {}", kind_name(kind), accounts(count)));
        }
    }
    let late = of(&|d| d.detected_at != context.checked_at);
    let chronic = of(&|d| news.chronic.contains_key(&d.mailbox.id));
    let mut notes = Vec::new();
    if late > 0 {
        notes.push(format!(
            "Found down before this check (the table says when): {}",
            accounts(late)
        ));
    }
    notes.extend(repeats(of(&|d| d.told == Told::Perhaps)));
    if chronic > 0 {
        notes.push(format!(
            "Chronic, down {CYCLES} times or more in {} days (the table says which): {}. From now on only counted once a day, until {} for {} days",
            WINDOW.num_days(),
            accounts(chronic),
            if chronic == 1 { "it has held" } else { "they have held" },
            HOLD.num_days()
        ));
    }
    if news.unannounced.count() > 0 {
        notes.push(unannounced(news.unannounced));
    }
    notes.extend(unlisted(news));
    let lines = [why.trim_end().to_owned(), facts].into_iter().chain(notes);
    let paragraphs = vec![lines.collect::<Vec<_>>().join("\n")];
    let replace = format!(
        "Chronic ({}, agency): Replace or re-authenticate what keeps going down.",
        accounts(chronic)
    );
    Draft {
        title: format!("🔴 {total} New Account Disconnection(s) Detected"),
        paragraphs,
        actions: causes.actions(Some(replace).filter(|_| chronic > 0)),
        ..Draft::default()
    }
}

/// Nothing is down that would have to be told, but something was.
fn passed(news: &AlertNews<'_>, context: &Context<'_>) -> Message {
    let count = news.unannounced.count();
    let title = format!("🟡 {count} Account Disconnection(s) Passed Unannounced");
    let mut lines = vec![
        unannounced(news.unannounced),
        format!(
            "There is nothing left to mend. The CSV has them: {} or the file of the month before",
            context.csv
        ),
    ];
    lines.extend(unlisted(news));
    Message::new(&title, &[lines.join("\n"), context.stamp()])
}

/// Lines on what is down and not listed.
fn unlisted(news: &AlertNews<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if news.folded > 0 {
        lines.push(format!(
            "Not listed: {} of chronic accounts; see the daily message",
            counted(news.folded, "more disconnection")
        ));
    }
    if news.waiting > 0 {
        lines.push(format!(
            "Down, but not yet for enough checks to be told (CONFIRM_CHECKS): {}",
            accounts(news.waiting)
        ));
    }
    lines
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

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Both => "Both SMTP & IMAP",
        Kind::Smtp => "SMTP Only",
        Kind::Imap => "IMAP Only",
    }
}
