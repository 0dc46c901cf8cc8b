//! Faults of Slack.

use std::time::Duration;

use axum::response::Response;
use serde_json::json;

use super::{BOTH, FOR_EVER, Row, broken_off, limit, row, too_many_requests};
use crate::story::{Health, Story};
use crate::support::slack::error_code;
use crate::support::smartlead::{json_response, raw_response};
use crate::support::{Ran, World};

/// A check whose post Slack answers like this, whether it takes it or not.
fn slack(
    fault: &'static str,
    moment: &'static str,
    words: &'static str,
    is_repeat: bool,
    prepare: impl Fn(&World) + Send + Sync + 'static,
) -> Row {
    row(fault, moment, BOTH, move |story| {
        prepare(&story.world);
        let ran = story.check(&[
            ("REQUEST_TIMEOUT_SECS", limit(words)),
            ("MAX_ATTEMPTS", "2"),
        ]);
        ran.assert_error(3, &["kept for the next run", words]);
        story.world.slack.set_latency(Duration::ZERO);
        story.healthy();
        let listed = story.listed();
        assert_eq!(listed.len(), 2, "{listed:?}");
        assert!(
            listed.iter().all(|row| row.is_repeat == is_repeat),
            "{listed:?}"
        );
        // When they were found, and not when they are told.
        assert_eq!(story.texts().matches(", since 20").count(), 2);
    })
}

/// Slack refuses and has certainly not taken the message.
fn refused(code: &'static str, words: &'static str) -> Row {
    slack("Slack refuses", code, words, false, move |world| {
        world.slack.refuse(code);
    })
}

/// Slack answers so, and may have taken the message: once it has, once it has not.
fn lost(moment: &'static str, answer: fn() -> Response) -> [Row; 2] {
    let words = "may be in the channel all the same";
    [
        slack(
            "Slack's answer is lost",
            moment,
            words,
            true,
            move |world| {
                world.slack.set_lost(move |_, _| Some(answer()));
            },
        ),
        slack("Slack fails", moment, words, true, move |world| {
            world.slack.set_fault(move |_, _| Some(answer()));
        }),
    ]
}

/// Slack has not taken the message and says so; it takes the next one.
fn second_try(moment: &'static str, answer: fn() -> Response) -> Row {
    row("Slack takes the second try", moment, BOTH, move |story| {
        let answer = move |n, _: &_| (n == 0).then(answer);
        story.world.slack.set_fault(answer);
        story.check(&[]).assert(0);
        let listed = story.listed();
        assert_eq!(listed.len(), 2, "{listed:?}");
        assert!(listed.iter().all(|row| !row.is_repeat), "{listed:?}");
    })
}

pub fn rows() -> Vec<Row> {
    let unreachable = |name: &'static str, url: &'static str| {
        row(
            "Slack cannot be reached",
            name,
            BOTH,
            move |story: &mut Story| {
                story
                    .check(&[("SLACK_BASE_URL", url), ("MAX_ATTEMPTS", "2")])
                    .assert_error(3, &["no connection"]);
                story.healthy();
                assert_eq!(story.listed().len(), 2);
                assert!(story.listed().iter().all(|row| !row.is_repeat));
            },
        )
    };
    let mut rows = vec![
        refused("invalid_auth", "SLACK_BOT_TOKEN"),
        refused("token_revoked", "SLACK_BOT_TOKEN"),
        refused("account_inactive", "SLACK_BOT_TOKEN"),
        refused("channel_not_found", "/invite"),
        refused("not_in_channel", "/invite"),
        refused("is_archived", "Unarchive"),
        refused("missing_scope", "chat:write"),
        refused("restricted_action", "does not allow"),
        refused("message_limit_exceeded", "limit of its plan"),
        refused("something_new", "something_new"),
        refused("request_timeout", "request_timeout"),
        slack(
            "Slack limits the rate",
            "429 beyond the deadline",
            "rate limited",
            false,
            |world| {
                world
                    .slack
                    .set_fault(|_, _| Some(too_many_requests("3600")));
            },
        ),
        slack("Slack refuses", "HTTP 403", "HTTP 403", false, |world| {
            world
                .slack
                .set_fault(|_, _| Some(raw_response(403, "text/html", "<html>")));
        }),
        slack(
            "Slack refuses",
            "invalid_blocks, text too",
            "invalid_blocks",
            false,
            |world| {
                world.slack.refuse("invalid_blocks");
            },
        ),
        slack(
            "Slack's answer is lost",
            "no answer in time",
            "no answer within 5 s",
            true,
            |world| {
                world.slack.set_lost(|_, _| None);
                world.slack.set_latency(FOR_EVER);
            },
        ),
        second_try("429", || too_many_requests("1")),
        second_try("ratelimited", || error_code("ratelimited")),
        second_try("request_timeout", || error_code("request_timeout")),
        unreachable("no such name", "https://slack.invalid/api"),
        unreachable("no connection", "http://127.0.0.1:9/api"),
        row("Slack cannot be reached", "no TLS", BOTH, |story| {
            let url = story.world.slack.url().replace("http:", "https:");
            story
                .check(&[("SLACK_BASE_URL", &url), ("MAX_ATTEMPTS", "2")])
                .assert_error(3, &["no connection"]);
            story.healthy();
            assert!(story.listed().iter().all(|row| !row.is_repeat));
        }),
        row(
            "Slack is away for hours",
            "accounts come back meanwhile",
            BOTH,
            |story| {
                story.world.slack.refuse("is_archived");
                story.check(&[]).assert(3);
                story.set([(4, Health::Up), (7, Health::Imap)]);
                story.check(&[]).assert(3);
                story.set([(7, Health::Up), (8, Health::Both)]);
                story.check(&[]).assert(3);
                story.healthy();
                let listed: Vec<i64> = story.listed().iter().map(|row| row.account).collect();
                assert_eq!(listed, [5, 8], "what is up is not announced as down");
                assert!(
                    story
                        .texts()
                        .contains("Went down and came back unseen: 2 accounts"),
                    "{}",
                    story.texts()
                );
            },
        ),
        row(
            "Slack is away for hours",
            "all accounts come back",
            BOTH,
            |story| {
                story.world.slack.refuse("is_archived");
                story.check(&[]).assert(3);
                story.set([(4, Health::Up), (5, Health::Up)]);
                story.check(&[]).assert(3);
                story.healthy();
                assert_eq!(
                    story.titles(),
                    ["🟡 2 Account Disconnection(s) Passed Unannounced"]
                );
            },
        ),
        row(
            "Slack's answer is lost",
            "accounts come back meanwhile",
            BOTH,
            |story| {
                story
                    .world
                    .slack
                    .set_lost(|_, _| Some(error_code("internal_error")));
                story.check(&[]).assert(3);
                story.set([(4, Health::Up), (5, Health::Up)]);
                story.healthy();
                assert!(
                    story
                        .texts()
                        .contains("unseen: 2 accounts (2 of them a possible repeat)"),
                    "{}",
                    story.texts()
                );
            },
        ),
        row(
            "Slack's answer is lost",
            "the message about what passed",
            BOTH,
            |story| {
                story.world.slack.refuse("is_archived");
                story.check(&[]).assert(3);
                story.set([(4, Health::Up), (5, Health::Up)]);
                story
                    .world
                    .slack
                    .set_lost(|_, _| Some(error_code("internal_error")));
                story.check(&[]).assert(3);
                story.healthy();
                assert!(
                    story.texts().contains("2 of them a possible repeat"),
                    "{}",
                    story.texts()
                );
            },
        ),
        row(
            "Slack takes one of two messages",
            "the reply is refused",
            BOTH,
            |story| {
                story.fleet.extend((100..=200).map(|id| (id, Health::Both)));
                story
                    .world
                    .slack
                    .set_fault(|n, _| (n == 1).then(|| error_code("restricted_action")));
                story.check(&[]).assert(3);
                story.healthy();
                assert!(story.listed().iter().all(|row| !row.is_repeat));
            },
        ),
        row(
            "Slack takes one of two messages",
            "there is no thread any more",
            BOTH,
            |story| {
                story.fleet.extend((100..=200).map(|id| (id, Health::Both)));
                story
                    .world
                    .slack
                    .set_fault(|n, _| (n == 1).then(|| error_code("cannot_reply_to_message")));
                story.check(&[]).assert(0);
                assert!(story.listed().iter().all(|row| !row.is_repeat));
            },
        ),
        row(
            "Slack takes one of two messages",
            "the reply is lost",
            BOTH,
            |story| {
                story.fleet.extend((100..=200).map(|id| (id, Health::Both)));
                story
                    .world
                    .slack
                    .set_lost(|n, _| (n == 1).then(|| error_code("fatal_error")));
                story.check(&[]).assert(3);
                story.healthy();
                assert!(story.listed().iter().all(|row| row.is_repeat));
            },
        ),
        row("a first run is not told", "Slack refuses", BOTH, |story| {
            story.world.slack.refuse("is_archived");
            story
                .play(|world| Ran::from(world.command(&["--first-run"], &[]).output().unwrap()))
                .assert(3);
            story.set([(2, Health::Up)]);
            story.healthy();
            assert!(
                story
                    .texts()
                    .contains("unseen: 1 account (1 of them a possible repeat)"),
                "{}",
                story.texts()
            );
        }),
    ];
    for code in [
        "invalid_blocks",
        "invalid_attachments",
        "msg_too_long",
        "msg_blocks_too_long",
    ] {
        rows.push(row("Slack objects to the form", code, BOTH, move |story| {
            story
                .world
                .slack
                .set_fault(move |_, post| post.get("blocks").is_some().then(|| error_code(code)));
            story.check(&[]).assert(0);
            let listed = story.listed();
            assert_eq!(listed.len(), 2, "{listed:?}");
            assert!(listed.iter().all(|row| !row.is_repeat));
        }));
    }
    rows.extend(lost("internal_error", || error_code("internal_error")));
    rows.extend(lost("fatal_error", || error_code("fatal_error")));
    rows.extend(lost("HTTP 500", || json_response(500, &json!({}))));
    rows.extend(lost("HTTP 503", || {
        raw_response(503, "text/html", "<html>")
    }));
    rows.extend(lost("HTML", || raw_response(200, "text/html", "<html>")));
    rows.extend(lost("half an answer", || {
        raw_response(200, "application/json", "{\"ok\":tr")
    }));
    rows.extend(lost("ok without a message", || {
        json_response(200, &json!({"ok": true}))
    }));
    rows.extend(lost("connection closed", broken_off));
    rows
}
