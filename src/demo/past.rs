//! Two weeks before the demo that never were, so that its report has something to show. They go
//! straight into the demo's database: no server is asked, nothing is posted, and the audit trail
//! does not tell of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use super::simulator::{self, Down, World};
use crate::config::Alerts;
use crate::domain::{Account, Announce, Comparison, Kind, Outcome, RunId, triage};
use crate::http::Answer;
use crate::redact::Redactor;
use crate::smartlead::wire;
use crate::store::{Begun, Change, Failure, Finish, Recoveries, Store};

/// Checks, one an hour.
const CHECKS: u32 = 14 * 24;

/// Checks that failed, and why.
const FAILED: std::ops::Range<u32> = 183..187;
const FAILURE: &str = "Smartlead's v1 listing could not be read: HTTP 503 (Service Unavailable) after \
    3 attempts. The fault is on Smartlead's side (https://status.smartlead.ai); the next check tries again";

/// A check whose alert Slack did not take, and why.
const UNTOLD: u32 = 301;
const REFUSAL: &str = "Slack refused the message (not_in_channel). Invite the bot: type /invite @ and the \
    app's name in the channel";

/// How long mailboxes are down, in checks.
const LENGTHS: [u32; 12] = [1, 1, 2, 2, 3, 4, 5, 8, 11, 20, 34, 90];

/// A time that an account was down, in checks.
struct Spell {
    account: u32,
    kind: Kind,
    from: u32,
    until: u32,
}

/// Records the two weeks that end an hour before `first`, which is the demo's first check. Of the
/// accounts in `spared` none is down at their end; those that are given back still are.
pub(super) async fn make_up(
    store: &dyn Store,
    world: &World,
    spared: &[u32],
    first: DateTime<Utc>,
) -> anyhow::Result<Vec<(u32, Kind)>> {
    let spells = spells(world.accounts(), spared);
    let mut ever_down: Vec<u32> = spells.iter().map(|spell| spell.account).collect();
    ever_down.sort_unstable();
    ever_down.dedup();
    for check in 0..CHECKS {
        let at = first - TimeDelta::hours(i64::from(CHECKS - check));
        let down = down_at(check, &spells);
        if FAILED.contains(&check) {
            fail(store, check, at).await?;
        } else {
            let listing = listing(&ever_down, &down.into_iter().collect())?;
            record(store, world, check, at, &listing).await?;
        }
    }
    Ok(down_at(CHECKS, &spells))
}

fn down_at(check: u32, spells: &[Spell]) -> Vec<(u32, Kind)> {
    let on = spells
        .iter()
        .filter(|spell| (spell.from..spell.until).contains(&check));
    on.map(|spell| (spell.account, spell.kind)).collect()
}

/// What goes wrong in the two weeks: now and then a mailbox, three of them again and again, one
/// morning many of a provider's at once, and up to three that nobody repairs. The same every time.
fn spells(accounts: u32, spared: &[u32]) -> Vec<Spell> {
    let rng = &mut Rng::with_seed(20);
    let mut free: Vec<u32> = (0..accounts.min(4_000))
        .filter(|account| !spared.contains(account))
        .collect();
    rng.shuffle(&mut free);
    let mut free = free.into_iter();
    let mut spells = Vec::new();
    let mut add = |account, kind, from: u32, checks: u32| {
        spells.push(Spell {
            account,
            kind,
            from,
            until: from.saturating_add(checks),
        });
    };
    for (account, from) in free
        .by_ref()
        .take(if accounts < 100 { 1 } else { 3 })
        .zip([95, 260, 319])
    {
        add(account, Kind::Smtp, from, u32::MAX);
    }
    for account in free.by_ref().take(3) {
        let mut from = rng.u32(0..60);
        while from < CHECKS - 30 {
            let checks = rng.u32(1..20);
            add(account, Kind::Imap, from, checks);
            from += checks + rng.u32(30..90);
        }
    }
    // Something new for the check that cannot tell it.
    for account in free.by_ref().take(1) {
        add(account, Kind::Both, UNTOLD, 5);
    }
    let is_of_provider = |account: &u32| simulator::is_of_first_provider(*account);
    let burst = free.clone().filter(is_of_provider);
    let burst: Vec<u32> = burst.take((accounts / 60).clamp(1, 26) as usize).collect();
    for account in &burst {
        add(*account, Kind::Both, 224, rng.u32(3..40));
    }
    let mut rest = free.filter(|account| !burst.contains(account));
    for account in rest.by_ref().take((accounts / 25).clamp(2, 90) as usize) {
        let kind = [Kind::Smtp, Kind::Smtp, Kind::Imap, Kind::Both];
        let kind = rng.choice(kind).unwrap_or(Kind::Smtp);
        let checks = rng.choice(LENGTHS).unwrap_or(1);
        add(account, kind, rng.u32(0..CHECKS - checks), checks);
    }
    spells
}

/// The accounts that matter, as Smartlead would list them; no other is ever down.
fn listing(accounts: &[u32], down: &Down) -> anyhow::Result<Vec<Account>> {
    let page = simulator::page(accounts.iter().copied(), down);
    match wire::page(page.as_bytes(), &Redactor::new([])) {
        Answer::Good(accounts) => Ok(accounts),
        _ => anyhow::bail!("the simulated accounts cannot be read"),
    }
}

async fn record(
    store: &dyn Store,
    world: &World,
    check: u32,
    at: DateTime<Utc>,
    listing: &[Account],
) -> anyhow::Result<()> {
    let run_id = &RunId::new(at, check);
    let Begun::Free(mut known) = store.begin(run_id, at, Duration::from_secs(60)).await? else {
        anyhow::bail!("the new database is in use");
    };
    let mut comparison = Comparison::new(&known.open, at);
    for account in listing {
        comparison.see(account);
    }
    let mut found = comparison.complete().diff;
    let is_untold = check == UNTOLD;
    let announce = if is_untold {
        Announce::New
    } else {
        Announce::Nothing
    };
    let rules = Alerts::default().rules;
    let triage = triage(
        &mut known.open,
        &mut found,
        &known.memory,
        announce,
        rules,
        at,
    );
    let outcome = if is_untold {
        Outcome::Untold
    } else {
        Outcome::Complete
    };
    let change = Change {
        run_id,
        started_at: at,
        accounts_seen: world.accounts() as usize,
        disconnected: found.open_after(&known.open).count(),
        outcome,
        diff: &found,
        announce,
        triage: &triage,
        recoveries: Recoveries::Off,
        audit: None,
    };
    store.record(&change).await?;
    let finish = Finish {
        run_id,
        finished_at: at + TimeDelta::seconds(70),
        outcome,
        error: is_untold.then_some(REFUSAL),
        audited: true,
        failure_told_at: None,
        recovery_told_at: None,
        keep_since: DateTime::UNIX_EPOCH,
    };
    store.finish(&finish).await?;
    Ok(())
}

async fn fail(store: &dyn Store, check: u32, at: DateTime<Utc>) -> anyhow::Result<()> {
    let failure = Failure {
        run_id: &RunId::new(at, check),
        started_at: at,
        finished_at: at + TimeDelta::seconds(95),
        outcome: Outcome::Failed,
        error: FAILURE,
        told_at: None,
    };
    Ok(store.fail(&failure).await?)
}
