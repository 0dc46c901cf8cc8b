mod property;

use chrono::TimeDelta;

use super::*;
use crate::domain::incident::{Factor, Headline, Scope};
use crate::domain::{Class, Kind, Mailbox, News, Receipt, Step, Transition, Unannounced};

const RULES: Rules = Rules {
    confirm_checks: 1,
    incident: Threshold {
        accounts: 20,
        share: 60,
    },
};

fn hour(n: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(n)
}

fn id(number: u32) -> IncidentId {
    IncidentId::new(number).unwrap()
}

/// An account that went down in the first hour and is not told.
fn down(account: i64, cause: Class) -> Disconnection {
    Disconnection {
        mailbox: Mailbox {
            address: Some(format!("box{account}@d{}.example", account % 7).into()),
            ..Mailbox::bare(account)
        },
        kind: Kind::Smtp,
        smtp_error: None,
        imap_error: None,
        cause,
        detected_at: hour(0),
        missed_listings: 0,
        told: Told::No,
        way: Way::Undecided,
    }
}

/// What these are when they have gone down just now.
fn new(disconnections: impl IntoIterator<Item = Disconnection>) -> Diff {
    let transition = |disconnection| Transition {
        event: Event::Disconnected,
        disconnection,
    };
    let mut transitions: Vec<Transition> = disconnections.into_iter().map(transition).collect();
    transitions.sort_by_key(|transition| transition.disconnection.mailbox.id);
    Diff {
        transitions,
        ..Diff::default()
    }
}

fn resolved(event: Event, disconnections: &[Disconnection]) -> Diff {
    let mut diff = new(disconnections.iter().cloned());
    for transition in &mut diff.transitions {
        transition.event = event;
    }
    diff
}

/// An incident of these accounts, all of which are down.
fn incident(number: u32, cause: Class, scope: Scope, accounts: u64) -> Incident {
    Incident {
        id: id(number),
        factor: Factor { cause, scope },
        opened_at: hour(0),
        closed_at: None,
        accounts,
        down: accounts,
        unseen: 0,
        unseen_perhaps_told: 0,
        headline: Some(Headline {
            receipt: Receipt {
                channel: "C1".to_owned(),
                ts: "1.1".to_owned(),
            },
            accounts,
        }),
        is_perhaps_told: false,
        is_end_perhaps_told: false,
    }
}

fn ways(diff: &Diff) -> Vec<Way> {
    let ways = diff.transitions.iter();
    ways.map(|transition| transition.disconnection.way)
        .collect()
}

/// Decides on what is new, with nothing else on record.
fn on_new(diff: &mut Diff, memory: &Memory) -> Triage {
    triage(&mut [], diff, memory, Announce::New, RULES, hour(0))
}

#[test]
fn twenty_accounts_and_three_fifths_of_what_is_new_are_an_incident() {
    for (same, others, is_incident) in [
        (20, 0, true),
        (19, 0, false),
        (20, 13, true),
        (20, 14, false),
        (60, 40, true),
        (59, 41, false),
    ] {
        let causes = [Class::Dns, Class::QuotaFull, Class::ImapDisabled];
        let others = (0..others).map(|n| down(1_000 + n, causes[n as usize % 3]));
        let same = (0..same).map(|n| down(n, Class::Throttled));
        let mut diff = new(same.chain(others));
        let triage = on_new(&mut diff, &Memory::default());
        assert_eq!(triage.opened.len(), usize::from(is_incident), "{diff:?}");
        for Transition { disconnection, .. } in &diff.transitions {
            let expected = match disconnection.cause {
                Class::Throttled if is_incident => Way::Incident(id(1)),
                _ => Way::Alert,
            };
            assert_eq!(disconnection.way, expected);
        }
    }
}

#[test]
fn the_narrowest_scope_that_explains_nine_tenths_is_the_factor() {
    let with = |count: i64, change: &dyn Fn(i64, &mut Mailbox)| {
        let accounts = (0..count).map(|n| {
            let mut disconnection = down(n, Class::Throttled);
            change(n, &mut disconnection.mailbox);
            disconnection
        });
        let mut diff = new(accounts);
        let triage = on_new(&mut diff, &Memory::default());
        let incidents: Vec<_> = triage.incidents.into_iter().collect();
        let [incident] = &incidents[..] else {
            panic!("one incident, not {incidents:?}");
        };
        (incident.factor.scope.clone(), incident.accounts)
    };
    assert_eq!(with(100, &|_, _| {}), (Scope::Fleet, 100));
    let typed = |_: i64, mailbox: &mut Mailbox| mailbox.account_type = Some("OUTLOOK".into());
    let scope = Scope::AccountType("OUTLOOK".into());
    assert_eq!(with(100, &typed), (scope, 100));
    let of_client = |n: i64, mailbox: &mut Mailbox| {
        typed(n, mailbox);
        mailbox.client_id = Some(if n < 90 { 7 } else { n });
    };
    assert_eq!(with(100, &of_client), (Scope::Client(7), 90));
    let of_domain = |n: i64, mailbox: &mut Mailbox| {
        of_client(n, mailbox);
        let domain = if n < 95 { "One.example" } else { "two.example" };
        mailbox.address = Some(format!("box{n}@{domain}").into());
    };
    assert_eq!(
        with(100, &of_domain),
        (Scope::Domain("one.example".into()), 95)
    );
    let just_not = |n: i64, mailbox: &mut Mailbox| {
        mailbox.client_id = Some(if n < 89 { 7 } else { n });
    };
    assert_eq!(with(100, &just_not), (Scope::Fleet, 100));
}

#[test]
fn a_cause_that_is_not_known_is_not_shared() {
    for (client, is_incident) in [(None, false), (Some(7), true)] {
        let accounts = (0..50).map(|n| {
            let mut disconnection = down(n, Class::Unknown);
            disconnection.mailbox.client_id = client;
            disconnection
        });
        let triage = on_new(&mut new(accounts), &Memory::default());
        assert_eq!(triage.opened.len(), usize::from(is_incident));
    }
}

#[test]
fn what_an_open_incident_explains_joins_the_narrowest() {
    let memory = Memory {
        incidents: vec![
            incident(1, Class::Throttled, Scope::Fleet, 30),
            incident(2, Class::Throttled, Scope::Domain("d1.example".into()), 30),
            incident(3, Class::Throttled, Scope::Domain("d1.example".into()), 30),
        ],
        last_incident: 3,
        ..Memory::default()
    };
    let mut diff = new([
        down(1, Class::Throttled),
        down(2, Class::Throttled),
        down(3, Class::Dns),
    ]);
    let triage = on_new(&mut diff, &memory);
    assert_eq!(
        ways(&diff),
        [Way::Incident(id(2)), Way::Incident(id(1)), Way::Alert]
    );
    let counts: Vec<_> = triage
        .incidents
        .iter()
        .map(|i| (i.accounts, i.down))
        .collect();
    assert_eq!(counts, [(31, 31), (31, 31), (30, 30)]);
    assert_eq!(triage.opened, []);
}

#[test]
fn what_joins_an_incident_does_not_count_for_the_next_one() {
    let memory = Memory {
        incidents: vec![incident(4, Class::Throttled, Scope::Fleet, 100)],
        last_incident: 4,
        ..Memory::default()
    };
    let more = (0..100).map(|n| down(n, Class::Throttled));
    let others = (200..220).map(|n| down(n, Class::Dns));
    let mut diff = new(more.chain(others));
    let triage = on_new(&mut diff, &memory);
    assert_eq!(triage.opened, [id(5)]);
    assert_eq!(triage.incidents[0].accounts, 200);
    assert_eq!(triage.incidents[1].accounts, 20);
}

#[test]
fn an_incident_is_over_when_fewer_than_a_tenth_are_left() {
    let members: Vec<_> = (0..100)
        .map(|n| Disconnection {
            way: Way::Incident(id(1)),
            told: Told::Yes,
            ..down(n, Class::Throttled)
        })
        .collect();
    for (back, is_over) in [(90, false), (91, true)] {
        let mut open = members.clone();
        let mut diff = resolved(Event::Reconnected, &members[..back]);
        let memory = Memory {
            incidents: vec![incident(1, Class::Throttled, Scope::Fleet, 100)],
            last_incident: 1,
            ..Memory::default()
        };
        let triage = triage(&mut open, &mut diff, &memory, Announce::New, RULES, hour(5));
        assert_eq!(triage.closed, if is_over { vec![id(1)] } else { vec![] });
        let news = News::new(&open, &diff, &triage, Unannounced::default(), Announce::New);
        let steps: Vec<_> = news.incidents.iter().map(|news| news.step).collect();
        assert_eq!(steps, [if is_over { Step::End } else { Step::Recovery }]);
        assert_eq!(news.is_empty(), !is_over);
        assert_eq!(triage.incidents[0].down, 100 - back as u64);
    }
}

#[test]
fn an_incident_that_grows_is_told_in_its_thread_until_it_has_doubled() {
    for (more, step) in [(99, Step::Growth), (100, Step::Doubling)] {
        let memory = Memory {
            incidents: vec![incident(1, Class::Throttled, Scope::Fleet, 100)],
            last_incident: 1,
            ..Memory::default()
        };
        let mut diff = new((0..more).map(|n| down(n, Class::Throttled)));
        let triage = on_new(&mut diff, &memory);
        let news = News::new(&[], &diff, &triage, Unannounced::default(), Announce::New);
        assert_eq!(news.incidents.len(), 1);
        assert_eq!(news.incidents[0].step, step);
        assert_eq!(news.incidents[0].new, more as usize);
    }
}

/// A memory in which account 1 has gone down twice before, and account 2 is told as chronic.
fn flappers() -> Memory {
    Memory {
        relapses: BTreeMap::from([(1, 2), (2, 5)]),
        chronic: vec![Chronic {
            account: 2,
            address: None,
            cycles: 6,
            told_at: Some(hour(-5)),
            is_down: false,
            resolved_at: Some(hour(-1)),
        }],
        ..Memory::default()
    }
}

#[test]
fn the_third_cycle_is_told_as_chronic_and_later_ones_are_folded() {
    let mut diff = new([
        down(1, Class::Dns),
        down(2, Class::Dns),
        down(3, Class::Dns),
    ]);
    let triage = on_new(&mut diff, &flappers());
    assert_eq!(ways(&diff), [Way::Alert, Way::Chronic, Way::Alert]);
    assert_eq!(triage.chronic, BTreeMap::from([(1, 3)]));
    assert_eq!(triage.folded, [2]);
    let news = News::new(&[], &diff, &triage, Unannounced::default(), Announce::New);
    assert_eq!(news.alert.disconnections.len(), 2);
    assert_eq!(news.alert.folded, 1);
}

#[test]
fn an_account_is_chronic_until_it_has_held_for_three_days() {
    for (last, held) in [(-71, vec![]), (-72, vec![2])] {
        let mut memory = flappers();
        memory.chronic[0].resolved_at = Some(hour(last));
        let mut diff = new([down(2, Class::Dns)]);
        let triage = on_new(&mut diff, &memory);
        assert_eq!(triage.held, held);
        let expected = if held.is_empty() {
            Way::Chronic
        } else {
            Way::Alert
        };
        assert_eq!(ways(&diff), [expected]);
    }
    let mut memory = flappers();
    memory.chronic[0].is_down = true;
    memory.chronic[0].resolved_at = Some(hour(-200));
    assert!(on_new(&mut Diff::default(), &memory).held.is_empty());
}

#[test]
fn a_chronic_account_is_no_part_of_an_incident() {
    let mut diff = new((1..=30).map(|n| down(n, Class::Throttled)));
    let triage = on_new(&mut diff, &flappers());
    assert_eq!(triage.folded, [2]);
    assert_eq!(triage.incidents[0].accounts, 28);
    assert_eq!(
        triage.chronic,
        BTreeMap::from([(1, 3)]),
        "it is told as that"
    );
}

#[test]
fn with_confirmation_only_what_is_down_in_so_many_checks_is_told() {
    let rules = Rules {
        confirm_checks: 3,
        ..RULES
    };
    let check = |applied: &[i64], diff: Diff| {
        let mut open = [down(1, Class::Dns)];
        let mut diff = Diff { ..diff };
        let memory = Memory {
            applied: applied.iter().map(|n| hour(*n)).collect(),
            ..Memory::default()
        };
        let triage = triage(&mut open, &mut diff, &memory, Announce::New, rules, hour(9));
        (open[0].way, triage.waiting, triage.moved)
    };
    let waits = (Way::Undecided, 1, vec![]);
    assert_eq!(check(&[], Diff::default()), waits);
    assert_eq!(check(&[0], Diff::default()), waits, "in two");
    assert_eq!(
        check(&[1, 0], Diff::default()),
        (Way::Alert, 0, vec![(1, Way::Alert)])
    );
    let missing = Diff {
        missing: vec![1],
        ..Diff::default()
    };
    assert_eq!(check(&[1, 0], missing), waits);
    let unsaid = Diff {
        unsaid: vec![1],
        ..Diff::default()
    };
    assert_eq!(check(&[1, 0], unsaid), waits);
}

#[test]
fn what_is_over_before_it_was_confirmed_has_passed() {
    for event in [Event::Reconnected, Event::Removed] {
        let told = [
            down(1, Class::Dns),
            Disconnection {
                way: Way::Alert,
                ..down(2, Class::Dns)
            },
        ];
        let mut diff = resolved(event, &told);
        on_new(&mut diff, &Memory::default());
        assert_eq!(ways(&diff), [Way::Passed, Way::Alert]);
        assert_eq!(diff.unannounced().count(), 1);
    }
}

#[test]
fn a_baseline_decides_nothing_and_drops_incidents_that_nobody_heard_of() {
    let memory = Memory {
        incidents: vec![
            Incident {
                headline: None,
                ..incident(1, Class::Dns, Scope::Fleet, 30)
            },
            incident(2, Class::Dns, Scope::Fleet, 30),
        ],
        ..Memory::default()
    };
    let mut diff = new((0..100).map(|n| down(n, Class::Dns)));
    let triage = triage(
        &mut [],
        &mut diff,
        &memory,
        Announce::Nothing,
        RULES,
        hour(0),
    );
    assert_eq!(triage.dropped, [id(1)]);
    assert_eq!(triage.opened, []);
    assert!(
        News::new(
            &[],
            &diff,
            &triage,
            Unannounced::default(),
            Announce::Nothing
        )
        .is_empty()
    );
}

#[test]
fn a_first_run_begins_incidents_anew() {
    let told = |n| Disconnection {
        told: Told::Yes,
        way: Way::Incident(id(1)),
        ..down(n, Class::Dns)
    };
    let mut open: Vec<_> = (0..50).map(told).collect();
    let memory = Memory {
        incidents: vec![incident(1, Class::Dns, Scope::Fleet, 50)],
        last_incident: 1,
        ..Memory::default()
    };
    let mut diff = Diff {
        missing: vec![49],
        ..Diff::default()
    };
    let triage = triage(&mut open, &mut diff, &memory, Announce::All, RULES, hour(1));
    assert_eq!(
        (&*triage.dropped, &*triage.opened),
        (&[id(1)][..], &[id(2)][..])
    );
    assert_eq!(triage.moved.len(), 49);
    assert_eq!(open[49].way, Way::Incident(id(1)), "it may be gone");
    let news = News::new(&open, &diff, &triage, Unannounced::default(), Announce::All);
    assert_eq!(news.incidents[0].step, Step::Opening);
    assert_eq!(news.incidents[0].new, 49);
}

#[test]
fn what_was_to_be_told_in_an_alert_may_yet_join_an_incident() {
    let waiting = |n| Disconnection {
        way: Way::Alert,
        ..down(n, Class::Dns)
    };
    let mut open: Vec<_> = (0..15).map(waiting).collect();
    let mut diff = new((100..110).map(|n| down(n, Class::Dns)));
    let triage = triage(
        &mut open,
        &mut diff,
        &Memory::default(),
        Announce::New,
        RULES,
        hour(1),
    );
    assert_eq!(triage.incidents[0].accounts, 25);
    assert_eq!(triage.incidents[0].opened_at, hour(0));
    let moved: Vec<_> = (0..15).map(|n| (n, Way::Incident(id(1)))).collect();
    assert_eq!(triage.moved, moved);
}

#[test]
fn an_incident_that_is_over_before_it_is_told_is_told_with_its_end() {
    let members: Vec<_> = (0..100)
        .map(|n| Disconnection {
            way: Way::Incident(id(1)),
            ..down(n, Class::Dns)
        })
        .collect();
    for (back, steps) in [
        (100, vec![Step::Opening, Step::End]),
        (95, vec![Step::Opening, Step::End]),
        (50, vec![Step::Opening]),
    ] {
        let mut open = members.clone();
        let mut diff = resolved(Event::Reconnected, &members[..back]);
        let memory = Memory {
            incidents: vec![Incident {
                headline: None,
                ..incident(1, Class::Dns, Scope::Fleet, 100)
            }],
            last_incident: 1,
            ..Memory::default()
        };
        let triage = triage(&mut open, &mut diff, &memory, Announce::New, RULES, hour(5));
        let news = News::new(&open, &diff, &triage, Unannounced::default(), Announce::New);
        let told: Vec<_> = news.incidents.iter().map(|news| news.step).collect();
        assert_eq!(told, steps);
        assert_eq!(news.incidents[0].incident.unseen, back as u64);
        assert_eq!(
            news.alert.unannounced.count(),
            0,
            "the incident counts them"
        );
    }
}

#[test]
fn what_is_over_of_an_incident_and_may_have_been_told_is_a_repeat() {
    let perhaps = |n| Disconnection {
        way: Way::Incident(id(1)),
        told: Told::Perhaps,
        ..down(n, Class::Dns)
    };
    let mut open: Vec<_> = (0..10).map(perhaps).collect();
    let mut diff = resolved(Event::Reconnected, &open[..4]);
    let memory = Memory {
        incidents: vec![Incident {
            unseen: 3,
            unseen_perhaps_told: 2,
            ..incident(1, Class::Dns, Scope::Fleet, 100)
        }],
        last_incident: 1,
        ..Memory::default()
    };
    let triage = triage(&mut open, &mut diff, &memory, Announce::New, RULES, hour(1));
    let news = News::new(&open, &diff, &triage, Unannounced::default(), Announce::New);
    assert_eq!(news.incidents[0].incident.unseen, 7);
    assert_eq!(news.incidents[0].new, 6);
    assert_eq!(news.incidents[0].repeats, 6 + 4 + 2);
}
