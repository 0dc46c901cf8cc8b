//! `monitor history`: when accounts were down, which go down most often, and how long it takes
//! until they are back. Pure.

mod since;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::cli::HistoryOptions;
use crate::data::{self, Record};
use crate::domain::figures::{Chronic, TimeToReconnect, chronic, time_to_reconnect};
use crate::domain::text::{clean, duration};
use crate::domain::{Cycle, Event, History};
use crate::terminal::cells::{ID, KIND, WHO, identity, minute, no_check, tied};
use crate::terminal::screen::{Paint, Screen};
use crate::terminal::table::{Cell, Column, Table};
pub use since::{BadSince, Since};

/// So many of the accounts that go down most often are named.
const MOST_OFTEN: usize = 10;

/// Of what was asked for, so much is repeated.
const LONGEST_ACCOUNT: usize = 100;

/// What was down.
#[derive(Debug)]
pub struct Past<'a> {
    now: DateTime<Utc>,
    /// What ended before is not shown.
    since: DateTime<Utc>,
    /// What ended before may be deleted.
    kept_since: DateTime<Utc>,
    /// Where this is on record.
    place: &'a str,
    account: Option<&'a str>,
    limit: usize,
    /// Whether nothing at all is on record.
    is_empty: bool,
    /// The first detected first.
    cycles: Vec<Cycle>,
}

/// What was down as JSON: names stay, times are RFC 3339 in UTC, lengths are seconds.
#[derive(Debug, Serialize)]
pub struct Json<'a> {
    /// When it was looked up.
    pub generated_at: DateTime<Utc>,
    /// Cycles that ended before are left out.
    pub since: DateTime<Utc>,
    /// Cycles that ended before may have been deleted.
    pub kept_since: DateTime<Utc>,
    /// How many cycles there are, listed or not.
    pub total: usize,
    /// The cycles, the newest first, as many as were asked for.
    pub cycles: Vec<Record<'a>>,
    /// The accounts with two cycles or more among all, the most frequent first.
    pub most_often: Vec<MostOften<'a>>,
    /// Of all cycles that ended because both links were seen connected; null if none did.
    pub time_to_reconnect: Option<data::TimeToReconnect>,
}

/// An account that went down again and again.
#[derive(Debug, Serialize)]
pub struct MostOften<'a> {
    account_id: i64,
    from_name: Option<&'a str>,
    from_email: Option<&'a str>,
    disconnections: usize,
    down_seconds: i64,
    last_detected_at: DateTime<Utc>,
}

impl<'a> Past<'a> {
    /// What `options` ask for at `now` of a history of text that is [`clean`](crate::data::clean),
    /// from the database at `place`, where everything is kept for `retention`.
    pub fn new(
        history: History,
        options: &'a HistoryOptions,
        since: DateTime<Utc>,
        retention: TimeDelta,
        place: &'a str,
        now: DateTime<Utc>,
    ) -> Self {
        let account = options.account.as_deref().map(str::trim);
        let is_empty = history.runs.is_empty() && history.cycles.is_empty();
        let mut cycles = history.cycles;
        if let Some(account) = account {
            cycles.retain(|cycle| is_of_account(cycle, account));
        }
        Self {
            now,
            since,
            kept_since: now - retention,
            place,
            account,
            limit: usize::try_from(options.limit).unwrap_or(usize::MAX),
            is_empty,
            cycles,
        }
    }

    fn listed(&self) -> impl Iterator<Item = &Cycle> {
        self.cycles.iter().rev().take(self.limit)
    }

    fn most_often(&self) -> Vec<Chronic<'_>> {
        let mut accounts = chronic(&self.cycles, self.now);
        accounts.truncate(MOST_OFTEN);
        accounts
    }

    /// What was down for [`serde`].
    pub fn json(&self) -> Json<'_> {
        let most_often = self.most_often().into_iter().map(|account| {
            let disconnection = &account.last.disconnection;
            let mailbox = &disconnection.mailbox;
            MostOften {
                account_id: mailbox.id,
                from_name: mailbox.name.as_deref(),
                from_email: mailbox.address.as_deref(),
                disconnections: account.cycles,
                down_seconds: account.down.num_seconds(),
                last_detected_at: disconnection.detected_at,
            }
        });
        Json {
            generated_at: self.now,
            since: self.since,
            kept_since: self.kept_since,
            total: self.cycles.len(),
            cycles: self
                .listed()
                .map(|cycle| Record::new(cycle, self.now))
                .collect(),
            most_often: most_often.collect(),
            time_to_reconnect: time_to_reconnect(&self.cycles).map(data::TimeToReconnect::from),
        }
    }

    /// What was down for people.
    pub fn text(&self, screen: &Screen) -> String {
        let plain = |text: &str| screen.paragraph(text, 0, Paint::Plain);
        let mut text = screen.paragraph(&self.headline(), 0, Paint::Bold);
        if !self.cycles.is_empty() {
            text.push('\n');
            if self.limit > 0 {
                text.push_str(&self.table().render(screen));
            }
            let more = self.cycles.len().saturating_sub(self.limit);
            if more > 0 {
                text.push_str(&plain(&format!(
                    "And {more} more; raise --limit to list them."
                )));
            }
            text.push('\n');
            text.push_str(&self.most_often_text(screen));
            text.push_str(&plain(&self.time_to_reconnect_text()));
        }
        if self.since < self.kept_since {
            text.push_str(&screen.paragraph(&self.retention_text(), 0, Paint::Warn));
        }
        text
    }

    fn headline(&self) -> String {
        let since = minute(self.since);
        if self.is_empty {
            return no_check(self.place);
        }
        let of = self.account.map(|account| {
            let account = clean(account, LONGEST_ACCOUNT);
            format!(" of account {account}")
        });
        let of = of.unwrap_or_default();
        let open = self.cycles.iter().filter(|cycle| cycle.end.is_none());
        let still = match open.count() {
            0 => String::new(),
            open => format!(", {open} still open"),
        };
        match (self.cycles.len(), self.account) {
            (0, None) => format!("No disconnection is on record since {since} UTC."),
            (0, Some(_)) => format!(
                "No disconnection{of} is on record since {since} UTC. An account that was not \
                 down is not on record."
            ),
            (1, _) => format!("1 disconnection{of} since {since} UTC{still}."),
            (count, _) => format!("{count} disconnections{of} since {since} UTC{still}."),
        }
    }

    fn table(&self) -> Table<8> {
        let rows = self.listed().map(|cycle| {
            let [kind, who, id] = identity(&cycle.disconnection);
            let length = tied(&duration(cycle.duration(self.now)));
            let ended = cycle.end.map(|end| minute(end.at)).unwrap_or_default();
            let (ended, length, how) = match cycle.end.map(|end| end.event) {
                None => (ended, length, Cell::painted("still down", Paint::Bad)),
                Some(None) => (String::new(), String::new(), "unknown".into()),
                Some(Some(Event::Reconnected)) => {
                    (ended, length, Cell::painted("reconnected", Paint::Good))
                }
                Some(Some(event)) => (ended, length, event.as_str().into()),
            };
            let began = minute(cycle.disconnection.detected_at);
            [
                kind,
                who,
                id,
                began.into(),
                ended.into(),
                length.into(),
                how,
                cycle.disconnection.explanation().unwrap_or_default().into(),
            ]
        });
        let columns = [
            KIND,
            WHO,
            ID,
            Column::whole("BEGAN (UTC)", "from "),
            Column::whole("ENDED (UTC)", "until "),
            Column::whole("DOWN FOR", "down for "),
            Column::whole("END", ""),
            Column::whole("REASON", "").or_beneath().or_cut(320),
        ];
        Table::new(columns, rows.collect())
    }

    fn most_often_text(&self, screen: &Screen) -> String {
        let rows: Vec<[Cell; 5]> = self
            .most_often()
            .into_iter()
            .map(|account| {
                let disconnection = &account.last.disconnection;
                let [_, who, id] = identity(disconnection);
                let times = tied(&format!("{} times", account.cycles));
                let last = minute(disconnection.detected_at);
                [
                    times.into(),
                    who,
                    id,
                    tied(&duration(account.down)).into(),
                    last.into(),
                ]
            })
            .collect();
        if rows.is_empty() {
            let words = "No account went down more than once.";
            return screen.paragraph(words, 0, Paint::Plain) + "\n";
        }
        let columns = [
            Column::whole("DOWN", ""),
            WHO,
            ID,
            Column::whole("IN ALL FOR", "in all for "),
            Column::whole("LAST SINCE (UTC)", "last since "),
        ];
        let title = screen.paragraph("Down most often:", 0, Paint::Bold);
        format!("{title}{}\n", Table::new(columns, rows).render(screen))
    }

    fn time_to_reconnect_text(&self) -> String {
        match time_to_reconnect(&self.cycles) {
            None => "None of them was seen connected again.".to_owned(),
            Some(TimeToReconnect {
                cycles,
                mean,
                median,
            }) => format!(
                "Time to reconnect: mean {}, median {}, of {cycles} that did.",
                tied(&duration(mean)),
                tied(&duration(median)),
            ),
        }
    }

    fn retention_text(&self) -> String {
        let days = (self.now - self.kept_since).num_days();
        format!(
            "What ended before {} UTC is deleted: RETENTION_DAYS is {days}.",
            minute(self.kept_since)
        )
    }
}

/// Whether a cycle is of the account with this id or this address.
fn is_of_account(cycle: &Cycle, account: &str) -> bool {
    let mailbox = &cycle.disconnection.mailbox;
    let address = mailbox
        .address
        .as_deref()
        .filter(|address| !address.is_empty());
    account.parse() == Ok(mailbox.id)
        || address.is_some_and(|address| account.to_lowercase() == address.to_lowercase())
}

#[cfg(test)]
mod tests;
