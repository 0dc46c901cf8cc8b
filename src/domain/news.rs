//! What a check has to tell, as values.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Diff, Unannounced};
use super::disconnection::{Disconnection, Told, Way};
use super::history::Cycle;
use super::incident::{Incident, IncidentId};
use super::ledger::Receipt;
use super::triage::{Announce, Triage};

/// What is new.
#[derive(Debug, Clone, Default)]
pub struct News<'a> {
    /// What there is to say of incidents, in the order in which to say it.
    pub incidents: Vec<IncidentNews<'a>>,
    /// What is told in an ordinary alert.
    pub alert: AlertNews<'a>,
}

/// What is told in an ordinary alert.
#[derive(Debug, Clone, Default)]
pub struct AlertNews<'a> {
    /// What is down.
    pub disconnections: Vec<&'a Disconnection>,
    /// What is down no longer, and was not told.
    pub unannounced: Unannounced,
    /// Those of the accounts that are chronic, with the number of their cycles.
    pub chronic: BTreeMap<i64, u32>,
    /// How many chronic accounts went down anew, which are told in the daily line.
    pub folded: usize,
    /// How many accounts are down that have not been so for enough checks.
    pub waiting: usize,
}

impl AlertNews<'_> {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.disconnections.is_empty() && self.unannounced.count() == 0
    }
}

/// What there is to say of an incident.
#[derive(Debug, Clone)]
pub struct IncidentNews<'a> {
    /// The incident as it is after this check.
    pub incident: &'a Incident,
    /// What has happened.
    pub step: Step,
    /// Its accounts that are down.
    pub down: Vec<&'a Disconnection>,
    /// How many of those are told by this.
    pub new: usize,
    /// Of how many of those the sink may have heard before, and of how many that are down no longer.
    pub repeats: u64,
}

/// What has happened to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It has begun.
    Opening,
    /// It has twice the accounts that it was announced with, or more.
    Doubling,
    /// It has more accounts.
    Growth,
    /// Some of its accounts are down no longer. Its message shows that; nobody is told.
    Recovery,
    /// It is over.
    End,
}

/// Accounts that were seen connected again, which is to be told where their alert is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnected {
    /// The message that told that they were down; none where it is not known.
    pub thread: Option<Receipt>,
    /// How many there are.
    pub accounts: u64,
    /// Of how many the sink may have heard.
    pub perhaps_told: u64,
    /// Those that were down the longest.
    pub cycles: Vec<Cycle>,
}

impl<'a> News<'a> {
    /// What there is to tell after a check of what is open, `open` before it and `diff` since, and
    /// of what was resolved `unannounced` before.
    pub fn new(
        open: &'a [Disconnection],
        diff: &'a Diff,
        triage: &'a Triage,
        unannounced: Unannounced,
        announce: Announce,
    ) -> Self {
        if announce == Announce::Nothing {
            return Self::default();
        }
        let mut members: BTreeMap<IncidentId, Vec<&Disconnection>> = BTreeMap::new();
        let mut alert = Vec::new();
        let is_told = |disconnection: &Disconnection| match announce {
            Announce::All => diff.is_missing(disconnection) && disconnection.told == Told::Yes,
            Announce::New | Announce::Nothing => disconnection.told == Told::Yes,
        };
        for disconnection in diff.open_after(open) {
            match disconnection.way {
                Way::Alert if !is_told(disconnection) => alert.push(disconnection),
                Way::Incident(id) => members.entry(id).or_default().push(disconnection),
                _ => {}
            }
        }
        let resolved = diff.transitions.iter().filter(|t| t.event.resolves());
        let resolved = resolved.filter_map(|t| t.disconnection.way.incident());
        let recovering: BTreeSet<IncidentId> = resolved.collect();
        let mut incidents = Vec::new();
        for incident in &triage.incidents {
            let down = members.remove(&incident.id).unwrap_or_default();
            let untold = || down.iter().filter(|disconnection| !is_told(disconnection));
            let repeats = untold().filter(|d| d.told == Told::Perhaps).count();
            let news = IncidentNews {
                incident,
                step: Step::End,
                new: untold().count(),
                repeats: incident.unseen_perhaps_told.saturating_add(repeats as u64),
                down,
            };
            incidents.extend(news.steps(recovering.contains(&incident.id)));
        }
        Self {
            incidents,
            alert: AlertNews {
                disconnections: alert,
                unannounced: unannounced + diff.unannounced() + triage.unannounced,
                chronic: triage.chronic.clone(),
                folded: triage.folded.len(),
                waiting: triage.waiting,
            },
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        let is_told = |incident: &IncidentNews<'_>| incident.step != Step::Recovery;
        !self.incidents.iter().any(is_told) && self.alert.is_empty()
    }
}

impl IncidentNews<'_> {
    /// The steps that there are to tell: what is new, and that it is over. If neither, whether it
    /// `is_recovering`.
    fn steps(self, is_recovering: bool) -> impl Iterator<Item = Self> {
        let incident = self.incident;
        let is_new = self.new > 0 || incident.unseen > 0;
        let is_open = incident.closed_at.is_none();
        let news = match &incident.headline {
            Some(_) if !is_new && is_recovering && is_open => Some(Step::Recovery),
            _ if !is_new => None,
            None => Some(Step::Opening),
            Some(_) if incident.has_doubled() => Some(Step::Doubling),
            Some(_) => Some(Step::Growth),
        };
        let is_known = incident.headline.is_some() || news.is_some();
        let is_over = !is_open && is_known;
        let end = is_over.then(|| Self {
            step: Step::End,
            ..self.clone()
        });
        let news = news.map(|step| Self { step, ..self });
        news.into_iter().chain(end)
    }
}
