//! What is down of an incident.

use super::*;
use crate::domain::Receipt;
use crate::domain::incident::Headline;

#[test]
fn an_incident_is_shown_with_what_is_still_down_of_it() {
    insta::assert_snapshot!(text(&history(), &of_incident(3), &screen(Some(120))));
}

#[test]
fn an_incident_says_how_far_it_reaches_and_whether_it_is_over() {
    let line = |incident: Incident| incident::line(&incident, now()).replace(TIED, " ");
    let open = |scope| incident(1, Class::BadPassword, scope, 24);
    for (incident, expected) in [
        (
            open(Scope::Domain("outreach-one.example".into())),
            "Incident 1: password refused, on domain outreach-one.example, since 2026-11-19 07:05 \
             UTC (2 d 7 h). 24 of its 24 accounts are still down.",
        ),
        (
            open(Scope::Client(7)),
            "Incident 1: password refused, of client 7, since 2026-11-19 07:05 UTC (2 d 7 h). 24 \
             of its 24 accounts are still down.",
        ),
        (
            incident(2, Class::ProviderOutage, Scope::Fleet, 0),
            "Incident 2 is over: fault at the provider, across the fleet, from 2026-11-19 07:05 \
             to 2026-11-19 12:05 UTC (5 h 0 min). 0 of its 24 accounts are still down.",
        ),
        // The first of them were deleted.
        (
            Incident {
                headline: Some(Headline {
                    receipt: Receipt {
                        channel: String::new(),
                        ts: String::new(),
                    },
                    accounts: 312,
                }),
                ..incident(
                    3,
                    Class::Unknown,
                    Scope::AccountType("x".repeat(99).into()),
                    1,
                )
            },
            "Incident 3: cause not known, of type xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…, since \
             2026-11-19 07:05 UTC (2 d 7 h). 1 of its 312 accounts is still down.",
        ),
        // A clock that was set back.
        (
            Incident {
                closed_at: Some(at(-60 * 60)),
                ..incident(4, Class::Dns, Scope::Fleet, 0)
            },
            "Incident 4 is over: host name not found, across the fleet, from 2026-11-19 07:05 to \
             2026-11-19 02:05 UTC (0 min). 0 of its 24 accounts are still down.",
        ),
    ] {
        assert_eq!(line(incident), expected);
    }
}

#[test]
fn of_an_incident_with_other_filters_it_is_said_how_many_match() {
    let lines = |filter: &Filter, history: &History| -> Vec<String> {
        let shown = text(history, filter, &screen(None));
        let head = shown.lines().take_while(|line| !line.is_empty());
        head.map(str::to_owned).collect()
    };
    let smtp = Filter {
        kinds: vec![Kind::Smtp],
        ..of_incident(3)
    };
    let shown = lines(&smtp, &history());
    assert!(shown[0].starts_with("Incident 3: password refused, of type GMAIL, since "));
    assert_eq!(shown[1..], ["None of the 4 accounts that are down match."]);
    assert_eq!(lines(&of_incident(3), &history()).len(), 1);
    assert!(lines(&of_incident(4), &history())[0].starts_with("Incident 4 is over: "));
}

#[test]
fn an_incident_that_there_is_not_is_said_to_be_so_with_those_there_are() {
    let history = history();
    let filter = of_incident(7);
    let status = Status::new(&history, &filter, "", now());
    let note = "There is no incident 7. There are: 4 (over), 3 (open).";
    assert_eq!(status.notes()[0], note);
    let shown = status.text(&screen(None));
    let head = format!("None of the 4 accounts that are down match.\n{note}\n\nLast check");
    assert!(shown.starts_with(&head), "{shown}");
    let none = History {
        runs: history.runs.clone(),
        ..History::default()
    };
    let status = Status::new(&none, &filter, "", now());
    assert_eq!(
        status.notes(),
        ["There is no incident 7, nor any other of late."]
    );
}
