//! The daily message.

use std::cmp::Reverse;

use chrono::TimeDelta;

use super::causes::Causes;
use super::cost;
use super::draft::Draft;
use super::table::{Columns, Table, why};
use super::{Context, Part, Place, accounts, counted, listed};
use crate::domain::chronic::{CYCLES, Chronic, WINDOW};
use crate::domain::text::{self, grouped};
use crate::domain::{Beside, Disconnection, Telling, Way};

/// Chronic accounts that are named.
const NAMED: usize = 10;

const DOWN: &Columns = &[
    ("ID", 20),
    ("E-mail", 64),
    ("Down for", 20),
    ("Reason", 80),
    ("Who mends it", 20),
    ("Daily cap", 16),
];

/// What is told once a day.
#[derive(Debug, Clone)]
pub struct Daily<'a> {
    /// The accounts that are chronic and were told as that.
    pub chronic: Vec<&'a Chronic>,
    /// Disconnections of theirs that are told by it.
    pub folded: u64,
    /// Of those, how many an earlier message may have told.
    pub perhaps_told: u64,
    /// What has been down for too long, with how long that is; none if it is not to be told.
    pub reminder: Option<(TimeDelta, Vec<&'a Disconnection>)>,
}

/// The daily message, as one in the channel; none if there is nothing to tell.
pub fn daily(daily: &Daily<'_>, context: &Context<'_>) -> Option<Part> {
    let (after, mut down) = daily.reminder.clone().unwrap_or_default();
    let is_chronic = !daily.chronic.is_empty() || daily.folded > 0;
    if !is_chronic && down.is_empty() {
        return None;
    }
    let now = context.checked_at;
    down.sort_by_key(|d| (d.detected_at, d.mailbox.id));
    let mut paragraphs = Vec::new();
    if !down.is_empty() {
        let why = Causes::of(&down).words();
        let cost = cost::words(&context.cost(&down));
        paragraphs.push(format!("{why} {cost}").trim_end().to_owned());
    }
    if is_chronic {
        paragraphs.push(chronic(daily));
    }
    paragraphs.push(context.stamp());
    let mut draft = Draft {
        title: title(daily, after, down.len()),
        paragraphs,
        elsewhere: "monitor status",
        ..Draft::default()
    };
    let rows = down.iter().map(|d| {
        let mailbox = &d.mailbox;
        let cap = mailbox.daily_cap.map(|cap| grouped(cap.into()));
        let cells = vec![
            mailbox.address.as_deref().unwrap_or_default().to_owned(),
            text::duration((now - d.detected_at).max(TimeDelta::zero())),
            why(d),
            d.cause.cause().owner.words().to_owned(),
            cap.unwrap_or_default(),
        ];
        (mailbox.id, cells)
    });
    draft.table = Table::of(DOWN, rows, draft.room());
    let shown = draft
        .table
        .as_ref()
        .map_or(0, |table| table.accounts().len());
    draft.left_out = down.len() - shown;
    if draft.left_out > 0 {
        draft.note = format!(
            "Listed here: the {} that have been down longest.",
            grouped(shown as u64)
        );
    }
    Some(Part {
        message: draft.finish(),
        place: Place::Channel,
        telling: Telling {
            way: Way::Chronic,
            others: usize::try_from(daily.folded).unwrap_or(usize::MAX),
            unannounced: true,
            beside: Some(Beside::Daily),
            ..Telling::default()
        },
    })
}

fn title(daily: &Daily<'_>, after: TimeDelta, down: usize) -> String {
    let mut parts = Vec::new();
    if down > 0 {
        parts.push(format!(
            "{} down for more than {} h",
            accounts(down),
            after.num_hours()
        ));
    }
    match (daily.chronic.len(), daily.folded) {
        (0, 0) => {}
        (0, folded) => {
            parts.push(counted(folded, "disconnection") + " of accounts that were chronic")
        }
        (chronic, _) => parts.push(counted(chronic, "chronic account")),
    }
    format!("🟡 Daily: {}", parts.join(", "))
}

/// Who keeps going down, how often, and what was not told for that.
fn chronic(daily: &Daily<'_>) -> String {
    let mut sorted = daily.chronic.clone();
    sorted.sort_by_key(|account| (Reverse(account.cycles), account.account));
    let mut lines = Vec::new();
    let days = WINDOW.num_days();
    let named = sorted.iter().enumerate().map(|(index, account)| {
        let name = match account.address.as_deref() {
            Some(address) => text::clean(address, 64),
            None => format!("account {}", account.account),
        };
        let often = match (account.cycles, index) {
            (..CYCLES, _) => None,
            (cycles, 0) => Some(format!("{} in {days} days", counted(cycles, "time"))),
            (cycles, _) => Some(counted(cycles, "time")),
        };
        let now = if account.is_down {
            "down now"
        } else {
            "up now"
        };
        let now = (account.is_down || often.is_none()).then(|| now.to_owned());
        let details: Vec<String> = often.into_iter().chain(now).collect();
        format!("{name} ({})", details.join(", "))
    });
    if !sorted.is_empty() {
        lines.push(format!(
            "Chronic: {} {} going down (replace or re-authenticate): {}.",
            accounts(sorted.len()),
            if sorted.len() == 1 { "keeps" } else { "keep" },
            listed(named, NAMED, sorted.len())
        ));
    }
    if daily.folded > 0 {
        let repeats = match daily.perhaps_told {
            0 => String::new(),
            count => format!(" ({} of them a possible repeat)", grouped(count)),
        };
        lines.push(format!(
            "Told here only: {} of chronic accounts since the last daily message{repeats}.",
            counted(daily.folded, "disconnection")
        ));
    }
    lines.join(" ")
}
