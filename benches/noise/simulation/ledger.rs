//! The judge: what was down by the listings alone, and how each time is told.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use chrono::{DateTime, Utc};
use monitor::config::Alerts;
use monitor::domain::{Account, LinkState, Way};
use monitor::store::Recoveries;

/// What went down so many hours before the end may wait for the daily line. That is told once in 24
/// hours, by the check that begins next.
pub const YOUNG: u32 = 26;

/// A disconnection that the database has as untold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untold {
    pub account: i64,
    pub since: DateTime<Utc>,
    pub way: Way,
    pub is_open: bool,
    /// When the first message was begun that may have told it.
    pub attempted_at: Option<DateTime<Utc>>,
}

/// A message that Slack has got and that tells a disconnection.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    pub hour: u32,
    pub way: Way,
    /// Whether the database had it that an earlier one may have done so, and the message says it.
    pub is_marked: bool,
    /// Whether the program knows that Slack has it.
    pub is_known: bool,
}

/// A time that an account was down, by the listings.
#[derive(Debug)]
pub struct Cycle {
    account: i64,
    /// Hour of the check that saw it first.
    pub first: u32,
    /// How many listings were read before that one.
    listing: u32,
    /// Checks that saw it down.
    checks: u32,
    /// Whether the next check that read a listing saw it down, too.
    pub is_lasting: bool,
    /// When it was over.
    end: Option<u32>,
    /// The last check that listed the account, and the listings since then.
    listed: u32,
    missed: u32,
    /// It was on record before anything was told.
    pub is_baseline: bool,
    /// It was over before it had been down for enough checks.
    pub is_passed: bool,
    pub told: Vec<Telling>,
    /// Whether the answer to a message that would tell it was lost.
    is_doubtful: bool,
}

impl Cycle {
    /// How it is told for certain.
    pub fn way(&self) -> Option<Way> {
        let known = self.told.iter().find(|telling| telling.is_known);
        known.map(|telling| telling.way)
    }

    /// Whether it was told by the check after the one that saw it first.
    pub fn is_prompt(&self) -> bool {
        let first = self.told.first();
        first.is_some_and(|telling| telling.hour <= self.first + 1)
    }

    /// Whether no server failed in these two checks.
    pub fn is_fair(&self, trouble: &[bool]) -> bool {
        let mut checks = trouble.iter().skip(self.first as usize).take(2);
        !checks.any(|trouble| *trouble)
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} down from hour {}", self.account, self.first)?;
        if let Some(end) = self.end {
            write!(f, " to {end}")?;
        }
        write!(f, ", in {} checks; told {:?}", self.checks, self.told)
    }
}

#[derive(Default)]
pub struct Ledger {
    pub cycles: Vec<Cycle>,
    /// How many listings were read.
    listings: u32,
    /// Places among the cycles, by account and beginning.
    places: HashMap<(i64, DateTime<Utc>), usize>,
    /// Of those that are not over, by account.
    open: BTreeMap<i64, usize>,
    /// Accounts that came back after they were told, and those of which that was told.
    pub back: i64,
    pub back_told: i64,
    /// What is not as it was promised.
    pub broken: Vec<String>,
}

impl Ledger {
    pub fn is_broken(&mut self, hour: u32, what: impl fmt::Display) {
        self.broken.push(format!("hour {hour}: {what}"));
    }

    /// Takes in an account of the listing that was read at `at`.
    pub fn see(&mut self, hour: u32, at: DateTime<Utc>, account: &Account) {
        let id = account.mailbox.id;
        let links = [&account.smtp, &account.imap];
        let is_down = links
            .iter()
            .any(|link| matches!(link, LinkState::Failed { .. }));
        let is_up = links.iter().all(|link| matches!(link, LinkState::Ok));
        match self.open.get(&id) {
            Some(_) if is_up => self.end(hour, id, true),
            Some(place) => {
                let cycle = &mut self.cycles[*place];
                cycle.checks += u32::from(is_down);
                cycle.is_lasting |= is_down && cycle.listing + 1 == self.listings;
                cycle.listed = hour;
                cycle.missed = 0;
            }
            None if is_down => {
                self.places.insert((id, at), self.cycles.len());
                self.open.insert(id, self.cycles.len());
                self.cycles.push(Cycle {
                    account: id,
                    first: hour,
                    listing: self.listings,
                    checks: 1,
                    is_lasting: false,
                    end: None,
                    listed: hour,
                    missed: 0,
                    is_baseline: false,
                    is_passed: false,
                    told: Vec::new(),
                    is_doubtful: false,
                });
            }
            None => {}
        }
    }

    /// The listing was read to its end; what it did not hold twice in a row is gone. Gives how many
    /// accounts are down.
    pub fn close_listing(&mut self, hour: u32) -> usize {
        self.listings += 1;
        let mut gone = Vec::new();
        for (account, place) in &self.open {
            let cycle = &mut self.cycles[*place];
            cycle.missed += u32::from(cycle.listed != hour);
            if cycle.missed == 2 {
                gone.push(*account);
            }
        }
        for account in gone {
            self.end(hour, account, false);
        }
        self.open.len()
    }

    fn end(&mut self, hour: u32, account: i64, is_back: bool) {
        let cycle = &mut self.cycles[self.open.remove(&account).unwrap()];
        cycle.end = Some(hour);
        let is_told = matches!(cycle.way(), Some(Way::Alert | Way::Incident(_)));
        self.back += i64::from(is_back && is_told);
    }

    /// All that is down was so before.
    pub fn adopt(&mut self) {
        for cycle in &mut self.cycles {
            cycle.is_baseline = true;
        }
    }

    /// The program takes this one for over before it was down for `confirm` checks.
    pub fn pass(&mut self, hour: u32, account: i64, since: DateTime<Utc>, confirm: u32) {
        let Some(cycle) = self.cycle(hour, account, since) else {
            return;
        };
        cycle.is_passed = true;
        if cycle.checks >= confirm || !cycle.told.is_empty() {
            let what = format!("passed: {cycle}");
            self.is_broken(hour, what);
        }
    }

    /// Slack has a message of the check that began at `began`, which tells these. Whether it calls any
    /// a repeat is known of all together.
    pub fn tell(&mut self, hour: u32, began: DateTime<Utc>, untold: &[Untold], says_repeat: bool) {
        for Untold {
            account,
            since,
            way,
            attempted_at,
            ..
        } in untold.iter().copied()
        {
            let is_attempted = attempted_at.is_some_and(|attempted_at| attempted_at < began);
            let Some(cycle) = self.cycle(hour, account, since) else {
                continue;
            };
            let is_first = cycle.told.is_empty();
            let is_marked = is_attempted && says_repeat;
            let is_settled = cycle.is_baseline || cycle.is_passed || cycle.way().is_some();
            cycle.told.push(Telling {
                hour,
                way,
                is_marked,
                is_known: false,
            });
            let is_false = is_attempted && !cycle.is_doubtful;
            if is_settled || is_false || !is_first && !is_marked {
                let what = format!("told again, or called a repeat: {cycle}");
                self.is_broken(hour, what);
            }
        }
    }

    /// The program does not know whether Slack has a message that tells these.
    pub fn doubt(&mut self, hour: u32, untold: &[Untold]) {
        for Untold { account, since, .. } in untold {
            if let Some(cycle) = self.cycle(hour, *account, *since) {
                cycle.is_doubtful = true;
            }
        }
    }

    /// The program knows that Slack has the last message that told these.
    pub fn confirm(&mut self, hour: u32, untold: &[Untold]) {
        for Untold { account, since, .. } in untold {
            let cycle = self.cycle(hour, *account, *since);
            if let Some(telling) = cycle.and_then(|cycle| cycle.told.last_mut()) {
                telling.is_known = true;
            }
        }
    }

    fn cycle(&mut self, hour: u32, account: i64, since: DateTime<Utc>) -> Option<&mut Cycle> {
        match self.places.get(&(account, since)) {
            Some(place) => self.cycles.get_mut(*place),
            None => {
                self.is_broken(hour, format!("{account} was not down since {since}"));
                None
            }
        }
    }

    /// Judges the end of it all: whatever is told in no way is young, what lasted is told in time where
    /// no server failed, and who is back is told if that is wanted.
    pub fn close(&mut self, hour: u32, alerts: &Alerts, trouble: &[bool]) {
        let confirm = alerts.rules.confirm_checks;
        for cycle in &self.cycles {
            let is_waiting = cycle.checks < confirm && cycle.end.is_none();
            let is_young = is_waiting || hour - cycle.first < YOUNG;
            let is_told = cycle.is_baseline || cycle.is_passed || cycle.way().is_some();
            if !is_told && !is_young {
                self.broken.push(format!("never told: {cycle}"));
            }
            let is_due = cycle.is_lasting && cycle.is_fair(trouble) && !cycle.is_baseline;
            let is_folded = matches!(cycle.way(), None | Some(Way::Chronic));
            if is_due && !is_folded && !cycle.is_prompt() {
                self.broken.push(format!("told late: {cycle}"));
            }
        }
        let (back, told) = (self.back, self.back_told);
        if alerts.recoveries == Recoveries::Thread && back != told {
            self.broken.push(format!(
                "{back} accounts came back, and {told} of them are told"
            ));
        }
    }
}
