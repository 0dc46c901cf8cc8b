//! That the faults which other tests inject are what they are said to be.

use chrono::{DateTime, Utc};

use crate::support::shim::{Fault, shift_clock};
use crate::support::smartlead::{fleet, smtp_down};
use crate::support::{Engine, Ran, World, on_every_engine};

fn run(world: &World, fault: Fault) -> Ran {
    let mut command = world.command_with_fault(&[], &[], fault);
    let output = command.output().unwrap();
    world.settle();
    output.into()
}

/// A world like the one that a test was given.
fn again(world: &World) -> World {
    let world = World::new(world.database.engine());
    world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
    world
}

fn log(world: &World) -> String {
    std::fs::read_to_string(world.path("smartlead_monitor.log")).unwrap()
}

on_every_engine! {
    fn a_run_that_dies_before_its_first_effect_leaves_nothing(world) {
        run(&world, Fault::KillBefore(1)).assert_killed();
        assert!(world.smartlead.asked().is_empty() && world.slack.posts().is_empty());
        let tables = match world.database.engine() {
            Engine::Postgres | Engine::Pooled => "select table_name::text from information_schema.tables where table_schema = 'public'",
            Engine::Sqlite => "select name from sqlite_master",
        };
        assert_eq!(world.database.query(tables), Vec::<String>::new());
        assert_eq!(log(&world), "");
    }

    fn every_effect_of_a_check_is_counted(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        let count = world.effects(&[], &[]);
        println!("{count} effects in a first check, {} in a second one", world.effects(&[], &[]));
        let least = match world.database.engine() { Engine::Postgres | Engine::Pooled => 20, Engine::Sqlite => 50 };
        assert!(count > least, "{count}");
        for fault in [Fault::KillBefore, Fault::KillAfter, Fault::Torn] {
            run(&again(&world), fault(count / 2)).assert_killed();
            // Two runs alike need not have the same number of effects.
            run(&again(&world), fault(count * 2)).assert(0);
        }
    }

}

#[test]
fn a_request_is_sent_or_not_or_in_part() {
    // Which number the post has among all effects differs from run to run.
    let posted = |fault: Fault| {
        let world = again(&World::any());
        let mut command = world.command_with_fault(&[], &[], fault);
        command.env("SHIM_TEXT", "/chat.postMessage HTTP/1.1");
        Ran::from(command.output().unwrap()).assert_killed();
        world.settle();
        world.slack.seen() == 1
    };
    assert!(posted(Fault::KillAfter(1)));
    assert!(!posted(Fault::KillBefore(1)));
    assert!(
        !posted(Fault::Torn(1)),
        "half a post was taken for a whole one"
    );
}

#[test]
fn a_write_is_done_or_not_or_in_part() {
    let whole = World::any();
    run(&whole, Fault::KillAfter(1)).assert_killed();
    let line = log(&whole);
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.ends_with('\n'), "{line}");
    let torn = World::any();
    run(&torn, Fault::Torn(1)).assert_killed();
    assert_eq!(log(&torn).len(), line.len() / 2);
    let none = World::any();
    run(&none, Fault::KillBefore(1)).assert_killed();
    assert_eq!(log(&none), "");
}

#[test]
fn a_full_disk_is_an_error_of_one_line() {
    let world = World::any();
    run(&world, Fault::Full(1)).assert_error(1, &["SQLite file", "The disk is full"]);
    assert_eq!(world.slack.posts().len(), 1, "sockets are not full");
}

#[test]
fn the_time_of_day_can_be_another() {
    let world = World::any();
    for shift in [-3600, 86_400] {
        let mut command = world.command(&[], &[]);
        shift_clock(&mut command, shift);
        Ran::from(command.output().unwrap()).assert(0);
        let started = "select started_at from check_runs order by id desc limit 1";
        let started: DateTime<Utc> = world.database.query(started)[0].parse().unwrap();
        let off = (started - Utc::now()).num_seconds() - shift;
        assert!((-60..=0).contains(&off), "{started} is {off} s off");
    }
}
