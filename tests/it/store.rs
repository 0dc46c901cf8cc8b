//! The contract of the store, the same on every engine, and what is special to one of them.

use chrono::{DateTime, TimeDelta, Utc};
use monitor::domain::cause::Class;
use monitor::domain::{
    Announce, AuditLine, Diff, Disconnection, Event, Failing, Kind, Mailbox, Outcome, Receipt,
    Recovery, RunId, Telling, Told, Transition, Triage, Unannounced, Way,
};
use monitor::redact::Redactor;
use monitor::store::{Begun, Change, Failure, Finish, Known, Recoveries, Store, StoreError};

use crate::support::smartlead::{both_down, fleet, smtp_down};
use crate::support::{Engine, World, on_every_engine};

/// The table as the Python version made it in Postgres.
pub const LEGACY_POSTGRES: &str = "
    create table disconnected_accounts (
        id serial primary key, account_id integer not null, from_name varchar(255),
        from_email varchar(255), account_type varchar(50), disconnection_type varchar(20),
        tags text, detected_at timestamp not null default current_timestamp, resolved_at timestamp,
        is_active boolean default true, check_run_id varchar(50), unique (account_id, detected_at))";

/// The same in SQLite.
pub const LEGACY_SQLITE: &str = "
    create table disconnected_accounts (
        id integer primary key autoincrement, account_id integer not null, from_name text,
        from_email text, account_type text, disconnection_type text,
        tags text, detected_at timestamp not null default current_timestamp, resolved_at timestamp,
        is_active boolean default 1, check_run_id text, unique (account_id, detected_at))";

/// Longer than any operation of these tests takes, and the life of their leases.
pub const LIMIT: std::time::Duration = std::time::Duration::from_secs(3_600);

pub fn hour(n: i64) -> DateTime<Utc> {
    "2026-11-21T14:05:00.123456Z"
        .parse::<DateTime<Utc>>()
        .unwrap()
        + TimeDelta::hours(n)
}

pub fn run_id(n: u32) -> RunId {
    RunId::new(hour(0), n)
}

pub fn open(world: &World) -> Box<dyn Store> {
    let url = world.database.url().to_owned().into();
    monitor::store::Database::parse(&url)
        .unwrap()
        .store(LIMIT, Redactor::new([]))
}

pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub fn full(id: i64, kind: Kind) -> Disconnection {
    Disconnection {
        mailbox: Mailbox {
            id,
            name: Some("O'Brien; drop table \"x\" \\ {\"json\": 1} 日本 👩‍💻".into()),
            address: Some(format!("box{id}@example.com").into()),
            account_type: Some("ZOHO".into()),
            tags: "a, b".into(),
            daily_cap: Some(40),
            sent_today: Some(0),
            campaigns: Some(3),
            client_id: Some(i64::MAX),
        },
        kind,
        smtp_error: kind.smtp_failed().then(|| "smtp 'words'".into()),
        imap_error: kind.imap_failed().then(|| "imap words".into()),
        detected_at: hour(0),
        missed_listings: 0,
        told: Told::No,
        cause: Class::Unknown,
        way: Way::Alert,
    }
}

fn bare(id: i64) -> Disconnection {
    Disconnection {
        mailbox: Mailbox::bare(id),
        smtp_error: None,
        ..full(id, Kind::Smtp)
    }
}

pub fn transition(event: Event, disconnection: Disconnection) -> Transition {
    Transition {
        event,
        disconnection,
    }
}

/// A store whose lease is held by run `n`, with what it knew.
pub async fn begin(world: &World, n: u32) -> (Box<dyn Store>, Known) {
    let store = open(world);
    match store.begin(&run_id(n), hour(0), LIMIT).await.unwrap() {
        Begun::Free(known) => (store, *known),
        Begun::Busy { holder, .. } => panic!("{holder} has the lease"),
    }
}

pub async fn record(
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
        outcome: Outcome::Untold,
        diff,
        announce,
        triage: &Triage::default(),
        recoveries: Recoveries::Off,
        audit: None,
    };
    store.record(&change).await
}

pub async fn finish(store: &dyn Store, n: u32, outcome: Outcome, audited: bool) {
    let run_id = run_id(n);
    let finish = Finish {
        run_id: &run_id,
        finished_at: hour(0),
        outcome,
        error: None,
        audited,
        failure_told_at: None,
        recovery_told_at: None,
        keep_since: hour(0) - TimeDelta::days(30),
    };
    store.finish(&finish).await.unwrap();
}

pub fn telling(accounts: &[i64]) -> Telling {
    Telling {
        accounts: accounts.to_vec(),
        way: Way::Alert,
        ..Telling::default()
    }
}

pub fn diff_of(transitions: Vec<Transition>) -> Diff {
    Diff {
        transitions,
        ..Diff::default()
    }
}

on_every_engine! {
    fn what_is_recorded_is_read_back_the_same(world) {
        wait(async {
            let (store, known) = begin(&world, 1).await;
            assert!(known.open.is_empty() && known.last_size.is_none() && known.failing.checks == 0 && known.recovery.is_none());
            let recorded = [bare(i64::MIN), full(-1, Kind::Imap), full(7, Kind::Both), bare(i64::MAX)];
            let new = recorded.iter().map(|d| transition(Event::Disconnected, d.clone())).collect();
            record(&*store, 1, hour(0), &diff_of(new), Announce::New).await.unwrap();
            finish(&*store, 1, Outcome::Complete, true).await;
            let (_, known) = begin(&world, 2).await;
            assert_eq!(known.open, recorded);
            assert_eq!(known.last_size, Some(20));
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
                ..Diff::default()
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
        let (first, second) = wait(async {
            let (first, _) = begin(&world, 1).await;
            let second = open(&world);
            let Begun::Busy { holder, .. } = second.begin(&run_id(2), hour(0), LIMIT).await.unwrap() else { panic!() };
            assert_eq!(holder, run_id(1).as_str());
            (first, second)
        });
        world.database.execute("update run_lease set expires_at = '2020-01-01T00:00:00+00:00'");
        wait(async {
            let third = open(&world);
            let taken = third.begin(&run_id(3), hour(0), LIMIT).await.unwrap();
            assert!(matches!(taken, Begun::Free(_)), "an expired lease is free");
            let late = record(&*first, 1, hour(0), &diff_of(vec![transition(Event::Disconnected, full(1, Kind::Smtp))]), Announce::New).await;
            assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
            let theirs = diff_of(vec![transition(Event::Disconnected, full(1, Kind::Smtp))]);
            record(&*third, 3, hour(1), &theirs, Announce::New).await.unwrap();
            let receipt = Receipt { channel: "C1".to_owned(), ts: "1.2".to_owned() };
            let late = first.mark_told(&run_id(1), &telling(&[1]), &receipt, None, hour(0)).await;
            assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
            let end = Finish {
                run_id: &run_id(1), finished_at: hour(1), outcome: Outcome::Complete,
                error: None, audited: true, failure_told_at: None, recovery_told_at: None, keep_since: hour(0),
            };
            let late = first.finish(&end).await;
            assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
            let Begun::Busy { holder, .. } = second.begin(&run_id(2), hour(0), LIMIT).await.unwrap() else { panic!() };
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
            store.mark_told(&run_id(1), &telling(&[1, 3]), &receipt, None, hour(0)).await.unwrap();
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
            let found = Diff { missing: vec![2], ..Diff::default() };
            record(&*store, 2, hour(1), &found, Announce::All).await.unwrap();
        });
        assert_eq!(world.open(), ["1 SMTP untold", "2 SMTP told"], "2 may be gone");
    }

    fn lines_wait_in_the_outbox_until_they_are_in_the_file(world) {
        wait(async {
            let found = diff_of((1..=2).map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect());
            let line = |of: &Transition| AuditLine { month: "202611".to_owned(), line: format!("{},\"b\"c'd", of.disconnection.mailbox.id) };
            let (store, _) = begin(&world, 1).await;
            let change = Change {
                run_id: &run_id(1), started_at: hour(0), accounts_seen: 1, disconnected: 0,
                outcome: Outcome::Complete, diff: &found, announce: Announce::New, audit: Some(&line),
                triage: &Triage::default(), recoveries: Recoveries::Off,
            };
            store.record(&change).await.unwrap();
            finish(&*store, 1, Outcome::Failed, false).await;
            let (store, known) = begin(&world, 2).await;
            assert_eq!(known.outbox, found.transitions.iter().map(line).collect::<Vec<_>>());
            finish(&*store, 2, Outcome::Complete, true).await;
            assert_eq!(begin(&world, 3).await.1.outbox, []);
        });
    }

    fn a_failed_run_is_recorded_and_gives_its_lease_back(world) {
        wait(async {
            let (store, _) = begin(&world, 1).await;
            let failure = Failure {
                run_id: &run_id(1), started_at: hour(0), finished_at: hour(1),
                outcome: Outcome::Short, error: "too short", told_at: None,
            };
            store.fail(&failure).await.unwrap();
            let (store, known) = begin(&world, 2).await;
            assert_eq!((known.failing.checks, known.last_size), (1, None));
            record(&*store, 2, hour(0), &Diff::default(), Announce::New).await.unwrap();
            let failure = Failure { run_id: &run_id(2), outcome: Outcome::Failed, ..failure };
            store.fail(&failure).await.unwrap();
            assert_eq!(begin(&world, 3).await.1.failing.checks, 2);
        });
        let runs = world.database.query("select outcome || ' ' || error || ' ' || coalesce(accounts_seen, -1) from check_runs order by id");
        assert_eq!(runs, ["short too short -1", "failed too short 20"]);
    }

    fn the_store_knows_since_when_checks_fail_and_whether_their_end_was_told(world) {
        wait(async {
            let fail = async |n: u32, outcome, told_at| {
                let (store, known) = begin(&world, n).await;
                let failure = Failure {
                    run_id: &run_id(n), started_at: hour(n.into()), finished_at: hour(n.into()),
                    outcome, error: "no", told_at,
                };
                store.fail(&failure).await.unwrap();
                known
            };
            let succeed = async |n: u32, recovery_told_at| {
                let (store, known) = begin(&world, n).await;
                record(&*store, n, hour(n.into()), &Diff::default(), Announce::New).await.unwrap();
                let finish = Finish {
                    run_id: &run_id(n), finished_at: hour(n.into()), outcome: Outcome::Complete, error: None,
                    audited: true, failure_told_at: None, recovery_told_at, keep_since: hour(0),
                };
                store.finish(&finish).await.unwrap();
                known
            };
            succeed(1, None).await;
            fail(2, Outcome::Failed, Some(hour(2))).await;
            fail(3, Outcome::Failed, None).await;
            fail(4, Outcome::Short, Some(hour(4))).await;
            let known = succeed(5, None).await;
            assert_eq!(known.failing, Failing {
                checks: 3, since: Some(hour(2)), last_applied: Some(hour(1)),
                failure_told_at: Some(hour(2)), short_told_at: Some(hour(4)),
            });
            let owed = Recovery { checks: 3, since: hour(2), blind: Some((hour(1), None)) };
            assert_eq!(known.recovery.as_ref(), Some(&owed));
            let known = succeed(6, Some(hour(6))).await;
            assert_eq!(known.failing, Failing { last_applied: Some(hour(5)), ..Failing::default() });
            let later = Recovery { blind: Some((hour(1), Some(hour(5)))), ..owed };
            assert_eq!(known.recovery, Some(later), "it was not told");
            let known = fail(7, Outcome::Failed, None).await;
            assert_eq!(known.recovery, None, "it was told");
            assert_eq!(succeed(8, None).await.recovery, None, "the failure was never told");

            fail(20, Outcome::Failed, Some(hour(20))).await;
            succeed(21, None).await;
            fail(22, Outcome::Failed, Some(hour(22))).await;
            let known = succeed(23, Some(hour(23))).await;
            let last = Recovery { checks: 1, since: hour(22), blind: Some((hour(21), None)) };
            assert_eq!(known.recovery, Some(last), "of two outages the last, without the time between");
            assert_eq!(succeed(24, None).await.recovery, None, "both are told");

            let (store, _) = begin(&world, 9).await;
            record(&*store, 9, hour(9), &Diff::default(), Announce::New).await.unwrap();
            let finish = Finish {
                run_id: &run_id(9), finished_at: hour(9), outcome: Outcome::Failed, error: Some("disk full"),
                audited: false, failure_told_at: Some(hour(9)), recovery_told_at: None, keep_since: hour(0),
            };
            store.finish(&finish).await.unwrap();
            let (_, known) = begin(&world, 10).await;
            assert_eq!(known.recovery, Some(Recovery { checks: 1, since: hour(9), blind: None }), "it read the fleet");
        });
    }

    fn a_post_is_on_record_before_it_begins_and_taken_back_if_it_was_refused(world) {
        wait(async {
            let (store, _) = begin(&world, 1).await;
            let new = (1..=5).map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect();
            record(&*store, 1, hour(0), &diff_of(new), Announce::New).await.unwrap();
            store.attempt(&run_id(1), &telling(&[1, 2]), hour(0)).await.unwrap();
            store.attempt(&run_id(1), &telling(&[2, 3]), hour(1)).await.unwrap();
            store.withdraw(&run_id(1), hour(1)).await.unwrap();
            let receipt = Receipt { channel: "C1".to_owned(), ts: "1.2".to_owned() };
            store.mark_told(&run_id(1), &telling(&[4]), &receipt, Some(&telling(&[5])), hour(2)).await.unwrap();
            finish(&*store, 1, Outcome::Untold, true).await;
            let (store, known) = begin(&world, 2).await;
            let told: Vec<Told> = known.open.iter().map(|d| d.told).collect();
            assert_eq!(told, [Told::Perhaps, Told::Perhaps, Told::No, Told::Yes, Told::Perhaps]);

            let back = Event::Reconnected;
            let gone = Event::Removed;
            let resolved = [(1, back), (3, back), (4, back), (5, gone)];
            let resolved = resolved.map(|(id, event)| transition(event, full(id, Kind::Smtp)));
            record(&*store, 2, hour(3), &diff_of(resolved.to_vec()), Announce::New).await.unwrap();
            finish(&*store, 2, Outcome::Untold, true).await;
            let (store, known) = begin(&world, 3).await;
            assert_eq!(known.unannounced, Unannounced { reconnected: 2, removed: 1, perhaps_told: 2 });
            let both = Telling { unannounced: true, ..telling(&[2]) };
            store.attempt(&run_id(3), &both, hour(4)).await.unwrap();
            finish(&*store, 3, Outcome::Untold, true).await;
            let (store, known) = begin(&world, 4).await;
            assert_eq!(known.unannounced.perhaps_told, 3);
            store.mark_told(&run_id(4), &both, &receipt, None, hour(5)).await.unwrap();
            finish(&*store, 4, Outcome::Complete, true).await;
            assert_eq!(begin(&world, 5).await.1.unannounced, Unannounced::default());
        });
        assert_eq!(world.open(), ["2 SMTP told"]);
    }

    fn a_preview_changes_nothing_not_even_the_schema(world) {
        let legacy = match world.database.engine() { Engine::Postgres | Engine::Pooled => LEGACY_POSTGRES, Engine::Sqlite => LEGACY_SQLITE };
        wait(async { assert!(open(&world).preview(hour(0)).await.unwrap().open.is_empty()) });
        world.database.execute(legacy);
        world.database.execute("insert into disconnected_accounts (account_id, disconnection_type, detected_at) values (1, 'SMTP', '2026-01-02 03:04:05')");
        wait(async {
            let known = open(&world).preview(hour(0)).await.unwrap();
            assert_eq!(known.open[0].detected_at, "2026-01-02T03:04:05Z".parse::<DateTime<Utc>>().unwrap());
            assert_eq!(known.open[0].told, Told::Yes);
        });
        let tables = match world.database.engine() {
            Engine::Postgres | Engine::Pooled => "select table_name::text from information_schema.tables where table_schema = 'public'",
            Engine::Sqlite => "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
        };
        assert_eq!(world.database.query(tables), ["disconnected_accounts"]);
    }

    fn the_table_of_the_python_version_is_adopted_in_place(world) {
        world.database.execute(match world.database.engine() { Engine::Postgres | Engine::Pooled => LEGACY_POSTGRES, Engine::Sqlite => LEGACY_SQLITE });
        let truth = match world.database.engine() { Engine::Postgres | Engine::Pooled => ["true", "false"], Engine::Sqlite => ["1", "0"] };
        world.database.execute(&format!(
            "insert into disconnected_accounts (account_id, from_email, disconnection_type, detected_at, resolved_at, is_active, check_run_id) values
             (1, 'one@x.example', 'SMTP', '2026-11-20 10:00:00.123456', null, {0}, 'old-1'),
             (1, 'one@x.example', 'SMTP', '2026-11-20 11:00:00', null, {0}, 'old-2'),
             (2, 'two@x.example', 'imap', '2026-11-20 10:00:00', null, null, 'old-1'),
             (3, null, 'BOTH', '2026-11-20 10:00:00', '2026-11-20 12:00:00', {1}, 'old-1'),
             (4, null, 'SMTP', '2026-11-20 10:00:00', null, {1}, 'old-1')", truth[0], truth[1]));
        if world.database.engine() == Engine::Sqlite {
            // Postgres refuses to change a column under a view; a test of bad input shows its words.
            world.database.execute("create view down_now as select account_id from disconnected_accounts where is_active");
        }
        world.smartlead.set_fleet(fleet(30, [smtp_down(1), both_down(9)]));
        world.run(&[]).assert(0);
        if world.database.engine() != Engine::Sqlite {
            world.database.execute("create view down_now as select account_id from disconnected_accounts where is_active");
        }
        let view = world.database.query("select account_id || '' from down_now order by 1");
        assert_eq!(view, ["1", "9"], "a view of the users goes on working");
        assert_eq!(world.slack.announced(), [9], "what the Python version told is not told again");
        assert_eq!(world.open(), ["1 SMTP told", "9 BOTH told"]);
        let rows = world.database.query(
            "select account_id || ' ' || check_run_id || ' ' || coalesce(resolution, '-') \
             from disconnected_accounts where check_run_id like 'old%' order by id");
        assert_eq!(rows, ["1 old-1 -", "1 old-2 -", "2 old-1 reconnected", "3 old-1 -", "4 old-1 -"]);
        let history = wait(open(&world).history(DateTime::UNIX_EPOCH, 1)).unwrap();
        let ends: Vec<_> = history.cycles.iter().filter_map(|cycle| Some((cycle.disconnection.mailbox.id, cycle.end?.event))).collect();
        let known = Some(Event::Reconnected);
        assert_eq!(ends.len(), 4);
        for end in [(1, None), (2, known), (3, known), (4, None)] {
            assert!(ends.contains(&end), "{end:?} is not in {ends:?}");
        }
        wait(async {
            let (store, known) = begin(&world, 1).await;
            assert_eq!(known.open[0].detected_at, "2026-11-20T10:00:00.123456Z".parse::<DateTime<Utc>>().unwrap());
            let big = transition(Event::Disconnected, full(i64::MAX, Kind::Smtp));
            record(&*store, 1, hour(0), &diff_of(vec![big]), Announce::New).await.unwrap();
        });
        let ids = world.database.query("select count(distinct id) || ' ' || count(*) from disconnected_accounts");
        assert_eq!(ids, ["7 7"]);
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
