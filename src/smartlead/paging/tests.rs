use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::domain::{LinkState, Mailbox};

fn account(id: i64) -> Account {
    Account {
        mailbox: Mailbox::bare(id),
        smtp: LinkState::Ok,
        imap: LinkState::Ok,
        campaign_ids: Vec::new(),
    }
}

type Outcome = Result<Vec<i64>, PagingError<Infallible>>;

/// Reads the pages that `page` gives, each after as many turns of the scheduler as `delay` says.
/// Gives the ids, and the indices of the pages that were asked for.
fn read(
    page_size: usize,
    in_flight: usize,
    delay: impl Fn(usize) -> usize,
    page: impl Fn(usize) -> Vec<i64>,
) -> (Outcome, Vec<usize>) {
    let asked = RefCell::new(vec![0]);
    let running = Cell::new(0);
    let fetch = |index: usize| {
        asked.borrow_mut().push(index);
        let (turns, ids, running) = (delay(index), page(index), &running);
        async move {
            running.set(running.get() + 1);
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            assert!(
                running.get() <= in_flight,
                "more pages in flight than allowed"
            );
            running.set(running.get() - 1);
            Ok(ids.into_iter().map(account).collect())
        }
    };
    let first = page(0).into_iter().map(account).collect();
    let mut ids = BTreeSet::new();
    let see = |account: &Account| ids.insert(account.mailbox.id);
    let all = read_all(page_size, in_flight, first, fetch, see);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outcome = runtime.block_on(all);
    let outcome = outcome.map(|()| ids.into_iter().collect());
    (outcome, asked.into_inner())
}

/// Page `index` of a server that lists `ids`.
fn slice(ids: &[i64], page_size: usize, index: usize) -> Vec<i64> {
    ids.iter()
        .skip(index * page_size)
        .take(page_size)
        .copied()
        .collect()
}

#[test]
fn an_empty_or_short_page_ends_the_list_once_the_next_is_empty() {
    for (accounts, pages) in [
        (0, vec![0, 1]),
        (3, vec![0, 1]),
        (10, vec![0, 1, 2]),
        (25, vec![0, 1, 2, 3]),
    ] {
        let ids: Vec<i64> = (0..accounts).collect();
        let (outcome, asked) = read(10, 2, |_| 0, |index| slice(&ids, 10, index));
        assert_eq!(outcome.unwrap(), ids);
        assert_eq!(asked[..pages.len()], pages, "{accounts}");
    }
}

#[test]
fn an_account_after_the_end_proves_the_listing_incomplete() {
    for in_flight in 1..6 {
        let gap = |index| match index {
            0 => (0..10).collect(),
            1 => (10..14).collect(),
            2 => (20..30).collect(),
            _ => Vec::new(),
        };
        let (outcome, _) = read(10, in_flight, |_| 1, gap);
        assert!(
            matches!(
                outcome,
                Err(PagingError::Beyond {
                    end: 2,
                    held: 4,
                    asked: 10,
                    number: 3
                })
            ),
            "{outcome:?}"
        );
    }
}

#[test]
fn an_account_after_an_empty_page_proves_it_too() {
    let gap = |index| match index {
        1 => Vec::new(),
        index => slice(&(0..30).collect::<Vec<_>>(), 10, index),
    };
    let (outcome, _) = read(10, 2, |_| 1, gap);
    assert!(
        matches!(
            outcome,
            Err(PagingError::Beyond {
                end: 2,
                held: 0,
                ..
            })
        ),
        "{outcome:?}"
    );
}

#[test]
fn a_server_that_ignores_the_offset_is_an_error_and_no_endless_loop() {
    for (page_size, in_flight) in [(10, 1), (10, 4), (20, 1)] {
        let (outcome, asked) = read(page_size, in_flight, |_| 0, |_| (0..10).collect());
        let error = outcome.unwrap_err();
        assert!(
            matches!(
                error,
                PagingError::Repeated { number: 2 } | PagingError::Beyond { number: 2, .. }
            ),
            "{error}"
        );
        assert!(asked.len() <= 1 + in_flight);
    }
}

proptest! {
    #[test]
    fn any_order_page_size_and_arrival_give_the_same_accounts(
        ids in Just((0..60).collect::<Vec<i64>>()).prop_shuffle(),
        count in 0usize..=60,
        page_size in 1usize..=25,
        in_flight in 1usize..=6,
        delays in proptest::collection::vec(0usize..5, 1..10),
    ) {
        let ids = &ids[..count];
        let delay = |index: usize| delays[index % delays.len()];
        let (outcome, asked) = read(page_size, in_flight, delay, |index| slice(ids, page_size, index));
        let mut expected = ids.to_vec();
        expected.sort_unstable();
        prop_assert_eq!(outcome.unwrap(), expected);
        let past_the_end = asked.iter().filter(|index| **index * page_size >= count.max(1)).count();
        prop_assert!(past_the_end <= in_flight, "{} past the end with {}", past_the_end, in_flight);
    }

    #[test]
    fn an_account_on_several_pages_is_counted_once(
        count in 1usize..=60,
        repeats in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..8),
        page_size in 2usize..=25,
        in_flight in 1usize..=6,
    ) {
        let mut ids: Vec<i64> = (0..60).take(count).collect();
        for (from, to) in repeats {
            let again = ids[from.index(ids.len())];
            ids.insert(to.index(ids.len()), again);
        }
        // A page that holds repeats alone is an error by rule; such lists are another test's.
        let mut seen = HashSet::new();
        prop_assume!(ids.chunks(page_size).all(|page| {
            let known = seen.len();
            seen.extend(page.iter().copied());
            seen.len() > known
        }));
        let (outcome, _) = read(page_size, in_flight, |_| 1, |index| slice(&ids, page_size, index));
        prop_assert_eq!(outcome.unwrap(), (0..60).take(count).collect::<Vec<i64>>());
    }
}
