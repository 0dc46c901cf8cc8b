//! Weeks of an agency's fleet, hour by hour, through the program's own comparison, triage, store and
//! messages. The servers are simulated, and so is time; everything follows from a seed.

mod check;
mod failures;
mod fleet;
mod ledger;
mod limits;
mod plan;
mod sink;
mod tell;
mod world;

use monitor::config::Alerts;
use monitor::store::{Database, Recoveries};

use check::Monitor;
pub use ledger::{Cycle, YOUNG};
pub use plan::Plan;
pub use sink::{Traffic, Weather};
use world::World;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub seed: u64,
    pub days: u32,
    /// Accounts at the beginning; some come and some go.
    pub accounts: u32,
    pub weather: Weather,
}

/// The settings that are compared.
pub fn policies() -> [(&'static str, Alerts); 3] {
    let mut confirming = Alerts::default();
    confirming.rules.confirm_checks = 2;
    let recovering = Alerts {
        recoveries: Recoveries::Thread,
        ..Alerts::default()
    };
    [
        ("monitor", Alerts::default()),
        ("CONFIRM_CHECKS=2", confirming),
        ("SLACK_NOTIFY_RECONNECTED=thread", recovering),
    ]
}

/// What came of it.
pub struct Outcome {
    /// By hour.
    pub traffic: Vec<Traffic>,
    /// Whether a server failed, by hour.
    pub trouble: Vec<bool>,
    /// Every time that an account went down, but for what was down before the first check.
    pub cycles: Vec<Cycle>,
    /// What is not as it was promised.
    pub broken: Vec<String>,
}

/// Plays the plan with these settings.
pub fn play(plan: &Plan, alerts: Alerts) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::scratch(&folder.path().join("monitor.db"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (slack, mut ledger) = runtime.block_on(async {
        let mut world = World::new(plan);
        let mut monitor = Monitor::new(plan, alerts, &database).await;
        for hour in 0..plan.hours {
            world.advance(hour);
            monitor.check(hour, &world, plan.blind[hour as usize]).await;
        }
        (monitor.slack, monitor.ledger)
    });
    let trouble = slack.trouble.iter().zip(&plan.blind);
    let trouble: Vec<bool> = trouble.map(|(slack, blind)| *slack || *blind).collect();
    ledger.close(plan.hours - 1, &alerts, &trouble);
    let cycles = ledger
        .cycles
        .into_iter()
        .filter(|cycle| !cycle.is_baseline)
        .collect();
    Outcome {
        traffic: slack.traffic,
        trouble,
        cycles,
        broken: [ledger.broken, slack.faults].concat(),
    }
}
