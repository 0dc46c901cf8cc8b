use std::collections::BTreeSet;

use arcstr::ArcStr;
use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::{Mailbox, Unannounced};

fn mailbox(id: i64) -> Mailbox {
    Mailbox {
        address: Some(format!("box{id}@example.com").into()),
        ..Mailbox::bare(id)
    }
}

fn account(id: i64, smtp: LinkState, imap: LinkState) -> Account {
    Account {
        mailbox: mailbox(id),
        smtp,
        imap,
        campaign_ids: Vec::new(),
    }
}

fn open(id: i64, kind: Kind) -> Disconnection {
    Disconnection {
        mailbox: mailbox(id),
        kind,
        smtp_error: kind.smtp_failed().then(|| "old smtp".into()),
        imap_error: kind.imap_failed().then(|| "old imap".into()),
        detected_at: hour(0),
        missed_listings: 0,
        cause: Class::Unknown,
        way: Way::Alert,
        told: Told::Yes,
    }
}

/// What a complete listing of these accounts changes.
fn diff<'a>(
    known: &[Disconnection],
    listing: impl IntoIterator<Item = &'a Account>,
    now: DateTime<Utc>,
) -> Diff {
    let mut comparison = Comparison::new(known, now);
    for account in listing {
        comparison.see(account);
    }
    comparison.complete().diff
}

/// The open disconnections after `diff`, in the order of account ids, as the store keeps them.
fn apply(known: &[Disconnection], diff: &Diff) -> Vec<Disconnection> {
    let after = diff.open_after(known).map(|d| Disconnection {
        missed_listings: if diff.is_missing(d) {
            d.missed_listings + 1
        } else {
            0
        },
        ..d.clone()
    });
    let mut after: Vec<_> = after.collect();
    after.sort_by_key(|d| d.mailbox.id);
    after
}

fn hour(n: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(n)
}

fn failed() -> LinkState {
    LinkState::Failed {
        reason: "no".into(),
        cause: Class::Unknown,
    }
}

/// The event and the kind after it, of the only account.
fn step(known: Option<Kind>, smtp: LinkState, imap: LinkState) -> Option<(Event, Kind)> {
    let open: Vec<_> = known.map(|kind| open(1, kind)).into_iter().collect();
    let found = diff(&open, &[account(1, smtp, imap)], hour(1));
    assert!(found.transitions.len() <= 1 && found.missing.is_empty());
    found
        .transitions
        .first()
        .map(|t| (t.event, t.disconnection.kind))
}

#[test]
fn every_pair_of_link_states_against_every_record() {
    use Event::{Changed, Disconnected, Reconnected};
    use Kind::{Both, Imap, Smtp};
    use LinkState::{Ok, Unknown};
    let f = failed;
    let table = [
        // smtp, imap, nothing on record, SMTP on record, IMAP on record, BOTH on record
        (
            Ok,
            Ok,
            [
                None,
                Some((Reconnected, Smtp)),
                Some((Reconnected, Imap)),
                Some((Reconnected, Both)),
            ],
        ),
        (
            f(),
            Ok,
            [
                Some((Disconnected, Smtp)),
                None,
                Some((Changed, Smtp)),
                Some((Changed, Smtp)),
            ],
        ),
        (
            Ok,
            f(),
            [
                Some((Disconnected, Imap)),
                Some((Changed, Imap)),
                None,
                Some((Changed, Imap)),
            ],
        ),
        (
            f(),
            f(),
            [
                Some((Disconnected, Both)),
                Some((Changed, Both)),
                Some((Changed, Both)),
                None,
            ],
        ),
        (
            f(),
            Unknown,
            [
                Some((Disconnected, Smtp)),
                None,
                Some((Changed, Both)),
                None,
            ],
        ),
        (
            Unknown,
            f(),
            [
                Some((Disconnected, Imap)),
                Some((Changed, Both)),
                None,
                None,
            ],
        ),
        (Ok, Unknown, [None, None, None, Some((Changed, Imap))]),
        (Unknown, Ok, [None, None, None, Some((Changed, Smtp))]),
        (Unknown, Unknown, [None, None, None, None]),
    ];
    for (smtp, imap, expected) in table {
        let records = [None, Some(Smtp), Some(Imap), Some(Both)];
        for (known, expected) in records.into_iter().zip(expected) {
            let found = step(known, smtp.clone(), imap.clone());
            assert_eq!(
                found, expected,
                "{smtp:?} {imap:?} with {known:?} on record"
            );
        }
    }
}

#[test]
fn a_change_keeps_the_detection_time_and_that_it_was_told() {
    let listing = [account(1, failed(), failed())];
    let found = diff(&[open(1, Kind::Smtp)], &listing, hour(5));
    let after = &found.transitions[0].disconnection;
    assert_eq!((after.detected_at, after.told), (hour(0), Told::Yes));
    assert_eq!(after.reason().as_deref(), Some("no"));
}

#[test]
fn what_is_resolved_untold_is_unannounced() {
    let told = |id, told| Disconnection {
        told,
        ..open(id, Kind::Smtp)
    };
    let missed = |id, told: Told| Disconnection {
        missed_listings: 1,
        cause: Class::Unknown,
        way: Way::Alert,
        told,
        ..open(id, Kind::Smtp)
    };
    let known = [
        told(1, Told::No),
        told(2, Told::Perhaps),
        told(3, Told::Yes),
        missed(4, Told::Perhaps),
        missed(5, Told::Yes),
        told(6, Told::No),
    ];
    let up = [1, 2, 3].map(|id| account(id, LinkState::Ok, LinkState::Ok));
    let down = [account(6, failed(), failed())];
    let unannounced = diff(&known, up.iter().chain(&down), hour(1)).unannounced();
    let expected = Unannounced {
        reconnected: 2,
        removed: 1,
        perhaps_told: 2,
    };
    assert_eq!((unannounced, unannounced.count()), (expected, 3));
    assert_eq!((unannounced + unannounced).count(), 6);
}

#[test]
fn an_absent_account_is_removed_at_the_second_complete_listing_in_a_row() {
    let empty = [];
    let known = vec![open(1, Kind::Both)];
    let first = diff(&known, &empty, hour(1));
    assert_eq!(
        (first.transitions.len(), first.missing.as_slice()),
        (0, [1].as_slice())
    );

    let known = apply(&known, &first);
    let back = diff(&known, &[account(1, failed(), failed())], hour(2));
    assert_eq!(back, Diff::default());
    let reappeared = apply(&known, &back);
    assert_eq!(diff(&reappeared, &empty, hour(3)).missing, [1]);

    let second = diff(&known, &empty, hour(2));
    assert_eq!(second.count(Event::Removed), 1);
    assert!(apply(&known, &second).is_empty());
}

fn link() -> impl Strategy<Value = LinkState> {
    prop_oneof![
        Just(LinkState::Ok),
        Just(failed()),
        Just(LinkState::Unknown)
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Both), Just(Kind::Smtp), Just(Kind::Imap)]
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![Just(Told::No), Just(Told::Perhaps), Just(Told::Yes)]
}

/// A set of open disconnections, some of them missed once, and a listing that overlaps it.
fn world() -> impl Strategy<Value = (Vec<Disconnection>, BTreeMap<i64, Account>)> {
    let known = proptest::collection::btree_map(0i64..40, (kind(), 0u32..2, told()), 0..20);
    let listed = proptest::collection::btree_map(0i64..40, (link(), link()), 0..30);
    (known, listed).prop_map(|(known, listed)| {
        let known = known
            .into_iter()
            .map(|(id, (kind, missed_listings, told))| Disconnection {
                missed_listings,
                told,
                ..open(id, kind)
            })
            .collect();
        let listed = listed
            .into_iter()
            .map(|(id, (smtp, imap))| (id, account(id, smtp, imap)));
        (known, listed.collect())
    })
}

proptest! {
    #[test]
    fn applying_the_transitions_gives_the_observed_state((known, listing) in world()) {
        let found = diff(&known, listing.values(), hour(1));
        let after = apply(&known, &found);
        for account in listing.values() {
            let id = account.mailbox.id;
            let now_open = after.iter().find(|d| d.mailbox.id == id);
            let was_open = known.iter().find(|d| d.mailbox.id == id);
            let smtp_failed = match account.smtp {
                LinkState::Unknown => was_open.is_some_and(|d| d.kind.smtp_failed()),
                ref link => *link != LinkState::Ok,
            };
            let imap_failed = match account.imap {
                LinkState::Unknown => was_open.is_some_and(|d| d.kind.imap_failed()),
                ref link => *link != LinkState::Ok,
            };
            match Kind::of(smtp_failed, imap_failed) {
                Some(kind) => prop_assert_eq!(now_open.map(|d| d.kind), Some(kind)),
                None if account.smtp == LinkState::Ok && account.imap == LinkState::Ok => {
                    prop_assert!(now_open.is_none());
                }
                None => prop_assert_eq!(now_open.map(|d| d.kind), was_open.map(|d| d.kind)),
            }
            prop_assert!(now_open.is_none_or(|d| d.missed_listings == 0));
        }
        for was in known.iter().filter(|d| !listing.contains_key(&d.mailbox.id)) {
            let still = after.iter().find(|d| d.mailbox.id == was.mailbox.id);
            match was.missed_listings {
                0 => prop_assert_eq!(still.map(|d| d.missed_listings), Some(1)),
                _ => prop_assert!(still.is_none()),
            }
        }
        let ids: BTreeSet<i64> = known.iter().map(|d| d.mailbox.id)
            .chain(listing.values().map(|a| a.mailbox.id)).collect();
        prop_assert!(after.iter().all(|d| ids.contains(&d.mailbox.id)));
    }

    #[test]
    fn a_second_diff_of_the_same_observation_is_empty((known, listing) in world()) {
        let found = diff(&known, listing.values(), hour(1));
        // The same observation is not another listing, so absences do not count again.
        let same = Diff { missing: Vec::new(), ..found.clone() };
        let after = apply(&known, &same);
        let again = diff(&after, listing.values(), hour(2));
        prop_assert_eq!(again.transitions, Vec::new());
        prop_assert_eq!(again.missing, found.missing);
    }

    #[test]
    fn nothing_is_resolved_that_was_not_seen_connected((known, listing) in world()) {
        for transition in diff(&known, listing.values(), hour(1)).transitions {
            let account = listing.get(&transition.disconnection.mailbox.id);
            match transition.event {
                Event::Reconnected => {
                    let account = account.unwrap();
                    prop_assert!(account.smtp == LinkState::Ok && account.imap == LinkState::Ok);
                }
                Event::Removed => prop_assert!(account.is_none()),
                Event::Disconnected | Event::Changed => prop_assert!(account.is_some()),
            }
        }
    }

    #[test]
    fn what_was_told_stays_told_and_what_is_new_is_untold((known, listing) in world()) {
        for d in apply(&known, &diff(&known, listing.values(), hour(1))) {
            let was = known.iter().find(|k| k.mailbox.id == d.mailbox.id);
            prop_assert_eq!(d.told, was.map_or(Told::No, |k| k.told));
            prop_assert_eq!(d.detected_at, was.map_or(hour(1), |k| k.detected_at));
        }
    }
}

#[test]
fn of_several_readings_the_last_counts() {
    let ok = || account(1, LinkState::Ok, LinkState::Ok);
    let down = || account(1, failed(), LinkState::Ok);
    let other = account(2, failed(), failed());
    let ids = |known: &[Disconnection], readings: &[Account]| -> Vec<i64> {
        let found = diff(known, readings.iter().chain([&other]), hour(1));
        found
            .transitions
            .iter()
            .map(|t| t.disconnection.mailbox.id)
            .collect()
    };
    assert_eq!(ids(&[], &[down(), ok()]), [2]);
    assert_eq!(ids(&[], &[ok(), down()]), [1, 2]);
    assert_eq!(ids(&[], &[down(), down()]), [1, 2]);
    let known = [open(1, Kind::Smtp)];
    assert_eq!(ids(&known, &[ok(), down()]), [2]);
    assert_eq!(ids(&known, &[down(), ok()]), [1, 2]);
}

#[test]
fn accounts_are_counted_once_and_readings_told_apart() {
    let mut comparison = Comparison::new(&[], hour(1));
    let seen = [1, -1, i64::MAX, i64::MIN, 1, -1]
        .map(|id| comparison.see(&account(id, LinkState::Ok, LinkState::Unknown)));
    assert_eq!(seen, [true, true, true, true, false, false]);
    let expected = Observation {
        accounts: 4,
        ..Observation::default()
    };
    assert_eq!(comparison.complete(), expected);
}

#[test]
fn texts_that_disconnections_have_in_common_are_kept_once() {
    let typed = |id| {
        let mut account = account(id, failed(), failed());
        account.mailbox.account_type = Some("GMAIL".into());
        account
    };
    let found = diff(&[], &[typed(1), typed(2)], hour(1));
    let texts = found.transitions.iter().map(|t| &t.disconnection);
    let [one, two] = texts.collect::<Vec<_>>()[..] else {
        panic!("two are down");
    };
    let kept_once = |a: &Option<ArcStr>, b: &Option<ArcStr>| {
        ArcStr::ptr_eq(a.as_ref().unwrap(), b.as_ref().unwrap())
    };
    assert!(kept_once(
        &one.mailbox.account_type,
        &two.mailbox.account_type
    ));
    assert!(kept_once(&one.smtp_error, &two.imap_error));
}
