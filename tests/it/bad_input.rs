//! Bad input: one clear line with the remedy, the right exit code, nothing lost.

use std::os::unix::process::CommandExt as _;

use crate::support::smartlead::{fleet, smtp_down};
use crate::support::{Database, Engine, Ran, World, monitor, on_every_engine};

#[test]
fn without_settings_every_missing_one_is_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ran = Ran::from(monitor(folder.path()).output().unwrap()).assert(2);
    for name in ["SMARTLEAD_API_KEY", "SLACK_BOT_TOKEN", "SLACK_CHANNEL_ID"] {
        assert!(
            ran.stderr.contains(&format!("{name}: is missing")),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a file was written"
    );
}

#[test]
fn malformed_settings_are_named_together_with_missing_ones() {
    let world = World::any();
    let settings = [
        ("PAGE_SIZE", "many"),
        ("DATABASE_URL", "mysql://x"),
        ("SLACK_BOT_TOKEN", ""),
    ];
    let ran = world.run_with(&[], &settings).assert(2);
    for name in ["PAGE_SIZE", "DATABASE_URL", "SLACK_BOT_TOKEN"] {
        assert!(ran.stderr.contains(&format!("{name}: ")), "{}", ran.stderr);
    }
}

#[test]
fn usage_errors_have_code_2() {
    for arguments in [
        &["--frist-run"][..],
        &["--first-run", "--baseline"],
        &["--first-run", "demo"],
        &["reprot"],
    ] {
        let world = World::any();
        let ran = world.run(arguments).assert(2);
        assert!(
            ran.stderr.contains("error:") && ran.stderr.contains("Usage:"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn an_env_file_beside_the_program_is_read_where_the_folder_has_none() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = home.path().join("monitor");
    // A link and no copy: while a copy is written, a child that another test starts inherits the
    // open file, and what is open for writing cannot be started ("text file busy").
    std::fs::hard_link(env!("CARGO_BIN_EXE_monitor"), &program).unwrap();
    std::fs::write(home.path().join(".env"), "PAGE_SIZE=beside\n").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let faults = || {
        let mut command = std::process::Command::new(&program);
        let output = command.env_clear().current_dir(elsewhere.path()).output();
        Ran::from(output.unwrap()).assert(2).stderr
    };
    assert!(faults().contains("PAGE_SIZE: "));
    std::fs::write(elsewhere.path().join(".env"), "MAX_ATTEMPTS=here\n").unwrap();
    let told = faults();
    assert!(
        told.contains("MAX_ATTEMPTS: ") && !told.contains("PAGE_SIZE: "),
        "{told}"
    );
}

#[test]
fn an_env_file_that_is_named_has_to_be_there() {
    let world = World::any();
    let ran = world.run(&["--env-file", "nowhere.env"]).assert(2);
    assert!(
        ran.stderr.starts_with("monitor: nowhere.env: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_unreachable_database_is_an_error_that_slack_is_told() {
    let world = World::any();
    let settings = [("DATABASE_URL", "postgres://u:p4ssw0rd@127.0.0.1:9/db")];
    let ran = world.run_with(&[], &settings);
    let ran = ran.assert_error(
        1,
        &[
            "Postgres database \"db\" at 127.0.0.1:9",
            "refused",
            "DATABASE_URL",
        ],
    );
    assert!(!ran.stderr.contains("p4ssw0rd"));
    let posts = world.slack.posts();
    assert_eq!(posts.len(), 1);
    assert!(posts[0].to_string().contains("127.0.0.1:9"));
    assert_eq!(
        world.smartlead.asked().len(),
        0,
        "the source is not bothered"
    );
}

#[test]
fn a_database_that_does_not_exist_is_named() {
    let world = World::new(Engine::Postgres);
    let url = format!("{}_not", world.database.url());
    world
        .run_with(&[], &[("DATABASE_URL", &url)])
        .assert_error(1, &["does not exist", "or create it"]);
}

#[test]
fn a_user_without_rights_is_told_which_right_is_missing() {
    let world = World::new(Engine::Postgres);
    let user = format!("reader_{}", std::process::id());
    world
        .database
        .execute(&format!("create role {user} login password 'reader-pw'"));
    let (_, place) = world.database.url().split_once('@').unwrap();
    let url = format!("postgres://{user}:reader-pw@{place}");
    world
        .run_with(&[], &[("DATABASE_URL", &url)])
        .assert_error(1, &["permission denied", "right to create"]);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let world = World::new(Engine::Sqlite);
    std::fs::write(
        world.path("notes.db"),
        "these are my notes, and not a database at all\n".repeat(50),
    )
    .unwrap();
    world
        .run_with(&[], &[("DATABASE_URL", "sqlite://notes.db")])
        .assert_error(1, &["notes.db", "not a"]);
    assert!(
        std::fs::read_to_string(world.path("notes.db"))
            .unwrap()
            .starts_with("these are my notes")
    );
}

on_every_engine! {
    fn a_schema_from_a_newer_monitor_is_left_alone(world) {
        world.run(&[]).assert(0);
        world.database.execute("insert into monitor_schema (version, name) values (9999, 'later')");
        for arguments in [&[][..], &["--dry-run"]] {
            world.run(arguments).assert_error(1, &["schema has version 9999", "Use the newer monitor"]);
        }
        assert_eq!(world.outcomes(), ["complete"]);
    }

    fn a_full_disk_while_writing_the_csv_loses_neither_alert_nor_row(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        std::fs::create_dir(world.path("audit_logs")).unwrap();
        let file = world.path("audit_logs").join(chrono::Utc::now().format("disconnections_%Y%m.csv").to_string());
        std::os::unix::fs::symlink("/dev/full", &file).unwrap();
        world.run(&[]).assert_error(1, &["CSV audit trail", "No space left", "Free some disk space"]);
        let posts = world.slack.posts();
        assert_eq!(posts.iter().map(crate::support::slack::title).collect::<Vec<_>>(),
            ["🔴 1 New Account Disconnection(s) Detected", "⚠️ Smartlead Monitor Error"]);
        assert!(posts[1]["text"].as_str().unwrap().contains("alerts are told. Rows that are missing in the CSV are kept"), "{}", posts[1]);
        assert_eq!(world.open(), ["3 SMTP told"]);
        assert_eq!(world.outcomes(), ["failed"]);
        assert_eq!(world.state()["disconnected"], 1);

        std::fs::remove_file(&file).unwrap();
        world.run(&[]).assert(0);
        assert_eq!(world.audit(), ["3 disconnected SMTP"]);
        let posts = world.slack.posts();
        assert_eq!(posts.iter().map(crate::support::slack::title).collect::<Vec<_>>(), ["✅ Smartlead Monitor Works Again"]);
        world.run(&[]).assert(0);
        assert_eq!(world.audit(), ["3 disconnected SMTP"]);
    }

    fn a_csv_folder_that_cannot_be_written_stops_the_check_before_the_work(world) {
        std::fs::write(world.path("file"), "").unwrap();
        world.run_with(&[], &[("CSV_DIR", "file/audit")])
            .assert_error(1, &["CSV audit trail cannot be written", "file/audit", "Check CSV_DIR"]);
        assert_eq!(world.smartlead.asked().len(), 0);
        assert_eq!(world.outcomes(), ["failed"]);
        let posts = world.slack.posts();
        assert_eq!(posts.len(), 1);
        assert!(posts[0]["text"].as_str().unwrap().contains("every open one stays as it was"), "{}", posts[0]);
    }
}

/// Runs a copy of the program, since other users may not look into the build folder, as a user who
/// may write only where the test lets everybody write.
pub fn run_as_nobody(world: &World, arguments: &[&str], settings: &[(&str, &str)]) -> Ran {
    let program = world.path("monitor-copy");
    // By another process: a file that this one has open for writing while it starts a program
    // could not be executed.
    let copied = std::process::Command::new("cp")
        .args([env!("CARGO_BIN_EXE_monitor").as_ref(), program.as_os_str()])
        .status();
    assert!(copied.unwrap().success());
    let usual = world.command(arguments, settings);
    let mut command = std::process::Command::new(program);
    command.env_clear().current_dir(world.folder());
    command.args(usual.get_args());
    command.envs(
        usual
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    // Root may write to read-only folders, so there the test has to become somebody else.
    if std::fs::metadata("/proc/self")
        .map(|me| std::os::unix::fs::MetadataExt::uid(&me))
        .unwrap()
        == 0
    {
        command.uid(65534).gid(65534);
    }
    command.output().unwrap().into()
}

pub fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_read_only_csv_folder_is_named_with_the_remedy() {
    let world = World::new(Engine::Postgres);
    set_mode(world.folder(), 0o777);
    std::fs::create_dir(world.path("audit_logs")).unwrap();
    set_mode(&world.path("audit_logs"), 0o555);
    run_as_nobody(&world, &[], &[]).assert_error(
        1,
        &[
            "audit_logs",
            "Permission denied",
            "Allow this user to write there",
        ],
    );
}

#[test]
fn a_read_only_database_file_is_named_with_the_remedy() {
    let world = World::new(Engine::Sqlite);
    world.run(&[]).assert(0);
    set_mode(world.folder(), 0o555);
    set_mode(&world.path("monitor.db"), 0o444);
    run_as_nobody(&world, &[], &[("LOG_FILE", "")])
        .assert_error(1, &["monitor.db", "readonly", "allow this user to write"]);
    set_mode(world.folder(), 0o755);
}

#[test]
fn a_state_file_that_cannot_be_written_is_only_a_warning() {
    let world = World::any();
    std::fs::write(world.path("file"), "").unwrap();
    let ran = world
        .run_with(&[], &[("STATE_FILE", "file/last.json")])
        .assert(0);
    assert!(
        ran.stderr
            .contains("WARN the state file file/last.json cannot be written"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_legacy_table_that_a_view_hangs_on_is_explained() {
    let database = Database::create(Engine::Postgres, std::path::Path::new(""));
    database.execute(&format!(
        "{}; create view mine as select account_id, detected_at from disconnected_accounts",
        crate::store::LEGACY_POSTGRES
    ));
    let world = World::any();
    world
        .run_with(&[], &[("DATABASE_URL", database.url())])
        .assert_error(1, &["view", "drop it"]);
}
