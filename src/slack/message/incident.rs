//! The messages about an incident: one that stands for it in the channel, and replies.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::causes::who;
use super::cost;
use super::draft::Draft;
use super::groups::groups;
use super::table::{DOWN, Reason, Table, row};
use super::{Context, Message, Part, Place, accounts, counted, is_headline, mark_repeat, repeats};
use crate::domain::cause::Owner;
use crate::domain::incident::Scope;
use crate::domain::text::{self, grouped};
use crate::domain::{
    Beside, Cost, Disconnection, Incident, IncidentNews, Senders, Step, Telling, Told, Way,
};

/// Replies that list all accounts of an incident, if they fit.
const REPLIES: usize = 2;

/// Accounts that it shows.
const EXAMPLES: usize = 5;

/// Nobody looks into the thread of an incident that has been open for so long.
const OLD: TimeDelta = TimeDelta::hours(24);

/// Accounts that a reply shows.
const IN_REPLY: usize = 10;

/// The messages about what has happened to an incident. `standing` are the campaigns that are short
/// of senders, `is_posted` is whether a message of this check stands for it in the channel.
pub(super) fn parts(
    news: &IncidentNews<'_>,
    cost: &Cost,
    standing: &[(String, Senders)],
    is_posted: bool,
    context: &Context<'_>,
) -> Vec<Part> {
    let incident = news.incident;
    let telling = Telling {
        way: Way::Incident(incident.id),
        others: news.new,
        unannounced: true,
        ..Telling::default()
    };
    let told = incident.headline.as_ref().map(|told| &told.receipt);
    let is_old = context.checked_at - incident.opened_at >= OLD;
    let reply = |message, telling| Part {
        message,
        place: match told {
            Some(_) if is_posted => Place::Thread,
            Some(receipt) if is_old => Place::ThreadAndChannel(receipt.clone()),
            Some(receipt) => Place::ThreadOf(receipt.clone()),
            None => Place::Thread,
        },
        telling,
    };
    let cost_now = Cost {
        campaigns: standing.to_vec(),
        ..cost.clone()
    };
    let instead = told.map(|receipt| Part {
        message: headline(news, &cost_now, false, context),
        place: Place::Instead(receipt.clone()),
        telling: Telling::default(),
    });
    match news.step {
        Step::Opening | Step::Doubling => {
            let lists = lists(news, context);
            let headline = Part {
                message: headline(news, cost, !lists.is_empty(), context),
                place: Place::Channel,
                telling: Telling {
                    beside: Some(Beside::Headline(incident.id, incident.accounts)),
                    ..telling
                },
            };
            let lists = lists
                .into_iter()
                .map(|list| reply(list, Telling::default()));
            std::iter::once(headline).chain(lists).collect()
        }
        Step::Growth => {
            // What is over is brought up to date by the step that says so.
            let instead = instead.filter(|_| incident.closed_at.is_none());
            let growth = reply(growth(news, cost, context), telling);
            instead.into_iter().chain([growth]).collect()
        }
        Step::Recovery => instead.into_iter().collect(),
        Step::End => {
            let telling = Telling {
                beside: Some(Beside::End(incident.id)),
                ..Telling::default()
            };
            let end = reply(end(news, cost, context), telling);
            instead.into_iter().chain([end]).collect()
        }
    }
}

/// The message that stands for an incident in the channel, as it is now.
fn headline(
    news: &IncidentNews<'_>,
    cost: &Cost,
    is_in_thread: bool,
    context: &Context<'_>,
) -> Message {
    let incident = news.incident;
    let elsewhere = elsewhere(incident, context);
    let mut draft = Draft {
        title: title(news),
        paragraphs: vec![summary(incident, cost, context), facts(news, context)],
        elsewhere: &elsewhere,
        ..Draft::default()
    };
    if incident.closed_at.is_some() {
        return draft.finish();
    }
    let groups = groups(incident, &news.down, context);
    if !groups.is_empty() {
        let groups = groups.join("\n");
        draft.paragraphs.push(format!("Largest groups\n{groups}"));
    }
    let thread = if is_in_thread { "the thread, " } else { "" };
    draft.paragraphs.push(format!(
        "All of them: {thread}{elsewhere}. Examples, the highest daily cap first:"
    ));
    let examples = rows(&news.down, context).take(EXAMPLES);
    draft.table = Table::of(DOWN, examples, draft.room());
    draft.finish()
}

fn title(news: &IncidentNews<'_>) -> String {
    let incident = news.incident;
    let (id, cause) = (incident.id, incident.factor.cause.words());
    let down = accounts(incident.down);
    let were = match incident.accounts {
        1 => "1 account was".to_owned(),
        all => format!("{} were", accounts(all)),
    };
    let mut title = match (incident.closed_at, news.step) {
        (None, Step::Doubling) if incident.down < incident.accounts => format!(
            "🔴 Incident {id} has doubled: {}, {} of them down, {cause}",
            accounts(incident.accounts),
            grouped(incident.down)
        ),
        (None, Step::Doubling) => format!("🔴 Incident {id} has doubled: {down} down, {cause}"),
        (None, _) => format!("🔴 Incident {id}: {down} down, {cause}"),
        // It passed before anybody heard of it.
        (Some(_), Step::Opening) => {
            format!("🟡 Incident {id} is over already: {were} down, {cause}")
        }
        (Some(_), _) => format!("✅ Incident {id} is over: {were} down, {cause}"),
    };
    let is_repeat = is_headline(news.step) && incident.is_perhaps_told;
    mark_repeat(&mut title, is_repeat);
    title
}

/// What its accounts have in common, who mends it and how, and what it costs; or how it ended.
fn summary(incident: &Incident, cost: &Cost, context: &Context<'_>) -> String {
    let scope = match &incident.factor.scope {
        Scope::Domain(domain) => format!("All are on the domain {}.", cost::name(domain)),
        Scope::Client(id) => format!("All belong to {}.", cost::client(*id, context.names)),
        Scope::AccountType(name) => format!("All are of the type {}.", cost::name(name)),
        Scope::Fleet => "They have no domain, client or type in common.".to_owned(),
    };
    if incident.closed_at.is_some() {
        let length = text::duration(length(incident, context));
        return format!("{scope} It lasted {length}. {}", rest(incident));
    }
    let summary = format!("{scope} {} {}", remedy(incident), cost::words(cost));
    summary.trim_end().to_owned()
}

/// Who has to do what.
fn remedy(incident: &Incident) -> String {
    let cause = incident.factor.cause.cause();
    let who = text::sentence(who(cause.owner));
    match cause.owner {
        Owner::ProviderWait => format!("{who}. {}", cause.remedy),
        _ => format!("{who}: {}", cause.remedy),
    }
}

/// How many of its accounts are left.
fn rest(incident: &Incident) -> String {
    let all = accounts(incident.accounts);
    match incident.down {
        0 => format!("No longer down: all of {all}."),
        down => format!(
            "No longer down: {} of {all}. Still down: {}.",
            grouped(incident.accounts.saturating_sub(down)),
            grouped(down)
        ),
    }
}

/// From its beginning to its end; never less than nothing, whatever a clock that was set back left
/// on record.
fn length(incident: &Incident, context: &Context<'_>) -> TimeDelta {
    let end = incident.closed_at.unwrap_or(context.checked_at);
    (end - incident.opened_at).max(TimeDelta::zero())
}

fn facts(news: &IncidentNews<'_>, context: &Context<'_>) -> String {
    let incident = news.incident;
    let mut lines = vec![format!("Down since: {}", text::time(incident.opened_at))];
    match (incident.closed_at, news.step, &incident.headline) {
        (Some(closed_at), ..) => lines.push(format!("Over since: {}", text::time(closed_at))),
        (None, Step::Doubling, Some(told)) => lines.push(format!(
            "Announced with {}. {} From here on this message and its thread are kept up to date, and no longer those of before.",
            accounts(told.accounts),
            so_far(incident)
        )),
        (None, ..) if incident.down < incident.accounts => lines.push(so_far(incident)),
        (None, ..) => {}
    }
    if is_headline(news.step) {
        lines.extend(repeats(news.repeats));
        lines.push(context.stamp());
    } else {
        let updated = text::time(context.checked_at);
        lines.push(format!("Updated: {updated}\nRun ID: {}", context.run_id));
    }
    lines.join("\n")
}

/// How many there were and how many of them are left.
fn so_far(incident: &Incident) -> String {
    let down = match incident.down {
        0 => "none".to_owned(),
        down if down >= incident.accounts => "all".to_owned(),
        down => grouped(down),
    };
    let all = accounts(incident.accounts);
    format!("Part of it so far: {all}, {down} of them down now.")
}

/// All its accounts as replies; none if they do not fit, or are in the message already.
fn lists(news: &IncidentNews<'_>, context: &Context<'_>) -> Vec<Message> {
    let (incident, all) = (news.incident, news.down.len());
    if all <= EXAMPLES || incident.closed_at.is_some() {
        return Vec::new();
    }
    let elsewhere = elsewhere(incident, context);
    let draft = |from, to| Draft {
        paragraphs: vec![format!(
            "Accounts {from} to {to} of {all} of incident {}, the highest daily cap first",
            incident.id
        )],
        elsewhere: &elsewhere,
        ..Draft::default()
    };
    let rooms = [draft(all, all).room(); REPLIES];
    let tables = Table::fill(DOWN, rows(&news.down, context), &rooms);
    let listed = tables.iter().map(|table| table.accounts().len());
    if listed.sum::<usize>() < all {
        return Vec::new();
    }
    let mut to = 0;
    let lists = tables.into_iter().map(|table| {
        let from = to + 1;
        to += table.accounts().len();
        let draft = Draft {
            table: Some(table),
            ..draft(from, to)
        };
        draft.finish()
    });
    lists.collect()
}

/// The reply that says how many more there are.
fn growth(news: &IncidentNews<'_>, cost: &Cost, context: &Context<'_>) -> Message {
    let incident = news.incident;
    let (id, cause) = (incident.id, incident.factor.cause.words());
    let title = match news.new {
        0 => format!(
            "🟡 Incident {id}: {} went down unannounced",
            counted(incident.unseen, "more account")
        ),
        new => format!(
            "🔴 Incident {id}: {} down, {cause}",
            counted(new, "more account")
        ),
    };
    let so_far = format!("{} {}", so_far(incident), cost::words(cost));
    let mut lines = vec![so_far.trim_end().to_owned()];
    if news.new > 0 && incident.unseen > 0 {
        lines.push(format!(
            "Went down unannounced and are down no longer: {}",
            accounts(incident.unseen)
        ));
    }
    lines.extend(repeats(news.repeats));
    lines.push(context.stamp());
    let is_new = |d: &&&Disconnection| d.told != Told::Yes;
    let new: Vec<&Disconnection> = news.down.iter().filter(is_new).copied().collect();
    reply(incident, title, lines.join("\n"), &new, context)
}

/// The reply that says that it is over.
fn end(news: &IncidentNews<'_>, cost: &Cost, context: &Context<'_>) -> Message {
    let incident = news.incident;
    let took = text::duration(length(incident, context));
    let mut title = format!("✅ Incident {} is over after {took}", incident.id);
    mark_repeat(&mut title, incident.is_end_perhaps_told);
    let rest = match incident.down {
        0 => format!(
            "{} They connected again, or were removed from Smartlead.",
            rest(incident)
        ),
        _ => format!(
            "{} {} {}",
            rest(incident),
            remedy(incident),
            cost::words(cost)
        ),
    };
    let lines = format!("{}\n{}", rest.trim_end(), context.stamp());
    reply(incident, title, lines, &news.down, context)
}

/// A reply with a few of these accounts.
fn reply(
    incident: &Incident,
    title: String,
    lead: String,
    down: &[&Disconnection],
    context: &Context<'_>,
) -> Message {
    let elsewhere = elsewhere(incident, context);
    let mut draft = Draft {
        title,
        paragraphs: vec![lead],
        elsewhere: &elsewhere,
        ..Draft::default()
    };
    let rows = rows(down, context).take(IN_REPLY);
    draft.table = Table::of(DOWN, rows, draft.room());
    let shown = draft
        .table
        .as_ref()
        .map_or(0, |table| table.accounts().len());
    draft.left_out = down.len() - shown;
    draft.finish()
}

/// The rows of these, the highest daily cap first.
fn rows(
    down: &[&Disconnection],
    context: &Context<'_>,
) -> impl Iterator<Item = (i64, Vec<String>)> {
    let mut sorted = down.to_vec();
    sorted.sort_unstable_by_key(|d| (Reverse(d.mailbox.daily_cap), d.mailbox.id));
    let checked_at = context.checked_at;
    let none = BTreeMap::new();
    sorted
        .into_iter()
        .map(move |d| row(d, Reason::Text, &none, checked_at))
}

/// Where all its accounts are.
fn elsewhere(incident: &Incident, context: &Context<'_>) -> String {
    let files = context.files(incident.opened_at);
    format!("monitor status --incident {}, or {files}", incident.id)
}
