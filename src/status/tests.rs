use super::*;
use crate::domain::cause::Class;
use crate::domain::incident::{Factor, Scope};
use crate::domain::{Disconnection, End, Event, IncidentId, Kind, Mailbox, Way};

mod of_incidents;

fn at(minutes: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-21T14:05:00Z".parse().unwrap();
    start + TimeDelta::minutes(minutes)
}

/// Twelve minutes after the last check.
fn now() -> DateTime<Utc> {
    at(12)
}

fn cycle(id: i64, kind: Kind, found: DateTime<Utc>) -> Cycle {
    Cycle {
        disconnection: Disconnection {
            mailbox: Mailbox {
                address: Some(format!("dana{id}@outreach-one.example").into()),
                account_type: Some("OUTLOOK".into()),
                tags: "pool-a".into(),
                client_id: Some(77),
                ..Mailbox::bare(id)
            },
            kind,
            smtp_error: kind.smtp_failed().then(|| "535 login rejected".into()),
            imap_error: None,
            detected_at: found,
            missed_listings: 0,
            cause: Class::Unknown,
            way: Way::Alert,
            told: Told::Yes,
        },
        end: None,
    }
}

fn run(started_at: DateTime<Utc>, accounts: Option<u64>) -> PastRun {
    PastRun {
        id: "20261121140500_abc123".to_owned(),
        started_at,
        finished_at: Some(started_at),
        outcome: match accounts {
            Some(_) => Outcome::Complete,
            None => Outcome::Failed,
        },
        accounts,
        disconnected: accounts.map(|_| 4),
        new: accounts.map(|_| 1),
        reconnected: accounts.map(|_| 0),
        error: accounts
            .is_none()
            .then(|| "page 2 could not be read".to_owned()),
    }
}

/// Four that are down, of all sorts, and one that is not.
fn history() -> History {
    let mut cycles = vec![
        cycle(8812345, Kind::Both, at(-60 * 55)),
        cycle(249, Kind::Imap, at(-60)),
        cycle(7, Kind::Smtp, at(0)),
        cycle(9, Kind::Both, at(0)),
        cycle(10, Kind::Both, at(0)),
    ];
    cycles[4].end = Some(End {
        at: at(0),
        event: Some(Event::Reconnected),
    });
    cycles[3].disconnection.cause = Class::BadPassword;
    let first = &mut cycles[0].disconnection;
    first.cause = Class::BadPassword;
    first.way = Way::Incident(incident_id(3));
    first.imap_error = Some(
        "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure), see \
         https://support.google.com/mail/?p=BadCredentials ab12-20020a170902"
            .into(),
    );
    first.mailbox.tags = "pool-a, 温め, very-long-tag-of-an-agency, 😀".into();
    first.mailbox.account_type = Some("GMAIL".into());
    let second = &mut cycles[1].disconnection;
    second.mailbox.address = None;
    second.mailbox.name = Some("山田太郎".into());
    second.mailbox.client_id = None;
    second.mailbox.tags = "".into();
    second.cause = Class::ImapDisabled;
    second.told = Told::Perhaps;
    cycles[2].disconnection.told = Told::No;
    History {
        cycles,
        runs: vec![run(at(0), Some(2_500)), run(at(-60), Some(2_500))],
        incidents: vec![
            incident(4, Class::ProviderOutage, Scope::Fleet, 0),
            incident(3, Class::BadPassword, Scope::AccountType("GMAIL".into()), 1),
        ],
    }
}

fn incident_id(number: u32) -> IncidentId {
    IncidentId::new(number).unwrap()
}

/// One of 24 accounts, of which so many are down.
fn incident(number: u32, cause: Class, scope: Scope, down: u64) -> Incident {
    Incident {
        id: incident_id(number),
        factor: Factor { cause, scope },
        opened_at: at(-60 * 55),
        closed_at: (down == 0).then(|| at(-60 * 50)),
        accounts: 24,
        down,
        unseen: 0,
        unseen_perhaps_told: 0,
        headline: None,
        is_perhaps_told: false,
        is_end_perhaps_told: false,
    }
}

fn screen(width: Option<usize>) -> Screen {
    Screen {
        width,
        colour: false,
        utf8: true,
    }
}

fn text(history: &History, filter: &Filter, screen: &Screen) -> String {
    Status::new(history, filter, "SQLite file state/monitor.db", now()).text(screen)
}

fn all(history: &History, width: Option<usize>) -> String {
    text(history, &Filter::default(), &screen(width))
}

#[test]
fn on_a_terminal_of_40_columns() {
    insta::assert_snapshot!(all(&history(), Some(40)));
}

#[test]
fn on_a_terminal_of_120_columns() {
    insta::assert_snapshot!(all(&history(), Some(120)));
}

#[test]
fn in_a_pipe() {
    insta::assert_snapshot!(all(&history(), None));
}

#[test]
fn in_colour() {
    let screen = Screen {
        colour: true,
        ..screen(Some(200))
    };
    let shown = text(&history(), &Filter::default(), &screen);
    // Control characters would not survive in a file of snapshots.
    insta::assert_snapshot!(shown.replace('\u{1b}', "ESC"));
}

fn shown(filter: &Filter) -> Vec<i64> {
    let history = history();
    let status = Status::new(&history, filter, "", now());
    let ids = status.shown.iter();
    ids.map(|cycle| cycle.disconnection.mailbox.id).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_last_detected_comes_first_and_of_these_the_heaviest() {
    assert_eq!(shown(&Filter::default()), [9, 7, 249, 8812345]);
}

#[test]
fn any_value_of_an_option_will_do_but_every_option_has_to_match() {
    let kinds = Filter {
        kinds: vec![Kind::Imap, Kind::Both],
        ..Filter::default()
    };
    assert_eq!(shown(&kinds), [9, 249, 8812345]);
    let both = Filter {
        types: words(&["outlook"]),
        ..kinds.clone()
    };
    assert_eq!(shown(&both), [9, 249]);
    for (filter, ids) in [
        (
            Filter {
                tags: words(&["VERY-long-tag-of-an-agency", "nosuch"]),
                ..Filter::default()
            },
            &[8812345][..],
        ),
        (
            Filter {
                tags: words(&["(none)"]),
                ..Filter::default()
            },
            &[249],
        ),
        (
            Filter {
                clients: words(&[" 77"]),
                ..both
            },
            &[9],
        ),
        (
            Filter {
                clients: words(&["7"]),
                ..Filter::default()
            },
            &[],
        ),
        (
            Filter {
                causes: vec![Class::BadPassword, Class::ImapDisabled],
                ..Filter::default()
            },
            &[9, 249, 8812345],
        ),
        (of_incident(3), &[8812345]),
        (
            Filter {
                kinds: vec![Kind::Smtp],
                ..of_incident(3)
            },
            &[],
        ),
    ] {
        assert_eq!(shown(&filter), ids, "{filter:?}");
    }
}

#[test]
fn a_filter_that_nothing_matches_says_so_and_what_there_is() {
    let filter = Filter {
        tags: words(&["pool-b", "pool-a"]),
        clients: words(&["\u{1b}[31m78"]),
        ..Filter::default()
    };
    insta::assert_snapshot!(text(&history(), &filter, &screen(Some(80))));
    let none = History {
        cycles: Vec::new(),
        ..history()
    };
    let shown = text(&none, &filter, &screen(None));
    assert!(
        shown.starts_with("No account is down.\n\nLast check"),
        "{shown}"
    );
}

fn of_incident(number: u32) -> Filter {
    Filter {
        incident: Some(incident_id(number)),
        ..Filter::default()
    }
}

#[test]
fn what_waits_for_something_else_than_the_next_check_is_no_alarm() {
    let mut history = history();
    for (cycle, way) in history.cycles.iter_mut().zip([
        Way::Incident(incident_id(3)),
        Way::Chronic,
        Way::Undecided,
        Way::Alert,
    ]) {
        cycle.disconnection.way = way;
        cycle.disconnection.told = Told::No;
    }
    let shown = all(&history, None);
    assert!(
        shown.starts_with("4 accounts are down.\n2 untold: the next check tells Slack.\n"),
        "{shown}"
    );
    for (id, alert) in [
        ("9 ", "  untold "),
        ("7 ", "  unconfirmed "),
        ("249 ", "  daily "),
        ("8812345 ", "  untold "),
    ] {
        let mut lines = shown.lines();
        let line = lines
            .find(|line| line.contains(&format!("  {id}")))
            .unwrap();
        assert!(line.contains(alert), "{line}");
    }
}

#[test]
fn only_a_few_of_many_values_are_named_on_a_terminal() {
    let mut history = history();
    history.cycles = (0..30).map(|id| cycle(id, Kind::Smtp, at(0))).collect();
    for (client, cycle) in (100..).zip(&mut history.cycles) {
        cycle.disconnection.mailbox.client_id = Some(client);
        cycle.disconnection.mailbox.account_type = Some("long ".repeat(50).into());
    }
    let shown = all(&history, Some(200));
    assert!(shown.contains("109: 1 and 20 more"), "{shown}");
    assert!(
        shown.contains("By type    long long long long long long long long…: 30"),
        "{shown}"
    );
    assert!(all(&history, None).contains("129: 1"));
}

#[test]
fn what_is_not_current_is_said_to_be_so() {
    let with = |runs: Vec<PastRun>| {
        let history = History { runs, ..history() };
        let filter = Filter::default();
        let status = Status::new(&history, &filter, "the file", now());
        assert_eq!(status.is_current(), status.notes().is_empty());
        let shown = status.text(&screen(None));
        let (_, end) = shown.split_once("Last check ").unwrap_or(("", &shown));
        let end: Vec<String> = end.lines().map(str::to_owned).collect();
        assert!(
            status
                .notes()
                .iter()
                .all(|note| shown.contains(&*note.replace(TIED, " ")))
        );
        (status.is_current(), end)
    };
    let cut_off = PastRun {
        finished_at: None,
        outcome: Outcome::Untold,
        ..run(at(0), Some(2_500))
    };
    let short = PastRun {
        outcome: Outcome::Short,
        error: None,
        ..run(at(0), None)
    };
    for (runs, current, lines) in [
        (
            vec![run(at(0), Some(2_500))],
            true,
            &[
                "2026-11-21 14:05 UTC (12 min ago): complete, 2500 accounts seen, 1 new, 0 reconnected.",
            ][..],
        ),
        (
            vec![run(at(0), None), run(at(-60), Some(9))],
            false,
            &[
                "2026-11-21 14:05 UTC (12 min ago): failed.",
                "  page 2 could not be read",
                "The last check could not read the fleet. What is shown is as of 2026-11-21 13:05 UTC (1 h 12 min ago).",
            ],
        ),
        (
            vec![run(at(-109), Some(9))],
            false,
            &[
                "2026-11-21 12:16 UTC (2 h 1 min ago): complete, 9 accounts seen, 1 new, 0 reconnected.",
                "No check has run for 2 h 1 min: see that the schedule still starts it. What is shown is as of 2026-11-21 12:16 UTC (2 h 1 min ago).",
            ],
        ),
        (
            vec![short],
            false,
            &[
                "2026-11-21 14:05 UTC (12 min ago): refused a suspiciously short listing.",
                "The last check could not read the fleet. None of late could: what is shown may be old.",
            ],
        ),
        (
            vec![cut_off],
            true,
            &[
                "2026-11-21 14:05 UTC (12 min ago): not finished: under way, or cut off, 2500 accounts seen, 1 new, 0 reconnected.",
            ],
        ),
        // By a clock that was ahead.
        (
            vec![run(at(600), Some(9))],
            true,
            &["2026-11-22 00:05 UTC (0 min ago): complete, 9 accounts seen, 1 new, 0 reconnected."],
        ),
    ] {
        assert_eq!(with(runs), (current, words(lines)));
    }
    let (current, shown) = with(Vec::new());
    assert!(!current);
    assert!(
        shown
            .last()
            .unwrap()
            .starts_with("No check of this program has run yet on the file."),
        "{shown:?}"
    );
}

#[test]
fn nothing_down_is_good_news_only_if_it_is_current() {
    let with = |runs| {
        let history = History {
            runs,
            ..History::default()
        };
        all(&history, None).lines().next().unwrap().to_owned()
    };
    assert_eq!(with(vec![run(at(0), Some(9))]), "No account is down.");
    assert_eq!(
        with(vec![run(at(0), None)]),
        "No account is on record as down."
    );
    assert!(with(Vec::new()).starts_with("No check has run yet on SQLite file state/monitor.db."));
}

#[test]
fn json_has_everything() {
    let history = history();
    let filter = Filter {
        kinds: vec![Kind::Smtp],
        ..Filter::default()
    };
    let status = Status::new(&history, &filter, "", now());
    insta::assert_snapshot!(serde_json::to_string_pretty(&status.json()).unwrap());
    let filter = of_incident(3);
    let status = Status::new(&history, &filter, "", now());
    let json = serde_json::to_value(status.json()).unwrap();
    assert_eq!(
        json["incident"],
        serde_json::json!({
            "id": 3, "cause": "bad_password", "scope": "type", "scope_value": "GMAIL",
            "opened_at": "2026-11-19T07:05:00Z", "closed_at": null, "accounts": 24, "down": 1,
        })
    );
    let account = &json["accounts"][0];
    assert_eq!(
        (&account["told_as"], &account["incident"]),
        (&"incident".into(), &3.into())
    );
}

#[test]
fn csv_has_a_header_and_no_formula() {
    let mut history = history();
    history.cycles[0].disconnection.mailbox.address = Some("=1+1".into());
    let filter = Filter::default();
    let status = Status::new(&history, &filter, "", now());
    insta::assert_snapshot!(status.csv().unwrap());
}
