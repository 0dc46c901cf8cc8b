use super::*;
use crate::domain::{Class, End, Outcome, PastRun, fixtures};

fn at(hours: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-21T14:05:00Z".parse().unwrap();
    start + TimeDelta::hours(hours)
}

fn cycle(id: i64, from: i64, end: Option<(i64, Event)>) -> Cycle {
    let end = end.map(|(hours, event)| (at(hours), event));
    let mut cycle = fixtures::cycle(id, at(from), end);
    cycle.disconnection.mailbox.address = Some(format!("Dana{id}@outreach-one.example").into());
    cycle
}

fn history() -> History {
    let run = PastRun {
        id: String::new(),
        started_at: at(0),
        finished_at: None,
        outcome: Outcome::Complete,
        accounts: None,
        disconnected: None,
        new: None,
        reconnected: None,
        error: None,
    };
    let mut cycles = vec![
        cycle(7, -90, Some((-88, Event::Reconnected))),
        cycle(8, -80, Some((-20, Event::Removed))),
        cycle(7, -70, Some((-60, Event::Reconnected))),
        cycle(9, -50, Some((-49, Event::Reconnected))),
        cycle(7, -3, None),
    ];
    cycles[3].disconnection.mailbox.address = None;
    cycles[3].disconnection.cause = Class::SmtpAuthDisabledMailbox;
    cycles[4].disconnection.cause = Class::BadPassword;
    History {
        cycles,
        runs: vec![run],
        incidents: Vec::new(),
    }
}

fn options(account: Option<&str>, limit: u32) -> HistoryOptions {
    HistoryOptions {
        account: account.map(str::to_owned),
        since: Since::Ago(TimeDelta::days(30)),
        limit,
        json: false,
    }
}

fn past(history: History, options: &HistoryOptions) -> Past<'_> {
    let (since, retention) = (at(-30 * 24), TimeDelta::days(30));
    Past::new(history, options, since, retention, "the file", at(0))
}

fn text(options: &HistoryOptions, width: Option<usize>) -> String {
    past(history(), options).text(&Screen {
        width,
        colour: false,
        utf8: true,
    })
}

#[test]
fn cycles_the_newest_first_and_the_figures() {
    insta::assert_snapshot!(text(&options(None, 50), Some(100)));
}

#[test]
fn on_a_terminal_of_40_columns() {
    insta::assert_snapshot!(text(&options(None, 50), Some(40)));
}

#[test]
fn the_figures_are_of_all_cycles_however_few_are_listed() {
    let whole = text(&options(None, 5), None);
    let (_, figures) = whole.split_once("Down most often").unwrap();
    for (limit, more) in [(3, 2), (1, 4), (0, 5)] {
        let shown = text(&options(None, limit), None);
        let (listed, same) = shown.split_once("Down most often").unwrap();
        assert_eq!(same, figures);
        assert!(
            listed.contains(&format!("\nAnd {more} more; raise --limit")),
            "{shown}"
        );
        assert_eq!(listed.matches("still down").count(), usize::from(limit > 0));
        let options = options(None, limit);
        let past = past(history(), &options);
        let json = past.json();
        assert_eq!((json.cycles.len(), json.total), (limit as usize, 5));
    }
}

#[test]
fn an_account_is_found_by_its_id_and_its_address_in_any_case() {
    for (account, count) in [
        ("7", 3),
        (" 7 ", 3),
        ("dana7@OUTREACH-one.example", 3),
        ("9", 1),
        ("dana", 0),
        ("", 0),
        ("77", 0),
        ("99999999999999999999", 0),
    ] {
        let options = options(Some(account), 50);
        assert_eq!(past(history(), &options).cycles.len(), count, "{account:?}");
    }
    let shown = text(&options(Some("\u{1b}[2J12"), 50), None);
    assert_eq!(
        shown,
        "No disconnection of account [2J12 is on record since 2026-10-22 14:05 UTC. \
         An account that was not down is not on record.\n"
    );
    let shown = text(&options(Some("9"), 50), None);
    assert!(
        shown.starts_with("1 disconnection of account 9 since 2026-10-22 14:05 UTC.\n"),
        "{shown}"
    );
    assert!(
        shown.contains("No account went down more than once."),
        "{shown}"
    );
    let shown = text(&options(Some("8"), 50), None);
    assert!(
        shown.ends_with("None of them was seen connected again.\n"),
        "{shown}"
    );
}

#[test]
fn who_looks_back_further_than_is_kept_is_told() {
    let options = options(None, 50);
    let screen = Screen {
        width: None,
        colour: false,
        utf8: true,
    };
    let last = |since, history| {
        let retention = TimeDelta::days(30);
        let past = Past::new(history, &options, since, retention, "the file", at(0));
        past.text(&screen).lines().last().unwrap().to_owned()
    };
    let note = "What ended before 2026-10-22 14:05 UTC is deleted: RETENTION_DAYS is 30.";
    assert_eq!(last(at(-31 * 24), history()), note);
    assert!(
        last(at(-30 * 24), history())
            .starts_with("Time to reconnect: mean 4 h 20 min, median 2 h 0 min, of 3 ")
    );
    let none = History::default();
    assert!(last(at(-30 * 24), none).starts_with("No check has run yet on the file."));
}

#[test]
fn json_has_everything() {
    let options = options(None, 2);
    let past = past(history(), &options);
    insta::assert_snapshot!(serde_json::to_string_pretty(&past.json()).unwrap());
}

#[test]
fn an_end_that_is_not_known_has_no_time_and_counts_for_no_length() {
    let mut history = history();
    for cycle in &mut history.cycles {
        if let Some(end) = &mut cycle.end {
            *end = End {
                at: cycle.disconnection.detected_at,
                event: None,
            };
        }
    }
    let options = options(Some("8"), 50);
    let past = past(history, &options);
    let json = serde_json::to_value(past.json()).unwrap();
    assert_eq!(json["time_to_reconnect"], serde_json::Value::Null);
    let shown = past.text(&Screen {
        width: None,
        colour: false,
        utf8: true,
    });
    let line = shown.lines().find(|line| line.contains("Dana8@")).unwrap();
    assert!(line.ends_with("  unknown  -"), "{shown}");
    assert_eq!(
        line.matches(" UTC").count() + line.matches(" h ").count(),
        0,
        "{line}"
    );
}
