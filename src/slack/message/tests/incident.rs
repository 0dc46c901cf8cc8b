use super::*;
use crate::domain::incident::{Factor, Headline, Scope};
use crate::domain::{Beside, Incident, IncidentId, IncidentNews};

fn id() -> IncidentId {
    IncidentId::new(7).unwrap()
}

fn receipt(ts: &str) -> Receipt {
    Receipt {
        channel: "C1".to_owned(),
        ts: ts.to_owned(),
    }
}

/// An incident with so many accounts, all of them down.
fn incident(accounts: u64, scope: Scope) -> Incident {
    Incident {
        id: id(),
        factor: Factor {
            cause: Class::BadPassword,
            scope,
        },
        opened_at: at(),
        closed_at: None,
        accounts,
        down: accounts,
        unseen: 0,
        unseen_perhaps_told: 0,
        headline: None,
        is_perhaps_told: false,
        is_end_perhaps_told: false,
    }
}

fn told(mut incident: Incident, accounts: u64) -> Incident {
    incident.headline = Some(Headline {
        receipt: receipt("1.1"),
        accounts,
    });
    incident
}

/// Accounts of four clients, three types and many domains.
fn members(count: i64) -> Vec<Disconnection> {
    let member = |number: i64| {
        let mut member = down(number, Kind::Both);
        member.way = Way::Incident(id());
        member.mailbox.daily_cap = Some(20 + u32::try_from(number % 30).unwrap());
        member.mailbox.client_id = Some(77 + number % 7 / 2);
        let kind = ["OUTLOOK", "OUTLOOK", "OUTLOOK", "SMTP", "GMAIL"];
        member.mailbox.account_type = Some(kind[usize::try_from(number).unwrap() % 5].into());
        let domain = (number % 40) * (number % 3) % 50;
        member.mailbox.address = Some(format!("dana{number}@outreach-{domain}.example").into());
        member
    };
    (1..=count).map(member).collect()
}

fn news<'a>(incident: &'a Incident, step: Step, down: &'a [Disconnection]) -> IncidentNews<'a> {
    IncidentNews {
        incident,
        step,
        down: down.iter().collect(),
        new: down.iter().filter(|d| d.told != Told::Yes).count(),
        repeats: down.iter().filter(|d| d.told == Told::Perhaps).count() as u64,
    }
}

fn tell(incidents: Vec<IncidentNews<'_>>, checked_at: DateTime<Utc>) -> Vec<Part> {
    let news = News {
        incidents,
        ..News::default()
    };
    let mut known = Known::some();
    known.fleet.daily_cap = 160_000;
    super::super::news(&news, &known.context(&run_id(), checked_at))
}

#[test]
fn three_thousand_with_one_cause() {
    let members = members(3_000);
    let mut incident = incident(3_000, Scope::Fleet);
    let parts = tell(vec![news(&incident, Step::Opening, &members)], at());
    let expected = Telling {
        way: Way::Incident(id()),
        others: 3_000,
        unannounced: true,
        beside: Some(Beside::Headline(id(), 3_000)),
        ..Telling::default()
    };
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].telling, expected);
    insta::assert_snapshot!("opening", shown(&parts));
    insta::assert_snapshot!("opening_plain", parts[0].message.plain);
    incident.is_perhaps_told = true;
    let parts = tell(vec![news(&incident, Step::Opening, &members)], at());
    assert!(
        parts[0].message.text.starts_with(
            "🔴 Incident 7: 3,000 accounts down, password refused (possible repeat)\n"
        )
    );
}

#[test]
fn its_factor_is_in_the_second_line_and_not_among_the_groups() {
    let members = members(60);
    for (scope, words, missing) in [
        (
            Scope::Domain("a.example".into()),
            "All are on the domain a.example.",
            "By domain: ",
        ),
        (Scope::Client(78), "All belong to Beta Ltd.", "By client: "),
        (
            Scope::AccountType("GMAIL".into()),
            "All are of the type GMAIL.",
            "By type: ",
        ),
        (
            Scope::Fleet,
            "They have no domain, client or type in common.",
            "By nothing",
        ),
    ] {
        let incident = incident(60, scope);
        let parts = tell(vec![news(&incident, Step::Opening, &members)], at());
        let text = &parts[0].message.text;
        assert!(text.lines().nth(1).unwrap().starts_with(words), "{text}");
        let dimensions = ["By domain: ", "By client: ", "By type: "];
        for dimension in dimensions {
            assert_eq!(text.contains(dimension), dimension != missing, "{text}");
        }
    }
}

#[test]
fn a_small_one_is_listed_whole_in_its_thread_and_a_large_one_is_not() {
    for (count, replies) in [(5, 0), (6, 1), (90, 2), (300, 0)] {
        let members = members(count);
        let incident = incident(count.unsigned_abs(), Scope::Fleet);
        let parts = tell(vec![news(&incident, Step::Opening, &members)], at());
        assert_eq!(parts.len(), 1 + replies, "{count}");
        let lists = || parts.iter().skip(1);
        assert!(
            lists().all(|list| list.telling == Telling::default() && list.place == Place::Thread)
        );
        let listed: usize = lists().map(|list| rows(&list.message).len() - 1).sum();
        assert!(replies == 0 || listed == members.len());
        parts
            .iter()
            .for_each(|part| assert_within_limits(&part.message));
    }
    let mut members = members(6);
    for member in &mut members {
        let address = format!("dana{}@a.example", member.mailbox.id);
        member.mailbox.address = Some(address.into());
    }
    let incident = incident(6, Scope::Domain("a.example".into()));
    let parts = tell(vec![news(&incident, Step::Opening, &members)], at());
    insta::assert_snapshot!("opening_small", shown(&parts));
}

#[test]
fn it_grows_doubles_and_ends() {
    let mut members = members(50);
    members.iter_mut().take(25).for_each(|d| d.told = Told::Yes);
    members[30].told = Told::Perhaps;
    let later = at() + TimeDelta::hours(2);
    let mut incident = told(incident(40, Scope::Fleet), 25);
    incident.down = 38;
    incident.unseen = 1;
    let parts = tell(vec![news(&incident, Step::Growth, &members[2..40])], later);
    let tellings: Vec<&Telling> = parts.iter().map(|part| &part.telling).collect();
    let growth = Telling {
        way: Way::Incident(id()),
        others: 15,
        unannounced: true,
        ..Telling::default()
    };
    assert_eq!(tellings, [&growth, &Telling::default()]);
    insta::assert_snapshot!("growth", shown(&parts));

    incident.accounts = 50;
    incident.down = 48;
    incident.unseen = 0;
    let parts = tell(vec![news(&incident, Step::Doubling, &members[2..])], later);
    insta::assert_snapshot!("doubling", shown(&parts[..1]));

    incident.closed_at = Some(later);
    incident.down = 3;
    let parts = tell(vec![news(&incident, Step::End, &members[..3])], later);
    let end = Telling {
        beside: Some(Beside::End(id())),
        ..Telling::default()
    };
    let tellings: Vec<&Telling> = parts.iter().map(|part| &part.telling).collect();
    assert_eq!(tellings, [&end, &Telling::default()]);
    insta::assert_snapshot!("end", shown(&parts));

    incident.is_end_perhaps_told = true;
    incident.down = 0;
    let parts = tell(vec![news(&incident, Step::End, &[])], later);
    insta::assert_snapshot!("end_without_rest", shown(&parts));
}

#[test]
fn one_that_is_over_before_it_was_told_says_so_at_once() {
    let mut incident = incident(25, Scope::Fleet);
    let later = at() + TimeDelta::hours(3);
    incident.closed_at = Some(later);
    incident.down = 1;
    incident.unseen = 24;
    let members = members(1);
    let steps = [Step::Opening, Step::End];
    let steps = steps.map(|step| news(&incident, step, &members)).to_vec();
    let parts = tell(steps, later);
    let places: Vec<&Place> = parts.iter().map(|part| &part.place).collect();
    assert_eq!(places, [&Place::Channel, &Place::Thread]);
    insta::assert_snapshot!("over_already", shown(&parts));
}

#[test]
fn the_end_of_one_that_has_just_doubled_goes_into_the_new_thread() {
    let mut incident = told(incident(60, Scope::Fleet), 25);
    incident.closed_at = Some(at());
    incident.down = 0;
    incident.unseen = 35;
    let steps = [Step::Doubling, Step::End];
    let parts = tell(steps.map(|step| news(&incident, step, &[])).to_vec(), at());
    let places: Vec<Place> = parts.iter().map(|part| part.place.clone()).collect();
    let expected = [
        Place::Channel,
        Place::Thread,
        Place::Instead(receipt("1.1")),
    ];
    assert_eq!(places, expected);
}

#[test]
fn what_grew_and_ended_is_brought_up_to_date_once() {
    let mut incident = told(incident(30, Scope::Fleet), 25);
    incident.closed_at = Some(at());
    incident.down = 0;
    incident.unseen = 5;
    let steps = [Step::Growth, Step::End];
    let parts = tell(steps.map(|step| news(&incident, step, &[])).to_vec(), at());
    let places: Vec<Place> = parts.iter().map(|part| part.place.clone()).collect();
    let thread = || Place::ThreadOf(receipt("1.1"));
    let expected = [thread(), thread(), Place::Instead(receipt("1.1"))];
    assert_eq!(places, expected);
    insta::assert_snapshot!("came_back_at_once", shown(&parts[..1]));
}

#[test]
fn campaigns_are_said_by_the_first_message_of_the_check() {
    let says = |part: &Part| part.message.text.contains("Campaigns left");
    let members = members(30);
    let opening = incident(30, Scope::Fleet);
    let growing = told(opening.clone(), 20);
    let over = Incident {
        closed_at: Some(at()),
        ..opening.clone()
    };
    let alone = [down(1, Kind::Smtp)];
    for (incident, step, alert, expected) in [
        (&opening, Step::Opening, true, vec![true, false, false]),
        (&growing, Step::Growth, true, vec![false, true, true]),
        (&growing, Step::Recovery, true, vec![true, true]),
        (&growing, Step::Recovery, false, vec![true]),
        (&growing, Step::Growth, false, vec![true, true]),
        (&over, Step::Opening, true, vec![false, true]),
    ] {
        let news = News {
            incidents: vec![news(incident, step, &members)],
            alert: AlertNews {
                disconnections: alone.iter().filter(|_| alert).collect(),
                ..AlertNews::default()
            },
        };
        let known = Known::some();
        let parts = super::super::news(&news, &known.context(&run_id(), at()));
        let said: Vec<bool> = parts.iter().map(says).collect();
        assert_eq!(said, expected, "{step:?}, {alert}");
    }
}
