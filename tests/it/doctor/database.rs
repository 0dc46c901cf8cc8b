//! The database, on every engine.

use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::{Found, doctor, traces};
use crate::bad_input::{run_as_nobody, set_mode};
use crate::store::{LEGACY_POSTGRES, LEGACY_SQLITE};
use crate::support::smartlead::{fleet, smtp_down};
use crate::support::{Engine, World, on_every_engine};

/// A world after a good check in which one account was found down.
fn checked(world: &World) {
    world.smartlead.set_fleet(fleet(30, [smtp_down(3)]));
    world.run(&[]).assert(0);
    world.slack.posts();
    world.smartlead.asked();
}

fn is_sqlite(world: &World) -> bool {
    world.database.engine() == Engine::Sqlite
}

on_every_engine! {
    fn where_all_is_well_every_part_says_so_and_nothing_is_left_behind(world) {
        checked(&world);
        let before = traces(&world);
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 0);
        found.assert_all("warning", &[]).assert_all("skipped", &[]);
        found
            .assert("database", "schema", &["ok: version 5, up to date"])
            .assert("database", "rows", &["ok: 1 open, of which 0 untold; 0 resolved"])
            .assert("database", "writing", &["ok: insert, update and delete work"])
            .assert("database", "lease", &["ok: free"])
            .assert("checks", "last check", &["ok: complete, 0 min ago ("]);
        match world.database.engine() {
            Engine::Postgres => found.assert("database", "connection", &["PostgreSQL 1", "; encrypted; no pooler in transaction mode"]),
            Engine::Pooled => found.assert("database", "connection", &["PostgreSQL 1", "; through a pooler in transaction mode"]),
            Engine::Sqlite => found.assert("database", "connection", &["ok: SQLite 3"]),
        };
        if !is_sqlite(&world) {
            found.assert("clock", "database", &["ok: agrees"]);
        }
        let after = traces(&world);
        assert!(before == after, "something was changed:\n{before:#?}\n{after:#?}");
        assert_eq!(world.smartlead.asked().len(), 1);
        assert!(world.slack.posts().is_empty());
        world.run(&[]).assert(0);
    }

    fn before_the_first_check_nothing_is_made(world) {
        world.smartlead.set_fleet(fleet(30, []));
        let before = traces(&world);
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 0);
        match is_sqlite(&world) {
            true => found.assert("database", "connection", &["ok: ", "monitor.db will be made"]),
            false => found
                .assert("database", "schema", &["ok: there are no tables yet"])
                .assert("database", "writing", &["ok: "]),
        };
        found.assert("checks", "last check", &["ok: no check has run yet"]);
        assert!(before == traces(&world), "something was made");
    }

    fn the_table_of_the_python_version_is_recognised_and_left(world) {
        world.smartlead.set_fleet(fleet(30, []));
        world.database.execute(if is_sqlite(&world) { LEGACY_SQLITE } else { LEGACY_POSTGRES });
        world.database.execute("insert into disconnected_accounts (account_id, disconnection_type, detected_at) values (1, 'SMTP', '2026-01-02 03:04:05')");
        let before = traces(&world);
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 0);
        found
            .assert("database", "schema", &["ok: the table of the Python version; the next check adopts it"])
            .assert("database", "rows", &["ok: 1 open, of which 0 untold; 0 resolved"])
            .assert("database", "writing", &["ok: "]);
        assert!(before == traces(&world), "something was changed");
    }

    fn an_older_schema_is_fine_and_a_newer_one_is_not(world) {
        checked(&world);
        for undo in [
            "alter table check_runs drop column failure_told_at",
            "alter table check_runs drop column recovery_told_at",
            "alter table run_lease drop column taken_at",
            "drop index disconnected_accounts_resolved",
            "alter table disconnected_accounts drop column cause",
            "alter table disconnected_accounts drop column told_as",
            "alter table disconnected_accounts drop column incident_id",
            "alter table disconnected_accounts drop column recovery_due",
            "alter table disconnected_accounts drop column recovery_attempted_at",
            "drop table incidents",
            "drop table chronic_accounts",
            "drop table notices",
            "delete from monitor_schema where version >= 3",
        ] {
            world.database.execute(undo);
        }
        let before = traces(&world);
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 0);
        found
            .assert("database", "schema", &["ok: version 2; the next check updates it to 5"])
            .assert("database", "rows", &["ok: 1 open"]);
        assert!(before == traces(&world), "something was changed");
        world.run(&[]).assert(0);

        world.database.execute("insert into monitor_schema (version, name) values (9999, 'later')");
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 1);
        found
            .assert_all("failed", &["database schema"])
            .assert_all("skipped", &["database writing", "database rows", "checks last check"])
            .assert("database", "schema", &["its schema has version 9999", " -> Use the newer monitor"]);
    }

    fn tables_that_somebody_changed_are_named(world) {
        checked(&world);
        world.database.execute("alter table audit_outbox rename to audit_elsewhere");
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 1);
        found
            .assert_all("failed", &["database writing"])
            .assert("database", "writing", &["trying to write to its tables failed", "audit_outbox", " -> Somebody changed the tables by hand"]);
        world.database.execute("alter table audit_elsewhere rename to audit_outbox");
        world.database.execute("alter table run_lease rename to run_elsewhere");
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 1);
        found
            .assert_all("failed", &["database writing", "database rows"])
            .assert_all("skipped", &["checks last check"])
            .assert("database", "rows", &["reading its tables failed", "run_lease", " -> Somebody changed"]);
    }

    fn the_last_check_is_told_with_its_age_and_its_end(world) {
        checked(&world);
        let ago = |hours: i64| format!("'{}'", (Utc::now() - TimeDelta::hours(hours)).to_rfc3339());
        let change = |set: &str| {
            world.database.execute(&format!("update check_runs set {set}"));
            let found = doctor(&world, &[]);
            assert_eq!(found.code, 0);
            found.of("checks", "last check")
        };
        let last = change(&format!("started_at = {}", ago(1)));
        assert!(last.starts_with("ok: complete, 1 h 0 min ago (2"), "{last}");
        let last = change(&format!("started_at = {}", ago(49)));
        assert!(last.starts_with("warning: complete, 2 d 1 h ago (") && last.ends_with(" -> See that the scheduler still starts monitor"), "{last}");
        let last = change(&format!("started_at = {}", ago(-1)));
        assert!(last.starts_with("ok: complete, 0 min ago ("), "a clock that was set back: {last}");
        let last = change("outcome = 'failed', error = 'Smartlead is down. Check the network'");
        assert!(last.starts_with("warning: failed, ") && last.ends_with("): Smartlead is down. Check the network"), "{last}");
        let last = change("error = 'not\u{1b}[31m\nours: key-5b1f3c'");
        assert!(last.ends_with("): not [31m ours: [redacted]"), "{last}");
        let last = change("outcome = 'untold', error = null");
        assert!(last.starts_with("warning: untold, "), "{last}");
        let last = change("outcome = 'complete', finished_at = null");
        assert!(last.starts_with("warning: cut off before its end, "), "{last}");
        let until = (Utc::now() + TimeDelta::minutes(5)).to_rfc3339();
        world.database.execute(&format!("insert into run_lease (name, holder, expires_at) select 'check', run_id, '{until}' from check_runs"));
        let last = change("outcome = 'complete'");
        assert!(last.starts_with("ok: under way, "), "{last}");
        doctor(&world, &[]).assert("database", "lease", &["ok: run 2", " has it until 2"]);
        world.database.execute(&format!("update run_lease set expires_at = {}", ago(1)));
        doctor(&world, &[]).assert("database", "lease", &["ok: free"]);
        world.database.execute("update check_runs set outcome = 'splendid'");
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 1);
        found.assert("database", "rows", &["failed: ", "outcome is not one of", " -> "]);
    }

    fn a_check_under_way_is_not_disturbed(world) {
        checked(&world);
        world.smartlead.set_latency(Duration::from_secs(600));
        let mut check = world.command(&[], &[]);
        let mut check = check.stderr(std::process::Stdio::null()).spawn().unwrap();
        while world.smartlead.asked().is_empty() {
            std::thread::yield_now();
        }
        world.smartlead.set_latency(Duration::ZERO);
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 0);
        found.assert("database", "lease", &["ok: run 2", " has it until 2"]);
        world.smartlead.release();
        assert_eq!(check.wait().unwrap().code(), Some(0));
        assert_eq!(world.outcomes(), ["complete", "complete"]);
    }
}

#[test]
fn a_database_that_cannot_be_reached_hides_nothing_else() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(30, []));
    let found = doctor(
        &world,
        &[("DATABASE_URL", "postgres://u:p4ssw0rd@127.0.0.1:9/db")],
    );
    assert_eq!(found.code, 1);
    found
        .assert_all("failed", &["database connection"])
        .assert_all("skipped", &["checks last check"])
        .assert(
            "database",
            "connection",
            &[
                "127.0.0.1:9 cannot be reached: ",
                "refused",
                " -> Check host and port",
            ],
        )
        .assert("smartlead", "listing", &["ok: "])
        .assert("slack", "membership", &["ok: "]);
}

/// The URL of a world's database for a new user without any rights, and the user's name.
fn stranger(world: &World) -> (String, String) {
    let user = format!("stranger_{:08x}", fastrand::u32(..));
    world
        .database
        .execute(&format!("create role {user} login password 'stranger-pw'"));
    let (_, place) = world.database.url().split_once('@').unwrap();
    (format!("postgres://{user}:stranger-pw@{place}"), user)
}

/// A check, after which the tables have no row security, whether or not another test made the role of
/// Supabase's for which a check turns it on: roles belong to the whole server.
fn checked_without_row_security(world: &World) {
    checked(world);
    for table in [
        "disconnected_accounts",
        "check_runs",
        "run_lease",
        "audit_outbox",
        "monitor_schema",
        "incidents",
        "chronic_accounts",
        "notices",
    ] {
        world
            .database
            .execute(&format!("alter table {table} disable row level security"));
    }
}

#[test]
fn a_user_without_rights_is_told_so() {
    let world = World::new(Engine::Postgres);
    let (url, user) = stranger(&world);
    let as_user = || doctor(&world, &[("DATABASE_URL", &url)]);
    let found = as_user();
    assert_eq!(found.code, 1);
    let rights = [" -> The user of DATABASE_URL needs the right to create and change tables"];
    found
        .assert_all("failed", &["smartlead listing", "database writing"][1..])
        .assert("database", "writing", &rights);

    checked_without_row_security(&world);
    for (grant, failed) in [
        (
            "select on monitor_schema",
            &["database writing", "database rows"][..],
        ),
        (
            "select on all tables in schema public",
            &["database writing"],
        ),
        (
            "insert, update, delete on all tables in schema public",
            &["database writing"],
        ),
        ("usage on all sequences in schema public", &[]),
    ] {
        world.database.execute(&format!("grant {grant} to {user}"));
        let found = as_user();
        found.assert_all("failed", failed);
        if let [.., "database writing"] = failed {
            found.assert("database", "writing", &["permission denied", rights[0]]);
        }
    }
}

#[test]
fn row_security_that_is_in_the_way_is_told() {
    let world = World::new(Engine::Postgres);
    checked_without_row_security(&world);
    let (url, user) = stranger(&world);
    for sql in [
        "grant select, insert, update, delete on all tables in schema public to USER",
        "grant usage on all sequences in schema public to USER",
        "alter table disconnected_accounts enable row level security",
    ] {
        world.database.execute(&sql.replace("USER", &user));
    }
    let as_user = || doctor(&world, &[("DATABASE_URL", &url)]);
    as_user()
        .assert_all("failed", &["database writing"])
        .assert("database", "writing", &["row-level security policy"])
        .assert(
            "database",
            "rows",
            &[
                "warning: 0 open",
                "row security may hide others",
                " -> Let DATABASE_URL name the owner",
            ],
        );
    world
        .database
        .execute("create policy p on disconnected_accounts for insert with check (true)");
    as_user()
        .assert_all("failed", &["database writing"])
        .assert(
            "database",
            "writing",
            &["row security hides the rows that are written -> The user"],
        );
    world
        .database
        .execute("create policy q on disconnected_accounts using (true)");
    let found = as_user();
    assert_eq!(found.code, 0);
    found.assert_all("warning", &["database rows"]);
    assert_eq!(doctor(&world, &[]).code, 0, "the owner is not concerned");
}

#[test]
fn a_table_that_is_locked_ends_in_a_remedy() {
    let world = World::new(Engine::Postgres);
    checked(&world);
    let lock = "begin; lock table disconnected_accounts in access exclusive mode";
    let found = world
        .database
        .while_in(lock, || doctor(&world, &[("DATABASE_TIMEOUT_SECS", "1")]));
    assert_eq!(found.code, 1);
    found
        .assert_all("failed", &["database writing", "database rows"])
        .assert("database", "schema", &["ok: "])
        .assert(
            "database",
            "rows",
            &["no answer within 1 s -> ", "has its tables locked"],
        );
}

#[test]
fn a_file_that_is_locked_ends_in_a_remedy() {
    let world = World::new(Engine::Sqlite);
    checked(&world);
    for (lock, check) in [
        ("begin exclusive", "connection"),
        ("begin immediate", "writing"),
    ] {
        let found = world
            .database
            .while_in(lock, || doctor(&world, &[("DATABASE_TIMEOUT_SECS", "1")]));
        assert_eq!(found.code, 1);
        found
            .assert_all("failed", &[&format!("database {check}")])
            .assert(
                "database",
                check,
                &["no answer within 1 s -> Another program has the file locked"],
            );
    }
}

/// What a user finds who may not write everywhere.
fn as_nobody(world: &World) -> Found {
    Found::read(&run_as_nobody(world, &["doctor", "--json"], &[]))
}

#[test]
fn a_file_that_is_read_only_is_named_with_the_remedy() {
    let world = World::new(Engine::Sqlite);
    checked(&world);
    set_mode(&world.path("monitor.db"), 0o444);
    set_mode(world.folder(), 0o555);
    let found = as_nobody(&world);
    set_mode(world.folder(), 0o755);
    assert_eq!(found.code, 1);
    found
        .assert_all("failed", &["database writing", "files CSV_DIR"])
        .assert(
            "database",
            "writing",
            &["readonly", " -> The file or its folder is read-only"],
        )
        .assert("database", "rows", &["ok: 1 open"])
        .assert(
            "files",
            "CSV_DIR",
            &[
                "Permission denied",
                " -> Allow this user to write there, or set CSV_DIR",
            ],
        );
}

#[test]
fn a_folder_that_is_read_only_takes_no_database() {
    let world = World::new(Engine::Sqlite);
    world.smartlead.set_fleet(fleet(30, []));
    set_mode(world.folder(), 0o555);
    let found = as_nobody(&world);
    set_mode(world.folder(), 0o755);
    assert_eq!(found.code, 1);
    found
        .assert(
            "database",
            "connection",
            &[
                "failed: ",
                "monitor.db cannot be made: Permission denied",
                " -> Allow this user to write there, or set DATABASE_URL",
            ],
        )
        .assert("files", "CSV_DIR", &["failed: "])
        .assert_all("warning", &["files STATE_FILE", "files LOG_FILE"]);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let world = World::any();
    let notes = "these are my notes, and not a database at all\n".repeat(50);
    std::fs::write(world.path("notes.db"), &notes).unwrap();
    let found = doctor(&world, &[("DATABASE_URL", "sqlite://notes.db")]);
    assert_eq!(found.code, 1);
    found.assert(
        "database",
        "connection",
        &[
            "failed: ",
            "notes.db",
            " -> The file is damaged or not a SQLite database",
        ],
    );
    assert_eq!(
        std::fs::read_to_string(world.path("notes.db")).unwrap(),
        notes
    );
}
