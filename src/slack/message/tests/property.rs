//! Whatever the input, a message is within Slack's limits, and each disconnection is told once.

use proptest::prelude::*;

use super::*;
use crate::domain::chronic::Chronic;
use crate::domain::incident::{Factor, Headline, Scope};
use crate::domain::{Cycle, End, Event, Incident, IncidentId, IncidentNews, Reconnected};

/// Untrusted text: what attacks, what is large, and what is nothing.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<!channel>".to_owned()),
        Just("<@U123>".to_owned()),
        Just("<https://evil.example|ok>".to_owned()),
        Just("&&&&&&&&".to_owned()),
        Just("👩‍💻".to_owned()),
        Just("日本語".to_owned()),
        Just("\u{202e}\u{0}\r\n".to_owned()),
        Just("a@b.example".to_owned()),
        any::<String>(),
    ];
    (piece, 0_usize..60).prop_map(|(piece, times)| piece.repeat(times))
}

/// Everything that a check may have to tell.
#[derive(Debug, Clone)]
struct Case {
    texts: Vec<String>,
    count: usize,
    accounts: u64,
    told: u64,
    unseen: u64,
    scope: usize,
    flags: [bool; 4],
}

fn cases() -> impl Strategy<Value = Case> {
    let count = prop_oneof![0_usize..8, 80_usize..130, 300_usize..400];
    let number = || prop_oneof![0_u64..100, Just(u64::MAX)];
    (
        prop::collection::vec(hostile(), 6),
        count,
        number(),
        number(),
        number(),
        0_usize..4,
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(texts, count, accounts, told, unseen, scope, flags)| Case {
                texts,
                count,
                accounts,
                told,
                unseen,
                scope,
                flags,
            },
        )
}

impl Case {
    fn text(&self, index: usize) -> &str {
        &self.texts[index % self.texts.len()]
    }

    fn down(&self, number: usize) -> Disconnection {
        let id = i64::try_from(number).unwrap();
        let text = |index| Some(self.text(number + index).into());
        Disconnection {
            mailbox: Mailbox {
                id: if number == 3 { i64::MIN } else { id },
                name: text(0),
                address: text(1).filter(|_| !number.is_multiple_of(5)),
                account_type: text(2),
                tags: self.text(number + 3).into(),
                daily_cap: [None, Some(0), Some(u32::MAX)][number % 3],
                sent_today: None,
                campaigns: None,
                client_id: (!number.is_multiple_of(7)).then_some(id % 20),
            },
            smtp_error: text(4),
            imap_error: text(5),
            cause: Class::ALL[number * 7 % Class::ALL.len()],
            detected_at: if number.is_multiple_of(2) {
                at()
            } else {
                DateTime::<Utc>::MIN_UTC
            },
            told: [Told::No, Told::Perhaps, Told::Yes][number % 3],
            ..down(0, Kind::ALL[number % 3])
        }
    }

    fn known(&self) -> Known {
        let names = || (0..20).map(|id| (id, self.text(usize::try_from(id).unwrap()).to_owned()));
        let senders = |id: i64| Senders {
            all: 20,
            down: 15 + u32::try_from(id % 6).unwrap(),
            is_news: true,
        };
        Known {
            fleet: Fleet {
                daily_cap: self.accounts,
                campaigns: (0..20).map(|id| (id, senders(id))).collect(),
            },
            names: Names {
                clients: names().collect(),
                campaigns: Some(names().collect()),
            },
        }
    }

    fn incident(&self) -> Incident {
        let [is_told, is_over, is_perhaps_told, _] = self.flags;
        let receipt = Receipt {
            channel: "C1".to_owned(),
            ts: "1.1".to_owned(),
        };
        let down = self.count as u64;
        Incident {
            id: IncidentId::MAX,
            factor: Factor {
                cause: Class::SmtpAuthDisabledMailbox,
                scope: [
                    Scope::Domain(self.text(0).into()),
                    Scope::Client(3),
                    Scope::AccountType(self.text(1).into()),
                    Scope::Fleet,
                ][self.scope]
                    .clone(),
            },
            opened_at: DateTime::<Utc>::MIN_UTC,
            closed_at: is_over.then(at),
            accounts: down.max(self.accounts),
            down,
            unseen: self.unseen,
            unseen_perhaps_told: self.unseen,
            headline: is_told.then_some(Headline {
                receipt,
                accounts: self.told,
            }),
            is_perhaps_told,
            is_end_perhaps_told: is_perhaps_told,
        }
    }
}

fn assert_all_within_limits(parts: &[Part]) {
    parts
        .iter()
        .for_each(|part| assert_within_limits(&part.message));
}

/// Holds all that a check tells of what is down against the limits and against each other.
fn assert_news(case: &Case) {
    let all: Vec<Disconnection> = (0..case.count).map(|number| case.down(number)).collect();
    let incident = case.incident();
    let step = |step| IncidentNews {
        incident: &incident,
        step,
        down: all.iter().collect(),
        new: case.count,
        repeats: case.told,
    };
    let steps = [
        Step::Opening,
        Step::Doubling,
        Step::Growth,
        Step::Recovery,
        Step::End,
    ];
    let chronic = [(1, u32::MAX)].into_iter().filter(|_| case.flags[3]);
    let news = News {
        incidents: steps.map(step).to_vec(),
        alert: AlertNews {
            disconnections: all.iter().collect(),
            unannounced: Unannounced {
                reconnected: case.unseen / 2,
                removed: case.unseen / 3,
                perhaps_told: case.unseen,
            },
            chronic: chronic.collect(),
            folded: usize::try_from(case.told).unwrap(),
            waiting: usize::try_from(case.accounts).unwrap(),
        },
    };
    let known = case.known();
    let parts = super::super::news(&news, &known.context(&run_id(), at()));
    assert_all_within_limits(&parts);

    let of = |way: Way| parts.iter().filter(move |part| part.telling.way == way);
    let listed = of(Way::Alert).flat_map(|part| part.telling.accounts.clone());
    let mut told: Vec<i64> = listed.collect();
    let others: usize = of(Way::Alert).map(|part| part.telling.others).sum();
    assert_eq!(told.len() + others, case.count);
    told.sort_unstable();
    told.dedup();
    assert_eq!(
        told.len() + others,
        case.count,
        "an account is listed twice"
    );

    // Three of the steps tell what is new, each in one message; the other messages tell nothing.
    let ours = of(Way::Incident(IncidentId::MAX));
    let counts: Vec<usize> = ours.map(|part| part.telling.others).collect();
    assert_eq!(counts, [case.count; 3]);
    let replaced = |part: &&Part| matches!(part.place, Place::Instead(_));
    let mut silent = parts.iter().filter(replaced);
    assert!(silent.all(|part| part.telling == Telling::default()));
}

/// Holds what is told beside the news against the limits.
fn assert_aside(case: &Case) {
    let all: Vec<Disconnection> = (0..case.count).map(|number| case.down(number)).collect();
    let known = case.known();
    let run_id = run_id();
    let context = known.context(&run_id, at());
    let cycle = |disconnection: &Disconnection| Cycle {
        disconnection: disconnection.clone(),
        end: case.flags[0].then_some(End {
            at: at(),
            event: Some(Event::Reconnected),
        }),
    };
    let threads = [Reconnected {
        thread: None,
        accounts: case.accounts.max(1),
        perhaps_told: case.told,
        cycles: all.iter().map(cycle).collect(),
    }];
    assert_all_within_limits(&reconnected(&threads, &context));
    let chronic = all.iter().map(|down| Chronic {
        account: down.mailbox.id,
        address: down.mailbox.address.as_deref().map(Into::into),
        cycles: u32::MAX,
        told_at: None,
        is_down: case.flags[1],
        resolved_at: None,
    });
    let chronic: Vec<Chronic> = chronic.collect();
    let told = Daily {
        chronic: chronic.iter().collect(),
        folded: case.told,
        perhaps_told: case.told,
        reminder: case.flags[2].then(|| (TimeDelta::hours(24), all.iter().collect())),
    };
    assert_all_within_limits(daily(&told, &context).as_slice());
    assert_within_limits(&failure(&Failure {
        run_id: &run_id,
        checked_at: at(),
        reason: case.text(0),
        next: case.text(1),
        failed_checks: case.told,
        failing_since: at(),
        last_applied: None,
    }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_there_is_to_tell_is_within_limits_and_told_once(case in cases()) {
        assert_news(&case);
        assert_aside(&case);
    }
}

#[test]
fn nothing_but_the_worst_is_within_limits() {
    for text in ["<!channel>", "&", "://", "👩‍💻", "日", "\u{202e}"] {
        for (scope, flag) in [(0, true), (1, false), (2, true), (3, false)] {
            let case = Case {
                texts: vec![text.repeat(200)],
                count: 200,
                accounts: u64::MAX,
                told: u64::MAX,
                unseen: u64::MAX,
                scope,
                flags: [true, flag, true, true],
            };
            assert_news(&case);
            assert_aside(&case);
        }
    }
}

#[test]
fn what_is_too_long_is_cut() {
    for long in ["x", "&", "👩‍💻"].map(|text| text.repeat(4_000)) {
        let message = Message::new(&long, std::slice::from_ref(&long));
        assert_within_limits(&message);
        assert!(message.text.ends_with('…') && message.text.len() > 3_700);
    }
}
