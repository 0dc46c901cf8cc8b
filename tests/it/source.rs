//! How the source is read, and what happens when it misbehaves.

use std::collections::HashMap;

use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::support::smartlead::{
    DASHBOARD, V1, fleet, healthy, imap_down, json_response, raw_response, smtp_down, with,
};
use crate::support::{KEY, World};

/// How often each offset was asked for.
fn asked_offsets(world: &World) -> HashMap<usize, usize> {
    let mut offsets = HashMap::new();
    for asked in world.smartlead.asked() {
        *offsets.entry(asked.offset()).or_default() += 1;
    }
    offsets
}

#[test]
fn the_public_listing_is_read_with_the_key_in_the_query() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
    world.run(&[]).assert(0);
    for asked in world.smartlead.asked() {
        assert_eq!(
            (asked.path.as_str(), asked.query["api_key"].as_str()),
            (V1, KEY)
        );
        assert_eq!(asked.authorization, None);
    }
}

#[test]
fn a_bearer_token_selects_the_dashboard_listing() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
    let settings = [
        ("SMARTLEAD_API_KEY", ""),
        ("SMARTLEAD_BEARER_TOKEN", "jwt-91ce"),
    ];
    world.run_with(&[], &settings).assert(0);
    assert_eq!(world.open(), ["3 SMTP told"]);
    for asked in world.smartlead.asked() {
        assert_eq!(asked.path, DASHBOARD);
        assert_eq!(asked.authorization.as_deref(), Some("Bearer jwt-91ce"));
        assert!(!asked.query.contains_key("api_key"));
    }
}

#[test]
fn auto_tries_the_dashboard_where_v1_refuses_and_says_which_served() {
    for status in [401, 403, 404] {
        let world = World::any();
        world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
        world.smartlead.set_fault(move |asked| {
            (asked.path == V1).then(|| json_response(status, &json!({"message": "not here"})))
        });
        let ran = world.run(&[]).assert(0);
        assert!(
            ran.stderr.contains("listing=\"dashboard\""),
            "{}",
            ran.stderr
        );
        assert_eq!(world.open(), ["3 SMTP told"]);
        let refused = world
            .smartlead
            .asked()
            .iter()
            .filter(|asked| asked.path == V1)
            .count();
        assert_eq!(refused, 1, "HTTP {status} was tried again");
    }
}

#[test]
fn auto_falls_back_to_v1_when_the_session_of_the_bearer_token_is_over() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
    let ran = world
        .run_with(&[], &[("SMARTLEAD_BEARER_TOKEN", "expired-token")])
        .assert(0);
    assert!(ran.stderr.contains("listing=\"v1\""), "{}", ran.stderr);
}

#[test]
fn a_chosen_endpoint_is_the_only_one_tried_and_a_refusal_is_final() {
    for (endpoint, path, status) in [
        ("v1", V1, 401),
        ("v1", V1, 403),
        ("dashboard", DASHBOARD, 404),
    ] {
        let world = World::any();
        world.smartlead.set_fault(move |_| {
            Some(json_response(
                status,
                &json!({"message": "Invalid API Key"}),
            ))
        });
        world
            .run_with(&[], &[("SMARTLEAD_ENDPOINT", endpoint)])
            .assert_error(
                1,
                &[
                    "Smartlead refused access",
                    "Invalid API Key",
                    "SMARTLEAD_API_KEY",
                ],
            );
        let asked = world.smartlead.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].path, path);
    }
}

#[test]
fn a_refusal_of_v1_is_not_hidden_by_what_the_dashboard_says() {
    let world = World::any();
    world.smartlead.set_fault(|asked| {
        (asked.path == DASHBOARD).then(|| raw_response(200, "text/html", "<html>"))
    });
    world
        .run_with(&[], &[("SMARTLEAD_API_KEY", "wrong-key")])
        .assert_error(
            1,
            &[
                "v1 listing: HTTP 401 (Invalid API Key)",
                "dashboard listing could not be read",
                "an HTML page",
            ],
        );
}

#[test]
fn an_invalid_key_is_refused_by_both_listings_and_named() {
    let world = World::any();
    world
        .run_with(&[], &[("SMARTLEAD_API_KEY", "wrong-key")])
        .assert_error(
            1,
            &[
                "v1 listing: HTTP 401 (Invalid API Key)",
                "dashboard listing: HTTP 401",
                "SMARTLEAD_API_KEY",
            ],
        );
    assert_eq!(world.smartlead.asked().len(), 2);
}

#[test]
fn ids_beyond_32_bits_unknown_types_and_null_fields_are_kept() {
    let world = World::any();
    let bare =
        json!({"id": 9_007_199_254_740_993_i64, "is_smtp_success": false, "type": "FASTMAIL"});
    let nulls = with(
        smtp_down(2),
        json!({
        "from_name": null, "from_email": null, "type": null, "tags": null, "client_id": null,
        "message_per_day": null, "smtp_failure_error": null, "brand_new_field": {"a": [1]}}),
    );
    world.smartlead.set_fleet([bare, nulls]);
    world.run(&[]).assert(0);
    let rows = world.database.query(
        "select account_id || ' ' || coalesce(account_type, '-') || ' ' || coalesce(from_email, '-') \
         from disconnected_accounts order by account_id");
    assert_eq!(rows, ["2 - -", "9007199254740993 FASTMAIL -"]);
    assert_eq!(world.slack.announced(), [2, 9_007_199_254_740_993]);
}

#[test]
fn every_kind_of_bad_page_is_retried_and_then_read() {
    let bad: [fn() -> axum::response::Response; 9] = [
        || json_response(500, &json!({"message": "oops"})),
        || raw_response(503, "text/html", "<html>busy</html>"),
        || json_response(408, &json!({})),
        || json_response(200, &json!({"ok": false, "message": "try later"})),
        || json_response(200, &json!({"success": false})),
        || raw_response(200, "text/html", "<!doctype html><p>Sign in"),
        || raw_response(200, "application/json", "[{\"id\":1},{\"id\":"),
        || json_response(200, &json!("text")),
        || json_response(200, &json!([{"from_name": "no id"}])),
    ];
    for (number, bad) in bad.into_iter().enumerate() {
        let world = World::any();
        world.smartlead.set_fleet(fleet(250, [smtp_down(150)]));
        let mut times = 2;
        world.smartlead.set_fault(move |asked| {
            let hit = asked.offset() == 100 && times > 0;
            times -= i32::from(hit);
            hit.then(bad)
        });
        world.run(&[]).assert(0);
        assert_eq!(asked_offsets(&world)[&100], 3, "bad page {number}");
        assert_eq!(world.open(), ["150 SMTP told"]);
    }
}

#[test]
fn a_page_that_stays_bad_fails_the_check_after_max_attempts() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(150, []));
    world.smartlead.set_fault(|asked| {
        (asked.offset() == 100)
            .then(|| json_response(200, &json!({"ok": false, "message": "maintenance"})))
    });
    world.run_with(&[], &[("MAX_ATTEMPTS", "5")]).assert_error(
        1,
        &[
            "page 2 could not be read",
            "maintenance",
            "after 5 attempts",
        ],
    );
    // As often again without what the page may not bear.
    assert_eq!(asked_offsets(&world)[&100], 10);
}

#[test]
fn final_refusals_are_not_retried() {
    for status in [400, 422] {
        let world = World::any();
        world.smartlead.set_fault(move |_| {
            Some(json_response(
                status,
                &json!({"error": "limit must be less"}),
            ))
        });
        world
            .run(&[])
            .assert_error(1, &[&format!("HTTP {status} (limit must be less)")]);
        // The second is without what a server might not know.
        let asked = world.smartlead.asked();
        let campaigns = asked
            .iter()
            .map(|asked| asked.query.contains_key("fetch_campaigns"));
        assert_eq!(campaigns.collect::<Vec<_>>(), [true, false]);
    }
}

#[test]
fn waiting_out_a_429_uses_up_no_attempt() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
    let mut left = 5;
    world.smartlead.set_fault(move |_| {
        left -= 1;
        let header = (429, [("retry-after", "0.01")], "slow down");
        (left >= 0).then(|| {
            (
                axum::http::StatusCode::from_u16(header.0).unwrap(),
                header.1,
                header.2,
            )
                .into_response()
        })
    });
    world.run_with(&[], &[("MAX_ATTEMPTS", "1")]).assert(0);
    assert_eq!(world.open(), ["3 SMTP told"]);
}

#[test]
fn a_429_without_a_hint_backs_off() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, []));
    let mut left = 3;
    world.smartlead.set_fault(move |_| {
        left -= 1;
        (left >= 0).then(|| json_response(429, &json!({"error": {"code": "RATE_LIMIT_EXCEEDED"}})))
    });
    world.run(&[]).assert(0);
}

#[test]
fn a_wait_beyond_the_deadline_ends_the_check_at_once() {
    let date = |seconds: u64| {
        let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777 + seconds);
        httpdate::fmt_http_date(date)
    };
    let in_body = json!({"error": {"message": "Hourly limit", "retry_after": 3600}});
    let limited = |headers: Vec<(&'static str, String)>, body: &Value| {
        let mut response = json_response(429, body);
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    };
    let answers = [
        limited(vec![], &in_body),
        limited(
            vec![("retry-after", "3600".to_owned())],
            &json!({"message": "Hourly limit"}),
        ),
        // Against the server's own clock, which may be anywhere.
        limited(
            vec![("date", date(0)), ("retry-after", date(3600))],
            &json!({"message": "Hourly limit"}),
        ),
    ];
    let busy = {
        let mut response = limited(
            vec![("retry-after", "3600".to_owned())],
            &json!({"message": "Hourly limit"}),
        );
        *response.status_mut() = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        response
    };
    for answer in answers.into_iter().chain([busy]) {
        let world = World::any();
        let mut answer = Some(answer);
        world.smartlead.set_fault(move |_| answer.take());
        world.run(&[]).assert_error(
            1,
            &[
                "Hourly limit",
                "due in 3600.0 s, after the deadline of the run",
            ],
        );
        assert_eq!(world.smartlead.asked().len(), 1);
    }
}

#[test]
fn a_server_that_never_answers_is_cut_off_and_retried() {
    let world = World::any();
    world
        .smartlead
        .set_latency(std::time::Duration::from_secs(600));
    world
        .run_with(&[], &[("REQUEST_TIMEOUT_SECS", "1"), ("MAX_ATTEMPTS", "2")])
        .assert_error(1, &["no answer within 1 s", "after 2 attempts"]);
    // As often again without what the page may not bear.
    assert_eq!(world.smartlead.asked().len(), 4);
}

#[test]
fn the_deadline_of_the_run_ends_a_listing_that_would_go_on() {
    let world = World::any();
    world
        .smartlead
        .set_latency(std::time::Duration::from_secs(600));
    world
        .run_with(&[], &[("RUN_TIMEOUT_SECS", "1")])
        .assert_error(1, &["deadline of the run"]);
    assert_eq!(world.outcomes(), ["failed"]);
    assert_eq!(
        world.slack.posts().len(),
        1,
        "a failure is told even after the deadline"
    );
}

#[test]
fn an_unreachable_server_is_named_without_the_key() {
    let world = World::any();
    let ran = world.run_with(&[], &[("SMARTLEAD_BASE_URL", "http://127.0.0.1:9")]);
    let ran = ran.assert_error(1, &["no connection", "refused", "after 3 attempts"]);
    assert!(
        !ran.stderr.contains(KEY) && !ran.stderr.contains("offset="),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let world = World::any();
    let elsewhere = World::any();
    let target = format!("{}{V1}", elsewhere.smartlead.url());
    world.smartlead.set_fault(move |_| {
        Some(
            (
                axum::http::StatusCode::FOUND,
                [("location", target.clone())],
            )
                .into_response(),
        )
    });
    world.run(&[]).assert_error(1, &["HTTP 302"]);
    assert_eq!(elsewhere.smartlead.asked().len(), 0);
}

#[test]
fn at_most_so_many_pages_are_in_flight_and_past_the_end() {
    for in_flight in [1, 2, 4, 8] {
        for accounts in [0, 3, 10, 25, 100] {
            let world = World::any();
            world.smartlead.set_fleet(fleet(accounts, []));
            let count = in_flight.to_string();
            world
                .run_with(
                    &[],
                    &[("PAGE_SIZE", "10"), ("MAX_CONCURRENT_REQUESTS", &count)],
                )
                .assert(0);
            let end = usize::try_from(accounts).unwrap();
            let past = world
                .smartlead
                .asked()
                .iter()
                .filter(|asked| asked.offset() >= end.max(1))
                .count();
            assert!(
                past <= in_flight,
                "{past} past the end of {accounts} with {in_flight} in flight"
            );
        }
    }
}

#[test]
fn an_account_beyond_a_short_page_fails_the_check() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(300, [smtp_down(7)]));
    world.run(&[]).assert(0);
    world.smartlead.set_fleet(fleet(300, []));
    world.smartlead.set_fault(|asked| {
        let short: Vec<Value> = (101..150).map(healthy).collect();
        (asked.offset() == 100).then(|| json_response(200, &Value::Array(short)))
    });
    world.run(&[]).assert_error(
        1,
        &[
            "incomplete",
            "page 2 holds 49 of 100 accounts",
            "page 3 is not empty",
        ],
    );
    assert_eq!(world.open(), ["7 SMTP told"]);
}

#[test]
fn a_server_that_ignores_the_offset_fails_the_check() {
    let world = World::any();
    world.smartlead.set_fault(|_| {
        Some(json_response(
            200,
            &(1..=100).map(imap_down).collect::<Value>(),
        ))
    });
    world
        .run(&[])
        .assert_error(1, &["page 2 repeats accounts of earlier pages"]);
    assert_eq!(world.open(), Vec::<String>::new());
    assert!(world.smartlead.asked().len() <= 5);
}

#[test]
fn an_account_on_two_pages_is_counted_once() {
    let world = World::any();
    let mut listed = fleet(25, [smtp_down(10)]);
    listed.insert(12, smtp_down(10));
    world.smartlead.set_fleet(listed);
    world.run_with(&[], &[("PAGE_SIZE", "10")]).assert(0);
    assert_eq!(world.open(), ["10 SMTP told"]);
    assert_eq!(world.state()["accounts_seen"], 25);
}
