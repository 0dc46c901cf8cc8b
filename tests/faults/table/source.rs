//! Faults of the source.

use axum::body::Body;
use axum::response::Response;
use serde_json::json;

use super::{BOTH, Row, broken_off, limit, row, too_many_requests};
use crate::story::Health;
use crate::support::smartlead::{healthy, json_response, raw_response};

/// A check that the source fails: it concludes nothing, says so in one line and in Slack.
fn source(
    fault: &'static str,
    moment: &'static str,
    words: &'static str,
    answer: impl Fn(usize) -> Option<Response> + Send + Sync + Copy + 'static,
) -> Row {
    row(fault, moment, BOTH, move |story| {
        story
            .world
            .smartlead
            .set_fault(move |asked| answer(asked.offset()));
        let settings = [
            ("PAGE_SIZE", "10"),
            ("MAX_CONCURRENT_REQUESTS", "1"),
            ("REQUEST_TIMEOUT_SECS", limit(words)),
            ("MAX_ATTEMPTS", "2"),
        ];
        let open = story.world.open();
        story.check(&settings).assert_error(1, &[words]);
        assert_eq!(story.titles(), ["⚠️ Smartlead Monitor Error"]);
        assert_eq!(story.world.open(), open, "something was concluded");
    })
}

pub fn rows() -> Vec<Row> {
    let status = |code| move |_| Some(json_response(code, &json!({"message": "no"})));
    let from = |offset, answer: fn() -> Response| move |at| (at >= offset).then(answer);
    vec![
        source(
            "the source answers 500",
            "first page",
            "HTTP 500",
            status(500),
        ),
        source(
            "the source answers 502",
            "last page",
            "HTTP 502",
            from(20, || raw_response(502, "text/html", "<html>")),
        ),
        source(
            "the source answers 503",
            "page after the last",
            "HTTP 503",
            from(30, || json_response(503, &json!({}))),
        ),
        source(
            "the source refuses the key",
            "first page",
            "Smartlead refused access",
            status(401),
        ),
        source(
            "the source limits the rate for ever",
            "second page",
            "after the deadline",
            from(10, || too_many_requests("3600")),
        ),
        source(
            "the source sends HTML",
            "second page",
            "HTML",
            from(10, || raw_response(200, "text/html", "<html>")),
        ),
        source(
            "the source sends half a page",
            "second page",
            "ends too early",
            from(10, || {
                raw_response(200, "application/json", "[{\"id\":1,\"is_smtp_su")
            }),
        ),
        source(
            "the source says ok:false",
            "first page",
            "refused",
            from(0, || {
                json_response(200, &json!({"ok": false, "message": "no"}))
            }),
        ),
        source(
            "the source breaks off",
            "second page",
            "connection lost",
            from(10, broken_off),
        ),
        source(
            "the source repeats a page",
            "second page",
            "repeats accounts",
            from(10, || {
                json_response(200, &json!((1..=10).map(healthy).collect::<Vec<_>>()))
            }),
        ),
        source(
            "the source hangs",
            "second page",
            "no answer within 5 s",
            from(10, || {
                Response::new(Body::from_stream(futures_util::stream::pending::<
                    Result<String, std::io::Error>,
                >()))
            }),
        ),
        source(
            "the listing is empty",
            "first page",
            "--accept-shrink",
            from(0, || json_response(200, &json!([]))),
        ),
        source(
            "the listing is cut short",
            "second page",
            "--accept-shrink",
            from(10, || json_response(200, &json!([]))),
        ),
        row(
            "the source refuses connections",
            "first page",
            BOTH,
            |story| {
                story
                    .check(&[("SMARTLEAD_BASE_URL", "http://127.0.0.1:9")])
                    .assert_error(1, &["no connection"]);
            },
        ),
        row(
            "the source fails with campaigns",
            "second page",
            BOTH,
            |story| {
                story.world.smartlead.set_fault(|asked| {
                    let is_heavy =
                        asked.offset() >= 10 && asked.query.contains_key("fetch_campaigns");
                    is_heavy.then(|| json_response(504, &json!({})))
                });
                let settings = [("PAGE_SIZE", "10"), ("MAX_ATTEMPTS", "2")];
                story.check(&settings).assert(0);
            },
        ),
        row(
            "the source knows no link state",
            "whole listing",
            BOTH,
            |story| {
                let open = story.world.open();
                let known = story.fleet.clone();
                story
                    .fleet
                    .values_mut()
                    .for_each(|health| *health = Health::Silent);
                story.check(&[]).assert(0);
                assert_eq!(story.world.open(), open);
                story.fleet = known;
            },
        ),
        row(
            "the source skips an account",
            "one listing",
            BOTH,
            |story| {
                story.fleet.remove(&2);
                story.check(&[]).assert(0);
                story.set([(2, Health::Both)]);
            },
        ),
        row("an account is removed", "two listings", BOTH, |story| {
            story.fleet.remove(&2);
            story.check(&[]).assert(0);
        }),
    ]
}
