//! How fast the source is read: what it says of its limit is kept, and what there is no time for is
//! said before.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::smartlead::{fleet, healthy, imap_down, json_response, smtp_down};
use crate::support::{World, on_every_engine};

/// A server that takes 20 requests in a window of a second, which any machine can send, and says
/// when the next begins.
fn limited_server(world: &World, has_headers: bool) {
    let window = Duration::from_secs(1);
    let mut began: Option<Instant> = None;
    let mut taken = 0;
    world.smartlead.set_fault(move |asked| {
        let start = *began.get_or_insert(asked.at);
        if asked.at >= start + window {
            began = Some(asked.at);
            taken = 0;
        }
        let left = began.unwrap() + window - asked.at;
        let is_taken = taken < 20;
        taken += i32::from(is_taken);
        let offset = i64::try_from(asked.offset()).unwrap();
        let mut response = match is_taken {
            true => json_response(
                200,
                &(offset..1_500.min(offset + 10)).map(healthy).collect(),
            ),
            false => json_response(429, &json!({"message": "slow down"})),
        };
        let headers = response.headers_mut();
        let left = left.as_secs_f64().to_string();
        if has_headers {
            headers.insert("X-RateLimit-Limit", "20".parse().unwrap());
            let remaining = (20 - taken).to_string();
            headers.insert("X-RateLimit-Remaining", remaining.parse().unwrap());
            headers.insert("X-RateLimit-Reset", left.parse().unwrap());
        }
        if !is_taken {
            headers.insert("Retry-After", left.parse().unwrap());
        }
        Some(response)
    });
}

/// Reads the fleet of such a server, which logs these words.
fn read_slowly(has_headers: bool, words: &str) {
    let world = World::any();
    limited_server(&world, has_headers);
    let settings = [("PAGE_SIZE", "10"), ("MAX_CONCURRENT_REQUESTS", "2")];
    let ran = world.run_with(&[], &settings).assert(0);
    assert_eq!(world.state()["accounts_seen"], 1_500);
    let refused = ran.stderr.matches("rate limited (slow down)").count();
    let asked = world.smartlead.asked().len();
    assert!(
        asked >= 152 && refused * 100 <= asked * 3,
        "{refused} of {asked} were refused:\n{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
}

#[test]
fn what_the_server_says_is_left_is_not_exceeded() {
    read_slowly(true, "the server's allowance is used up");
}

#[test]
fn a_refusal_teaches_the_pace_that_the_server_takes() {
    read_slowly(false, "going on with one in 0.0");
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
            ("RATE_LIMIT_PERIOD_SECS", "1"),
            ("RUN_TIMEOUT_SECS", "3"),
        ];
        world.smartlead.asked();
        let ran = world.run_with(&[], &settings);
        let words = [
            "the last listing held 100 accounts: 102 requests at 10 in 1 s take 11 s, but RUN_TIMEOUT_SECS=3 leaves ",
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
