//! What the accounts of an incident have in common beside its factor.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Context, cost, listed};
use crate::domain::incident::Scope;
use crate::domain::text::grouped;
use crate::domain::{Disconnection, Incident};

/// Groups that are named.
const GROUPS: usize = 10;

/// The largest groups of its accounts, a line for each dimension but that of its factor.
pub(super) fn groups(
    incident: &Incident,
    down: &[&Disconnection],
    context: &Context<'_>,
) -> Vec<String> {
    let scope = &incident.factor.scope;
    let mailboxes = || down.iter().map(|d| &d.mailbox);
    let mut dimensions = Vec::new();
    if !matches!(scope, Scope::Domain(_)) {
        let domains = frequent(mailboxes().filter_map(|mailbox| mailbox.domain()));
        dimensions.push(("domain", named(domains, |domain| cost::name(&domain))));
    }
    if !matches!(scope, Scope::Client(_)) {
        let clients = frequent(mailboxes().filter_map(|mailbox| mailbox.client_id));
        dimensions.push((
            "client",
            named(clients, |id| cost::client(id, context.names)),
        ));
    }
    if !matches!(scope, Scope::AccountType(_)) {
        let types = frequent(mailboxes().filter_map(|mailbox| mailbox.account_type.as_deref()));
        dimensions.push(("type", named(types, cost::name)));
    }
    // One of each dimension in turn, so that the many of one do not hide the few of another.
    let mut shown = vec![0; dimensions.len()];
    let mut left = GROUPS;
    for rank in 0..GROUPS {
        for ((_, groups), shown) in dimensions.iter().zip(&mut shown) {
            if left > 0 && groups.len() > rank {
                *shown += 1;
                left -= 1;
            }
        }
    }
    let lines = dimensions
        .into_iter()
        .zip(shown)
        .filter(|(_, shown)| *shown > 0);
    lines
        .map(|((dimension, groups), shown)| {
            let all = groups.len();
            format!("By {dimension}: {}", listed(groups.into_iter(), shown, all))
        })
        .collect()
}

/// The values of which there is more than one, with their number, the most frequent first.
fn frequent<T: Hash + Ord>(values: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(T, usize)> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
    counts.sort_by(|(one, a), (other, b)| b.cmp(a).then_with(|| one.cmp(other)));
    counts
}

fn named<T>(groups: Vec<(T, usize)>, name: impl Fn(T) -> String) -> Vec<String> {
    let groups = groups.into_iter();
    groups
        .map(|(value, count)| format!("{} ({})", name(value), grouped(count as u64)))
        .collect()
}
