//! How alerts get to the sink, and what happens when it misbehaves.

use std::io::Read as _;

use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::support::slack::{listed, title};
use crate::support::smartlead::{down_somehow, fleet, json_response, raw_response, smtp_down};
use crate::support::{CHANNEL, World, on_every_engine};

/// A fleet in which so many accounts are down, from id 1 on.
fn outage(world: &World, down: i64) {
    world
        .smartlead
        .set_fleet(fleet(down + 10, (1..=down).map(down_somehow)));
}

on_every_engine! {
    fn what_does_not_fit_goes_into_the_thread(world) {
        outage(&world, 150);
        world.run(&[]).assert(0);
        let posts = world.slack.posts();
        assert!(posts.len() > 1);
        assert_eq!(posts[0].get("thread_ts"), None);
        for reply in &posts[1..] {
            assert_eq!(reply["thread_ts"], "1503435956.000001");
            assert_eq!(reply["channel"], CHANNEL);
        }
        let mut told: Vec<i64> = posts.iter().flat_map(listed).collect();
        told.sort_unstable();
        assert_eq!(told, (1..=150).collect::<Vec<_>>());
        // Slack wants no reply to a reply.
        let marks = world.database.query("select distinct slack_ts from disconnected_accounts");
        assert_eq!(marks, ["1503435956.000001"]);
    }

    fn each_message_marks_its_own_rows_and_only_when_taken(world) {
        // What is left of them has a cause in common, and is to be told one by one all the same.
        let settings = [("INCIDENT_MIN", "1000")];
        outage(&world, 150);
        world.slack.set_fault(|number, _| (number == 1).then(|| json_response(200, &json!({"ok": false, "error": "fatal_error"}))));
        world.run_with(&[], &settings).assert_error(3, &["fatal_error"]);
        let posts = world.slack.posts();
        assert_eq!(posts.len(), 1);
        let mut first = listed(&posts[0]);
        first.sort_unstable();
        let (told, untold): (Vec<String>, Vec<String>) = world.open().into_iter().partition(|row| row.ends_with(" told"));
        assert_eq!(told.len(), first.len());
        assert_eq!(told[0], format!("{} BOTH told", first[0]));
        assert_eq!(untold.len(), 150 - first.len());

        world.slack.heal();
        world.run_with(&[], &settings).assert(0);
        let posts = world.slack.posts();
        assert_eq!(title(&posts[0]), format!("🔴 {} New Account Disconnection(s) Detected", untold.len()));
        let again: Vec<i64> = posts.iter().flat_map(listed).collect();
        assert!(again.iter().all(|id| !first.contains(id)), "told twice");
        assert_eq!(again.len(), untold.len());
    }

    fn what_is_left_out_even_of_the_thread_is_counted_told_and_in_the_csv(world) {
        outage(&world, 400);
        world.run(&[]).assert(0);
        let posts = world.slack.posts();
        assert_eq!(posts.len(), 3);
        let listed: usize = posts.iter().map(|post| listed(post).len()).sum();
        let words = posts[2]["blocks"].to_string();
        assert!(words.contains(&format!("Not listed: {} accounts; see the CSV file disconnections_", 400 - listed)), "{words}");
        assert!(world.open().iter().all(|row| row.ends_with(" told")));
        assert_eq!(world.audit().len(), 400);
        world.run(&[]).assert(0);
        assert_eq!(world.slack.posts(), Vec::<Value>::new());
    }
}

#[test]
fn a_message_has_blocks_and_a_plain_fallback() {
    let world = World::any();
    outage(&world, 2);
    world.run(&[]).assert(0);
    let post = world.slack.posts().remove(0);
    assert!(
        post["text"]
            .as_str()
            .unwrap()
            .starts_with("🔴 2 New Account Disconnection(s) Detected")
    );
    let kinds: Vec<_> = post["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["header", "section", "table", "section"]);
    assert_eq!(
        (&post["unfurl_links"], &post["unfurl_media"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn a_refusal_names_slacks_code_and_what_to_do() {
    for (answer, words) in [
        (
            json!({"ok": false, "error": "invalid_auth"}),
            "SLACK_BOT_TOKEN",
        ),
        (
            json!({"ok": false, "error": "token_revoked"}),
            "SLACK_BOT_TOKEN",
        ),
        (json!({"ok": false, "error": "not_in_channel"}), "/invite"),
        (json!({"ok": false, "error": "is_archived"}), "Unarchive"),
        (
            json!({"ok": false, "error": "missing_scope", "needed": "chat:write.public"}),
            "scope chat:write.public",
        ),
        (
            json!({"ok": false, "error": "something_new"}),
            "something_new",
        ),
        (
            json!({"ok": false, "error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] too long [json-pointer:/blocks/0]"]}}),
            "json-pointer:/blocks/0",
        ),
    ] {
        let world = World::any();
        outage(&world, 1);
        world
            .slack
            .set_fault(move |_, _| Some(json_response(200, &answer)));
        world
            .run(&[])
            .assert_error(3, &["kept for the next run", words]);
        assert_eq!(world.open(), ["1 BOTH untold"]);
    }
}

#[test]
fn a_post_that_slack_may_have_taken_is_not_repeated_in_the_run() {
    let bad: [fn() -> axum::response::Response; 5] = [
        || json_response(500, &json!({})),
        || raw_response(200, "text/html", "<html>"),
        || raw_response(200, "application/json", "{\"ok\":tr"),
        || json_response(200, &json!({"ok": true})),
        || json_response(200, &json!({"ok": false, "error": "internal_error"})),
    ];
    for bad in bad {
        let world = World::any();
        outage(&world, 1);
        world.slack.set_fault(move |_, _| Some(bad()));
        world.run(&[]).assert(3);
        assert_eq!(world.slack.seen(), 1, "sent again");
        assert_eq!(world.open(), ["1 BOTH untold"]);
    }
}

#[test]
fn a_post_that_slack_does_not_answer_in_time_is_not_repeated_in_the_run() {
    let world = World::any();
    outage(&world, 1);
    world.slack.set_latency(std::time::Duration::from_secs(600));
    world
        .run_with(&[], &[("REQUEST_TIMEOUT_SECS", "1")])
        .assert_error(3, &["no answer within 1 s"]);
    assert_eq!(world.slack.seen(), 1, "sent again");
    assert_eq!(world.open(), ["1 BOTH untold"]);
}

#[test]
fn a_connection_that_slack_closes_after_the_request_is_not_tried_again() {
    let world = World::any();
    outage(&world, 1);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let (arrived, arrivals) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 65536];
            let mut read = 0;
            while !request[..read].ends_with(b"}") {
                read += stream.read(&mut request[read..]).unwrap();
            }
            arrived.send(()).unwrap();
        }
    });
    let ran = world.run_with(&[], &[("SLACK_BASE_URL", &url)]);
    ran.assert_error(3, &["connection lost"]);
    assert_eq!(arrivals.try_iter().count(), 1, "sent again");
    assert_eq!(world.open(), ["1 BOTH untold"]);
}

#[test]
fn a_rate_limit_of_slack_is_waited_out() {
    for limited in [
        || {
            (
                axum::http::StatusCode::TOO_MANY_REQUESTS,
                [("retry-after", "1")],
                "",
            )
                .into_response()
        },
        || json_response(200, &json!({"ok": false, "error": "ratelimited"})),
    ] {
        let world = World::any();
        outage(&world, 1);
        world
            .slack
            .set_fault(move |number, _| (number < 2).then(limited));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [1]);
    }
}

#[test]
fn an_unreachable_slack_leaves_the_alert_for_the_next_run() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, [smtp_down(1)]));
    world
        .run_with(&[], &[("SLACK_BASE_URL", "http://127.0.0.1:9/api")])
        .assert_error(3, &["Slack could not be reached", "no connection"]);
    world.run(&[]).assert(0);
    assert_eq!(world.slack.announced(), [1]);
}

#[test]
fn a_failure_that_cannot_be_told_is_still_a_failure() {
    let world = World::any();
    world
        .smartlead
        .set_fault(|_| Some(json_response(500, &json!({}))));
    world.slack.refuse("invalid_auth");
    let ran = world.run(&[]).assert_error(1, &["HTTP 500"]);
    assert!(
        ran.stderr
            .contains("WARN the message \"⚠️ Smartlead Monitor Error\" could not be posted"),
        "{}",
        ran.stderr
    );
}
