//! Settings, Smartlead and files, and what goes for every part.

use std::net::TcpListener;

use serde_json::json;

use super::{Found, doctor, healthy, traces};
use crate::support::slack::Look;
use crate::support::smartlead::{DASHBOARD, V1, fleet, json_response, raw_response};
use crate::support::{TOKEN, World, monitor};

#[test]
fn without_settings_all_that_is_missing_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = monitor(folder.path());
    let found = Found::read(&command.args(["doctor", "--json"]).output().unwrap().into());
    assert_eq!(found.code, 1);
    found
        .assert_all(
            "failed",
            &[
                "settings SMARTLEAD_API_KEY",
                "settings SLACK_BOT_TOKEN",
                "settings SLACK_CHANNEL_ID",
            ],
        )
        .assert_all(
            "skipped",
            &["smartlead listing", "slack token", "clock servers"],
        )
        .assert(
            "settings",
            "SLACK_BOT_TOKEN",
            &["is missing -> Copy the Bot User OAuth Token"],
        )
        .assert(
            "slack",
            "token",
            &["to be corrected first: SLACK_BOT_TOKEN"],
        )
        .assert(
            "database",
            "connection",
            &["ok: state/monitor.db will be made"],
        )
        .assert("files", "CSV_DIR", &["ok: ./audit_logs will be made"]);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "something was made"
    );
}

#[test]
fn secrets_are_shown_by_form_and_length_alone() {
    let world = healthy();
    let key = "01234567-89ab-cdef-0123-456789abcdef";
    let found = doctor(
        &world,
        &[("SMARTLEAD_API_KEY", key), ("SMARTLEAD_BEARER_TOKEN", "")],
    );
    found
        .assert(
            "settings",
            "SMARTLEAD_API_KEY",
            &["ok: a UUID, 36 characters"],
        )
        .assert(
            "settings",
            "SLACK_BOT_TOKEN",
            &["ok: bot token (xoxb-), 11 characters"],
        )
        .assert(
            "settings",
            "empty",
            &["ok: SMARTLEAD_BEARER_TOKEN: set to nothing"],
        );
    let found = doctor(&world, &[("SLACK_BOT_TOKEN", "xoxp-secret-1")]);
    found.assert(
        "settings",
        "SLACK_BOT_TOKEN",
        &["failed: does not begin with xoxb-; it is set to: user token (xoxp-), 13 characters -> Copy the Bot"],
    );
    // {"exp":1} and a time that is far ahead.
    for (claims, words) in [
        (
            "eyJleHAiOjF9",
            [
                "warning: a JSON web token, 21 characters; it expired",
                " ago -> Copy a new one",
            ],
        ),
        (
            "eyJleHAiOjQxMDI0NDQ4MDB9",
            ["ok: a JSON web token, 33 characters; it expires in", " d "],
        ),
    ] {
        let token = format!("e30.{claims}.c2ln");
        let found = doctor(&world, &[("SMARTLEAD_BEARER_TOKEN", &token)]);
        found.assert("settings", "SMARTLEAD_BEARER_TOKEN", &words);
    }
}

#[test]
fn the_file_that_the_settings_are_from_is_named_and_a_broken_one_hides_nothing() {
    let world = healthy();
    std::fs::write(world.path(".env"), "PAGE_SIZE=7\n").unwrap();
    doctor(&world, &[]).assert("settings", ".env", &["ok: .env is read"]);
    std::fs::write(world.path(".env"), "PAGE_SIZE=7\nno such line\n").unwrap();
    let found = doctor(&world, &[]);
    assert_eq!(found.code, 1);
    found
        .assert_all("failed", &["settings .env"])
        .assert(
            "settings",
            ".env",
            &[".env: line 2 is not NAME=value -> Put values with spaces"],
        )
        .assert("slack", "token", &["ok: "]);
}

#[test]
fn malformed_settings_fail_and_what_can_be_looked_at_is() {
    let world = healthy();
    let settings = [
        ("PAGE_SIZE", "many"),
        ("DATABASE_URL", "mysql://x"),
        ("RUN_TIMEOUT_SECS", "7200"),
    ];
    let found = doctor(&world, &settings);
    assert_eq!(found.code, 1);
    found
        .assert_all("failed", &["settings PAGE_SIZE", "settings DATABASE_URL"])
        .assert_all(
            "skipped",
            &[
                "smartlead largest fleet",
                "database connection",
                "checks last check",
            ],
        )
        .assert_all("warning", &["settings RUN_TIMEOUT_SECS"])
        .assert("smartlead", "listing", &["ok: "]);
}

#[test]
fn one_account_is_read_and_the_rate_limit_shown() {
    let world = healthy();
    let found = doctor(&world, &[]);
    found.assert(
        "smartlead",
        "listing",
        &["ok: v1 serves and takes the API key; 1 account was read"],
    );
    let asked = world.smartlead.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].path.as_str(), asked[0].query["limit"].as_str()),
        (V1, "1")
    );

    let limited = |remaining: &'static str| {
        world.smartlead.set_fault(move |_| {
            let mut response = json_response(200, &json!([{"id": 1}]));
            let headers = response.headers_mut();
            headers.insert("X-RateLimit-Limit", "60".parse().unwrap());
            headers.insert("X-RateLimit-Remaining", remaining.parse().unwrap());
            headers.insert("X-RateLimit-Reset", "1795269900".parse().unwrap());
            Some(response)
        });
        doctor(&world, &[])
    };
    limited("59").assert(
        "smartlead",
        "rate limit",
        &["ok: 60 requests, 59 left, anew at 2026-11-21 14:05:00 UTC"],
    );
    world.smartlead.set_fault(move |_| {
        let mut response = json_response(200, &json!([{"id": 1}]));
        let headers = response.headers_mut();
        headers.insert("X-RateLimit-Limit", "60".parse().unwrap());
        headers.insert("X-RateLimit-Reset", "61".parse().unwrap());
        headers.insert("Date", "Sat, 21 Nov 2026 14:04:00 GMT".parse().unwrap());
        Some(response)
    });
    doctor(&world, &[]).assert(
        "smartlead",
        "rate limit",
        &["60 requests, anew at 2026-11-21 14:05:01 UTC"],
    );
    limited("59").assert(
        "smartlead",
        "largest fleet",
        &[
            "ok: any fits",
            "no limit of requests",
            "; 5,299 if the limit that Smartlead names is for a minute",
        ],
    );
    limited("0").assert(
        "smartlead",
        "rate limit",
        &["warning: ", "0 left", " -> Lower RATE_LIMIT_REQUESTS"],
    );
    limited("soon").assert("smartlead", "rate limit", &["ok: 60 requests, anew"]);
}

#[test]
fn the_largest_fleet_that_fits_is_told() {
    let world = healthy();
    let settings = [("RATE_LIMIT_REQUESTS", ""), ("RUN_TIMEOUT_SECS", "")];
    let fits = "ok: 239,399 accounts fit (RUN_TIMEOUT_SECS=540, 10 requests in 2 s, pages of 100)";
    let found = doctor(&world, &settings);
    assert_eq!(found.of("smartlead", "largest fleet"), fits);
    // It is a matter of the settings, whatever Smartlead says.
    let settings = [settings[0], settings[1], ("SMARTLEAD_API_KEY", "wrong")];
    let found = doctor(&world, &settings);
    assert_eq!(found.of("smartlead", "largest fleet"), fits);
    let slow = [
        ("RATE_LIMIT_REQUESTS", "1"),
        ("RATE_LIMIT_PERIOD_SECS", "60"),
        ("RUN_TIMEOUT_SECS", "60"),
    ];
    doctor(&world, &slow)
        .assert_all("failed", &["settings RATE_LIMIT_REQUESTS"])
        .assert(
            "settings",
            "RATE_LIMIT_REQUESTS",
            &[
                "2 requests, which take 1 min 1 s, but RUN_TIMEOUT_SECS=60 leaves 54 s",
                " -> Allow more requests, or set RUN_TIMEOUT_SECS=120 or more",
            ],
        );
}

#[test]
fn a_fleet_that_has_outgrown_a_run_is_a_warning_with_the_arithmetic() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(300, []));
    world.run(&[]).assert(0);
    let slow = [
        ("RATE_LIMIT_REQUESTS", "1"),
        ("RATE_LIMIT_PERIOD_SECS", "30"),
        ("RUN_TIMEOUT_SECS", "100"),
    ];
    let found = doctor(&world, &slow);
    assert_eq!(found.code, 0);
    found.assert(
        "checks",
        "size of the fleet",
        &[
            "warning: the last listing held 300 accounts: 5 requests at 1 in 30 s take",
            "but RUN_TIMEOUT_SECS=100 leaves 1 min 30 s for the listing",
            " -> Raise RUN_TIMEOUT_SECS to ",
        ],
    );
    let narrow = [
        ("RATE_LIMIT_REQUESTS", "1"),
        ("RATE_LIMIT_PERIOD_SECS", "400"),
        ("RUN_TIMEOUT_SECS", "540"),
        ("PAGE_SIZE", "1"),
    ];
    doctor(&world, &narrow).assert(
        "smartlead",
        "largest fleet",
        &["warning: none fits (", " -> Allow more requests"],
    );
}

#[test]
fn what_is_wrong_with_smartlead_is_said_as_a_check_says_it() {
    let world = healthy();
    let found = doctor(&world, &[("SMARTLEAD_API_KEY", "wrong")]);
    assert_eq!(found.code, 1);
    found.assert_all("failed", &["smartlead listing"]).assert(
        "smartlead",
        "listing",
        &[
            "Smartlead refused access: v1 listing: HTTP 401 (Invalid API Key)",
            " -> Check SMARTLEAD_API_KEY",
        ],
    );
    // Those with the wrong key.
    assert_eq!(world.smartlead.asked().len(), 2);
    let html = |status| move || raw_response(status, "text/html", "<html>");
    for (response, words) in [
        (
            html(502),
            [
                "HTTP 502 (an HTML page)",
                " -> The fault is on Smartlead's side",
            ],
        ),
        (
            html(200),
            [
                "an HTML page instead of a list",
                " -> The fault is on Smartlead's side",
            ],
        ),
    ] {
        world.smartlead.set_fault(move |_| Some(response()));
        let found = doctor(&world, &[]);
        assert_eq!(found.code, 1);
        found.assert("smartlead", "listing", &words);
        // With and without campaigns, once each.
        assert_eq!(world.smartlead.asked().len(), 2);
    }
}

#[test]
fn a_listing_that_fails_with_campaigns_is_a_warning() {
    let world = healthy();
    world.smartlead.set_fault(|asked| {
        let asks = asked.query.contains_key("fetch_campaigns");
        asks.then(|| json_response(504, &json!({"message": "took too long"})))
    });
    let found = doctor(&world, &[]);
    assert_eq!(found.code, 0);
    found.assert_all("warning", &["smartlead listing"]).assert(
        "smartlead",
        "listing",
        &["but not with their campaigns: alerts do without those"],
    );
}

#[test]
fn another_listing_that_serves_and_an_empty_workspace_are_warnings() {
    let world = healthy();
    world.smartlead.set_fault(|asked| {
        (asked.path == V1).then(|| json_response(404, &json!({"message": "Cannot GET"})))
    });
    let found = doctor(&world, &[]);
    assert_eq!(found.code, 0);
    found.assert_all("warning", &["smartlead listing"]).assert(
        "smartlead",
        "listing",
        &[
            "dashboard serves and takes the API key",
            "Refused before: v1 listing: HTTP 404",
            " -> Check SMARTLEAD_API_KEY",
        ],
    );
    assert_eq!(world.smartlead.asked()[1].path, DASHBOARD);
    world.smartlead.heal();
    world.smartlead.set_fleet([]);
    let found = doctor(&world, &[]);
    assert_eq!(found.code, 0);
    found.assert(
        "smartlead",
        "listing",
        &[
            "warning: ",
            "the workspace has none -> Check that the key belongs",
        ],
    );
}

#[test]
fn a_folder_that_cannot_be_written_fails_only_where_a_check_would() {
    let world = healthy();
    std::fs::write(world.path("file"), "").unwrap();
    let found = doctor(&world, &[("CSV_DIR", "file/audit")]);
    assert_eq!(found.code, 1);
    found.assert_all("failed", &["files CSV_DIR"]).assert(
        "files",
        "CSV_DIR",
        &["file/audit", " -> Check CSV_DIR"],
    );
    let found = doctor(
        &world,
        &[("STATE_FILE", "file/last.json"), ("LOG_FILE", "file/log")],
    );
    assert_eq!(found.code, 0);
    found
        .assert_all("warning", &["files STATE_FILE", "files LOG_FILE"])
        .assert(
            "files",
            "STATE_FILE",
            &["file/last.json cannot be written", " -> Check STATE_FILE"],
        )
        .assert(
            "files",
            "LOG_FILE",
            &["file/log cannot be written", " -> Check LOG_FILE"],
        );
    doctor(&world, &[("LOG_FILE", "")]).assert("files", "LOG_FILE", &["ok: no log is kept"]);
}

#[test]
fn it_ends_though_everything_hangs() {
    let world = healthy();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let (http, database) = (
        format!("http://{place}"),
        format!("postgres://u:p4ssw0rd@{place}/db"),
    );
    let found = doctor(
        &world,
        &[
            ("SMARTLEAD_BASE_URL", &http),
            ("SLACK_BASE_URL", &http),
            ("DATABASE_URL", &database),
            ("REQUEST_TIMEOUT_SECS", "1"),
            ("DATABASE_TIMEOUT_SECS", "1"),
            ("MAX_ATTEMPTS", "100"),
        ],
    );
    assert_eq!(found.code, 1);
    found
        .assert_all(
            "failed",
            &["smartlead listing", "slack token", "database connection"],
        )
        .assert("smartlead", "listing", &["no answer within 1 s"])
        .assert("slack", "token", &["no answer within 1 s"])
        .assert(
            "database",
            "connection",
            &["no answer within 1 s", "raise DATABASE_TIMEOUT_SECS"],
        );
}

#[test]
fn a_rate_limit_without_end_is_not_waited_out() {
    let world = healthy();
    world.smartlead.set_fault(|_| {
        let mut response = json_response(429, &json!({"message": "slow down"}));
        response
            .headers_mut()
            .insert("retry-after", "3600".parse().unwrap());
        Some(response)
    });
    let found = doctor(&world, &[]);
    assert_eq!(found.code, 1);
    found.assert(
        "smartlead",
        "listing",
        &["rate limited (slow down)", " -> Raise RUN_TIMEOUT_SECS"],
    );
}

#[test]
fn text_and_json_say_the_same() {
    let world = healthy();
    world.slack.set_look(Look {
        scopes: None,
        channel: json!({"ok": false, "error": "channel_not_found"}),
        ..Look::default()
    });
    let found = doctor(&world, &[("SLACK_BOT_TOKEN", TOKEN)]);
    let ran = world.run(&["doctor"]).assert(1);
    assert!(
        !ran.stdout.contains('\u{1b}') && ran.stderr.is_empty(),
        "{ran:?}"
    );
    let mut lines = ran.stdout.lines();
    for finding in &found.findings {
        let text = |name: &str| finding[name].as_str().unwrap();
        let expected = format!(
            "{:8} {:10} {}: {}",
            text("status"),
            text("part"),
            text("check"),
            text("detail")
        );
        let line = lines.next().unwrap();
        let line = match finding["latency_ms"].is_null() {
            true => line,
            false => line.rsplit_once(" (").unwrap().0,
        };
        assert_eq!(line, expected);
        if let Some(remedy) = finding["remedy"].as_str() {
            assert_eq!(lines.next().unwrap(), format!("{:20}-> {remedy}", ""));
        }
    }
    let failed = format!(
        "1 of {} checks failed: slack channel.",
        found.findings.len()
    );
    assert_eq!(lines.collect::<Vec<_>>(), ["", failed.as_str()]);
}

#[test]
fn nothing_is_left_behind_where_parts_fail() {
    let world = healthy();
    world.run(&[]).assert(0);
    world.slack.refuse("fatal_error");
    world.database.execute("drop table audit_outbox");
    let before = traces(&world);
    let found = doctor(&world, &[("SMARTLEAD_API_KEY", "wrong")]);
    assert_eq!(found.code, 1);
    found.assert_all("failed", &["smartlead listing", "database writing"]);
    let after = traces(&world);
    assert!(
        before == after,
        "something was changed: {:?}",
        after.files.keys()
    );
}
