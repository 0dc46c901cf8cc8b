//! What goes wrong in the time that is simulated, and when. All of it follows from the seed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use fastrand::Rng;
use monitor::domain::cause::Transience;
use monitor::domain::{Account, Class, LinkState, Names};

use super::Scale;
use super::failures::{Failures, SINGLE};
use super::fleet;

/// An account fails by itself once in so many days, on average.
const DAYS_BETWEEN_FAILURES: f64 = 250.0;

/// One account in so many goes down again and again.
const FLAPPERS: usize = 165;

/// How long Slack takes nothing, in hours.
const SLACK_OUTAGE: u32 = 9;

/// The last hours are without faults of servers, so that all can be told.
pub const QUIET: u32 = 27;

/// A time that an account is down, in hours from the beginning.
pub struct Spell {
    /// Its place in the fleet.
    pub account: usize,
    pub from: u32,
    pub until: u32,
    /// SMTP and IMAP.
    pub links: [LinkState; 2],
}

pub struct Plan {
    pub scale: Scale,
    pub hours: u32,
    /// By id.
    pub accounts: Vec<Account>,
    pub names: Names,
    /// The hours in which each account is in the workspace.
    pub listed: Vec<Range<u32>>,
    /// By their beginning; those of an account do not overlap.
    pub spells: Vec<Spell>,
    /// Whether the source fails, by hour.
    pub blind: Vec<bool>,
    /// When Slack takes nothing.
    pub slack_outage: Range<u32>,
}

struct Planner<'a> {
    rng: &'a mut Rng,
    hours: u32,
    accounts: &'a [Account],
    failures: Failures,
    spells: Vec<Spell>,
}

impl Plan {
    pub fn new(scale: Scale) -> Self {
        let rng = &mut Rng::with_seed(scale.seed);
        let hours = scale.days * 24;
        // Some are added while others are removed.
        let turnover = (scale.accounts * scale.days / 1_000) as usize;
        let size = scale.accounts as usize;
        let accounts = fleet::accounts(size + turnover, rng);
        let mut listed = vec![0..hours; accounts.len()];
        for added in size..accounts.len() {
            listed[added].start = rng.u32(1..hours);
            listed[rng.usize(..size)].end = rng.u32(1..hours);
        }
        let mut planner = Planner {
            rng,
            hours,
            accounts: &accounts,
            failures: Failures::read(),
            spells: Vec::new(),
        };
        planner.singles();
        planner.flappers();
        let outages = planner.outages(scale.days);
        let mut spells = planner.spells;
        spells.sort_by_key(|spell| (spell.from, spell.account));
        let mut down_until: HashMap<usize, u32> = HashMap::new();
        spells.retain(|spell| {
            let until = down_until.entry(spell.account).or_default();
            let is_free = spell.from >= *until;
            if is_free {
                *until = spell.until;
            }
            is_free
        });
        // At worst an outage of a provider begins while Slack takes nothing.
        let worst = outages[outages.len() / 2];
        let slack_outage = worst.saturating_sub(2)..worst.saturating_sub(2) + SLACK_OUTAGE;
        Self {
            scale,
            hours,
            names: fleet::names(&accounts),
            listed,
            spells,
            blind: blind(hours, rng),
            slack_outage,
            accounts,
        }
    }
}

/// Faults of the source: now and then one check, and some times hours of them.
fn blind(hours: u32, rng: &mut Rng) -> Vec<bool> {
    let mut blind: Vec<bool> = (0..hours).map(|_| rng.f64() < 0.003).collect();
    for _ in 0..(hours / 240).max(1) {
        let from = rng.usize(1..blind.len());
        blind
            .iter_mut()
            .skip(from)
            .take(rng.usize(1..=6))
            .for_each(|is_blind| *is_blind = true);
    }
    // The first check adopts the fleet.
    blind[0] = false;
    let quiet = blind.len() - QUIET as usize;
    blind[quiet..].fill(false);
    blind
}

impl Planner<'_> {
    fn add(&mut self, account: usize, from: u32, checks: u32, class: Class) {
        let account_type = self.accounts[account].mailbox.account_type.clone();
        let links = self.failures.of(class, &account_type.unwrap(), self.rng);
        let until = from.saturating_add(checks.max(1));
        self.spells.push(Spell {
            account,
            from,
            until,
            links,
        });
    }

    /// Single accounts that fail by themselves, those that are down at the beginning first.
    fn singles(&mut self) {
        let accounts = self.accounts.len();
        for _ in 0..accounts / 120 {
            self.single(0);
        }
        let each_hour = accounts as f64 / DAYS_BETWEEN_FAILURES / 24.0;
        for hour in 1..self.hours {
            for _ in 0..poisson(each_hour, self.rng) {
                self.single(hour);
            }
        }
    }

    fn single(&mut self, from: u32) {
        let account = self.rng.usize(..self.accounts.len());
        let class = weighted(&SINGLE, self.rng);
        let checks = match class.cause().transience {
            Transience::Transient => 1 + geometric(0.45, self.rng),
            // From two hours to six days, and now and then nobody mends it.
            Transience::Permanent if self.rng.f64() < 0.03 => u32::MAX,
            Transience::Permanent => (2.0 * 72_f64.powf(self.rng.f64())) as u32,
        };
        self.add(account, from, checks, class);
        // A second link fails later, or one is mended before the other.
        if checks > 3
            && self.rng.u8(..20) == 0
            && let Some(first) = self.spells.last_mut()
        {
            first.until = from + self.rng.u32(1..checks.min(48));
            let next = first.until;
            self.add(account, next, checks - (next - from), class);
        }
    }

    /// Accounts that go down again and again for a week or two, and then hold for as long.
    fn flappers(&mut self) {
        for _ in 0..self.accounts.len() / FLAPPERS {
            let account = self.rng.usize(..self.accounts.len());
            let class = weighted(&SINGLE, self.rng);
            let mut hour = self.rng.u32(1..self.hours);
            while hour < self.hours {
                let end = hour + self.rng.u32(96..336);
                while hour < end {
                    let checks = self.rng.u32(1..=8);
                    self.add(account, hour, checks, class);
                    hour += checks + self.rng.u32(2..=24);
                }
                hour += self.rng.u32(72..336);
            }
        }
    }

    /// Many accounts at once; when each outage begins. At least one of each sort, and one of the
    /// domain with the odd name.
    fn outages(&mut self, days: u32) -> Vec<u32> {
        let last = self.hours - 2 * QUIET;
        let mut begun = Vec::new();
        for _ in 0..(days / 8).max(1) {
            begun.push(self.rng.u32(24..last));
            self.provider_outage(begun[begun.len() - 1]);
        }
        let domain = |account: &Account| account.mailbox.domain().map(Cow::into_owned);
        let large = self.groups(domain);
        for number in 0..(days / 15).max(1) as usize {
            let hour = self.rng.u32(24..last);
            let domain = if number == 0 {
                0
            } else {
                self.rng.usize(..large.len())
            };
            self.domain_outage(&large[domain], hour);
        }
        let clients = self.groups(|account| account.mailbox.client_id);
        for _ in 0..(days / 15).max(1) {
            let hour = self.rng.u32(24..last);
            let client = self.rng.usize(..clients.len());
            self.expiry(&clients[client], hour);
        }
        begun
    }

    /// Groups of accounts that are large enough for an incident, in the order of their first ones.
    fn groups<K: Ord>(&self, key: impl Fn(&Account) -> Option<K>) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (index, account) in self.accounts.iter().enumerate() {
            if let Some(key) = key(account) {
                groups.entry(key).or_default().push(index);
            }
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|group| group[0]);
        let largest = groups.iter().map(Vec::len).max().unwrap_or_default();
        groups.retain(|group| group.len() >= largest.min(25));
        groups
    }

    /// A provider type, or a good part of it, that comes back piece by piece.
    fn provider_outage(&mut self, hour: u32) {
        let account_type = ["GMAIL", "OUTLOOK", "SMTP"][self.rng.usize(..3)];
        let classes = [
            Class::ProviderOutage,
            Class::ConnectTimeout,
            Class::Throttled,
        ];
        let class = classes[self.rng.usize(..3)];
        let share = self.rng.f64().mul_add(0.75, 0.15);
        let checks = self.rng.u32(1..=8);
        for account in 0..self.accounts.len() {
            let is_theirs =
                self.accounts[account].mailbox.account_type.as_deref() == Some(account_type);
            if !is_theirs || self.rng.f64() > share {
                continue;
            }
            let ramp = weighted(&[(0, 55), (1, 30), (2, 15)], self.rng);
            let checks = match self.rng.u8(..5) {
                0 => self.rng.u32(1..=checks),
                _ => checks + self.rng.u32(..2),
            };
            let class = match self.rng.u8(..25) {
                0 => Class::Unknown,
                1 => Class::ConnectTimeout,
                _ => class,
            };
            self.add(account, hour + ramp, checks, class);
        }
    }

    fn domain_outage(&mut self, domain: &[usize], hour: u32) {
        let classes = [Class::Dns, Class::TlsCertificate, Class::BlockedReputation];
        let class = classes[self.rng.usize(..3)];
        let checks = self.rng.u32(2..=20);
        for account in domain {
            let ramp = weighted(&[(0, 80), (1, 20)], self.rng);
            let checks = checks + self.rng.u32(..3);
            self.add(*account, hour + ramp, checks, class);
        }
    }

    /// What the accounts of a client sign in with is void, for all at once, and renewed one by one; for
    /// some much later.
    fn expiry(&mut self, client: &[usize], hour: u32) {
        let class = [Class::OauthRevoked, Class::BadPassword][self.rng.usize(..2)];
        let checks = self.rng.u32(4..=48);
        for account in client {
            let checks = match self.rng.u8(..12) {
                0 => self.rng.u32(48..480),
                _ => self.rng.u32(checks / 2..=checks),
            };
            self.add(*account, hour, checks, class);
        }
    }
}

/// How often something happens that does so `mean` times on average (Knuth's method).
pub fn poisson(mean: f64, rng: &mut Rng) -> u32 {
    let limit = (-mean).exp();
    let mut product = rng.f64();
    let mut count = 0;
    while product > limit {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// How often something succeeds before it fails.
fn geometric(chance: f64, rng: &mut Rng) -> u32 {
    std::iter::repeat_with(|| rng.f64())
        .take_while(|drawn| *drawn < chance)
        .count() as u32
}

fn weighted<T: Copy>(weights: &[(T, u32)], rng: &mut Rng) -> T {
    let all: u32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut drawn = rng.u32(..all);
    let found = weights.iter().find(|(_, weight)| {
        let is_it = drawn < *weight;
        drawn = drawn.saturating_sub(*weight);
        is_it
    });
    found.unwrap().0
}
