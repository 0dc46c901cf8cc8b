//! Decides how each disconnection is told: in an ordinary alert, as part of an incident, in the
//! daily line of the chronic accounts, or not yet.
//!
//! The order of precedence: an account that was told as chronic is counted in the daily line; what
//! has not been down for enough checks waits; an account that is chronic is told as that in an
//! ordinary alert; what an open incident explains joins it; what many
//! have in common is a new incident; the rest is told in an ordinary alert. Each disconnection has
//! one [`Way`], which is on record with it, so that no crash can have it told by two.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use roaring::RoaringTreemap;

use super::chronic::{CYCLES, Chronic};
use super::diff::{Diff, Event, Transition, Unannounced};
use super::disconnection::{Disconnection, Told, Way};
use super::incident::{Incident, IncidentId, Threshold, find};

/// What becomes of the announcements of disconnections that are on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announce {
    /// What was told stays told, what is new is untold.
    New,
    /// Everything that is down is untold.
    All,
    /// Everything that is down is told, as of this check.
    Nothing,
}

/// The settings that decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Checks in a row that have to see an account down before it is told, at least 1.
    pub confirm_checks: u32,
    /// What is an incident.
    pub incident: Threshold,
}

/// What is known of earlier checks beside the open disconnections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// The incidents that are open, and those of which the sink has yet to hear that they are not;
    /// in the order of their numbers.
    pub incidents: Vec<Incident>,
    /// The accounts that were part of an open incident and are down no longer, by its number.
    pub members: BTreeMap<u32, RoaringTreemap>,
    /// The highest number that an incident has had; 0 for none.
    pub last_incident: u32,
    /// When the last checks that read the fleet began, the last first.
    pub applied: Vec<DateTime<Utc>>,
    /// How often accounts went down and came back within [`WINDOW`](super::chronic::WINDOW), not
    /// counting the first time in each incident; those that did so more than once.
    pub relapses: BTreeMap<i64, u32>,
    /// The accounts that are chronic.
    pub chronic: Vec<Chronic>,
    /// Disconnections that wait for the daily line.
    pub folded: u64,
    /// Of those, how many the sink may have heard of.
    pub folded_perhaps_told: u64,
    /// When the last daily message was begun.
    pub daily_at: Option<DateTime<Utc>>,
}

impl Memory {
    /// Notes that an account was part of an incident; a number that no incident can have is none.
    pub fn note_member(&mut self, incident: i64, account: i64) {
        if let Ok(incident) = u32::try_from(incident) {
            let members = self.members.entry(incident).or_default();
            members.insert(account.cast_unsigned());
        }
    }

    fn has_member(&self, incident: IncidentId, account: i64) -> bool {
        let members = self.members.get(&incident.get());
        members.is_some_and(|members| members.contains(account.cast_unsigned()))
    }

    /// Counts with the incidents what is open of them.
    pub fn count_open(&mut self, open: &[Disconnection]) {
        let ids = open
            .iter()
            .filter_map(|disconnection| disconnection.way.incident());
        for id in ids {
            if let Some(incident) = self.incidents.iter_mut().find(|i| i.id == id) {
                incident.accounts += 1;
                incident.down += 1;
            }
        }
    }
}

/// What was decided, beside the ways that stand with the new disconnections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Triage {
    /// Disconnections that are on record without a transition, whose way is another now: by
    /// account, in order.
    pub moved: Vec<(i64, Way)>,
    /// Every incident that was open or is new or has an end to be told, as it is after this check.
    pub incidents: Vec<Incident>,
    /// Those of them that are new.
    pub opened: Vec<IncidentId>,
    /// Those of them that are over as of this check.
    pub closed: Vec<IncidentId>,
    /// Those that are over without a word, because everything is announced anew or nothing is.
    pub dropped: Vec<IncidentId>,
    /// What was resolved untold of those, before this check.
    pub unannounced: Unannounced,
    /// Accounts of an ordinary alert that are chronic, with the number of their cycles.
    pub chronic: BTreeMap<i64, u32>,
    /// Accounts that went down anew and are counted in the daily line only.
    pub folded: Vec<i64>,
    /// Accounts that are chronic no longer.
    pub held: Vec<i64>,
    /// How many are down that have not been so for enough checks to be told.
    pub waiting: usize,
}

/// A disconnection that is to be told and has no way yet.
struct Candidate<'a> {
    disconnection: &'a mut Disconnection,
    /// Whether it was there before this check, and has no transition that would record its way.
    is_on_record: bool,
    /// Whether it went down in this check.
    is_new: bool,
    /// Whether it has been down for enough checks.
    is_ready: bool,
    was: Way,
}

impl Candidate<'_> {
    /// Whether it is ready for a way and has none.
    fn is_free(&self) -> bool {
        self.is_ready && self.disconnection.way == Way::Undecided
    }
}

/// Gives each disconnection that is open after `diff` and untold its way. `open` are those that
/// were on record before, by account.
pub fn triage(
    open: &mut [Disconnection],
    diff: &mut Diff,
    memory: &Memory,
    announce: Announce,
    rules: Rules,
    now: DateTime<Utc>,
) -> Triage {
    let mut triage = Triage {
        incidents: after(diff, memory),
        held: held(memory, now),
        ..Triage::default()
    };
    triage.drop_incidents(announce, diff, memory);
    triage.close(now);
    pass(diff);
    if announce == Announce::Nothing {
        return triage;
    }
    let confirmed = Confirmed::by(memory, announce, rules);
    let seen = Seen::new(diff);
    let mut candidates = candidates(open, diff, &triage.incidents, announce);
    if announce == Announce::New {
        triage.fold(&mut candidates, memory);
    }
    for candidate in &mut candidates {
        candidate.is_ready = confirmed.allows(candidate, &seen);
    }
    if announce == Announce::New {
        triage.note_chronic(&mut candidates, memory);
    }
    triage.join(&mut candidates, memory);
    triage.open(&mut candidates, rules.incident, memory.last_incident);
    for candidate in candidates.iter_mut().filter(|c| c.is_free()) {
        candidate.disconnection.way = Way::Alert;
    }
    let undecided = |candidate: &&Candidate<'_>| candidate.disconnection.way == Way::Undecided;
    triage.waiting = candidates.iter().filter(undecided).count();
    for candidate in &candidates {
        triage.settle(candidate);
    }
    triage.moved.sort_by_key(|(account, _)| *account);
    triage
}

/// The incidents after what the listing resolves.
fn after(diff: &Diff, memory: &Memory) -> Vec<Incident> {
    let mut incidents = memory.incidents.clone();
    for transition in diff.transitions.iter().filter(|t| t.event.resolves()) {
        let Way::Incident(id) = transition.disconnection.way else {
            continue;
        };
        if let Some(incident) = incidents.iter_mut().find(|incident| incident.id == id) {
            incident.down = incident.down.saturating_sub(1);
            let told = transition.disconnection.told;
            incident.unseen += u64::from(told != Told::Yes);
            incident.unseen_perhaps_told += u64::from(told == Told::Perhaps);
        }
    }
    incidents
}

/// What was down for too few checks and is down no longer is never told.
fn pass(diff: &mut Diff) {
    for transition in &mut diff.transitions {
        let disconnection = &mut transition.disconnection;
        let is_undecided = disconnection.way == Way::Undecided && disconnection.told == Told::No;
        if transition.event.resolves() && is_undecided {
            disconnection.way = Way::Passed;
        }
    }
}

/// What is open and untold and may yet be told in one way or another.
fn candidates<'a>(
    open: &'a mut [Disconnection],
    diff: &'a mut Diff,
    incidents: &[Incident],
    announce: Announce,
) -> Vec<Candidate<'a>> {
    let (transitions, missing) = (&mut diff.transitions, &diff.missing);
    let touched = |account: i64| {
        let id = |transition: &Transition| transition.disconnection.mailbox.id;
        transitions.binary_search_by_key(&account, id).is_ok()
    };
    let untouched: Vec<&mut Disconnection> = open
        .iter_mut()
        .filter(|known| !touched(known.mailbox.id))
        .collect();
    let untouched = untouched.into_iter().map(|known| (known, true, false));
    let opened = transitions.iter_mut().filter(|t| !t.event.resolves());
    let opened = opened.map(|transition| {
        let is_new = transition.event == Event::Disconnected;
        (&mut transition.disconnection, false, is_new)
    });
    let is_wanted = |disconnection: &Disconnection| match announce {
        Announce::All => {
            let is_missing = missing.binary_search(&disconnection.mailbox.id).is_ok();
            !is_missing || disconnection.told != Told::Yes
        }
        Announce::New | Announce::Nothing => {
            let is_free = match disconnection.way {
                Way::Chronic => false,
                Way::Incident(id) => !incidents.iter().any(|incident| incident.id == id),
                _ => true,
            };
            is_free && disconnection.told != Told::Yes
        }
    };
    untouched
        .chain(opened)
        .filter(|(disconnection, ..)| is_wanted(disconnection))
        .map(|(disconnection, is_on_record, is_new)| Candidate {
            was: std::mem::replace(&mut disconnection.way, Way::Undecided),
            disconnection,
            is_on_record,
            is_new,
            is_ready: false,
        })
        .collect()
}

/// Accounts that were chronic and have held.
fn held(memory: &Memory, now: DateTime<Utc>) -> Vec<i64> {
    let held = memory
        .chronic
        .iter()
        .filter(|account| account.has_held(now));
    held.map(|account| account.account).collect()
}

/// How long a disconnection has to have been on record to be told.
enum Confirmed {
    /// Not at all.
    AtOnce,
    /// As of the check that began then; none if there were not so many checks.
    Since(Option<DateTime<Utc>>),
}

impl Confirmed {
    fn by(memory: &Memory, announce: Announce, rules: Rules) -> Self {
        let checks = usize::try_from(rules.confirm_checks).unwrap_or(usize::MAX);
        match (checks.checked_sub(2), announce) {
            (None, _) | (_, Announce::All) => Self::AtOnce,
            (Some(before), _) => Self::Since(memory.applied.get(before).copied()),
        }
    }

    /// Whether a candidate has been down for long enough; what a check was ready to tell before
    /// needs no more proof.
    fn allows(&self, candidate: &Candidate<'_>, diff: &Seen) -> bool {
        let disconnection = &*candidate.disconnection;
        match self {
            Self::AtOnce => true,
            Self::Since(_) if candidate.was == Way::Alert => true,
            Self::Since(since) => {
                let is_old = since.is_some_and(|since| disconnection.detected_at <= since);
                is_old && diff.is_seen_down(disconnection.mailbox.id)
            }
        }
    }
}

/// What the listing said of accounts that are on record as down.
struct Seen {
    /// Those of which it did not say that they are.
    unsaid: Vec<i64>,
}

impl Seen {
    fn new(diff: &Diff) -> Self {
        let mut unsaid = [&*diff.missing, &*diff.unsaid].concat();
        unsaid.sort_unstable();
        Self { unsaid }
    }

    fn is_seen_down(&self, account: i64) -> bool {
        self.unsaid.binary_search(&account).is_err()
    }
}

impl Triage {
    /// The incidents that are new.
    pub fn opened(&self) -> impl Iterator<Item = &Incident> {
        let is_new = |incident: &&Incident| self.opened.contains(&incident.id);
        self.incidents.iter().filter(is_new)
    }

    /// Ends incidents without a word. What was resolved untold of them is counted by an alert.
    fn drop_incidents(&mut self, announce: Announce, diff: &mut Diff, memory: &Memory) {
        let is_dropped = |incident: &mut Incident| match announce {
            Announce::New => false,
            Announce::All => true,
            Announce::Nothing => incident.headline.is_none(),
        };
        let dropped = self.incidents.extract_if(.., is_dropped);
        self.dropped = dropped.map(|incident| incident.id).collect();
        let dropped = memory.incidents.iter();
        let dropped = dropped.filter(|incident| self.dropped.contains(&incident.id));
        self.unannounced.reconnected = dropped.map(|incident| incident.unseen).sum();
        for Transition {
            event,
            disconnection,
        } in &mut diff.transitions
        {
            let incident = disconnection.way.incident();
            let is_dropped = incident.is_some_and(|id| self.dropped.contains(&id));
            if event.resolves() && is_dropped && disconnection.told != Told::Yes {
                disconnection.way = Way::Alert;
            }
        }
    }

    /// Counts in the daily line what was told as chronic and is nothing new.
    fn fold(&mut self, candidates: &mut [Candidate<'_>], memory: &Memory) {
        let is_told = |account: &&Chronic| account.told_at.is_some();
        let told: Vec<i64> = memory
            .chronic
            .iter()
            .filter(is_told)
            .map(|c| c.account)
            .collect();
        let told: HashSet<i64> = told
            .into_iter()
            .filter(|id| self.held.binary_search(id).is_err())
            .collect();
        for candidate in candidates {
            let disconnection = &mut *candidate.disconnection;
            let account = disconnection.mailbox.id;
            if disconnection.told == Told::No && told.contains(&account) {
                disconnection.way = Way::Chronic;
                if candidate.is_new {
                    self.folded.push(account);
                }
            }
        }
    }

    /// Has each join the narrowest open incident that explains it, and of equals the oldest. Who was
    /// part of it before is counted already.
    fn join(&mut self, candidates: &mut [Candidate<'_>], memory: &Memory) {
        let mut open: Vec<&mut Incident> = self
            .incidents
            .iter_mut()
            .filter(|incident| incident.closed_at.is_none())
            .collect();
        open.sort_by_key(|incident| (incident.factor.scope.breadth(), incident.id));
        for candidate in candidates.iter_mut().filter(|c| c.is_free()) {
            let disconnection = &mut *candidate.disconnection;
            let mut open = open.iter_mut();
            if let Some(incident) = open.find(|i| i.factor.explains(disconnection)) {
                disconnection.way = Way::Incident(incident.id);
                let account = disconnection.mailbox.id;
                incident.accounts += u64::from(!memory.has_member(incident.id, account));
                incident.down += 1;
            }
        }
    }

    /// Opens an incident for what enough of the others have in common, until nothing is.
    fn open(&mut self, candidates: &mut [Candidate<'_>], threshold: Threshold, last: u32) {
        let new = candidates.iter().filter(|c| c.is_free()).count();
        let ids = (last.saturating_add(1)..).map_while(IncidentId::new);
        for id in ids {
            let free = candidates.iter().filter(|c| c.is_free());
            let free: Vec<&Disconnection> = free.map(|c| &*c.disconnection).collect();
            let Some(factor) = find(&free, new, threshold) else {
                break;
            };
            let ours = || free.iter().filter(|d| factor.explains(d));
            let accounts = u64::try_from(ours().count()).unwrap_or(u64::MAX);
            let Some(opened_at) = ours().map(|d| d.detected_at).min() else {
                break;
            };
            let free = candidates.iter_mut().filter(|c| c.is_free());
            for candidate in free.filter(|c| factor.explains(c.disconnection)) {
                candidate.disconnection.way = Way::Incident(id);
            }
            self.opened.push(id);
            self.incidents.push(Incident {
                id,
                factor,
                opened_at,
                closed_at: None,
                accounts,
                down: accounts,
                unseen: 0,
                unseen_perhaps_told: 0,
                headline: None,
                is_perhaps_told: false,
                is_end_perhaps_told: false,
            });
        }
    }

    /// Has those that are chronic be told as that in an ordinary alert, whatever else is down.
    fn note_chronic(&mut self, candidates: &mut [Candidate<'_>], memory: &Memory) {
        let ready = candidates.iter_mut().filter(|c| c.is_free());
        for Candidate { disconnection, .. } in ready {
            let account = disconnection.mailbox.id;
            let relapses = memory.relapses.get(&account).copied().unwrap_or_default();
            let cycles = relapses.saturating_add(1);
            if cycles >= CYCLES {
                disconnection.way = Way::Alert;
                self.chronic.insert(account, cycles);
            }
        }
    }

    /// The way of this one is decided; that is to be recorded, unless its transition does so.
    fn settle(&mut self, candidate: &Candidate<'_>) {
        let disconnection = &candidate.disconnection;
        if candidate.is_on_record && disconnection.way != candidate.was {
            self.moved
                .push((disconnection.mailbox.id, disconnection.way));
        }
    }

    /// Ends what is over, before anybody could join it: who goes down as an outage ends is no part
    /// of it.
    fn close(&mut self, now: DateTime<Utc>) {
        let open = self.incidents.iter_mut().filter(|i| i.closed_at.is_none());
        for incident in open.filter(|incident| incident.is_over()) {
            incident.closed_at = Some(now);
            self.closed.push(incident.id);
        }
    }
}

#[cfg(test)]
mod tests;
