//! What status says of the incident that was asked for.

use chrono::{DateTime, TimeDelta, Utc};

use super::{MOST_VALUES, enumerated, shortened};
use crate::domain::incident::{Incident, IncidentId, Scope};
use crate::domain::text::duration;
use crate::terminal::cells::{minute, tied};

/// How many disconnections were ever part of an incident. Of a long one the first may be deleted.
pub(super) fn size(incident: &Incident) -> u64 {
    let headline = incident.headline.as_ref();
    let told = headline.map_or(0, |headline| headline.accounts);
    incident.accounts.max(told)
}

/// What an incident is, on a line.
pub(super) fn line(incident: &Incident, now: DateTime<Utc>) -> String {
    let since = minute(incident.opened_at);
    let end = incident.closed_at.unwrap_or(now);
    let length = tied(&duration((end - incident.opened_at).max(TimeDelta::zero())));
    let (is_over, when) = match incident.closed_at {
        None => ("", format!("since {since} UTC ({length})")),
        Some(at) => (
            " is over",
            format!("from {since} to {} UTC ({length})", minute(at)),
        ),
    };
    let verb = if incident.down == 1 { "is" } else { "are" };
    format!(
        "Incident {}{is_over}: {}, {}, {when}. {} of its {} accounts {verb} still down.",
        incident.id,
        incident.factor.cause.words(),
        scope(&incident.factor.scope),
        incident.down,
        size(incident)
    )
}

/// How far a cause reaches.
fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Domain(domain) => format!("on domain {}", shortened(domain)),
        Scope::Client(id) => format!("of client {id}"),
        Scope::AccountType(name) => format!("of type {}", shortened(name)),
        Scope::Fleet => "across the fleet".to_owned(),
    }
}

/// What to say where there is no incident of this number: which ones there are.
pub(super) fn unknown(id: IncidentId, incidents: &[Incident]) -> String {
    if incidents.is_empty() {
        return format!("There is no incident {id}, nor any other of late.");
    }
    let names = incidents.iter().map(|incident| {
        let state = match incident.closed_at {
            None => "open",
            Some(_) => "over",
        };
        format!("{} ({state})", incident.id)
    });
    let names = enumerated(names.collect(), MOST_VALUES);
    format!("There is no incident {id}. There are: {names}.")
}
