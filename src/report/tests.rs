//! Tests of the figures and of the page's text; the browser's tests look at the rest.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::domain::cause::Class;
use crate::domain::{Cycle, Disconnection, End, Event, Kind, Mailbox, Told, Way};

const SCRIPT: &str = "<script>alert(1)</script>";

/// Noon of some day.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(24 * 20_000 + 12)
}

fn ago(hours: i64) -> DateTime<Utc> {
    now() - TimeDelta::hours(hours)
}

fn cycle(id: i64, from: i64, until: Option<i64>) -> Cycle {
    let disconnection = Disconnection {
        mailbox: Mailbox {
            address: Some(format!("a{id}@one.example").into()),
            tags: "warm, pool-1".into(),
            client_id: Some(7),
            ..Mailbox::bare(id)
        },
        kind: Kind::Smtp,
        smtp_error: Some("535".into()),
        imap_error: None,
        detected_at: ago(from),
        missed_listings: 0,
        cause: Class::Unknown,
        way: Way::Alert,
        told: Told::Yes,
    };
    Cycle {
        disconnection,
        end: until.map(|until| End {
            at: ago(until),
            event: Some(Event::Reconnected),
        }),
    }
}

fn run(hours: i64, outcome: Outcome, open: Option<u64>) -> PastRun {
    PastRun {
        id: format!("run_{hours}"),
        started_at: ago(hours),
        finished_at: Some(ago(hours) + TimeDelta::seconds(9)),
        outcome,
        accounts: open.map(|_| 500),
        disconnected: open,
        new: open.map(|_| 1),
        reconnected: open.map(|_| 0),
        error: match outcome {
            Outcome::Complete => None,
            _ => Some("it was away. Try again.".to_owned()),
        },
    }
}

/// A fleet that is watched once an hour: account 1 is down, and so is account 2, for the second
/// time.
fn history() -> History {
    let mut both = cycle(2, 2, None);
    both.disconnection.kind = Kind::Both;
    both.disconnection.imap_error = Some("NO".into());
    both.disconnection.cause = Class::BadPassword;
    let runs = (0..40).map(|hour| run(hour, Outcome::Complete, Some(2)));
    History {
        cycles: vec![cycle(1, 100, None), cycle(2, 30, Some(25)), both],
        runs: runs.collect(),
        incidents: Vec::new(),
    }
}

fn page(history: &History) -> String {
    Report::of(history, now()).page()
}

#[test]
fn figures_are_those_of_what_is_on_record() {
    let report = Report::of(&history(), now());
    let json: Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["generated_at"], "2024-10-04T12:00:00Z");
    assert_eq!(json["since"], "2024-09-05T00:00:00Z");
    assert_eq!(json["accounts"], 500);
    assert_eq!(
        json["disconnected"],
        json!({"total": 2, "both": 1, "smtp": 1, "imap": 0, "untold": 0})
    );
    assert_eq!(
        json["down"][0],
        json!({
            "account_id": 2, "from_email": "a2@one.example", "from_name": null,
            "account_type": null, "tags": ["warm", "pool-1"], "client_id": 7,
            "disconnection_type": "BOTH", "detected_at": "2024-10-04T10:00:00Z",
            "down_seconds": 7_200, "cause": "bad_password", "smtp_error": "535", "imap_error": "NO", "told": "yes",
        })
    );
    assert_eq!(json["down"][1]["account_id"], 1);
    assert_eq!(
        json["by_tag"],
        json!([
            {"name": "pool-1", "disconnections": 3, "down": 2},
            {"name": "warm", "disconnections": 3, "down": 2},
        ])
    );
    assert_eq!(json["by_type"][0]["name"], "(none)");
    assert_eq!(
        json["by_cause"],
        json!([
            {"name": "unknown", "disconnections": 2, "down": 1},
            {"name": "bad_password", "disconnections": 1, "down": 1},
        ])
    );
    assert_eq!(json["chronic"][0]["disconnections"], 2);
    assert_eq!(json["chronic"][0]["is_down"], true);
    assert_eq!(json["chronic"][0]["down_seconds"], 7 * 3_600);
    assert_eq!(
        json["time_to_reconnect"],
        json!({"disconnections": 1, "mean_seconds": 18_000, "median_seconds": 18_000})
    );
    assert_eq!(
        json["durations"][2],
        json!({"from_seconds": 10_800, "until_seconds": 21_600, "reconnected": 1, "still_down": 0})
    );
    // From the day that account 1 went down on, but a week at least.
    assert_eq!(json["days"].as_array().unwrap().len(), 7);
    assert_eq!(
        json["days"][6],
        json!({"date": "2024-10-04", "disconnected": 13, "reconnected": 0, "checks": 13, "open": 2})
    );
    assert_eq!(json["days"][2]["disconnected"], 1);
    assert_eq!(json["open_over_time"].as_array().unwrap().len(), 40);
    assert_eq!(
        json["blind"],
        json!([{"from": "2024-09-28T00:00:00Z", "until": "2024-10-02T21:00:00Z"}])
    );
    assert_eq!(
        json["checks"][0],
        json!({
            "run_id": "run_0", "started_at": "2024-10-04T12:00:00Z",
            "finished_at": "2024-10-04T12:00:09Z", "outcome": "complete", "accounts_seen": 500,
            "disconnected": 2, "newly_disconnected": 1, "reconnected": 0, "error": null,
        })
    );
    assert_eq!(json["warnings"], json!([]));
}

#[test]
fn the_reader_is_warned_of_what_makes_the_figures_doubtful() {
    let warnings = |history: &History| Report::of(history, now()).warnings;
    let mut history = history();
    history.runs.insert(0, run(0, Outcome::Failed, None));
    assert_eq!(
        warnings(&history),
        ["The last check failed: it was away. Try again."]
    );
    history.runs.drain(..9);
    assert_eq!(
        warnings(&history),
        [
            "The last complete check was 8 h ago, although checks are usually 1 h apart. \
          What is shown as down is as of then."
        ]
    );
    history.runs = vec![run(0, Outcome::Untold, Some(2))];
    history.cycles[0].disconnection.told = Told::Perhaps;
    assert_eq!(
        warnings(&history),
        [
            "Slack has not confirmed the alert about 1 account that is down; the next check sends \
          it: it was away. Try again."
        ]
    );
    history.cycles[0].disconnection.told = Told::Yes;
    history.runs = vec![run(0, Outcome::Complete, Some(2))];
    history.runs[0].finished_at = None;
    let report = Report::of(&history, now());
    assert_eq!(
        report.warnings,
        ["The last check is not finished: it is under way, or was cut off."]
    );
    assert_eq!(report.checks[0].outcome, "unfinished");
    assert!(report.page().contains("1 unfinished"));
    history.runs = vec![run(0, Outcome::Failed, None)];
    history.cycles.clear();
    assert!(warnings(&history)[1].contains("No check has been complete"));
    let page = page(&history);
    assert!(
        page.contains("Not known yet") && page.contains("it was away"),
        "{page}"
    );
}

#[test]
fn the_page_has_causes_in_words_and_the_words_of_the_provider() {
    let page = page(&history());
    let cell = |text: &str| format!("<td data-label=\"Reason\">{text}</td>");
    let known = cell("password refused<small><bdi>SMTP: 535; IMAP: NO</bdi></small>");
    assert!(page.contains(&known), "{page}");
    assert!(page.contains(&cell("<bdi>535</bdi>")), "{page}");
    for group in ["password refused", "cause not known"] {
        let name = format!("<th scope=\"row\"><bdi>{group}</bdi></th>");
        assert!(page.contains(&name), "{page}");
    }
}

#[test]
fn what_waits_for_the_daily_message_is_not_said_to_come_with_the_next_check() {
    let mut history = history();
    for (index, way) in [(0, Way::Chronic), (2, Way::Undecided)] {
        let disconnection = &mut history.cycles[index].disconnection;
        (disconnection.way, disconnection.told) = (way, Told::No);
    }
    let report = Report::of(&history, now());
    assert_eq!(report.warnings, Vec::<String>::new());
    assert!(
        report
            .page()
            .contains("<td data-label=\"Alert\">daily</td>")
    );
}

#[test]
fn without_any_check_the_page_says_so() {
    let page = page(&History::default());
    assert!(page.contains("No check has run yet"), "{page}");
    assert!(!page.contains("class=\"plot"), "{page}");
}

#[test]
fn words_of_others_are_text_wherever_they_stand() {
    let mut history = history();
    let hostile = format!(
        "{SCRIPT}</svg></style>\"'><img src=x>&amp;\0\u{202e}{}",
        "x".repeat(10_000)
    );
    for cycle in &mut history.cycles {
        let disconnection = &mut cycle.disconnection;
        let mailbox = &mut disconnection.mailbox;
        mailbox.name = Some((*hostile).into());
        mailbox.address = Some(format!("a@{hostile}").into());
        mailbox.account_type = Some((*hostile).into());
        mailbox.tags = format!("\" onload=\"alert(1), {hostile}").into();
        disconnection.smtp_error = Some((*hostile).into());
    }
    for run in &mut history.runs {
        run.outcome = Outcome::Failed;
        run.id.clone_from(&hostile);
        run.error = Some((*hostile).into());
    }
    let page = page(&history);
    for raw in [
        "<script",
        "<img",
        "onload=\"",
        "\0",
        "\u{202e}",
        "&amp;amp;\0",
    ] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert_eq!(page.matches("</svg>").count(), page.matches("<svg").count());
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains(&"x".repeat(LONGEST_SHOWN)));
}

/// More than is kept of any text.
const LONGEST_SHOWN: usize = 501;

#[test]
fn the_page_refers_to_nothing_outside_itself() {
    let page = page(&history());
    for reference in [
        "<script", "<link", "<img", "<iframe", "@import", "src=", "http:", "https:",
    ] {
        assert!(!page.contains(reference), "{reference}");
    }
    let places = page.matches("url(").count();
    assert_eq!(places, page.matches("url(#hatch)").count());
    let links = page.matches("href=").count();
    assert_eq!(links, page.matches("href=\"#").count());
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn of_many_the_first_are_shown_and_the_rest_is_counted() {
    let mut history = history();
    history.cycles = (0..3_000)
        .map(|id| {
            let mut cycle = cycle(id, id % 600, None);
            cycle.disconnection.mailbox.address =
                Some(format!("a@domain-{}.example", id % 40).into());
            cycle
        })
        .collect();
    let report = Report::of(&history, now());
    assert_eq!(report.down.len(), 3_000);
    let page = report.page();
    assert_eq!(page.matches("<td data-label=\"Reason\"").count(), 200);
    assert!(page.contains("The next 180 of 3,000") && page.contains("2,800 more"));
    assert!(page.contains("30 others"));
    assert!(page.len() < 500_000, "{} bytes", page.len());
}

#[test]
fn any_history_makes_a_page() {
    let mut extreme = history();
    for run in &mut extreme.runs {
        (run.accounts, run.disconnected) = (Some(u64::MAX), Some(u64::MAX));
        (run.new, run.reconnected) = (Some(u64::MAX), Some(u64::MAX));
    }
    extreme.cycles[0].disconnection.detected_at = DateTime::<Utc>::MIN_UTC;
    // A clock that was set back.
    extreme.cycles[1].disconnection.detected_at = ago(-500);
    let mut single = history();
    single.runs.truncate(1);
    single.cycles.clear();
    let mut ahead = history();
    for run in &mut ahead.runs {
        run.started_at += TimeDelta::days(900);
    }
    for history in [extreme, single, ahead] {
        let page = page(&history);
        for wrong in ["NaN", "inf%", "=\"-inf", "height=\"-", "width=\"-"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
    }
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert!(!Report::of(&history(), now).page().is_empty());
    }
}
