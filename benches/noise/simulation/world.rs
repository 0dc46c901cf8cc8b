//! The fleet as the source lists it, hour by hour.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fastrand::Rng;
use monitor::domain::{Account, LinkState};

use super::plan::{Plan, QUIET, poisson};

/// One reading in so many of an account is odd.
const ODD_READINGS: f64 = 3_000.0;

pub struct World<'p> {
    plan: &'p Plan,
    rng: Rng,
    hour: u32,
    accounts: Vec<Account>,
    /// Of `plan.spells`, the first that has not begun.
    next: usize,
    /// Accounts by the hour at which they are back.
    ends: HashMap<u32, Vec<usize>>,
    down: BTreeSet<usize>,
    /// Accounts of this listing that are absent, or are shown otherwise than they are.
    odd: BTreeMap<usize, Option<Account>>,
}

impl<'p> World<'p> {
    /// The fleet before its first hour.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            rng: Rng::with_seed(plan.scale.seed),
            hour: 0,
            accounts: plan.accounts.clone(),
            next: 0,
            ends: HashMap::new(),
            down: BTreeSet::new(),
            odd: BTreeMap::new(),
        }
    }

    /// Lets the fleet be as it is in this hour, which is the next.
    pub fn advance(&mut self, hour: u32) {
        self.hour = hour;
        for account in self.ends.remove(&hour).unwrap_or_default() {
            self.set(account, [LinkState::Ok, LinkState::Ok]);
            self.down.remove(&account);
        }
        while let Some(spell) = self.plan.spells.get(self.next).filter(|s| s.from == hour) {
            self.set(spell.account, spell.links.clone());
            self.ends
                .entry(spell.until)
                .or_default()
                .push(spell.account);
            self.down.insert(spell.account);
            self.next += 1;
        }
        self.odd.clear();
        if hour + QUIET < self.plan.hours {
            self.be_odd();
        }
    }

    fn set(&mut self, account: usize, [smtp, imap]: [LinkState; 2]) {
        self.accounts[account].smtp = smtp;
        self.accounts[account].imap = imap;
    }

    /// A listing of a live table may skip a row, and the source may not say how a link is. That
    /// matters most for what is down.
    fn be_odd(&mut self) {
        let down: Vec<usize> = self.down.iter().copied().collect();
        for _ in 0..poisson(self.accounts.len() as f64 / ODD_READINGS, &mut self.rng) {
            let account = match self.rng.choice(&down) {
                Some(account) if self.rng.bool() => *account,
                _ => self.rng.usize(..self.accounts.len()),
            };
            let silent = Account {
                smtp: LinkState::Unknown,
                ..self.accounts[account].clone()
            };
            self.odd.insert(account, self.rng.bool().then_some(silent));
        }
    }

    /// The accounts as they are listed.
    pub fn listing(&self) -> impl Iterator<Item = &Account> {
        let accounts = self.accounts.iter().enumerate();
        let listed = accounts.filter(|(index, _)| self.plan.listed[*index].contains(&self.hour));
        listed.filter_map(|(index, account)| match self.odd.get(&index) {
            Some(odd) => odd.as_ref(),
            None => Some(account),
        })
    }
}
