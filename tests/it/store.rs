//! The contract of the store, the same on both engines, and what is special to one of them.

use chrono::{DateTime, TimeDelta, Utc};
use monitor::domain::{
    AuditLine, Diff, Disconnection, Event, Kind, Mailbox, Outcome, Receipt, RunId, Transition,
};
use monitor::redact::Redactor;
use monitor::store::{Announce, Begun, Change, Failure, Finish, Known, Store, StoreError};

use sqlx::{Connection as _, PgConnection, Row as _, raw_sql};

use crate::support::smartlead::{both_down, fleet, smtp_down};
use crate::support::{Engine, Proxy, World, on_both_engines};

/// The table as the Python version made it in Postgres.
pub const LEGACY_POSTGRES: &str = "
    create table disconnected_accounts (
        id serial primary key, account_id integer not null, from_name varchar(255),
        from_email varchar(255), account_type varchar(50), disconnection_type varchar(20),
        tags text, detected_at timestamp not null default current_timestamp, resolved_at timestamp,
        is_active boolean default true, check_run_id varchar(50), unique (account_id, detected_at))";

/// The same in SQLite.
const LEGACY_SQLITE: &str = "
    create table disconnected_accounts (
        id integer primary key autoincrement, account_id integer not null, from_name text,
        from_email text, account_type text, disconnection_type text,
        tags text, detected_at timestamp not null default current_timestamp, resolved_at timestamp,
        is_active boolean default 1, check_run_id text, unique (account_id, detected_at))";

fn hour(n: i64) -> DateTime<Utc> {
    "2026-11-21T14:05:00.123456Z"
        .parse::<DateTime<Utc>>()
        .unwrap()
        + TimeDelta::hours(n)
}

fn run_id(n: u32) -> RunId {
    RunId::new(hour(0), n)
}

fn open(world: &World) -> Box<dyn Store> {
    let url = world.database.url().to_owned().into();
    monitor::store::Database::parse(&url)
        .unwrap()
        .store(Redactor::new([]))
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn full(id: i64, kind: Kind) -> Disconnection {
    Disconnection {
        mailbox: Mailbox {
            id,
            name: Some("O'Brien; drop table \"x\" \\ {\"json\": 1} 日本 👩‍💻".to_owned()),
            address: Some(format!("box{id}@example.com")),
            account_type: Some("ZOHO".to_owned()),
            tags: "a, b".to_owned(),
            daily_cap: Some(40),
            sent_today: Some(0),
            campaigns: Some(3),
            client_id: Some(i64::MAX),
        },
        kind,
        smtp_error: kind.smtp_failed().then(|| "smtp 'words'".to_owned()),
        imap_error: kind.imap_failed().then(|| "imap words".to_owned()),
        detected_at: hour(0),
        missed_listings: 0,
        told: false,
    }
}

fn bare(id: i64) -> Disconnection {
    Disconnection {
        mailbox: Mailbox::bare(id),
        smtp_error: None,
        ..full(id, Kind::Smtp)
    }
}

fn transition(event: Event, disconnection: Disconnection) -> Transition {
    Transition {
        event,
        disconnection,
    }
}

/// A store whose lease is held by run `n`, with what it knew.
async fn begin(world: &World, n: u32) -> (Box<dyn Store>, Known) {
    let store = open(world);
    match store.begin(&run_id(n), hour(0), hour(1)).await.unwrap() {
        Begun::Free(known) => (store, known),
        Begun::Busy { holder, .. } => panic!("{holder} has the lease"),
    }
}

async fn record(
    store: &dyn Store,
    n: u32,
    at: DateTime<Utc>,
    diff: &Diff,
    announce: Announce,
) -> Result<(), StoreError> {
    let change = Change {
        run_id: &run_id(n),
        started_at: at,
        accounts_seen: 20,
        disconnected: 2,
        diff,
        announce,
        audit: &[],
    };
    store.record(&change).await
}

async fn finish(store: &dyn Store, n: u32, outcome: Outcome, audited: bool) {
    let run_id = run_id(n);
    let finish = Finish {
        run_id: &run_id,
        finished_at: hour(0),
        outcome,
        error: None,
        audited,
        keep_since: hour(0) - TimeDelta::days(30),
    };
    store.finish(&finish).await.unwrap();
}

fn diff_of(transitions: Vec<Transition>) -> Diff {
    Diff {
        transitions,
        missing: Vec::new(),
    }
}

on_both_engines! {
    fn what_is_recorded_is_read_back_the_same(world) {
        wait(async {
            let (store, known) = begin(&world, 1).await;
            assert!(known.open.is_empty() && known.last_complete.is_none() && !known.told_short);
            let recorded = [bare(i64::MIN), full(-1, Kind::Imap), full(7, Kind::Both), bare(i64::MAX)];
            let new = recorded.iter().map(|d| transition(Event::Disconnected, d.clone())).collect();
            record(&*store, 1, hour(0), &diff_of(new), Announce::New).await.unwrap();
            finish(&*store, 1, Outcome::Complete, true).await;
            let (_, known) = begin(&world, 2).await;
            assert_eq!(known.open, recorded);
            assert_eq!(known.last_complete, Some(20));
        });
    }

    fn changes_and_resolutions_are_recorded(world) {
        wait(async {
            let (store, _) = begin(&world, 1).await;
            let new = (1..=4).map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect();
            record(&*store, 1, hour(0), &diff_of(new), Announce::New).await.unwrap();
            finish(&*store, 1, Outcome::Complete, true).await;
            let (store, _) = begin(&world, 2).await;
            let changed = Disconnection { smtp_error: None, ..full(1, Kind::Imap) };
            let found = Diff {
                transitions: vec![
                    transition(Event::Changed, changed.clone()),
                    transition(Event::Reconnected, full(2, Kind::Smtp)),
                    transition(Event::Removed, full(3, Kind::Smtp)),
                    transition(Event::Disconnected, full(5, Kind::Both)),
                ],
                missing: vec![4],
            };
            record(&*store, 2, hour(1), &found, Announce::New).await.unwrap();
            finish(&*store, 2, Outcome::Complete, true).await;
            let (_, known) = begin(&world, 3).await;
            let missed = Disconnection { missed_listings: 1, ..full(4, Kind::Smtp) };
            let new = Disconnection { detected_at: hour(1), ..full(5, Kind::Both) };
            assert_eq!(known.open, [changed, missed, new]);
        });
        assert_eq!(world.resolved(), ["2 SMTP reconnected", "3 SMTP removed"]);
        let times = world.database.query("select count(*) || '' from disconnected_accounts where resolved_at > detected_at");
        assert_eq!(times, ["2"]);
        let seen = world.database.query("select count(*) || '' from disconnected_accounts where is_active and last_seen_at > detected_at");
        assert_eq!(seen, ["1"], "1 was seen again, 4 was missing, and 5 is new");
    }

    fn the_lease_admits_one_run_until_it_ends_or_expires(world) {
        wait(async {
            let (first, _) = begin(&world, 1).await;
            let second = open(&world);
            let Begun::Busy { holder, until } = second.begin(&run_id(2), hour(0), hour(1)).await.unwrap() else { panic!() };
            assert_eq!((holder.as_str(), until), (run_id(1).as_str(), hour(1)));
            let third = open(&world);
            let taken = third.begin(&run_id(3), hour(1), hour(2)).await.unwrap();
            assert!(matches!(taken, Begun::Free(_)), "an expired lease is free");
            let late = record(&*first, 1, hour(0), &diff_of(vec![transition(Event::Disconnected, full(1, Kind::Smtp))]), Announce::New).await;
            assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
            let theirs = diff_of(vec![transition(Event::Disconnected, full(1, Kind::Smtp))]);
            record(&*third, 3, hour(1), &theirs, Announce::New).await.unwrap();
            let receipt = Receipt { channel: "C1".to_owned(), ts: "1.2".to_owned() };
            let late = first.mark_told(&run_id(1), &[1], &receipt, hour(0)).await;
            assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
            let end = Finish {
                run_id: &run_id(1), finished_at: hour(1), outcome: Outcome::Complete,
                error: None, audited: true, keep_since: hour(0),
            };
            let late = first.finish(&end).await;
            assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
            let Begun::Busy { holder, .. } = second.begin(&run_id(2), hour(0), hour(1)).await.unwrap() else { panic!() };
            assert_eq!(holder, run_id(3).as_str(), "only its holder gives a lease back");
        });
        assert_eq!(world.open(), ["1 SMTP untold"]);
    }

    fn telling_marks_the_named_accounts_alone(world) {
        wait(async {
            let (store, _) = begin(&world, 1).await;
            let new = (1..=3).map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect();
            record(&*store, 1, hour(0), &diff_of(new), Announce::New).await.unwrap();
            let receipt = Receipt { channel: "C1'; drop table run_lease; --".to_owned(), ts: "1503435956.000247".to_owned() };
            store.mark_told(&run_id(1), &[1, 3], &receipt, hour(0)).await.unwrap();
        });
        assert_eq!(world.open(), ["1 SMTP told", "2 SMTP untold", "3 SMTP told"]);
        let marks = world.database.query("select slack_channel || ' ' || slack_ts from disconnected_accounts where account_id = 1");
        assert_eq!(marks, ["C1droptablerun_lease-- 1503435956.000247"]);
    }

    fn announcing_all_forgets_and_announcing_nothing_marks(world) {
        wait(async {
            let (store, _) = begin(&world, 1).await;
            let new = (1..=2).map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect();
            record(&*store, 1, hour(0), &diff_of(new), Announce::Nothing).await.unwrap();
            finish(&*store, 1, Outcome::Complete, true).await;
        });
        assert_eq!(world.open(), ["1 SMTP told", "2 SMTP told"]);
        wait(async {
            let (store, _) = begin(&world, 2).await;
            let found = Diff { transitions: Vec::new(), missing: vec![2] };
            record(&*store, 2, hour(1), &found, Announce::All).await.unwrap();
        });
        assert_eq!(world.open(), ["1 SMTP untold", "2 SMTP told"], "2 may be gone");
    }

    fn lines_wait_in_the_outbox_until_they_are_in_the_file(world) {
        wait(async {
            let lines = ["a,\"b\"", "c'd"].map(|line| AuditLine { month: "202611".to_owned(), line: line.to_owned() });
            let (store, _) = begin(&world, 1).await;
            let change = Change {
                run_id: &run_id(1), started_at: hour(0), accounts_seen: 1, disconnected: 0,
                diff: &Diff::default(), announce: Announce::New, audit: &lines,
            };
            store.record(&change).await.unwrap();
            finish(&*store, 1, Outcome::Failed, false).await;
            let (store, known) = begin(&world, 2).await;
            assert_eq!(known.outbox, lines);
            finish(&*store, 2, Outcome::Complete, true).await;
            assert_eq!(begin(&world, 3).await.1.outbox, []);
        });
    }

    fn a_failed_run_is_recorded_and_gives_its_lease_back(world) {
        wait(async {
            let (store, _) = begin(&world, 1).await;
            let failure = Failure {
                run_id: &run_id(1), started_at: hour(0), finished_at: hour(1),
                outcome: Outcome::Short, error: "too short",
            };
            store.fail(&failure).await.unwrap();
            let (store, known) = begin(&world, 2).await;
            assert!(known.told_short && known.last_complete.is_none());
            record(&*store, 2, hour(0), &Diff::default(), Announce::New).await.unwrap();
            let failure = Failure { run_id: &run_id(2), outcome: Outcome::Failed, ..failure };
            store.fail(&failure).await.unwrap();
            assert!(!begin(&world, 3).await.1.told_short);
        });
        let runs = world.database.query("select outcome || ' ' || error || ' ' || coalesce(accounts_seen, -1) from check_runs order by id");
        assert_eq!(runs, ["short too short -1", "failed too short 20"]);
    }

    fn a_preview_changes_nothing_not_even_the_schema(world) {
        let legacy = match world.database.engine() { Engine::Postgres => LEGACY_POSTGRES, Engine::Sqlite => LEGACY_SQLITE };
        wait(async { assert!(open(&world).preview().await.unwrap().open.is_empty()) });
        world.database.execute(legacy);
        world.database.execute("insert into disconnected_accounts (account_id, disconnection_type, detected_at) values (1, 'SMTP', '2026-01-02 03:04:05')");
        wait(async {
            let known = open(&world).preview().await.unwrap();
            assert_eq!(known.open[0].detected_at, "2026-01-02T03:04:05Z".parse::<DateTime<Utc>>().unwrap());
            assert!(known.open[0].told);
        });
        let tables = match world.database.engine() {
            Engine::Postgres => "select table_name::text from information_schema.tables where table_schema = 'public'",
            Engine::Sqlite => "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
        };
        assert_eq!(world.database.query(tables), ["disconnected_accounts"]);
    }

    fn the_table_of_the_python_version_is_adopted_in_place(world) {
        world.database.execute(match world.database.engine() { Engine::Postgres => LEGACY_POSTGRES, Engine::Sqlite => LEGACY_SQLITE });
        let truth = match world.database.engine() { Engine::Postgres => ["true", "false"], Engine::Sqlite => ["1", "0"] };
        world.database.execute(&format!(
            "insert into disconnected_accounts (account_id, from_email, disconnection_type, detected_at, resolved_at, is_active, check_run_id) values
             (1, 'one@x.example', 'SMTP', '2026-11-20 10:00:00.123456', null, {0}, 'old-1'),
             (1, 'one@x.example', 'SMTP', '2026-11-20 11:00:00', null, {0}, 'old-2'),
             (2, 'two@x.example', 'imap', '2026-11-20 10:00:00', null, null, 'old-1'),
             (3, null, 'BOTH', '2026-11-20 10:00:00', '2026-11-20 12:00:00', {1}, 'old-1')", truth[0], truth[1]));
        if world.database.engine() == Engine::Sqlite {
            // Postgres refuses to change a column under a view; a test of bad input shows its words.
            world.database.execute("create view down_now as select account_id from disconnected_accounts where is_active");
        }
        world.smartlead.set_fleet(fleet(30, [smtp_down(1), both_down(9)]));
        world.run(&[]).assert(0);
        if world.database.engine() == Engine::Postgres {
            world.database.execute("create view down_now as select account_id from disconnected_accounts where is_active");
        }
        let view = world.database.query("select account_id || '' from down_now order by 1");
        assert_eq!(view, ["1", "9"], "a view of the users goes on working");
        assert_eq!(world.slack.announced(), [9], "what the Python version told is not told again");
        assert_eq!(world.open(), ["1 SMTP told", "9 BOTH told"]);
        let rows = world.database.query(
            "select account_id || ' ' || check_run_id || ' ' || coalesce(resolution, '-') \
             from disconnected_accounts where check_run_id like 'old%' order by id");
        assert_eq!(rows, ["1 old-1 -", "1 old-2 -", "2 old-1 reconnected", "3 old-1 -"]);
        wait(async {
            let (store, known) = begin(&world, 1).await;
            assert_eq!(known.open[0].detected_at, "2026-11-20T10:00:00.123456Z".parse::<DateTime<Utc>>().unwrap());
            let big = transition(Event::Disconnected, full(i64::MAX, Kind::Smtp));
            record(&*store, 1, hour(0), &diff_of(vec![big]), Announce::New).await.unwrap();
        });
        let ids = world.database.query("select count(distinct id) || ' ' || count(*) from disconnected_accounts");
        assert_eq!(ids, ["6 6"]);
    }

    fn of_many_checks_at_once_one_tells(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        let children: Vec<_> = (0..8)
            .map(|_| world.command(&[], &[("LOG_FILE", "")]).stderr(std::process::Stdio::piped()).spawn().unwrap())
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let code = output.status.code().unwrap();
            assert!(matches!(code, 0 | 4), "{code}: {}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(world.open(), ["3 SMTP told"]);
        assert_eq!(world.slack.announced(), [3]);
    }
}

#[test]
fn many_runs_may_bring_the_schema_up_at_once_and_one_gets_the_lease() {
    let world = World::new(Engine::Postgres);
    world
        .database
        .execute("create table monitor_schema (version bigint primary key, name text)");
    let begun = wait(async {
        // All of them are made to wait before they look at the version, so that they set off
        // together.
        let mut gate = PgConnection::connect(world.database.url()).await.unwrap();
        raw_sql("begin; lock table monitor_schema in access exclusive mode")
            .execute(&mut gate)
            .await
            .unwrap();
        let runs = futures_util::future::join_all((0..8).map(|n| {
            let store = open(&world);
            async move { store.begin(&run_id(n), hour(0), hour(1)).await }
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
    assert_eq!(world.database.query(versions), ["1", "2"]);
}

#[test]
fn round_trips_do_not_grow_with_the_fleet() {
    let world = World::new(Engine::Postgres);
    let url: url::Url = world.database.url().parse().unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let proxy = Proxy::start(&server);
    let url = world
        .database
        .url()
        .replace(&server, &proxy.address.to_string());
    let settings = [("DATABASE_URL", format!("{url}?sslmode=disable"))];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
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
    let before = proxy.trips();
    world.run_with(&[], &settings).assert(0);
    let trips = proxy.trips() - before;
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
