//! Two checks on one database at once.

use std::process::Stdio;
use std::time::Duration;

use crate::story::{Health, Story, expire_lease};
use crate::support::smartlead::json_response;
use crate::support::{Engine, Ran, World};

/// How often two checks set off together.
const ROUNDS: i64 = 50;

fn two_at_once(engine: Engine) {
    let mut story = Story::new(World::new(engine));
    let mut both_at_work = 0;
    for round in 1..=ROUNDS {
        let (down, up) = (1 + round % 10, 1 + (round - 1) % 10);
        story.set([(down, Health::Both), (up, Health::Up)]);
        let codes = story.two_at_once(&[]);
        for ran in &codes {
            assert!(matches!(ran.code, 0 | 4), "{ran:?}");
        }
        assert!(codes.iter().any(|ran| ran.code == 0), "{codes:?}");
        both_at_work += i64::from(codes.iter().any(|ran| ran.code == 4));
        assert_eq!(story.world.open(), [format!("{down} BOTH told")]);
        let listed: Vec<i64> = story.listed().iter().map(|row| row.account).collect();
        assert_eq!(listed, [down], "round {round}");
        let leases = story.world.database.query("select holder from run_lease");
        assert_eq!(leases, Vec::<String>::new());
    }
    println!("{engine:?}: in {both_at_work} of {ROUNDS} rounds one found the other at work");
    assert!(both_at_work > 0, "they never met");
    story.assert_promises();
}

#[test]
fn two_at_once_fifty_times_on_postgres() {
    two_at_once(Engine::Postgres);
}

#[test]
fn two_at_once_fifty_times_behind_a_pooler() {
    two_at_once(Engine::Pooled);
}

#[test]
fn two_at_once_fifty_times_on_sqlite() {
    two_at_once(Engine::Sqlite);
}

/// A check lists for so long that its lease ends and another does its work. What it has listed is
/// older than what that one applied.
fn a_listing_that_was_overtaken(engine: Engine) {
    let mut story = Story::new(World::new(engine));
    story.set([(1, Health::Smtp)]);
    story.healthy();

    story.set([(2, Health::Both)]);
    story.world.smartlead.set_fleet(story.accounts());
    story.world.smartlead.set_latency(Duration::from_secs(600));
    story.world.smartlead.asked();
    let mut command = story.world.command(&[], &[]);
    let slow = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while story.world.smartlead.asked().is_empty() {
        std::thread::yield_now();
    }
    // It holds its page and waits; the world goes on, and its lease ends.
    story.wait_an_hour();
    story.world.smartlead.set_latency(Duration::ZERO);
    story.set([(1, Health::Up), (2, Health::Up), (3, Health::Imap)]);
    story.world.smartlead.set_fleet(story.accounts());
    let mut other = story.world.command(&[], &[]);
    Ran::from(other.output().unwrap()).assert(0);
    let open = story.world.open();
    assert_eq!(open, ["3 IMAP told"]);

    story.world.smartlead.release();
    let slow = Ran::from(slow.wait_with_output().unwrap());
    slow.assert_error(4, &["another run took the lease over"]);
    assert_eq!(story.world.open(), open, "an old listing was applied");
    story.healthy();
    story.assert_promises();
}

#[test]
fn an_older_listing_is_not_applied_on_postgres() {
    a_listing_that_was_overtaken(Engine::Postgres);
}

#[test]
fn an_older_listing_is_not_applied_behind_a_pooler() {
    a_listing_that_was_overtaken(Engine::Pooled);
}

#[test]
fn an_older_listing_is_not_applied_on_sqlite() {
    a_listing_that_was_overtaken(Engine::Sqlite);
}

/// A check is overtaken while Slack keeps it waiting. Whether checks still work when it goes on is
/// not for it to say: the other one has told the recovery.
fn a_recovery_of_a_run_that_was_overtaken(engine: Engine) {
    let mut story = Story::new(World::new(engine));
    let answer = |_: &_| Some(json_response(502, &serde_json::json!({})));
    story.world.smartlead.set_fault(answer);
    story.check(&[]).assert(1);
    story.world.smartlead.heal();
    story.set([(1, Health::Smtp)]);
    story.world.slack.set_lost(|_, _| None);
    story.world.slack.set_latency(Duration::from_secs(600));
    let (slow, other) = story.play(|world| {
        let mut command = world.command(&[], &[]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let slow = command.spawn().unwrap();
        while world.slack.seen() == 0 {
            std::thread::yield_now();
        }
        world.slack.set_latency(Duration::ZERO);
        expire_lease(world);
        let other = Ran::from(world.command(&[], &[]).output().unwrap());
        world.slack.release();
        (Ran::from(slow.wait_with_output().unwrap()), other)
    });
    other.assert(0);
    slow.assert_error(
        3,
        &["posted, but not marked as told", "took the lease over"],
    );
    let works = "✅ Smartlead Monitor Works Again";
    let told = story
        .titles()
        .iter()
        .filter(|title| **title == works)
        .count();
    assert_eq!(told, 1, "{:?}", story.titles());
    story.healthy();
    assert_eq!(story.titles(), Vec::<&str>::new());
    story.assert_promises();
}

#[test]
fn a_run_that_was_overtaken_tells_no_recovery_on_postgres() {
    a_recovery_of_a_run_that_was_overtaken(Engine::Postgres);
}

#[test]
fn a_run_that_was_overtaken_tells_no_recovery_on_sqlite() {
    a_recovery_of_a_run_that_was_overtaken(Engine::Sqlite);
}
