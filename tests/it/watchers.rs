//! Those who watch over the checks: a heartbeat, GitHub Actions, and a person at a terminal.

use axum::http::{Method, StatusCode};

use crate::support::heartbeat::{FakeHeartbeat, Ping};
use crate::support::smartlead::{fleet, json_response, smtp_down, with};
use crate::support::{Engine, World, on_every_engine};

const ACTIONS: [(&str, &str); 4] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "https://github.example"),
    ("GITHUB_REPOSITORY", "agency/monitor"),
    ("GITHUB_RUN_ID", "4711"),
];

fn paths(heartbeat: &FakeHeartbeat) -> Vec<String> {
    heartbeat
        .pings()
        .into_iter()
        .map(|ping| ping.path)
        .collect()
}

fn refusal(world: &World) {
    let body = serde_json::json!({"message": "Plan expired"});
    world
        .smartlead
        .set_fault(move |_| Some(json_response(401, &body)));
}

#[test]
fn a_check_is_signalled_at_its_start_and_its_end_with_its_run() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
    let heartbeat = FakeHeartbeat::start(Some(StatusCode::OK));
    let url = heartbeat.url("/ping/5f0c-uuid");
    let settings = [("HEARTBEAT_URL", url.as_str())];
    world.run_with(&[], &settings).assert(0);
    let pings = heartbeat.pings();
    assert_eq!(
        paths(&heartbeat),
        ["/ping/5f0c-uuid/start", "/ping/5f0c-uuid"]
    );
    assert!(pings.iter().all(|ping| ping.method == Method::POST));
    let id = world.state()["run_id"].as_str().unwrap().to_owned();
    assert!(pings.iter().all(|ping| ping.body.starts_with(&id)));
    let id = id.replace('_', "");
    for Ping { query, .. } in &pings {
        let rid = query["rid"].replace('-', "");
        assert_eq!(
            (rid.get(..12), rid.get(14..16), rid.get(26..)),
            (id.get(..12), id.get(12..14), id.get(14..))
        );
    }
    assert_eq!(
        pings[1].body.split_once(' ').unwrap().1,
        "Check complete: 20 accounts, 1 disconnected, 1 new, 0 changed, 0 reconnected, 0 removed"
    );

    refusal(&world);
    world.run_with(&[], &settings).assert(1);
    let failed = heartbeat.pings().pop().unwrap();
    assert_eq!(failed.path, "/ping/5f0c-uuid/fail");
    assert!(
        failed
            .body
            .contains(" Check failed: Smartlead refused access"),
        "{}",
        failed.body
    );
}

#[test]
fn an_alert_that_is_untold_is_no_success() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
    world.slack.refuse("invalid_auth");
    let heartbeat = FakeHeartbeat::start(Some(StatusCode::OK));
    let url = heartbeat.url("/api/push/t0ken?status=up&msg=OK&ping=");
    world.run_with(&[], &[("HEARTBEAT_URL", &url)]).assert(3);
    let [ping] = <[Ping; 1]>::try_from(heartbeat.pings()).unwrap();
    assert_eq!(
        (ping.method, ping.path.as_str()),
        (Method::GET, "/api/push/t0ken")
    );
    assert_eq!(ping.query["status"], "down");
    assert!(
        ping.query["msg"].contains("invalid_auth"),
        "{}",
        ping.query["msg"]
    );
    assert!(ping.query["ping"].parse::<u64>().is_ok());
}

#[test]
fn a_heartbeat_that_is_not_taken_changes_nothing_and_does_not_give_its_url_away() {
    for status in [
        Some(StatusCode::NOT_FOUND),
        Some(StatusCode::BAD_GATEWAY),
        None,
    ] {
        let world = World::any();
        let heartbeat = FakeHeartbeat::start(status);
        let url = heartbeat.url("/ping/only-we-know-this");
        let ran = world
            .run_with(
                &["-vvv"],
                // Less than a ping may take: a check that waited for one would be cut off.
                &[("HEARTBEAT_URL", &url), ("RUN_TIMEOUT_SECS", "4")],
            )
            .assert(0);
        assert!(!paths(&heartbeat).is_empty());
        assert!(ran.stderr.contains("Check HEARTBEAT_URL"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("only-we-know-this"), "{}", ran.stderr);
    }
    let world = World::any();
    let nobody = "http://127.0.0.1:9/ping/only-we-know-this";
    let ran = world.run_with(&[], &[("HEARTBEAT_URL", nobody)]).assert(0);
    assert!(!ran.stderr.contains("only-we-know-this"), "{}", ran.stderr);
}

#[test]
fn no_part_of_the_url_that_may_be_a_secret_is_shown() {
    let world = World::any();
    let heartbeat = FakeHeartbeat::start(Some(StatusCode::NOT_FOUND));
    let url = heartbeat.url("/ping/first-secret/slug?id=second-secret&create=1");
    let ran = world
        .run_with(&["-vvv"], &[("HEARTBEAT_URL", &url)])
        .assert(0);
    assert!(ran.stderr.contains("is not known"), "{}", ran.stderr);
    for secret in ["first-secret", "second-secret"] {
        assert!(!ran.stderr.contains(secret), "{}", ran.stderr);
    }
}

#[test]
fn a_check_whose_settings_are_wrong_is_signalled_too() {
    let world = World::any();
    let heartbeat = FakeHeartbeat::start(Some(StatusCode::OK));
    let url = heartbeat.url("/x");
    let summary = world.path("summary.md").display().to_string();
    let mut settings = ACTIONS.to_vec();
    settings.extend([
        ("HEARTBEAT_URL", url.as_str()),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("PAGE_SIZE", "many"),
        ("SLACK_CHANNEL_ID", ""),
    ]);
    let ran = world.run_with(&[], &settings).assert(2);
    assert!(
        ran.stdout
            .starts_with("::error title=Smartlead Monitor::2 settings to correct"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stdout.lines().count(), 1);
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(
        text.starts_with("### The check could not begin\n"),
        "{text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.starts_with("> ")).count(),
        3,
        "{text}"
    );
    let [ping] = <[Ping; 1]>::try_from(heartbeat.pings()).unwrap();
    assert_eq!(ping.path, "/x/fail");
    assert!(ping.body.contains("PAGE_SIZE: "), "{}", ping.body);
    world.run_with(&["--dry-run"], &settings).assert(2);
    assert_eq!(heartbeat.pings().len(), 1);
}

#[test]
fn a_check_that_does_nothing_gives_no_heartbeat() {
    let world = World::any();
    let heartbeat = FakeHeartbeat::start(Some(StatusCode::OK));
    let url = heartbeat.url("/x");
    let settings = [("HEARTBEAT_URL", url.as_str())];
    world.run_with(&["--dry-run"], &settings).assert(0);
    world.run(&[]).assert(0);
    world.database.execute(
        "insert into run_lease (name, holder, expires_at) values ('check', 'other', '2999-01-01T00:00:00+00:00')",
    );
    world.run_with(&[], &settings).assert(4);
    assert_eq!(paths(&heartbeat), Vec::<String>::new());
}

on_every_engine! {
    fn a_job_of_actions_shows_what_is_new(world) {
        let name = "<b>|`a`|\n@all [x](https://evil.example)";
        let hostile = with(smtp_down(3), serde_json::json!({"from_email": name, "smtp_failure_error": "535 <i>|x"}));
        world.smartlead.set_fleet(fleet(70, (4..=60).map(smtp_down).chain([hostile])));
        let summary = world.path("summary.md");
        let mut settings = ACTIONS.to_vec();
        let path = summary.display().to_string();
        settings.push(("GITHUB_STEP_SUMMARY", &path));
        let ran = world.run_with(&[], &settings).assert(0);
        assert!(!ran.stdout.contains("::error"), "{}", ran.stdout);
        let text = std::fs::read_to_string(&summary).unwrap();
        assert!(text.starts_with("### Check complete\n"), "{text}");
        for words in [
            "| Newly down | Kind | Account | Type | Tags | Reason |",
            "| accounts | disconnected | new | changed | reconnected | removed |",
            "| 70 | 58 | 58 | 0 | 0 | 0 |",
            "| \\<b\\>\\|\\`a\\`\\| \\@all \\[x\\]\\(https\\:\\/\\/evil\\.example\\) | SMTP | 3 | OUTLOOK | pool\\-a | password refused\\: 535 \\<i\\>\\|x |",
            "The CSV audit trail has 8 more.",
            "(https://github.example/agency/monitor/actions/runs/4711#artifacts)",
        ] {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
        assert_eq!(text.matches("| SMTP |").count(), 50);

        refusal(&world);
        let ran = world.run_with(&[], &settings).assert(1);
        let line = ran.stdout.lines().last().unwrap();
        assert!(line.starts_with("::error title=Smartlead Monitor::Smartlead refused access"), "{line}");
        let text = std::fs::read_to_string(&summary).unwrap();
        assert!(text.contains("### Check failed\n") && text.contains("\n> Smartlead refused access"), "{text}");

        let is_file = world.database.engine() == Engine::Sqlite;
        assert_eq!(ran.stdout.contains("::warning title=Smartlead Monitor::GitHub Actions keeps no file"), is_file);
        settings.push(("RUNNER_ENVIRONMENT", "self-hosted"));
        let ran = world.run_with(&[], &settings).assert(1);
        assert!(!ran.stdout.contains("::warning"), "{}", ran.stdout);
    }
}

#[test]
fn elsewhere_a_check_prints_nothing() {
    let world = World::any();
    refusal(&world);
    assert_eq!(world.run(&[]).assert(1).stdout, "");
}

#[test]
fn a_summary_that_cannot_be_written_is_only_a_warning() {
    let world = World::any();
    let folder = world.folder().display().to_string();
    let ran = world
        .run_with(&[], &[("GITHUB_STEP_SUMMARY", &folder)])
        .assert(0);
    assert!(
        ran.stderr.contains("summary cannot be written"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_terminal_shows_progress_and_whole_log_lines() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(550, []));
    let shown = world.on_terminal(100, "", &[]);
    assert!(shown.contains(" accounts, "), "{shown:?}");
    assert!(!shown.contains(" left"), "nothing is known yet: {shown:?}");
    // The second time it is known how many come.
    let limit = ("RATE_LIMIT_REQUESTS", "10");
    let shown = world.on_terminal(100, "", &[limit]);
    assert!(
        shown.contains(" of about 550 accounts, 0s, about 1s left"),
        "{shown:?}"
    );
    let plain = world.run(&[]).assert(0).stderr;
    assert!(
        !plain.contains(" accounts, ") && !plain.contains('\r'),
        "{plain:?}"
    );
    assert!(shown.contains("listing read to its end"), "{shown:?}");
    for quiet in [("-q", &[][..]), ("", &[("CI", "true")])] {
        let shown = world.on_terminal(100, quiet.0, quiet.1);
        assert!(!shown.contains(" accounts, "), "{shown:?}");
    }
}
