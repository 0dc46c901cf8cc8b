//! What the accounts of an incident have in common beside its factor.

use std::borrow::Cow;
use std::hash::Hash;

use super::{Context, cost, listed};
use crate::domain::incident::{Scope, by_frequency};
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
        let domains = mailboxes().filter_map(|mailbox| mailbox.domain());
        let name = |domain: &Cow<'_, str>| cost::name(domain);
        dimensions.push(Groups::new("domain", domains, name));
    }
    if !matches!(scope, Scope::Client(_)) {
        let clients = mailboxes().filter_map(|mailbox| mailbox.client_id);
        let name = |id: &i64| cost::client(*id, context.names);
        dimensions.push(Groups::new("client", clients, name));
    }
    if !matches!(scope, Scope::AccountType(_)) {
        let types = mailboxes().filter_map(|mailbox| mailbox.account_type.as_deref());
        dimensions.push(Groups::new("type", types, |name| cost::name(name)));
    }
    // One of each dimension in turn, so that the many of one do not hide the few of another.
    let mut shown = vec![0; dimensions.len()];
    let mut left = GROUPS;
    for rank in 0..GROUPS {
        for (groups, shown) in dimensions.iter().zip(&mut shown) {
            if left > 0 && groups.all > rank {
                *shown += 1;
                left -= 1;
            }
        }
    }
    let lines = dimensions.into_iter().zip(shown);
    lines
        .filter(|(_, shown)| *shown > 0)
        .map(|(groups, shown)| {
            let list = listed(groups.largest.into_iter(), shown, groups.all);
            format!("By {}: {list}", groups.dimension)
        })
        .collect()
}

/// The groups of a dimension that have more than one account.
struct Groups {
    dimension: &'static str,
    /// The largest in words, no more than are named.
    largest: Vec<String>,
    /// How many there are.
    all: usize,
}

impl Groups {
    fn new<T: Hash + Ord>(
        dimension: &'static str,
        values: impl Iterator<Item = T>,
        name: impl Fn(&T) -> String,
    ) -> Self {
        let mut groups = by_frequency(values);
        groups.truncate(groups.partition_point(|(_, count)| *count > 1));
        let named =
            |(value, count): &(T, usize)| format!("{} ({})", name(value), grouped(*count as u64));
        Self {
            dimension,
            largest: groups.iter().take(GROUPS).map(named).collect(),
            all: groups.len(),
        }
    }
}
