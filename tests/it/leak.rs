//! No secret gets out, whatever happens and however much is logged.

use serde_json::json;

use crate::support::slack::Look;
use crate::support::smartlead::{fleet, json_response, raw_response, smtp_down, with};
use crate::support::{Engine, KEY, TOKEN, World};

/// Every place that a run writes to, as one text.
pub fn everything(world: &World, ran: &crate::support::Ran) -> Vec<(String, String)> {
    let mut places = vec![
        ("stdout".to_owned(), ran.stdout.clone()),
        ("stderr".to_owned(), ran.stderr.clone()),
        ("slack".to_owned(), json!(world.slack.posts()).to_string()),
    ];
    let mut folders = vec![world.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                places.push((path.display().to_string(), text));
            }
        }
    }
    for table in [
        "disconnected_accounts",
        "check_runs",
        "run_lease",
        "audit_outbox",
        "incidents",
        "chronic_accounts",
        "notices",
    ] {
        if world.database.engine() != Engine::Sqlite {
            let rows = world
                .database
                .query(&format!("select t::text from {table} as t"));
            places.push((table.to_owned(), rows.join("\n")));
        }
    }
    places
}

fn assert_clean(world: &World, ran: &crate::support::Ran, what: &str) {
    let database_password = world
        .database
        .url()
        .split(['@', ':'])
        .nth(2)
        .filter(|_| world.database.engine() != Engine::Sqlite);
    let secrets = [
        KEY,
        TOKEN,
        "jwt-91ce",
        "c210cC1wYXNzd29yZA==",
        "aW1hcC1wYXNzd29yZA==",
        "hunter2-in-the-reason",
        "xoxb-of-somebody-else",
    ];
    for (place, text) in everything(world, ran) {
        for secret in secrets.iter().copied().chain(database_password) {
            assert!(
                !text.contains(secret),
                "{secret} is in {place} after {what}:\n{text}"
            );
        }
    }
}

/// A server that echoes what it was sent, as some do in their error messages.
fn echo(asked: &crate::support::smartlead::Asked) -> String {
    format!("{:?} {:?}", asked.query, asked.authorization)
}

#[test]
fn no_secret_is_written_anywhere_at_any_log_level() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let reason = json!({"smtp_failure_error": "login with password=hunter2-in-the-reason and xoxb-of-somebody-else"});
        let world = World::new(engine);
        world
            .smartlead
            .set_fleet(fleet(120, [with(smtp_down(3), reason)]));
        let bearer = ("SMARTLEAD_BEARER_TOKEN", "jwt-91ce");
        for arguments in [
            &["-vvv"][..],
            &["-vvv", "--log-format", "json"],
            &["-vvv", "--first-run"],
            &["-vvv", "--dry-run"],
            &["-vvv", "doctor"],
            &["-vvv", "doctor", "--json", "--post"],
        ] {
            let ran = world.run_with(arguments, &[bearer]).assert(0);
            assert!(ran.stderr.contains("TRACE"), "the libraries did not log");
            assert_clean(&world, &ran, "a good run");
        }
        for status in [200, 302, 400, 401, 403, 404, 408, 422, 429, 500, 503] {
            let (with_reason, mut left) = (status != 429, 2);
            world.smartlead.set_fault(move |asked| {
                left -= 1;
                let body = json!({"ok": false, "message": echo(asked), "retry_after": 0.01, "data": [smtp_down(3)]});
                (with_reason || left >= 0).then(|| json_response(status, &body))
            });
            for arguments in [&["-vvv"][..], &["-vvv", "doctor"]] {
                let ran = world.run_with(arguments, &[bearer]);
                assert_clean(&world, &ran, &format!("an echo with status {status}"));
            }
        }
        // A long message that is cut to be shown, with the key at every place around the cut.
        for before in 280..305 {
            let body = json!({"message": format!("{}{KEY}", "x".repeat(before))});
            world
                .smartlead
                .set_fault(move |_| Some(json_response(400, &body)));
            let ran = world.run(&[]).assert(1);
            assert!(!ran.stderr.contains("key-5b"), "{}", ran.stderr);
        }
        for body in [
            "<html>{}",
            "[{\"id\":\"c210cC1wYXNzd29yZA==\"}]",
            "[{\"id\":1,\"password\":\"c210cC1wYXNzd29yZA==",
            "c210cC1wYXNzd29yZA==",
        ] {
            world
                .smartlead
                .set_fault(move |_| Some(raw_response(200, "application/json", body)));
            for arguments in [&["-vvv"][..], &["-vvv", "doctor", "--json"]] {
                let ran = world.run(arguments).assert(1);
                assert_clean(&world, &ran, body);
            }
        }
        world.smartlead.heal();
        world.slack.set_fault(|_, _| {
            Some(json_response(
                200,
                &json!({"ok": false, "error": format!("bad {TOKEN}")}),
            ))
        });
        let ran = world.run(&["-vvv", "--first-run"]).assert(3);
        assert_clean(&world, &ran, "an echo of Slack's");
        let echo = format!("{TOKEN} {KEY}");
        for look in [
            json!({"ok": false, "error": echo, "response_metadata": {"messages": [echo]}}),
            json!({"ok": true, "team": echo, "user": echo, "channel": {"name": echo}}),
        ] {
            world.slack.set_look(Look {
                identity: look.clone(),
                scopes: Some(echo.clone()),
                channel: look,
                date: None,
            });
            let ran = world.run(&["-vvv", "doctor", "--post"]).assert(1);
            assert_clean(&world, &ran, "an echo of Slack's to a question");
        }
        for arguments in [&["-vvv"][..], &["-vvv", "doctor", "--post"]] {
            let ran = world.run_with(
                arguments,
                &[
                    ("SMARTLEAD_BASE_URL", "http://127.0.0.1:9"),
                    ("SLACK_BASE_URL", "http://127.0.0.1:9"),
                ],
            );
            assert_clean(&world, &ran, "unreachable servers");
        }
        for arguments in [
            &["-vvv", "report"][..],
            &["-vvv", "report", "--json"],
            &["-vvv", "status"],
            &["-vvv", "history", "--json"],
        ] {
            let ran = world.run(arguments).assert(0);
            assert_clean(&world, &ran, "a report");
        }
    }
}

#[test]
fn a_database_that_refuses_the_password_does_not_print_it() {
    let world = World::new(Engine::Postgres);
    let mut url: url::Url = world.database.url().parse().unwrap();
    url.set_password(Some("wr0ng-pass")).unwrap();
    let wrong = [("DATABASE_URL", url.as_str())];
    let ran = world.run_with(&["-vvv"], &wrong).assert(1);
    let doctor = world.run_with(&["-vvv", "doctor"], &wrong).assert(1);
    for said in [&ran.stderr, &doctor.stdout] {
        let remedy = "Check user and password in DATABASE_URL";
        assert!(said.contains(remedy), "{said}");
    }
    let log = std::fs::read_to_string(world.path("smartlead_monitor.log")).unwrap();
    let posts = json!(world.slack.posts()).to_string();
    for text in [&ran.stderr, &doctor.stdout, &doctor.stderr, &log, &posts] {
        assert!(!text.contains("wr0ng-pass"), "{text}");
    }
}
