//! How fast the source is read: what it says of its limit is kept, and what there is no time for is
//! said before.

use serde_json::json;

use crate::support::smartlead::{fleet, healthy, imap_down, json_response, smtp_down};
use crate::support::{World, on_every_engine};

/// A server that takes so many requests, refuses the next one, and says how long to wait; over and
/// over. By count and not by the clock, so that it does not matter how fast the machine is.
fn limited_server(world: &World, has_headers: bool) {
    const TAKEN: usize = 20;
    let mut nth = 0;
    world.smartlead.set_fault(move |asked| {
        nth = nth % (TAKEN + 1) + 1;
        let offset = i64::try_from(asked.offset()).unwrap();
        let mut response = match nth <= TAKEN {
            true => json_response(200, &(offset..600.min(offset + 10)).map(healthy).collect()),
            false => json_response(429, &json!({"message": "slow down"})),
        };
        let headers = response.headers_mut();
        if has_headers {
            headers.insert("X-RateLimit-Limit", TAKEN.into());
            headers.insert("X-RateLimit-Remaining", TAKEN.saturating_sub(nth).into());
            headers.insert("X-RateLimit-Reset", "0.2".parse().unwrap());
        }
        if nth > TAKEN {
            headers.insert("Retry-After", "0.2".parse().unwrap());
        }
        Some(response)
    });
}

/// Reads the fleet of such a server; gives how often it was refused, and what was logged.
fn read_slowly(has_headers: bool) -> (usize, String) {
    let world = World::any();
    limited_server(&world, has_headers);
    let ran = world.run_with(&[], &[("PAGE_SIZE", "10")]).assert(0);
    assert_eq!(world.state()["accounts_seen"], 600);
    let refused = ran.stderr.matches("rate limited (slow down)").count();
    (refused, ran.stderr)
}

#[test]
fn what_the_server_says_is_left_is_not_exceeded() {
    let (_, log) = read_slowly(true);
    // Before the first refusal.
    let waits = log.find("the server's allowance is used up");
    assert!(
        waits.is_some()
            && log
                .find("slow down")
                .is_none_or(|refused| waits < Some(refused)),
        "{log}"
    );
}

#[test]
fn a_refusal_teaches_the_pace_that_the_server_takes() {
    let (refused, log) = read_slowly(false);
    assert!(
        refused > 0 && log.contains("going on with one in 0."),
        "{log}"
    );
}

#[test]
fn a_header_that_allows_nothing_stalls_nothing() {
    let world = World::any();
    world.smartlead.set_fault(|asked| {
        let offset = i64::try_from(asked.offset()).unwrap();
        let accounts = (offset..300.min(offset + 10)).map(healthy).collect();
        let mut response = json_response(200, &accounts);
        let headers = response.headers_mut();
        headers.insert("X-RateLimit-Remaining", "0".parse().unwrap());
        // Beyond the deadline; then one that is believed once.
        let reset = if offset < 100 { "1800" } else { "0.5" };
        headers.insert("X-RateLimit-Reset", reset.parse().unwrap());
        Some(response)
    });
    let ran = world.run_with(&[], &[("PAGE_SIZE", "10")]).assert(0);
    assert_eq!(world.state()["accounts_seen"], 300);
    let pauses = ran.stderr.matches("allowance is used up").count();
    assert_eq!(pauses, 1, "{}", ran.stderr);
}

on_every_engine! {
    fn a_fleet_for_which_there_is_no_time_is_told_before_and_nothing_is_applied(world) {
        world.smartlead.set_fleet(fleet(100, [smtp_down(1), smtp_down(90)]));
        world.run(&[]).assert(0);
        // Half of it, to be sure that what is read is not taken for all.
        world.smartlead.set_fleet(fleet(100, [imap_down(2)]));
        let settings = [
            ("PAGE_SIZE", "1"),
            ("RATE_LIMIT_REQUESTS", "10"),
            ("RATE_LIMIT_PERIOD_SECS", "3"),
            ("RUN_TIMEOUT_SECS", "10"),
        ];
        world.smartlead.asked();
        let ran = world.run_with(&[], &settings);
        let words = [
            "the last listing held 100 accounts: 102 requests at 10 in 3 s take 31 s, but RUN_TIMEOUT_SECS=10 leaves ",
            " s for the listing. Set PAGE_SIZE=100",
        ];
        let why = "the deadline of the run, for there is too little time: ";
        let ran = ran.assert_error(1, &[why, words[0], words[1]]);
        let warned = ran.stderr.lines().find(|line| line.contains("will hardly come to its end"));
        assert!(words.iter().all(|words| warned.unwrap().contains(words)), "{}", ran.stderr);
        assert!(world.smartlead.asked().len() > 1, "it did not try");
        assert_eq!(world.open(), ["1 SMTP told", "90 SMTP told"]);
        assert_eq!(world.resolved(), Vec::<String>::new());
        let posts = world.slack.posts();
        assert!(posts.last().unwrap().to_string().contains("Set PAGE_SIZE=100"), "{posts:?}");
    }
}
