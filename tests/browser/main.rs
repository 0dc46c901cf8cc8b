//! The report in a real browser: it loads nothing, runs nothing, is whole and legible on a phone and
//! on a desk, in light and dark, and shows hostile words as words.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

mod chromium;
#[allow(
    unused,
    reason = "the support of the other tests; these need a part of it"
)]
#[path = "../it/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use chromium::{Browser, address};
use serde_json::{Value, json};
use support::smartlead::{both_down, fleet, imap_down, json_response, smtp_down, with};
use support::{Ran, World, monitor};

const SCRIPT: &str = "<script>alert(1)</script>";

/// The charts of a report that has something to show.
const CHARTS: [&str; 5] = [
    "Accounts that are down, by the links that fail",
    "Accounts disconnected and reconnected per day",
    "Accounts that were down, over time",
    "How long disconnections lasted",
    "How the last checks ended",
];

/// Opens a report on every kind of screen, and asserts what has to be so of every report. Gives what
/// was seen on the widest, light one.
fn look(report: &Path) -> Value {
    let browser = &mut Browser::start();
    let mut seen = Value::Null;
    for scheme in ["dark", "light"] {
        for width in [360, 768, 1280] {
            browser.set_screen(width, scheme);
            browser.open(report);
            seen = browser.evaluate(include_str!("look.js"));
            let screen = format!("{scheme}, {width} px");
            assert_eq!(
                seen["wider"], 0,
                "{screen}: the page is wider than the screen"
            );
            for fault in ["outside", "overlaps", "pale"] {
                assert_eq!(seen[fault], json!([]), "{screen}: {fault}");
            }
            let background = seen["background"].as_f64().unwrap();
            assert_eq!(background < 0.2, scheme == "dark", "{screen}: {background}");
            for chart in seen["charts"].as_array().unwrap() {
                let [width, height] = ["width", "height"].map(|side| chart[side].as_f64().unwrap());
                assert!(width > 200.0 && height > 10.0, "{screen}: {chart}");
            }
            assert_is_quiet(&browser.events(), report, &screen);
        }
    }
    for none in ["scripts", "bareTables", "bareHeads"] {
        assert_eq!(seen[none], 0, "{none}");
    }
    assert_eq!(
        (&seen["language"], &seen["encoding"]),
        (&json!("en"), &json!("UTF-8"))
    );
    let pdf = browser.call("Page.printToPDF", json!({"printBackground": true}));
    let pdf = pdf["data"].as_str().unwrap();
    assert!(pdf.starts_with("JVBERi0"), "it is a PDF");
    assert_is_quiet(&browser.events(), report, "printing");
    seen
}

/// Asserts that the page asked for nothing but itself, and that nothing was said about it.
fn assert_is_quiet(events: &[Value], report: &Path, screen: &str) {
    for event in events {
        let method = event["method"].as_str().unwrap();
        let is_loud = [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
            "Audits.issueAdded",
            "Page.javascriptDialogOpening",
        ];
        assert!(!is_loud.contains(&method), "{screen}: {event:#}");
        if method == "Network.requestWillBeSent" {
            let asked = &event["params"]["request"]["url"];
            assert_eq!(*asked, address(report), "{screen}");
        }
    }
}

/// Asserts that all charts are there, with their axes, and that each thing in them has its tip.
fn assert_charts(seen: &Value) {
    let charts = seen["charts"].as_array().unwrap();
    let names: Vec<&str> = charts
        .iter()
        .map(|chart| chart["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, CHARTS);
    for chart in charts {
        assert_ne!(chart["about"], "", "{chart}");
        assert_eq!(chart["marks"], chart["tips"], "{chart}");
    }
    for (chart, axis) in charts[1..4]
        .iter()
        .zip(["accounts", "accounts down", "disconnections"])
    {
        assert_eq!(chart["axis"], json!([axis]));
        assert!(chart["ticks"].as_u64().unwrap() >= 8, "{chart}");
        assert!(chart["marks"].as_u64().unwrap() >= 7, "{chart}");
    }
    let bars = seen["bars"].as_array().unwrap();
    assert!(
        bars.len() >= 4 && bars.iter().all(|area| area.as_f64().unwrap() > 400.0),
        "{bars:?}"
    );
    let headings = [
        "Mailbox connections",
        "Disconnected and reconnected per day",
        "Down over time",
        "Down now",
        "How long disconnections last",
        "By cause",
        "By provider type",
        "By sending domain",
        "By client",
        "By tag",
        "Down again and again",
        "Last checks",
    ];
    for heading in headings {
        assert!(
            seen["headings"]
                .as_array()
                .unwrap()
                .contains(&json!(heading)),
            "{heading}"
        );
    }
}

fn assert_says(seen: &Value, words: &str) {
    let text = seen["text"].as_str().unwrap();
    assert!(text.contains(words), "{words:?} is not in:\n{text}");
}

/// Writes the report of a world; gives its path.
fn report(world: &World) -> PathBuf {
    world.run(&["report"]).assert(0);
    world.path("report.html")
}

#[test]
fn hostile_words_are_shown_as_words() {
    let world = World::any();
    let long = "word".repeat(2_500);
    let named = |name: &str| {
        json!({"from_name": name, "from_email": format!("{name}@{name}"), "type": name,
        "tags": [{"tag_id": 1, "tag_name": name}, {"tag_id": 2, "tag_name": "\" onclick=\"alert(1)"}]})
    };
    let hostile = [
        with(smtp_down(1), named(SCRIPT)),
        with(both_down(2), named(&long)),
        with(imap_down(3), named("עברית \u{202e}\u{0}العربية")),
        with(
            imap_down(4),
            named("日本語の名前が続く".repeat(20).as_str()),
        ),
        with(
            smtp_down(5),
            json!({"smtp_failure_error": format!("</svg></style>{SCRIPT}<img src=x onerror=alert(1)>")}),
        ),
        with(smtp_down(6), json!({"smtp_failure_error": long})),
    ];
    world.smartlead.set_fleet(fleet(60, hostile.clone()));
    world.run(&[]).assert(0);
    world.smartlead.set_fleet(fleet(60, hostile[2..].to_vec()));
    world.run(&[]).assert(0);
    world
        .run_with(&[], &[("SMARTLEAD_API_KEY", "wrong")])
        .assert(1);
    world.smartlead.set_fleet(fleet(60, hostile));
    world.slack.set_fault(|_, _| {
        Some(json_response(
            200,
            &json!({"ok": false, "error": "not_in_channel"}),
        ))
    });
    world.run(&[]).assert(3);
    let seen = look(&report(&world));
    assert_charts(&seen);
    assert_says(&seen, &format!("{SCRIPT}@{SCRIPT}"));
    assert_says(
        &seen,
        &format!("</svg></style>{SCRIPT}<img src=x onerror=alert(1)>"),
    );
    assert_says(&seen, "Slack has not confirmed the alert about 2 accounts");
}

#[test]
fn the_report_of_the_demo_has_all_its_charts() {
    let folder = tempfile::tempdir().unwrap();
    let output = monitor(folder.path())
        .args(["demo", "--accounts", "500"])
        .env("TMPDIR", folder.path())
        .output();
    let ran = Ran::from(output.unwrap()).assert(0);
    let line = ran
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("Report "));
    let seen = look(Path::new(line.unwrap().trim()));
    assert_charts(&seen);
    assert_says(&seen, "of 500 accounts are down");
    assert_says(&seen, "no complete check, so not known");
}

#[test]
fn thousands_that_are_down_are_still_a_page() {
    let world = World::any();
    world.smartlead.set_fleet((1..=3_200).map(|id| {
        if id <= 3_000 {
            smtp_down(id)
        } else {
            both_down(id)
        }
    }));
    world.run(&[]).assert(0);
    let seen = look(&report(&world));
    assert_charts(&seen);
    assert_says(&seen, "3,200\nof 3,200 accounts are down");
    assert_says(&seen, "The next 180 of 3,200");
}

#[test]
fn before_the_first_check_the_page_says_so() {
    let seen = look(&report(&World::any()));
    assert_eq!(seen["charts"], json!([]));
    assert_says(&seen, "No check has run yet");
}

#[test]
fn with_nobody_down_there_is_little_to_show() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(40, []));
    world.run(&[]).assert(0);
    let seen = look(&report(&world));
    assert_says(&seen, "0\nof 40 accounts are down");
    assert_says(&seen, "No account is known to be down.");
    assert_eq!(seen["charts"].as_array().unwrap().len(), 3);
}
