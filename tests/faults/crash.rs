//! The program dies, or its disk is full, at every one of its effects in turn.

use crate::story::{Health, Story};
use crate::support::shim::Fault;
use crate::support::{Engine, World};

/// The fleet turns over: who was down is up, and who was up is down.
fn turn(story: &mut Story) {
    let is_first = story.fleet[&1] == Health::Up;
    let (down, up) = if is_first { (1, 4) } else { (4, 1) };
    let kind = if is_first { Health::Imap } else { Health::Both };
    story.set([
        (down, Health::Smtp),
        (down + 1, Health::Both),
        (up, Health::Up),
        (up + 1, Health::Up),
        (7, kind),
    ]);
}

/// Runs one check into the fault at its first effect, one at its second, and so on until one comes
/// to its end. After each, a healthy check has to put right what was left, whether the accounts
/// that went down still are or not.
fn sweep(engine: Engine, fault: fn(u64) -> Fault) {
    let mut story = Story::new(World::new(engine));
    story.healthy();
    for number in 1.. {
        turn(&mut story);
        let ran = story.check_with_fault(&[], fault(number));
        let is_over = match fault(1) {
            // What is written last does not decide anything.
            Fault::Full(_) => ran.code == 0,
            _ => ran.signal.is_none(),
        };
        assert!(ran.signal.is_some() || matches!(ran.code, 0 | 1), "{ran:?}");
        story.wait_an_hour();
        if number % 3 == 0 {
            turn(&mut story);
        }
        story.healthy();
        if number % 8 == 0 || is_over {
            story.assert_promises();
        }
        if is_over {
            println!("{engine:?}: {} effects", number - 1);
            assert!(number > 30, "a check has more effects than that: {ran:?}");
            break;
        }
    }
}

/// A check stops at every so many of its effects, another does its work, and the first goes on.
fn suspended(engine: Engine, step: usize) {
    let mut story = Story::new(World::new(engine));
    story.healthy();
    // What the one that has stopped holds locked, the other cannot have.
    let settings = [("DATABASE_TIMEOUT_SECS", "1")];
    for number in (1..).step_by(step) {
        turn(&mut story);
        let (ran, other) = story.check_suspended(&settings, number);
        assert!(matches!(ran.code, 0 | 1 | 3 | 4), "{ran:?}");
        let Some(other) = other else {
            println!("{engine:?}: {} effects", number - 1);
            assert!(number > 30, "{ran:?}");
            break;
        };
        assert!(matches!(other.code, 0 | 1 | 3 | 4), "{other:?}");
        story.wait_an_hour();
        story.healthy();
        story.assert_promises();
    }
}

#[test]
fn overtaken_at_many_effects_on_postgres() {
    suspended(Engine::Postgres, 4);
}

#[test]
fn overtaken_at_many_effects_on_sqlite() {
    // Most of its effects are inside a transaction, for which the other waits in vain.
    suspended(Engine::Sqlite, 7);
}

/// Kills the very first check of a program at each effect, the making of the schema included.
fn first_checks(engine: Engine, legacy: Option<&str>) {
    let model = Story::new(World::new(engine));
    for number in 1.. {
        let mut story = model.anew();
        if let Some(legacy) = legacy {
            story.world.database.execute(legacy);
        }
        story.set([(1, Health::Smtp), (2, Health::Both)]);
        let ran = story.check_with_fault(&[], Fault::KillBefore(number));
        story.wait_an_hour();
        story.healthy();
        if legacy.is_none() {
            story.assert_promises();
        } else {
            assert_eq!(
                story.world.open(),
                ["1 SMTP told", "2 BOTH told"],
                "{number}"
            );
        }
        if ran.signal.is_none() {
            println!("{engine:?}: {} effects of a first check", number - 1);
            assert!(number > 30, "{ran:?}");
            break;
        }
    }
}

#[test]
fn killed_before_each_effect_on_postgres() {
    sweep(Engine::Postgres, Fault::KillBefore);
}

#[test]
fn killed_before_each_effect_behind_a_pooler() {
    sweep(Engine::Pooled, Fault::KillBefore);
}

#[test]
fn killed_before_each_effect_on_sqlite() {
    sweep(Engine::Sqlite, Fault::KillBefore);
}

#[test]
fn killed_right_after_each_effect_on_postgres() {
    sweep(Engine::Postgres, Fault::KillAfter);
}

#[test]
fn killed_right_after_each_effect_on_sqlite() {
    sweep(Engine::Sqlite, Fault::KillAfter);
}

#[test]
fn killed_in_the_middle_of_each_write_on_postgres() {
    sweep(Engine::Postgres, Fault::Torn);
}

#[test]
fn killed_in_the_middle_of_each_write_on_sqlite() {
    sweep(Engine::Sqlite, Fault::Torn);
}

#[test]
fn a_disk_that_is_full_from_each_write_on() {
    sweep(Engine::Sqlite, Fault::Full);
}

#[test]
fn a_first_check_killed_before_each_effect_on_postgres() {
    first_checks(Engine::Postgres, None);
}

#[test]
fn a_first_check_killed_before_each_effect_on_sqlite() {
    first_checks(Engine::Sqlite, None);
}

#[test]
fn an_adoption_of_the_old_table_killed_before_each_effect() {
    let legacy = "
        create table disconnected_accounts (
            id integer primary key autoincrement, account_id integer not null, from_name text,
            from_email text, account_type text, disconnection_type text, tags text,
            detected_at timestamp not null, resolved_at timestamp, is_active boolean default 1,
            check_run_id text, unique (account_id, detected_at));
        insert into disconnected_accounts (account_id, disconnection_type, detected_at, check_run_id)
        values (1, 'SMTP', '2026-01-02 03:04:05', 'old')";
    first_checks(Engine::Sqlite, Some(legacy));
}
