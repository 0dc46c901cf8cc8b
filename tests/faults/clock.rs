//! A wall clock that is wrong, and a zone that is not UTC.

use chrono::{DateTime, TimeDelta, Utc};

use crate::story::{Health, Story};
use crate::support::{Engine, Ran, World};

/// The clock jumps before each check, and accounts go down and come back all the time.
fn a_clock_that_jumps(engine: Engine) {
    let mut story = Story::new(World::new(engine));
    let hours = [0, 1, 0, -1, 0, 0, 1, 1, -1, 0];
    for (round, hour) in hours.into_iter().enumerate() {
        let health = [Health::Smtp, Health::Up][round % 2];
        story.set([(1, health), (2, health), (3, Health::Both)]);
        story.check_at(hour * 3_600, &[]).assert(0);
    }
    story.healthy();
    story.assert_promises();
    // The times have the order of the runs, and each cycle ends after it began.
    let times = |sql: &str| -> Vec<DateTime<Utc>> {
        let texts = story.world.database.query(sql);
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let rfc3339 = |column: &str| match engine {
        Engine::Sqlite => column.to_owned(),
        _ => format!("to_char({column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
    };
    let started = times(&format!(
        "select {} from check_runs order by id",
        rfc3339("started_at")
    ));
    assert!(started.is_sorted_by(|a, b| a < b), "{started:?}");
    let cycles = format!(
        "select {} from disconnected_accounts where account_id = 1 and not is_active order by id",
        rfc3339("detected_at")
    );
    let begun = times(&cycles);
    let ended = times(&cycles.replace("detected_at", "resolved_at"));
    assert_eq!(begun.len(), 5);
    let both: Vec<_> = begun.iter().zip(&ended).flat_map(|(a, b)| [a, b]).collect();
    assert!(both.is_sorted_by(|a, b| a < b), "{both:?}");
}

#[test]
fn a_clock_that_jumps_on_postgres() {
    a_clock_that_jumps(Engine::Postgres);
}

#[test]
fn a_clock_that_jumps_on_sqlite() {
    a_clock_that_jumps(Engine::Sqlite);
}

/// A check is killed, and the clock is set back: the lease seems to end much later.
fn a_lease_from_the_future(engine: Engine) {
    let mut story = Story::new(World::new(engine));
    story.healthy();
    story.set([(1, Health::Smtp)]);
    let taken = Utc::now() + TimeDelta::hours(1);
    let expires = taken + TimeDelta::seconds(540);
    story.world.database.execute(&format!(
        "insert into run_lease (name, holder, taken_at, expires_at) values ('check', 'dead', '{}', '{}')",
        taken.to_rfc3339(), expires.to_rfc3339()
    ));
    story.healthy();
    story.assert_promises();
    // But one that was taken just now is respected.
    let expires = Utc::now() + TimeDelta::seconds(540);
    story.world.database.execute(&format!(
        "insert into run_lease (name, holder, taken_at, expires_at) values ('check', 'alive', '{}', '{}')",
        Utc::now().to_rfc3339(), expires.to_rfc3339()
    ));
    story
        .check(&[])
        .assert_error(4, &["run alive is under way"]);
}

#[test]
fn a_lease_from_the_future_on_postgres() {
    a_lease_from_the_future(Engine::Postgres);
}

#[test]
fn a_lease_from_the_future_on_sqlite() {
    a_lease_from_the_future(Engine::Sqlite);
}

/// What the database server's clock says counts for the lease, for its clients' clocks differ.
#[test]
fn clients_whose_clocks_differ_respect_each_others_lease() {
    for engine in [Engine::Postgres, Engine::Pooled] {
        let mut story = Story::new(World::new(engine));
        story.healthy();
        let lease = "insert into run_lease (name, holder, taken_at, expires_at) \
                     values ('check', 'alive', now(), now() + interval '9 minutes')";
        story.world.database.execute(lease);
        for shift in [7_200, -7_200] {
            story
                .check_at(shift, &[])
                .assert_error(4, &["run alive is under way"]);
        }
    }
}

/// Retention goes by the day, so an hour more or less deletes nothing that is to be kept.
#[test]
fn a_clock_that_jumps_does_not_delete_history() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let mut story = Story::new(World::new(engine));
        story.set([(1, Health::Smtp)]);
        story.healthy();
        story.set([(1, Health::Up)]);
        story.healthy();
        for shift in [3_600, -3_600, 29 * 86_400] {
            story.check_at(shift, &[]).assert(0);
            assert_eq!(story.world.resolved(), ["1 SMTP reconnected"]);
        }
        story.check_at(31 * 86_400, &[]).assert(0);
        assert_eq!(story.world.resolved(), Vec::<String>::new());
    }
}

#[test]
fn all_times_are_utc_whatever_the_zone() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        for zone in ["Asia/Kolkata", "America/St_Johns", "XYZ-14", "nonsense"] {
            let mut story = Story::new(World::new(engine));
            if engine == Engine::Postgres {
                story.world.database.execute(
                    "do $$ begin execute format('alter database %I set timezone = %L', current_database(), 'Asia/Kolkata'); end $$");
            }
            story.set([(1, Health::Smtp)]);
            let before = Utc::now();
            let ran = story.play(|world| {
                let mut command = world.command(&[], &[]);
                Ran::from(command.env("TZ", zone).output().unwrap())
            });
            ran.assert(0);
            let near = |text: &str| {
                let time: DateTime<Utc> = text.parse().unwrap();
                let off = time - before;
                assert!(off.abs() < TimeDelta::minutes(2), "{text} is {off} off");
            };
            let row = &story.world.audit_records()[0];
            assert!(row[0].ends_with('Z'), "{row:?}");
            near(&row[0]);
            near(story.world.state()["started_at"].as_str().unwrap());
            let log = std::fs::read_to_string(story.world.path("smartlead_monitor.log")).unwrap();
            near(log.split_whitespace().next().unwrap());
            let texts = story.texts();
            let (_, told) = texts.split_once("Check Time: ").unwrap();
            near(
                &told
                    .chars()
                    .take(19)
                    .collect::<String>()
                    .replace(' ', "T")
                    .add_zone(),
            );
            let detected = match engine {
                Engine::Sqlite => "select detected_at from disconnected_accounts",
                _ => {
                    "select to_char(detected_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from disconnected_accounts"
                }
            };
            near(&story.world.database.query(detected)[0]);
        }
    }
}

trait AddZone {
    fn add_zone(self) -> String;
}

impl AddZone for String {
    fn add_zone(mut self) -> String {
        self.push('Z');
        self
    }
}
