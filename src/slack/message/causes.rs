//! Why accounts are down, in words, and what to do about it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{accounts, counted, listed};
use crate::domain::Disconnection;
use crate::domain::cause::{Class, Owner};
use crate::domain::text;

/// Causes that a line names.
const NAMED: usize = 3;

/// Causes whose remedy is given.
const REMEDIES: usize = 6;

/// The causes of some disconnections with the number of accounts, the most frequent first.
pub(super) struct Causes(Vec<(Class, usize)>);

impl Causes {
    /// Those of these.
    pub(super) fn of(disconnections: &[&Disconnection]) -> Self {
        let mut counts: BTreeMap<Class, usize> = BTreeMap::new();
        for disconnection in disconnections {
            *counts.entry(disconnection.cause).or_default() += 1;
        }
        let mut causes: Vec<(Class, usize)> = counts.into_iter().collect();
        causes.sort_by_key(|(_, count)| Reverse(*count));
        Self(causes)
    }

    /// The place of a cause among them.
    pub(super) fn rank(&self, cause: Class) -> usize {
        let place = self.0.iter().position(|(class, _)| *class == cause);
        place.unwrap_or(self.0.len())
    }

    /// Why, and who mends it: a sentence.
    pub(super) fn words(&self) -> String {
        if let [(class, _)] = *self.0 {
            let who = who(class.cause().owner);
            return format!("{}: {who}.", text::sentence(class.words()));
        }
        let named = self.0.iter().map(|(class, count)| {
            let owner = class.cause().owner.words();
            format!(
                "{} ({}, {owner})",
                class.words(),
                text::grouped(*count as u64)
            )
        });
        let words = listed(named, NAMED, self.0.len());
        let causes = match self.0.len().saturating_sub(NAMED) {
            0 => "",
            1 => " cause",
            _ => " causes",
        };
        format!("{}{causes}.", text::sentence(&words))
    }

    /// The remedies, those of most accounts first, and what else there is to do; numbered.
    pub(super) fn actions(&self, also: Option<String>) -> Vec<String> {
        let remedies = self.0.iter().take(REMEDIES).map(|(class, count)| {
            let cause = class.cause();
            format!(
                "{} ({}, {}): {}",
                text::sentence(class.words()),
                accounts(*count),
                cause.owner.words(),
                cause.remedy
            )
        });
        let actions = (1..).zip(remedies.chain(also));
        let mut lines: Vec<String> = actions
            .map(|(number, action)| format!("{number}. {action}"))
            .collect();
        let more = self.0.len().saturating_sub(REMEDIES);
        if more > 0 {
            lines.push(format!(
                "And {}: see the Reason column.",
                counted(more, "more cause")
            ));
        }
        lines
    }
}

/// Who has to act, as a sentence without its stop.
pub(super) fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::MailboxOwner => "the mailbox owner has to act",
        Owner::TenantAdmin => "the tenant admin has to act",
        Owner::AgencyOps => "the agency has to act",
        Owner::ProviderWait => "it should pass by itself",
    }
}
