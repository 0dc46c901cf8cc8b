//! What is told beside the news, and of the checks themselves.

use super::*;
use crate::domain::chronic::Chronic;
use crate::domain::{Beside, Cycle, End, Event, Reconnected, Recovery};

fn back(id: i64, hours: i64) -> Cycle {
    Cycle {
        disconnection: Disconnection {
            detected_at: at() - TimeDelta::hours(hours),
            ..down(id, Kind::Smtp)
        },
        end: Some(End {
            at: at(),
            event: Some(Event::Reconnected),
        }),
    }
}

fn thread(ts: &str) -> Option<Receipt> {
    Some(Receipt {
        channel: "C1".to_owned(),
        ts: ts.to_owned(),
    })
}

#[test]
fn accounts_that_are_back() {
    let threads = [
        Reconnected {
            thread: thread("1.1"),
            accounts: 12,
            perhaps_told: 2,
            cycles: vec![back(1, 3), back(2, 51), back(3, 3)],
        },
        Reconnected {
            thread: None,
            accounts: 1,
            perhaps_told: 1,
            cycles: vec![back(4, 1)],
        },
    ];
    let known = Known::default();
    let parts = reconnected(&threads, &known.context(&run_id(), at()));
    let tellings: Vec<Telling> = parts.iter().map(|part| part.telling.clone()).collect();
    let expected = [thread("1.1"), None].map(|thread| Telling {
        beside: Some(Beside::Reconnected(thread)),
        ..Telling::default()
    });
    assert_eq!(tellings, expected);
    insta::assert_snapshot!("reconnected", shown(&parts));
    let all = merged(threads.to_vec());
    let parts = reconnected(&all, &known.context(&run_id(), at()));
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].place, Place::Channel);
    let rows: Vec<&str> = rows(&parts[0].message)[1..]
        .iter()
        .map(|row| row[2]["text"].as_str().unwrap())
        .collect();
    assert_eq!(rows, ["2 d 3 h", "3 h 0 min", "3 h 0 min", "1 h 0 min"]);
}

fn chronic(account: i64, cycles: u32) -> Chronic {
    Chronic {
        account,
        address: Some(format!("dana{account}@outreach-one.example")),
        cycles,
        told_at: Some(at()),
        is_down: account % 2 == 0,
        resolved_at: None,
    }
}

#[test]
fn what_is_told_once_a_day() {
    let known = Known::some();
    let run_id = run_id();
    let context = known.context(&run_id, at());
    let chronic: Vec<Chronic> = (1..=12)
        .map(|id| chronic(id, 3 + u32::try_from(id % 3).unwrap()))
        .collect();
    let mut old: Vec<Disconnection> = (20..26).map(|id| down(id, Kind::Both)).collect();
    for (hours, one) in (30..).zip(&mut old) {
        one.detected_at = at() - TimeDelta::hours(hours * hours / 30);
    }
    old[2].cause = Class::OauthConsent;
    old[4].cause = Class::OauthConsent;
    old[5].cause = Class::Unknown;
    old[5].mailbox.client_id = Some(79);
    old[5].mailbox.daily_cap = None;
    let both = Daily {
        chronic: chronic.iter().collect(),
        folded: 9,
        perhaps_told: 4,
        reminder: Some((TimeDelta::hours(24), old.iter().collect())),
    };
    let part = daily(&both, &context).unwrap();
    let expected = Telling {
        way: Way::Chronic,
        others: 9,
        unannounced: true,
        beside: Some(Beside::Daily),
        ..Telling::default()
    };
    assert_eq!(part.telling, expected);
    insta::assert_snapshot!("daily", shown(&[part]));

    let only_chronic = Daily {
        chronic: both.chronic[..1].to_vec(),
        folded: 1,
        perhaps_told: 0,
        reminder: None,
    };
    insta::assert_snapshot!(
        "daily_chronic",
        shown(&[daily(&only_chronic, &context).unwrap()])
    );

    let only_folded = Daily {
        chronic: Vec::new(),
        folded: 2,
        perhaps_told: 0,
        reminder: Some((TimeDelta::hours(24), Vec::new())),
    };
    let part = daily(&only_folded, &context).unwrap();
    assert!(
        part.message
            .text
            .starts_with("🟡 Daily: 2 disconnections of accounts that were chronic\n"),
        "{}",
        part.message.text
    );

    let nothing = Daily {
        folded: 0,
        ..only_folded
    };
    assert_eq!(daily(&nothing, &context), None);
}

#[test]
fn what_does_not_fit_into_the_daily_message_is_counted() {
    let old: Vec<Disconnection> = (0..400).map(|id| down(id, Kind::Both)).collect();
    let reminder = Daily {
        chronic: Vec::new(),
        folded: 0,
        perhaps_told: 0,
        reminder: Some((TimeDelta::hours(24), old.iter().collect())),
    };
    let known = Known::default();
    let part = daily(&reminder, &known.context(&run_id(), at())).unwrap();
    assert_within_limits(&part.message);
    let listed = rows(&part.message).len() - 1;
    let expected = format!(
        "Listed here: the {listed} that have been down longest. Not listed: {} accounts; see monitor status.",
        400 - listed
    );
    let shown = shown(&[part]);
    assert!(shown.contains(&expected), "{shown}");
}

#[test]
fn a_failed_check() {
    let run_id = RunId::new(at(), 0xabc123);
    let message = failure(&Failure {
        run_id: &run_id,
        checked_at: at(),
        reason: "page 3 could not be read: HTTP 502 (an HTML page) after 3 attempts",
        next: "Nothing was resolved.",
        failed_checks: 1,
        failing_since: at(),
        last_applied: Some(at() - TimeDelta::hours(1)),
    });
    assert_within_limits(&message);
    insta::assert_snapshot!(
        "failure_preview",
        preview::lines(&message.blocks).join("\n")
    );
    let long = "x\n<!channel> ".repeat(10_000);
    let message = failure(&Failure {
        run_id: &run_id,
        checked_at: at(),
        reason: &long,
        next: "",
        failed_checks: 7,
        failing_since: at() - TimeDelta::hours(6),
        last_applied: Some(at() - TimeDelta::hours(7)),
    });
    assert!(!message.text.contains("<!") && !message.plain.contains("<!"));
    for words in [
        "Failed checks in a row: 7, since 2024-01-20 08:05:00 UTC",
        "The accounts were last read at 2024-01-20 07:05:00 UTC",
    ] {
        assert!(message.text.contains(words), "{}", message.text);
    }
}

#[test]
fn checks_that_work_again() {
    let run_id = RunId::new(at(), 0xabc123);
    let since = at() - TimeDelta::hours(6);
    let blind = Recovery {
        checks: 6,
        since,
        blind: Some((since - TimeDelta::hours(1), None)),
    };
    let message = recovery(&blind, &run_id, at());
    assert_within_limits(&message);
    insta::assert_snapshot!(
        "recovery_preview",
        preview::lines(&message.blocks).join("\n")
    );
    for (from, to, words) in [
        (
            since,
            Some(at() - TimeDelta::hours(1)),
            "Blind for 5 h 0 min",
        ),
        (
            since,
            Some(since + TimeDelta::minutes(59)),
            "Blind for 59 min",
        ),
        (since - TimeDelta::hours(48), None, "Blind for 2 d 6 h"),
        (at() + TimeDelta::days(2), None, "Blind: no check"),
    ] {
        let blind = Recovery {
            blind: Some((from, to)),
            ..blind.clone()
        };
        let text = recovery(&blind, &run_id, at()).text;
        assert!(text.contains(words), "{text}");
    }
    let sighted = Recovery {
        checks: 1,
        since,
        blind: None,
    };
    let text = recovery(&sighted, &run_id, at()).text;
    assert!(
        text.contains("1 check had failed") && !text.contains("Blind"),
        "{text}"
    );
}

#[test]
fn a_message_that_tries_the_channel_out() {
    let message = trial(&RunId::new(at(), 0xabc123), at());
    assert_within_limits(&message);
    insta::assert_snapshot!("trial_preview", preview::lines(&message.blocks).join("\n"));
}
