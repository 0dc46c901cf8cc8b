//! Faults of the database.

use super::{ALL, POSTGRES, Row, SERVERS, SQLITE, assert_no_lease, effects, row};
use crate::support::link::{Cut, Link};
use crate::support::shim::Fault;
use crate::support::{Engine, Ran, World};

/// A check that runs into something about its database or its files.
fn broken(
    fault: &'static str,
    moment: &'static str,
    engines: &'static [Engine],
    words: &'static str,
    spoil: impl Fn(&World) + Send + Sync + 'static,
    mend: impl Fn(&World) + Send + Sync + 'static,
) -> Row {
    row(fault, moment, engines, move |story| {
        spoil(&story.world);
        story.check(&[]).assert_error(1, &[words]);
        assert!(
            story.titles().contains(&"⚠️ Smartlead Monitor Error"),
            "{:?}",
            story.titles()
        );
        mend(&story.world);
    })
}

/// A check whose connection to the database is cut at a round trip.
fn cut(moment: &'static str, cut: Cut, for_good: bool) -> Row {
    let fault = match (cut, for_good) {
        (Cut::Before(_), true) => "the database dies",
        (Cut::After(_), true) => "the database dies after its answer",
        (Cut::Before(_), false) => "the connection to the database breaks",
        (Cut::After(_), false) => "the database's answer is lost",
        (Cut::Stall(_), _) => "the database does not answer in time",
    };
    row(fault, moment, SERVERS, move |story| {
        let link = Link::before(&story.world.database);
        link.cut(cut, for_good);
        // A machine under load shall not be taken for a database that does not answer.
        let limit = if matches!(cut, Cut::Stall(_)) {
            "5"
        } else {
            "60"
        };
        let settings = [
            ("DATABASE_URL", link.url()),
            ("DATABASE_TIMEOUT_SECS", limit),
        ];
        let (ran, was_cut) = story.play(|world| {
            let output = world.command(&[], &settings).output().unwrap();
            (Ran::from(output), link.heal())
        });
        assert!(
            was_cut,
            "the check did not get as far as that: {}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("internal error"), "{}", ran.stderr);
        if for_good {
            ran.assert_error(1, &["Postgres database"]);
            assert!(story.titles().contains(&"⚠️ Smartlead Monitor Error"));
        } else {
            assert!(matches!(ran.code, 0 | 1 | 3), "{}", ran.stderr);
        }
    })
}

pub fn rows() -> Vec<Row> {
    let sql = |statement: &'static str| move |world: &World| world.database.execute(statement);
    let trigger = |table: &'static str| {
        move |world: &World| {
            world.database.execute(&format!(
                "create function full_disk() returns trigger language plpgsql as $$ begin
                    raise exception 'could not extend file: No space left on device' using errcode = '53100';
                 end $$;
                 create trigger full_disk before insert on {table} execute function full_disk()"));
        }
    };
    let untrigger = sql("drop function full_disk cascade");
    let read_only = |is: &'static str| {
        move |world: &World| {
            world.database.execute(&format!(
                "do $$ begin execute format('alter database %I set default_transaction_read_only = {is}', current_database()); end $$"));
        }
    };
    let mut rows = vec![
        row(
            "the database refuses connections",
            "at the start",
            SERVERS,
            |story| {
                story
                    .check(&[("DATABASE_URL", "postgres://u:p@127.0.0.1:9/d")])
                    .assert_error(1, &["cannot be reached", "refused"]);
                assert_eq!(story.titles(), ["⚠️ Smartlead Monitor Error"]);
            },
        ),
        broken(
            "the database is read-only",
            "at the start",
            POSTGRES,
            "address of the primary",
            read_only("on"),
            |world| {
                world.database.execute("begin read write; do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$; commit");
            },
        ),
        broken(
            "the database's disk is full",
            "recording rows",
            SERVERS,
            "disk is full",
            trigger("disconnected_accounts"),
            untrigger,
        ),
        broken(
            "the database's disk is full",
            "recording the run",
            SERVERS,
            "disk is full",
            trigger("check_runs"),
            untrigger,
        ),
        broken(
            "the database's disk is full",
            "recording CSV rows",
            SERVERS,
            "disk is full",
            trigger("audit_outbox"),
            untrigger,
        ),
        broken(
            "the database's disk is full",
            "taking the lease",
            SERVERS,
            "disk is full",
            trigger("run_lease"),
            untrigger,
        ),
        broken(
            "the database is newer",
            "at the start",
            ALL,
            "Use the newer monitor",
            sql("insert into monitor_schema (version, name) values (9999, 'later')"),
            sql("delete from monitor_schema where version = 9999"),
        ),
        broken(
            "a column is missing",
            "reading what is open",
            ALL,
            "changed the tables by hand",
            sql("alter table disconnected_accounts rename column smtp_error to mine"),
            sql("alter table disconnected_accounts rename column mine to smtp_error"),
        ),
        broken(
            "a column is missing",
            "recording rows",
            ALL,
            "changed the tables by hand",
            sql("alter table disconnected_accounts rename column resolved_at to mine"),
            sql("alter table disconnected_accounts rename column mine to resolved_at"),
        ),
        broken(
            "a table is missing",
            "taking the lease",
            ALL,
            "changed the tables by hand",
            sql("alter table run_lease rename to mine"),
            sql("alter table mine rename to run_lease"),
        ),
        broken(
            "a table is missing",
            "reading the CSV rows that are left",
            ALL,
            "changed the tables by hand",
            sql("alter table audit_outbox rename to mine"),
            sql("alter table mine rename to audit_outbox"),
        ),
        row(
            "a column is missing",
            "recording the failed run",
            ALL,
            |story| {
                let rename = "alter table check_runs rename column outcome to mine";
                story.world.database.execute(rename);
                let ran = story.world.command(&[], &[]).output().unwrap();
                Ran::from(ran).assert_error(1, &["changed the tables by hand"]);
                assert_eq!(story.world.slack.posts().len(), 1);
                assert_no_lease(story);
                let back = "alter table check_runs rename column mine to outcome";
                story.world.database.execute(back);
            },
        ),
        broken(
            "announcements cannot be changed",
            "marking as told",
            SQLITE,
            "not marked as told",
            sql(
                "create trigger stop before update of announced_at on disconnected_accounts begin select raise(abort, 'no'); end",
            ),
            sql("drop trigger stop"),
        ),
        broken(
            "a row is changed by hand",
            "reading what is open",
            ALL,
            "was changed by hand",
            sql(
                "update disconnected_accounts set disconnection_type = 'POP3' where account_id = 2",
            ),
            sql(
                "update disconnected_accounts set disconnection_type = 'BOTH' where account_id = 2",
            ),
        ),
        row(
            "the database is locked by another program",
            "at the start",
            SERVERS,
            |story| {
                let lock = "begin; lock table run_lease in access exclusive mode";
                let settings = [("DATABASE_TIMEOUT_SECS", "5")];
                story
                    .play(|world| {
                        world.database.while_in(lock, || {
                            Ran::from(world.command(&[], &settings).output().unwrap())
                        })
                    })
                    .assert_error(1, &["no answer within 5 s"]);
            },
        ),
        row(
            "the file is locked by another program",
            "at the start",
            SQLITE,
            |story| {
                let settings = [("DATABASE_TIMEOUT_SECS", "5")];
                story
                    .play(|world| {
                        world.database.while_in("begin exclusive", || {
                            Ran::from(world.command(&[], &settings).output().unwrap())
                        })
                    })
                    .assert_error(1, &["SQLite file"]);
                assert_eq!(story.titles(), ["⚠️ Smartlead Monitor Error"]);
            },
        ),
        row("the file is no database", "at the start", SQLITE, |story| {
            let (file, aside) = (story.world.path("monitor.db"), story.world.path("aside.db"));
            std::fs::rename(&file, &aside).unwrap();
            std::fs::write(&file, "notes\n".repeat(999)).unwrap();
            let ran = Ran::from(story.world.command(&[], &[]).output().unwrap());
            ran.assert_error(1, &["not a SQLite database"]);
            std::fs::rename(&aside, &file).unwrap();
            story.world.slack.posts();
        }),
    ];
    // The round trips of the check of a story that has begun.
    for (moment, trip) in [
        ("login", 1),
        ("reading the schema's version", 2),
        ("taking the lease", 3),
        ("reading what is known", 4),
        ("second login", 5),
        ("beginning the record", 6),
        ("recording the run", 7),
        ("preparing what changed", 8),
        ("recording what changed", 9),
        ("recording what was seen", 10),
        ("preparing what is new", 11),
        ("recording what is new", 12),
        ("preparing CSV rows", 13),
        ("recording CSV rows", 14),
        ("committing the record", 15),
        ("noting the post", 16),
        ("marking as told", 17),
        ("beginning the end", 18),
        ("closing the run", 19),
        ("committing the end", 20),
    ] {
        rows.push(cut(moment, Cut::Before(trip), true));
        rows.push(cut(moment, Cut::After(trip), true));
        rows.push(cut(moment, Cut::Before(trip), false));
        rows.push(cut(moment, Cut::After(trip), false));
        rows.push(cut(moment, Cut::Stall(trip), true));
    }
    for (moment, part) in [
        ("first write", 0.0),
        ("taking the lease", 0.1),
        ("recording", 0.4),
        ("in the middle", 0.5),
        ("late", 0.7),
        ("last writes", 0.9),
    ] {
        rows.push(row("the disk is full", moment, SQLITE, move |story| {
            let effects = effects(Engine::Sqlite) as f64;
            let ran = story.check_with_fault(&[], Fault::Full(1 + (effects * part) as u64));
            assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
        }));
    }
    rows
}
