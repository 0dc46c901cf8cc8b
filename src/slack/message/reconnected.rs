//! The messages about accounts that were seen connected again.

use std::cmp::Reverse;

use super::draft::Draft;
use super::table::{Columns, Table, minute, why};
use super::{Context, Message, Part, Place, accounts, mark_repeat, repeats};
use crate::domain::text;
use crate::domain::{Beside, Cycle, Reconnected, Telling};

const BACK: &Columns = &[
    ("ID", 20),
    ("E-mail", 64),
    ("Down for", 20),
    ("Reason", 40),
    ("Down since", 24),
];

/// The messages about accounts that were seen connected again: one in each thread, or one in the
/// channel.
pub fn reconnected(threads: &[Reconnected], context: &Context<'_>) -> Vec<Part> {
    let parts = threads.iter().map(|news| Part {
        message: message(news, context),
        place: news.thread.clone().map_or(Place::Channel, Place::ThreadOf),
        telling: Telling {
            beside: Some(Beside::Reconnected(news.thread.clone())),
            ..Telling::default()
        },
    });
    parts.collect()
}

/// What is to be told of reconnections as one, for the channel.
pub fn merged(threads: Vec<Reconnected>) -> Vec<Reconnected> {
    threads
        .into_iter()
        .reduce(|all, more| Reconnected {
            thread: None,
            accounts: all.accounts + more.accounts,
            perhaps_told: all.perhaps_told + more.perhaps_told,
            cycles: [all.cycles, more.cycles].concat(),
        })
        .map(|all| Reconnected {
            thread: None,
            ..all
        })
        .into_iter()
        .collect()
}

fn message(news: &Reconnected, context: &Context<'_>) -> Message {
    let now = context.checked_at;
    let mut cycles: Vec<&Cycle> = news.cycles.iter().collect();
    cycles.sort_by_key(|cycle| (Reverse(cycle.duration(now)), cycle.disconnection.mailbox.id));
    let mut title = format!("✅ {} reconnected", accounts(news.accounts));
    mark_repeat(&mut title, news.perhaps_told >= news.accounts);
    let mut lines = Vec::new();
    if let Some(longest) = cycles.first() {
        let longest = text::duration(longest.duration(now));
        lines.push(match news.accounts {
            1 => format!("It was down for {longest}. There is nothing to do."),
            _ => format!("The longest was down for {longest}. There is nothing to do."),
        });
    }
    if (1..news.accounts).contains(&news.perhaps_told) {
        lines.extend(repeats(news.perhaps_told));
    }
    lines.push(context.stamp());
    let mut draft = Draft {
        title,
        paragraphs: vec![lines.join("\n")],
        elsewhere: "monitor history",
        ..Draft::default()
    };
    let rows = cycles.iter().map(|cycle| {
        let down = &cycle.disconnection;
        let cells = vec![
            down.mailbox
                .address
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
            text::duration(cycle.duration(now)),
            why(down),
            minute(down.detected_at),
        ];
        (down.mailbox.id, cells)
    });
    draft.table = Table::of(BACK, rows, draft.room());
    let shown = draft
        .table
        .as_ref()
        .map_or(0, |table| table.accounts().len());
    let all = usize::try_from(news.accounts).unwrap_or(usize::MAX);
    draft.left_out = all.saturating_sub(shown);
    draft.finish()
}
