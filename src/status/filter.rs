//! Which disconnections to show.

use std::collections::HashSet;

use super::{MOST_VALUES, enumerated, shortened};
use crate::cli::Filter;
use crate::domain::Cycle;
use crate::domain::figures::{Dimension, count_by};

/// An option that was given, by its name, with the values that it takes.
type Criterion = (&'static str, Dimension, Vec<String>);

impl Filter {
    fn criteria(&self) -> Vec<Criterion> {
        let kinds = self.kinds.iter().map(|kind| kind.to_string()).collect();
        let causes = self.causes.iter().map(|cause| cause.to_string()).collect();
        [
            ("--kind", Dimension::Kind, kinds),
            ("--type", Dimension::AccountType, self.types.clone()),
            ("--tag", Dimension::Tag, self.tags.clone()),
            ("--client", Dimension::Client, self.clients.clone()),
            ("--cause", Dimension::Cause, causes),
        ]
        .into_iter()
        .filter(|(_, _, values)| !values.is_empty())
        .collect()
    }

    /// Whether it may hold anything back.
    pub(super) fn is_set(&self) -> bool {
        self.incident.is_some() || !self.criteria().is_empty()
    }

    /// Those of the incident with one of the values of each option.
    pub(super) fn pass<'a>(&self, mut cycles: Vec<&'a Cycle>) -> Vec<&'a Cycle> {
        if self.incident.is_some() {
            cycles.retain(|cycle| cycle.disconnection.way.incident() == self.incident);
        }
        for (_, dimension, values) in self.criteria() {
            let values: HashSet<String> = values.iter().map(|value| folded(value)).collect();
            cycles.retain(|cycle| {
                let found = dimension.values(&cycle.disconnection);
                found.iter().any(|value| values.contains(&folded(value)))
            });
        }
        cycles
    }

    /// A line for each value that none of these has, with the values that there are.
    pub(super) fn unmatched(&self, cycles: &[&Cycle]) -> Vec<String> {
        if cycles.is_empty() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for (option, dimension, values) in self.criteria() {
            let down = cycles.iter().map(|cycle| &cycle.disconnection);
            let counts = count_by(dimension, down);
            let known: HashSet<String> = counts.iter().map(|count| folded(&count.name)).collect();
            for value in values
                .iter()
                .filter(|value| !known.contains(&folded(value)))
            {
                let names = counts.iter().map(|count| shortened(&count.name)).collect();
                lines.push(format!(
                    "Nothing that is down has {option} {}. There are: {}.",
                    shortened(value),
                    enumerated(names, MOST_VALUES)
                ));
            }
        }
        lines
    }
}

/// Equal for values that differ in nothing but case and white space.
fn folded(value: &str) -> String {
    crate::domain::text::clean(value, usize::MAX).to_lowercase()
}
