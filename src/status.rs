//! `monitor status`: what is down now, by what is on record, and whether that is current. Pure.

mod export;
mod filter;
mod incident;

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::Filter;
use crate::domain::figures::{Dimension, count_by};
use crate::domain::text::{self, duration};
use crate::domain::trend;
use crate::domain::{Cycle, History, Incident, Outcome, PastRun, Told};
use crate::terminal::cells::{ID, KIND, WHO, identity, minute, no_check, tied};
use crate::terminal::screen::{Paint, Screen, TIED};
use crate::terminal::table::{Cell, Column, Table};

/// Among so many runs, the last that read the fleet is looked for.
pub const RUNS: u32 = 1_000;

/// On a terminal so many values are counted, or named, and the others summed up.
const MOST_VALUES: usize = 10;

/// What the totals are by.
const TOTALS: [(&str, Dimension); 4] = [
    ("By kind    ", Dimension::Kind),
    ("By cause   ", Dimension::Cause),
    ("By type    ", Dimension::AccountType),
    ("By client  ", Dimension::Client),
];

/// In an enumeration a longer value is cut.
const LONGEST_VALUE: usize = 40;

const COLUMNS: [Column; 9] = [
    KIND,
    WHO,
    ID,
    Column::whole("SINCE (UTC)", "since ").or_wrapped(16),
    Column::whole("TYPE", "").or_cut(20),
    Column::whole("CLIENT", "client "),
    Column::whole("TAGS", "tags ").or_wrapped(16).or_cut(80),
    Column::whole("ALERT", "").or_wrapped(7),
    Column::whole("REASON", "").or_beneath().or_cut(320),
];

/// What is down now.
#[derive(Debug)]
pub struct Status<'a> {
    now: DateTime<Utc>,
    /// Where this is on record.
    place: &'a str,
    /// What passes the filter, the last detected first.
    shown: Vec<&'a Cycle>,
    /// How many are down, whether they pass it or not.
    down: usize,
    is_filtered: bool,
    /// The incident that was asked for, if it is on record.
    incident: Option<&'a Incident>,
    /// Which parts of the filter nothing has.
    unmatched: Vec<String>,
    last: Option<&'a PastRun>,
    /// After so long without a check, one is missing.
    overdue_after: TimeDelta,
    /// The start of the last run that read the fleet.
    as_of: Option<DateTime<Utc>>,
}

impl<'a> Status<'a> {
    /// What `filter` lets pass of what is down at `now`, by a history of text that is
    /// [`clean`](crate::data::clean), from the database at `place`.
    pub fn new(history: &'a History, filter: &Filter, place: &'a str, now: DateTime<Utc>) -> Self {
        let down: Vec<&Cycle> = history
            .cycles
            .iter()
            .filter(|cycle| cycle.end.is_none())
            .collect();
        let mut unmatched = filter.unmatched(&down);
        let incidents = &history.incidents;
        let incident = filter.incident.and_then(|id| {
            let found = incidents.iter().find(|incident| incident.id == id);
            if found.is_none() {
                unmatched.insert(0, incident::unknown(id, incidents));
            }
            found
        });
        let count = down.len();
        let mut shown = filter.pass(down);
        shown.sort_by_key(|cycle| {
            let disconnection = &cycle.disconnection;
            (
                Reverse(disconnection.detected_at),
                disconnection.kind,
                disconnection.mailbox.id,
            )
        });
        let applied = history.runs.iter().find(|run| run.accounts.is_some());
        Self {
            now,
            place,
            shown,
            down: count,
            is_filtered: filter.is_set(),
            incident,
            unmatched,
            last: history.runs.first(),
            overdue_after: trend::overdue_after(&history.runs),
            as_of: applied.map(|run| run.started_at),
        }
    }

    /// What a reader has to know who sees nothing but the accounts: a filter that nothing matches,
    /// and that the last check is missing, old or failed.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.unmatched.clone();
        notes.extend(self.doubt());
        notes
    }

    /// Whether the last check read the fleet, and not long ago.
    fn is_current(&self) -> bool {
        self.doubt().is_none()
    }

    fn doubt(&self) -> Option<String> {
        let Some(last) = self.last else {
            return Some(match self.down {
                0 => no_check(self.place),
                _ => format!(
                    "No check of this program has run yet on {}. What is shown is what an earlier \
                     version left on record.",
                    self.place
                ),
            });
        };
        let age = self.ago(last.started_at);
        let fault = if self.now - last.started_at > self.overdue_after {
            format!("No check has run for {age}: see that the schedule still starts it.")
        } else if last.accounts.is_none() {
            "The last check could not read the fleet.".to_owned()
        } else {
            return None;
        };
        Some(match self.as_of {
            Some(at) => format!(
                "{fault} What is shown is as of {} UTC ({}{TIED}ago).",
                minute(at),
                self.ago(at)
            ),
            None => format!("{fault} None of late could: what is shown may be old."),
        })
    }

    /// How long ago a moment is. One of a clock that was wrong is no less than now.
    fn ago(&self, at: DateTime<Utc>) -> String {
        tied(&duration((self.now - at).max(TimeDelta::zero())))
    }

    /// The status for people.
    pub fn text(&self, screen: &Screen) -> String {
        let doubt = |paint| {
            let doubt = self.doubt();
            doubt.map_or_else(String::new, |doubt| screen.paragraph(&doubt, 0, paint))
        };
        if self.last.is_none() && self.down == 0 {
            return doubt(Paint::Plain);
        }
        let mut text = self.headline(screen);
        for note in &self.unmatched {
            text.push_str(&screen.paragraph(note, 2, Paint::Warn));
        }
        if !self.shown.is_empty() {
            text.push('\n');
            text.push_str(&self.table().render(screen));
            text.push('\n');
            text.push_str(&self.totals(screen));
        }
        text.push('\n');
        if let Some(last) = self.last {
            text.push_str(&self.last_check(last, screen));
        }
        text.push_str(&doubt(Paint::Warn));
        text
    }

    fn headline(&self, screen: &Screen) -> String {
        let words = match (self.down, self.shown.len()) {
            (0, _) if self.is_current() => "No account is down.".to_owned(),
            (0, _) => "No account is on record as down.".to_owned(),
            (1, 0) => "The account that is down does not match.".to_owned(),
            (down, 0) => format!("None of the {down} accounts that are down match."),
            (1, _) => "1 account is down.".to_owned(),
            (down, _) if !self.is_filtered => format!("{down} accounts are down."),
            (down, 1) => format!("1 of the {down} accounts that are down matches."),
            (down, count) => format!("{count} of the {down} accounts that are down match."),
        };
        let is_well = self.down == 0 && self.is_current();
        let paint = if is_well { Paint::Good } else { Paint::Bold };
        let mut text = String::new();
        if let Some(incident) = self.incident {
            text += &screen.paragraph(&incident::line(incident, self.now), 0, Paint::Bold);
        }
        // Without another filter the incident's line says how many there are.
        if self
            .incident
            .is_none_or(|incident| incident.down != self.shown.len() as u64)
        {
            text += &screen.paragraph(&words, 0, paint);
        }
        let alerts: Vec<String> = [(Told::No, "untold"), (Told::Perhaps, "perhaps told")]
            .into_iter()
            .filter_map(|(told, words)| {
                let shown = self.shown.iter().map(|cycle| &cycle.disconnection);
                let count = shown.filter(|d| d.is_due() && d.told == told).count();
                (count > 0).then(|| format!("{count} {words}"))
            })
            .collect();
        if !alerts.is_empty() {
            let words = format!("{}: the next check tells Slack.", alerts.join(", "));
            text.push_str(&screen.paragraph(&words, 0, Paint::Warn));
        }
        text
    }

    fn table(&self) -> Table<9> {
        Table::new(
            COLUMNS,
            self.shown.iter().map(|cycle| self.row(cycle)).collect(),
        )
    }

    fn row(&self, cycle: &Cycle) -> [Cell; 9] {
        let disconnection = &cycle.disconnection;
        let mailbox = &disconnection.mailbox;
        let [kind, who, id] = identity(disconnection);
        let since = minute(disconnection.detected_at);
        let down_for = tied(&duration(cycle.duration(self.now)));
        [
            kind,
            who,
            id,
            format!("{since} ({down_for})").into(),
            mailbox.account_type.as_deref().unwrap_or_default().into(),
            mailbox
                .client_id
                .map(|id| id.to_string())
                .unwrap_or_default()
                .into(),
            (*mailbox.tags).into(),
            match disconnection.is_due() {
                true => Cell::painted(disconnection.alert(), Paint::Warn),
                false => disconnection.alert().into(),
            },
            disconnection.explanation().unwrap_or_default().into(),
        ]
    }

    fn totals(&self, screen: &Screen) -> String {
        let mut text = String::new();
        for (title, dimension) in TOTALS {
            let shown = self.shown.iter().map(|cycle| &cycle.disconnection);
            let counts = count_by(dimension, shown);
            let most = screen.width.map_or(usize::MAX, |_| MOST_VALUES);
            let values: Vec<String> = counts
                .iter()
                .map(|count| {
                    let name = shortened(dimension.in_words(&count.name));
                    tied(&format!("{name}: {}", count.count))
                })
                .collect();
            let words = format!("{title}{}", enumerated(values, most));
            text.push_str(&screen.paragraph(&words, title.len(), Paint::Plain));
        }
        text
    }

    fn last_check(&self, last: &PastRun, screen: &Screen) -> String {
        let (outcome, paint) = match last.end() {
            None => ("not finished: under way, or cut off", Paint::Warn),
            Some(Outcome::Complete) => ("complete", Paint::Good),
            Some(Outcome::Untold) => ("complete, but an alert is untold", Paint::Warn),
            Some(Outcome::Failed) => ("failed", Paint::Bad),
            Some(Outcome::Short) => ("refused a suspiciously short listing", Paint::Bad),
        };
        let counts = [
            (last.accounts, "accounts seen"),
            (last.new, "new"),
            (last.reconnected, "reconnected"),
        ];
        let counts: String = counts
            .iter()
            .filter_map(|(count, what)| count.map(|count| format!(", {count} {what}")))
            .collect();
        let at = minute(last.started_at);
        let ago = self.ago(last.started_at);
        let words = format!("Last check {at} UTC ({ago}{TIED}ago): {outcome}{counts}.");
        let mut text = screen.paragraph(&words, 0, paint);
        if let Some(error) = &last.error {
            text.push_str(&screen.paragraph(&format!("  {error}"), 2, paint));
        }
        text
    }
}

/// The first few, and how many more there are.
fn enumerated(mut values: Vec<String>, most: usize) -> String {
    let more = values.len().saturating_sub(most);
    values.truncate(most);
    let named = values.join(", ");
    match more {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn shortened(name: &str) -> String {
    text::clean(name, LONGEST_VALUE)
}

#[cfg(test)]
mod tests;
