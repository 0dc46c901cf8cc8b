//! What the channel shows, as values: Block Kit messages inside Slack's limits.
//!
//! The first two lines of a message say what happened, to how many, why, who mends it and what it
//! costs; what only a search needs comes after. Names, tags, domains and provider errors are
//! untrusted. They stand in `raw_text` and `plain_text` only, which Slack shows as they are; where
//! the fallback text has to carry some, it is escaped.

mod alert;
mod causes;
mod cost;
mod daily;
mod draft;
mod groups;
mod incident;
mod notice;
mod reconnected;
mod table;

use chrono::{DateTime, Datelike, Utc};
use serde_json::Value;

use crate::domain::text;
use crate::domain::{
    Cost, Disconnection, Fleet, IncidentNews, Names, News, Receipt, RunId, Step, Telling,
};
pub use daily::{Daily, daily};
pub use notice::{Failure, failure, recovery, trial};
pub use reconnected::{merged, reconnected};

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

/// A message, where it goes, and what is told once Slack has taken it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The message.
    pub message: Message,
    /// Where it goes.
    pub place: Place,
    /// What it tells.
    pub telling: Telling,
}

impl Part {
    /// Whether nothing is told by it that another message does not tell.
    pub fn tells_nothing(&self) -> bool {
        self.telling == Telling::default()
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into the channel.
    Channel,
    /// Into the thread of the last one before it that went into the channel.
    Thread,
    /// Into the thread of this one.
    ThreadOf(Receipt),
    /// Into the thread of this one, which is so old that the channel is shown the reply, too.
    ThreadAndChannel(Receipt),
    /// Into the place of this one, which it replaces. It tells nothing.
    Instead(Receipt),
}

impl Place {
    /// Whether a message is there, which is replaced.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Instead(_))
    }
}

/// The check that tells.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Its id.
    pub run_id: &'a RunId,
    /// Its start.
    pub checked_at: DateTime<Utc>,
    /// Name of the CSV file that has everything that happened in it.
    pub csv: &'a str,
    /// What the fleet is as a whole.
    pub fleet: &'a Fleet,
    /// What clients and campaigns are called.
    pub names: &'a Names,
}

impl Context<'_> {
    /// What these disconnections cost, without campaigns.
    fn cost(&self, down: &[&Disconnection]) -> Cost {
        Cost::of(down, self.fleet, self.names)
    }

    /// The CSV files that have what was found down at `earliest` or later.
    fn files(&self, earliest: DateTime<Utc>) -> String {
        let month = |at: DateTime<Utc>| (at.year(), at.month());
        let before = match month(earliest) == month(self.checked_at) {
            true => "",
            false => " or those of the months before",
        };
        format!("the CSV file {}{before}", self.csv)
    }

    /// The lines that tell which check it is.
    fn stamp(&self) -> String {
        format!(
            "Check Time: {}\nRun ID: {}",
            text::time(self.checked_at),
            self.run_id
        )
    }
}

/// All messages that a check has to send about what is down, in their order: incidents, then the
/// ordinary alert, then what replaces earlier messages. The campaigns that are left without senders
/// are those of the check as a whole; the first message in the channel says them, and a reply only
/// where there is none. What replaces a message says those that are so now, whenever it began.
pub fn news(news: &News<'_>, context: &Context<'_>) -> Vec<Part> {
    let campaigns = |of| Cost::default().with_campaigns(of, context.names).campaigns;
    let standing = campaigns(context.fleet.short_of_senders());
    let mut campaigns = Some(campaigns(context.fleet.stricken()));
    let mut cost = |down: &[&Disconnection], is_first: bool| Cost {
        campaigns: campaigns.take_if(|_| is_first).unwrap_or_default(),
        ..context.cost(down)
    };
    // Of what is over it is said how it ended.
    let shows_cost =
        |news: &IncidentNews<'_>| is_headline(news.step) && news.incident.closed_at.is_none();
    let is_shown = !news.alert.disconnections.is_empty() || news.incidents.iter().any(shows_cost);
    let mut parts = Vec::new();
    let mut posted = None;
    for news in &news.incidents {
        if is_headline(news.step) {
            posted = Some(news.incident.id);
        }
        let is_first = shows_cost(news) || news.step == Step::Growth && !is_shown;
        let cost = cost(&news.down, is_first);
        let is_posted = posted == Some(news.incident.id);
        parts.extend(incident::parts(news, &cost, &standing, is_posted, context));
    }
    let cost = cost(&news.alert.disconnections, true);
    parts.extend(alert::parts(&news.alert, &cost, context));
    // What tells nothing new does not keep what does waiting.
    parts.sort_by_key(|part| part.place.is_taken());
    parts
}

/// Whether a message in the channel tells it, which stands for the incident from then on.
fn is_headline(step: Step) -> bool {
    matches!(step, Step::Opening | Step::Doubling)
}

/// So many accounts, in words.
fn accounts(count: impl TryInto<u64>) -> String {
    counted(count, "account")
}

/// So many of something, in words.
fn counted(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", text::grouped(count))
}

/// A possible repeat is called that.
fn mark_repeat(title: &mut String, is_repeat: bool) {
    if is_repeat {
        title.push_str(" (possible repeat)");
    }
}

/// A line on how many may have been told before.
fn repeats(count: impl TryInto<u64>) -> Option<String> {
    let count = count.try_into().unwrap_or(u64::MAX);
    let line = "Marked as a possible repeat, because Slack did not confirm an earlier message";
    (count > 0).then(|| format!("{line}: {}", accounts(count)))
}

/// The first `most` of some, as a list in words, and how many more there are of `all`.
fn listed(some: impl Iterator<Item = String>, most: usize, all: usize) -> String {
    let shown: Vec<String> = some.take(most).collect();
    let list = shown.join(", ");
    match all.saturating_sub(shown.len()) {
        0 => list,
        more => format!("{list} and {} more", text::grouped(more as u64)),
    }
}

#[cfg(test)]
mod tests;
