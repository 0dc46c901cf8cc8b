//! The report, as its reader gets it; `tests/browser` opens it in a browser.

use serde_json::{Value, json};

use crate::support::smartlead::{both_down, fleet, healthy, smtp_down, with};
use crate::support::{Ran, World, monitor, on_every_engine};

fn figures(world: &World) -> Value {
    let ran = world.run(&["report", "--json"]).assert(0);
    assert_eq!(ran.stderr, "");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Everything in the database that a report could change.
fn rows(world: &World) -> Vec<Vec<String>> {
    let tables = [
        "disconnected_accounts",
        "check_runs",
        "run_lease",
        "incidents",
    ];
    let count = |table| format!("select count(*) || '' from {table}");
    tables
        .map(|table| world.database.query(&count(table)))
        .into()
}

on_every_engine! {
    fn the_figures_are_those_of_the_checks_and_nothing_is_changed(world) {
        assert_eq!(figures(&world)["checks"], json!([]), "of an empty database");
        world.smartlead.set_fleet(fleet(40, [smtp_down(3), both_down(9)]));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(40, [both_down(9)]));
        world.run(&[]).assert(0);
        let before = rows(&world);
        let figures = figures(&world);
        assert_eq!(rows(&world), before);
        assert!(!world.path("report.html").exists());
        assert_eq!(figures["accounts"], 40);
        assert_eq!(
            figures["disconnected"],
            json!({"total": 1, "both": 1, "smtp": 0, "imap": 0, "untold": 0})
        );
        let down = &figures["down"][0];
        assert_eq!(
            json!([down["account_id"], down["from_email"], down["told"], down["tags"], down["cause"]]),
            json!([9, "dana9@outreach-one.example", "yes", ["pool-a"], "bad_password"])
        );
        assert_eq!(down["smtp_error"], "535 login rejected");
        assert_eq!(down["imap_error"], "NO [AUTHENTICATIONFAILED]");
        // Midnight may lie between the two checks.
        let sum = |what: &str| -> u64 {
            let days = figures["days"].as_array().unwrap().iter();
            days.map(|day| day[what].as_u64().unwrap()).sum()
        };
        assert_eq!((sum("disconnected"), sum("reconnected"), sum("checks")), (2, 1, 2));
        assert_eq!(figures["open_over_time"].as_array().unwrap().len(), 2);
        assert_eq!(figures["time_to_reconnect"]["disconnections"], 1);
        assert_eq!(
            figures["by_sending_domain"],
            json!([{"name": "outreach-one.example", "disconnections": 2, "down": 1}])
        );
        assert_eq!(
            figures["by_cause"],
            json!([{"name": "bad_password", "disconnections": 2, "down": 1}])
        );
        assert_eq!(figures["checks"][0]["outcome"], "complete");
        assert_eq!(figures["warnings"], json!([]));

        let ran = world.run(&["report"]).assert(0);
        let path = world.folder().canonicalize().unwrap().join("report.html");
        assert_eq!(ran.stdout, format!("The report is in {}\n", path.display()));
        assert_eq!(ran.stderr, "");
        let page = std::fs::read_to_string(path).unwrap();
        assert!(page.contains("dana9@outreach-one.example") && page.contains("of 40 accounts is down"));
        assert!(page.contains("password refused<small>"));
        assert_eq!(rows(&world), before);
    }
}

#[test]
fn a_failed_check_is_the_first_thing_the_reader_sees() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(40, [smtp_down(3)]));
    world.run(&[]).assert(0);
    world
        .run_with(&[], &[("SMARTLEAD_API_KEY", "wrong")])
        .assert(1);
    let warning = figures(&world)["warnings"][0].as_str().unwrap().to_owned();
    assert!(
        warning.starts_with("The last check failed: Smartlead refused access"),
        "{warning}"
    );
}

#[test]
fn without_a_database_the_page_says_so_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = monitor(folder.path()).args(arguments).output().unwrap();
        Ran::from(output).assert(0)
    };
    run(&["report", "--json"]);
    run(&["report", "--html", "page.html"]);
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.contains("No check has run yet"));
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["page.html"]);
}

#[test]
fn a_page_that_cannot_be_written_is_one_clear_line_and_leaves_nothing() {
    let world = World::any();
    std::fs::create_dir(world.path("folder")).unwrap();
    std::fs::write(world.path("file"), "mine").unwrap();
    let before = std::fs::read_dir(world.folder()).unwrap().count();
    for (path, why) in [
        ("folder", "it is a folder"),
        ("nowhere/report.html", "there is no such folder"),
        ("/dev/null", "it is not a regular file"),
        ("file/report.html", "file"),
        ("/proc/report.html", ""),
    ] {
        let ran = world.run(&["report", "--html", path]).assert(1);
        let start = format!("monitor: the report cannot be written to {path}: ");
        assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(
            ran.stderr.ends_with("Name another file with --html\n"),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stderr.lines().count(), 1);
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(std::fs::read_dir(world.folder()).unwrap().count(), before);
    assert_eq!(std::fs::read_to_string(world.path("file")).unwrap(), "mine");
}

#[test]
fn an_old_page_is_replaced_where_a_link_leads_to_it() {
    let world = World::any();
    std::fs::write(world.path("old"), "x".repeat(100_000)).unwrap();
    std::os::unix::fs::symlink(world.path("old"), world.path("report.html")).unwrap();
    world.run(&["report"]).assert(0);
    assert!(world.path("report.html").is_symlink());
    let page = std::fs::read_to_string(world.path("old")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
}

#[test]
fn only_the_database_has_to_be_set_and_what_is_wrong_with_it_is_told() {
    let world = World::any();
    let others = [
        ("SMARTLEAD_API_KEY", ""),
        ("SLACK_BOT_TOKEN", "nonsense"),
        ("PAGE_SIZE", "many"),
    ];
    world.run_with(&["report"], &others).assert(0);
    let ran = world
        .run_with(&["report"], &[("DATABASE_URL", "mysql://x")])
        .assert(2);
    assert!(ran.stderr.contains("DATABASE_URL: "), "{}", ran.stderr);
    world.run(&[]).assert(0);
    world
        .database
        .execute("insert into monitor_schema (version, name) values (99, 'later')");
    let ran = world.run(&["report", "--html", "none.html"]).assert(1);
    assert!(
        ran.stderr.starts_with("monitor: ") && ran.stderr.contains("Use the newer monitor"),
        "{}",
        ran.stderr
    );
    assert!(!world.path("none.html").exists());
}

#[test]
fn hostile_words_are_text() {
    let world = World::any();
    let words = "<script>alert(1)</script></svg>\"'\u{202e}\u{0}";
    let hostile = json!({
        "from_name": words, "from_email": format!("{words}@{words}"), "type": words,
        "smtp_failure_error": words.repeat(400), "tags": [{"tag_id": 1, "tag_name": words}],
    });
    world
        .smartlead
        .set_fleet([healthy(1), with(smtp_down(2), hostile)]);
    world.run(&[]).assert(0);
    world.run(&["report"]).assert(0);
    let page = std::fs::read_to_string(world.path("report.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for raw in ["<script", "\u{202e}", "\0"] {
        assert!(!page.contains(raw), "{raw:?}");
    }
    assert_eq!(page.matches("</svg>").count(), page.matches("<svg").count());
}
