//! What disconnections cost: the daily cap that is lost, the clients that are hit, and campaigns
//! that are left without senders.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::disconnection::Disconnection;

/// A campaign has few healthy senders when at most this share of its senders is, in percent.
const FEW: u64 = 25;

/// What a complete listing says of the fleet as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    /// E-mails a day that all its accounts may send together.
    pub daily_cap: u64,
    /// Its campaigns by id, as far as the listing names them.
    pub campaigns: HashMap<i64, Senders>,
}

/// The accounts that send for a campaign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Senders {
    /// All of them.
    pub all: u32,
    /// Those that are down.
    pub down: u32,
    /// Whether one of those is new or untold.
    pub is_news: bool,
}

impl Senders {
    /// Those that are not down.
    pub fn healthy(self) -> u32 {
        self.all.saturating_sub(self.down)
    }

    fn are_few(self) -> bool {
        u64::from(self.healthy()) * 100 <= u64::from(self.all) * FEW
    }
}

impl Fleet {
    /// Has every account that is down be news, as on a first run.
    pub fn make_all_news(&mut self) {
        for senders in self.campaigns.values_mut() {
            senders.is_news = senders.down > 0;
        }
    }

    /// The campaigns that have few or no healthy senders left, by id.
    pub fn short_of_senders(&self) -> BTreeMap<i64, Senders> {
        let campaigns = self.campaigns.iter();
        campaigns
            .filter(|(_, senders)| senders.are_few())
            .map(|(id, senders)| (*id, *senders))
            .collect()
    }

    /// Those of them that lost one just now.
    pub fn stricken(&self) -> BTreeMap<i64, Senders> {
        let mut campaigns = self.short_of_senders();
        campaigns.retain(|_, senders| senders.is_news);
        campaigns
    }
}

/// What clients and campaigns are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Names of clients, by id.
    pub clients: BTreeMap<i64, String>,
    /// Names of the campaigns that send, by id; none where that could not be read.
    pub campaigns: Option<BTreeMap<i64, String>>,
}

/// What some disconnections cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cost {
    /// E-mails a day that these accounts may send together.
    pub daily_cap: u64,
    /// The same of the whole fleet; 0 where it is not known.
    pub fleet_cap: u64,
    /// The clients they belong to with the number of accounts, the most frequent first.
    pub clients: Vec<(String, usize)>,
    /// Campaigns that are left with few or no healthy senders, those with the fewest first.
    pub campaigns: Vec<(String, Senders)>,
}

impl Cost {
    /// What these cost. Campaigns are those of the check as a whole, so they are added apart.
    pub fn of(disconnections: &[&Disconnection], fleet: &Fleet, names: &Names) -> Self {
        let caps = disconnections.iter().filter_map(|d| d.mailbox.daily_cap);
        let mut clients: BTreeMap<i64, usize> = BTreeMap::new();
        for client in disconnections.iter().filter_map(|d| d.mailbox.client_id) {
            *clients.entry(client).or_default() += 1;
        }
        let name = |id: i64| match names.clients.get(&id) {
            Some(name) => name.clone(),
            None => format!("client {id}"),
        };
        let mut clients: Vec<(String, usize)> = clients
            .into_iter()
            .map(|(id, count)| (name(id), count))
            .collect();
        clients.sort_by_key(|(_, count)| Reverse(*count));
        Self {
            daily_cap: caps.map(u64::from).fold(0, u64::saturating_add),
            fleet_cap: fleet.daily_cap,
            clients,
            campaigns: Vec::new(),
        }
    }

    /// The same with these campaigns, which are left with few or no healthy senders; those that do
    /// not send are nobody's loss.
    pub fn with_campaigns(mut self, campaigns: BTreeMap<i64, Senders>, names: &Names) -> Self {
        let named = campaigns.into_iter().filter_map(|(id, senders)| {
            let name = names.campaigns.as_ref()?.get(&id)?;
            Some((name.clone(), senders))
        });
        self.campaigns = named.collect();
        self.campaigns
            .sort_by_key(|(_, senders)| (senders.healthy(), Reverse(senders.all)));
        self
    }

    /// The share of the fleet's daily cap that is lost, in percent; none where it is not known.
    pub fn share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let share = self.daily_cap as f64 * 100.0 / self.fleet_cap as f64;
        (self.fleet_cap > 0).then_some(share.min(100.0))
    }
}
