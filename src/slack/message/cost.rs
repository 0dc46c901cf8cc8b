//! What disconnections cost, in words.

use super::listed;
use super::table::EMPTY;
use crate::domain::text::{self, grouped};
use crate::domain::{Cost, Names, Senders};

/// Clients or campaigns that a line names.
const NAMED: usize = 3;

/// Characters of a name within a line.
const LONGEST_NAME: usize = 40;

/// What is lost, in sentences; nothing where nothing is known.
pub(super) fn words(cost: &Cost) -> String {
    let parts = [daily_cap(cost), clients(cost), campaigns(cost)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The name of a client, for a line.
pub(super) fn client(id: i64, names: &Names) -> String {
    match names.clients.get(&id) {
        Some(client) => name(client),
        None => format!("client {id}"),
    }
}

/// An untrusted name, for a line.
pub(super) fn name(name: &str) -> String {
    match text::clean(name, LONGEST_NAME) {
        empty if empty.is_empty() => EMPTY.to_owned(),
        name => name,
    }
}

fn daily_cap(cost: &Cost) -> Option<String> {
    if cost.daily_cap == 0 {
        return None;
    }
    let lost = grouped(cost.daily_cap);
    // A fleet that has less is that of another listing.
    let share = cost.share().filter(|_| cost.daily_cap <= cost.fleet_cap);
    Some(match share {
        Some(share) => format!(
            "Daily cap lost: {lost} of {} e-mails a day ({}).",
            grouped(cost.fleet_cap),
            percent(share)
        ),
        None => format!("Daily cap lost: {lost} e-mails a day."),
    })
}

fn percent(share: f64) -> String {
    match share {
        ..0.05 => "less than 0.1 %".to_owned(),
        ..9.95 => format!("{share:.1} %"),
        _ => format!("{share:.0} %"),
    }
}

fn clients(cost: &Cost) -> Option<String> {
    match &*cost.clients {
        [] => None,
        [(client, _)] => Some(format!("Client hit: {}.", name(client))),
        clients => {
            let named = clients
                .iter()
                .map(|(client, count)| format!("{} ({})", name(client), grouped(*count as u64)));
            let list = listed(named, NAMED, clients.len());
            Some(format!("Clients hit: {list}."))
        }
    }
}

fn campaigns(cost: &Cost) -> Option<String> {
    let (without, few): (Vec<_>, Vec<_>) = cost
        .campaigns
        .iter()
        .partition(|(_, senders)| senders.healthy() == 0);
    let without_one = listed(
        without.iter().map(|(campaign, _)| name(campaign)),
        NAMED,
        without.len(),
    );
    let left = |(campaign, senders): &&(String, Senders)| {
        format!(
            "{} ({} of {})",
            name(campaign),
            senders.healthy(),
            senders.all
        )
    };
    let with_few = listed(few.iter().map(left), NAMED, few.len());
    match (without.is_empty(), few.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!(
            "Campaigns left without a healthy sender: {without_one}."
        )),
        (true, false) => Some(format!(
            "Campaigns left with few healthy senders: {with_few}."
        )),
        (false, false) => Some(format!(
            "Campaigns left without a healthy sender: {without_one}; with few: {with_few}."
        )),
    }
}
