//! What is written to the rows of accounts that stay down, and which rows an alert marks as told.

use chrono::{DateTime, Utc};
use monitor::domain::{Announce, Diff, Event, Kind, Outcome, Receipt, Telling};

use crate::store::{
    begin, diff_of, finish, full, hour, open, record, run_id, telling, transition, wait,
};
use crate::support::on_every_engine;

on_every_engine! {
    fn what_is_seen_as_before_is_not_written_and_when_it_was_last_seen_is_known(world) {
        let check = |n: u32, found: Diff| wait(async {
            let (store, _) = begin(&world, n).await;
            record(&*store, n, hour(n.into()), &found, Announce::New).await.unwrap();
            finish(&*store, n, Outcome::Complete, true).await;
        });
        let unchanged = || Diff::default();
        let without_2 = || Diff { missing: vec![2], ..Diff::default() };
        let last_seen = |id: i64, at: DateTime<Utc>| {
            let at = at.to_rfc3339();
            let found = world.database.query(&format!(
                "select 'yes' from disconnected_accounts where account_id = {id} and last_seen_at = '{at}'"));
            found == ["yes"]
        };
        check(1, diff_of((1..=2).map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect()));
        let by_hand = hour(-1000).to_rfc3339();
        world.database.query(&format!("update disconnected_accounts set last_seen_at = '{by_hand}' where account_id = 1"));
        check(2, unchanged());
        assert!(last_seen(1, hour(-1000)), "nothing was written");
        check(3, without_2());
        assert!(last_seen(2, hour(2)), "at the listing before");
        check(4, without_2());
        assert!(last_seen(2, hour(2)), "and not since");
        check(5, unchanged());
        assert!(last_seen(2, hour(5)) && last_seen(1, hour(-1000)), "it is back");
        let gone = transition(Event::Removed, full(2, Kind::Smtp));
        let back = transition(Event::Reconnected, full(1, Kind::Smtp));
        check(6, without_2());
        check(7, diff_of(vec![back, gone]));
        assert!(last_seen(1, hour(7)) && last_seen(2, hour(5)), "as it was resolved");
    }

    fn others_are_those_that_nobody_was_told_of(world) {
        let receipt = |ts: &str| Receipt { channel: "C1".to_owned(), ts: ts.to_owned() };
        let others = Telling { others: 2, ..telling(&[3]) };
        let new = |ids: std::ops::RangeInclusive<i64>| diff_of(ids.map(|id| transition(Event::Disconnected, full(id, Kind::Smtp))).collect());
        wait(async {
            let (store, _) = begin(&world, 1).await;
            record(&*store, 1, hour(0), &new(1..=1), Announce::New).await.unwrap();
            store.mark_told(&run_id(1), &telling(&[1]), &receipt("1.1"), None, hour(0)).await.unwrap();
            finish(&*store, 1, Outcome::Complete, true).await;
            let (store, _) = begin(&world, 2).await;
            record(&*store, 2, hour(1), &new(2..=5), Announce::New).await.unwrap();
            store.mark_told(&run_id(2), &telling(&[2]), &receipt("2.1"), Some(&others), hour(1)).await.unwrap();
        });
        let accounts = |condition| world.database.query(
            &format!("select cast(account_id as text) from disconnected_accounts where {condition} order by 1"));
        assert_eq!(accounts("announce_attempted_at is not null"), ["3", "4", "5"]);
        assert_eq!(accounts("announced_at is null"), ["3", "4", "5"]);
        wait(async {
            open(&world).mark_told(&run_id(2), &others, &receipt("2.2"), None, hour(2)).await.unwrap();
        });
        assert_eq!(accounts("slack_ts = '2.2'"), ["3", "4", "5"]);
        assert_eq!(accounts("slack_ts = '1.1'"), ["1"]);
    }
}
