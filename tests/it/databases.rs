//! Databases as they are met: far away, pooled, on Supabase, not there yet.

use monitor::store::Begun;
use sqlx::{Connection as _, PgConnection, Row as _, raw_sql};

use crate::store::{LIMIT, hour, open, run_id, wait};
use crate::support::link::Link;
use crate::support::smartlead::{both_down, fleet, smtp_down};
use crate::support::{Engine, World};

#[test]
fn many_runs_may_bring_the_schema_up_at_once_and_one_gets_the_lease() {
    let world = World::new(Engine::Postgres);
    world
        .database
        .execute("create table monitor_schema (version bigint primary key, name text)");
    let begun = wait(async {
        // All of them are made to wait before they look at the version, so that they set off
        // together.
        let mut gate = PgConnection::connect(world.database.direct_url())
            .await
            .unwrap();
        raw_sql("begin; lock table monitor_schema in access exclusive mode")
            .execute(&mut gate)
            .await
            .unwrap();
        let runs = futures_util::future::join_all((0..8).map(|n| {
            let store = open(&world);
            async move { store.begin(&run_id(n), hour(0), LIMIT).await }
        }));
        let open_gate = async {
            let waiting = "select count(*) from pg_locks where not granted";
            for _ in 0..10_000 {
                let row = raw_sql(waiting).fetch_one(&mut gate).await.unwrap();
                if row.get::<i64, _>(0) >= 8 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            raw_sql("commit").execute(&mut gate).await.unwrap();
        };
        futures_util::future::join(runs, open_gate).await.0
    });
    let begun: Vec<_> = begun.into_iter().map(Result::unwrap).collect();
    let free = begun.iter().filter(|begun| matches!(begun, Begun::Free(_)));
    assert_eq!(free.count(), 1);
    let versions = "select version || '' from monitor_schema order by version";
    assert_eq!(world.database.query(versions), ["1", "2", "3", "4", "5"]);
}

#[test]
fn round_trips_do_not_grow_with_the_fleet() {
    let world = World::new(Engine::Postgres);
    let link = Link::before(&world.database);
    let settings = [("DATABASE_URL", link.url())];
    world
        .smartlead
        .set_fleet(fleet(10_000, (1..=100).map(smtp_down)));
    world.run_with(&[], &settings).assert(0);
    let mut second = fleet(10_000, (1..=100).map(smtp_down));
    second.drain(..10);
    world.smartlead.set_fleet(second);
    world.run_with(&[], &settings).assert(0);
    // Every kind of statement at once: 3,000 new, and of the 100 on record 50 change, 30 come back,
    // 10 are missing and 10 are removed.
    let mut third = fleet(10_000, (51..=3_100).map(both_down));
    third.drain(..20);
    world.smartlead.set_fleet(third);
    link.trips();
    world.run_with(&[], &settings).assert(0);
    let trips = link.trips();
    println!("{trips} round trips, logins included");
    assert!(
        (10..=20 + 3_000 / 1_000).contains(&trips),
        "{trips} round trips"
    );
    let events = world.database.query(
        "select what || ' ' || count(*) from (select coalesce(resolution, disconnection_type) as what \
         from disconnected_accounts) as events group by what order by what",
    );
    assert_eq!(
        events,
        ["BOTH 3050", "SMTP 10", "reconnected 30", "removed 10"]
    );
    // Of a large outage several thousand rows go at a time: two statements more, of two trips each.
    world
        .smartlead
        .set_fleet(fleet(10_000, (51..=9_100).map(both_down)));
    world.run_with(&[], &settings).assert(0);
    let more = link.trips();
    assert_eq!(more, trips + 4, "for 6,000 new");
}

#[test]
fn on_supabase_the_tables_are_closed_to_the_public_key() {
    let world = World::new(Engine::Postgres);
    world
        .database
        .execute("do $$ begin create role anon; exception when duplicate_object then null; end $$");
    world.run(&[]).assert(0);
    let open = world.database.query(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and not relrowsecurity");
    assert_eq!(open, Vec::<String>::new());
    world.run(&[]).assert(0);
}

#[test]
fn parameters_of_a_pooled_url_are_understood() {
    let world = World::new(Engine::Postgres);
    world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
    let url = format!("{}?pgbouncer=true&connection_limit=1", world.database.url());
    world.run_with(&[], &[("DATABASE_URL", &url)]).assert(0);
    assert_eq!(world.open(), ["3 SMTP told"]);
}

#[test]
fn a_database_elsewhere_is_made_with_its_folder() {
    let world = World::any();
    world
        .run_with(
            &[],
            &[("DATABASE_URL", "sqlite://some/new/folder/monitor.db")],
        )
        .assert(0);
    assert!(world.path("some/new/folder/monitor.db").is_file());
}
