//! Slack, and its clock.

use serde_json::{Value, json};

use super::{Found, doctor, healthy};
use crate::support::slack::{Look, error_code, title};
use crate::support::smartlead::json_response;
use crate::support::{CHANNEL, KEY, Ran};

#[test]
fn a_token_that_slack_refuses_is_named_with_the_remedy() {
    let world = healthy();
    let found = doctor(&world, &[("SLACK_BOT_TOKEN", "xoxb-wrong")]);
    assert_eq!(found.code, 1);
    found
        .assert_all("failed", &["slack token"])
        .assert_all("skipped", &["slack channel"])
        .assert(
            "slack",
            "token",
            &["Slack refused the token (invalid_auth) -> Check SLACK_BOT_TOKEN"],
        );
}

/// What is found where Slack answers so.
fn look(change: impl FnOnce(&mut Look)) -> Found {
    let world = healthy();
    let mut look = Look::default();
    change(&mut look);
    world.slack.set_look(look);
    let found = doctor(&world, &[]);
    assert_eq!(world.slack.posts(), Vec::<Value>::new());
    found
}

#[test]
fn scopes_are_held_against_what_is_needed() {
    let found = look(|_| {});
    assert_eq!(found.code, 0);
    found
        .assert_all("warning", &[])
        .assert(
            "slack",
            "token",
            &["ok: bot user \"monitor\" of workspace \"Acme\""],
        )
        .assert(
            "slack",
            "scopes",
            &["ok: granted: chat:write, channels:read"],
        )
        .assert("slack", "channel", &["ok: #alerts is there and public"])
        .assert("slack", "membership", &["ok: the bot is a member"]);
    let found = look(|look| look.scopes = Some("channels:read, chat:write.public".to_owned()));
    assert_eq!(found.code, 1);
    found.assert("slack", "scopes", &["failed: chat:write is missing; granted: channels:read, chat:write.public -> Add the scope chat:write "]);
    look(|look| look.scopes = Some(String::new())).assert(
        "slack",
        "scopes",
        &["failed: ", "granted: none"],
    );
    let found = look(|look| look.scopes = None);
    assert_eq!(found.code, 0);
    found.assert_all("skipped", &["slack scopes"]);
    let found = look(|look| look.identity = json!({"ok": true, "team": "Acme", "user": "dana"}));
    assert_eq!(found.code, 0);
    found.assert(
        "slack",
        "token",
        &[
            "warning: user \"dana\"",
            "not a bot -> Check SLACK_BOT_TOKEN",
        ],
    );
}

#[test]
fn the_channel_is_looked_at_as_far_as_slack_shows_it() {
    let found = look(
        |look| look.channel = json!({"ok": false, "error": "missing_scope", "needed": "channels:read", "provided": "chat:write"}),
    );
    assert_eq!(found.code, 0, "a scope that is not needed");
    found.assert_all("skipped", &["slack channel"]).assert(
        "slack",
        "channel",
        &[
            "cannot be looked up with these scopes",
            " -> Add the scope channels:read",
        ],
    );

    let found = look(|look| look.channel = json!({"ok": false, "error": "channel_not_found"}));
    assert_eq!(found.code, 1);
    found.assert_all("failed", &["slack channel"]).assert(
        "slack",
        "channel",
        &[
            "channel_not_found",
            "groups:read only -> Check SLACK_CHANNEL_ID, and invite the bot",
        ],
    );

    let found = look(|look| look.channel["channel"]["is_archived"] = json!(true));
    assert_eq!(found.code, 1);
    found.assert_all("failed", &["slack channel"]).assert(
        "slack",
        "channel",
        &["#alerts", "archived -> Unarchive the channel"],
    );

    let found = doctor(&healthy(), &[("SLACK_CHANNEL_ID", "#alerts")]);
    assert_eq!(found.code, 0);
    found.assert_all("skipped", &["slack channel"]).assert(
        "slack",
        "channel",
        &["is a name", " -> Set SLACK_CHANNEL_ID to the channel's id"],
    );

    let found = doctor(&healthy(), &[("SLACK_CHANNEL_ID", "C999")]);
    assert_eq!(found.code, 1);
    found.assert("slack", "channel", &["failed: ", "channel_not_found"]);
}

#[test]
fn a_bot_that_is_not_in_the_channel_may_need_to_be() {
    let with = |scopes: Option<&str>, is_private: bool| {
        look(|look| {
            look.scopes = scopes.map(str::to_owned);
            look.channel["channel"]["is_member"] = json!(false);
            look.channel["channel"]["is_private"] = json!(is_private);
        })
    };
    for (scopes, is_private, code, words) in [
        (
            Some("chat:write"),
            false,
            1,
            "failed: the bot is not a member -> Invite the bot",
        ),
        (
            Some("chat:write,chat:write.public"),
            false,
            0,
            "ok: the bot is not a member, and chat:write.public lets it post",
        ),
        (
            Some("chat:write,chat:write.public"),
            true,
            1,
            "failed: the bot is not a member -> Invite the bot",
        ),
        (
            None,
            false,
            0,
            "warning: the bot is not a member, and may post only with chat:write.public -> Invite",
        ),
        (
            None,
            true,
            1,
            "failed: the bot is not a member -> Invite the bot",
        ),
    ] {
        let found = with(scopes, is_private);
        assert_eq!(found.code, code, "{words}");
        found.assert("slack", "membership", &[words]);
    }
    let found = look(|look| look.channel["channel"]["is_member"] = Value::Null);
    assert_eq!(found.code, 0);
    found.assert_all("skipped", &["slack membership"]);
}

#[test]
fn only_when_asked_to_it_posts_and_then_one_message() {
    let world = healthy();
    let post = || Found::read(&world.run(&["doctor", "--post", "--json"]));
    let found = post();
    assert_eq!(found.code, 0);
    found.assert(
        "slack",
        "test message",
        &[&format!(
            "ok: posted to channel {CHANNEL}, ts 1503435956.000001"
        )],
    );
    let posts = world.slack.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(title(&posts[0]), "✅ Smartlead Monitor Test Message");
    assert_eq!(posts[0]["channel"], CHANNEL);

    world.slack.refuse("not_in_channel");
    let found = post();
    assert_eq!(found.code, 1);
    found.assert(
        "slack",
        "test message",
        &["Slack refused the message (not_in_channel) -> Invite the bot"],
    );
    world
        .slack
        .set_fault(|_, _| Some(error_code("internal_error")));
    post().assert(
        "slack",
        "test message",
        &[
            "failed: ",
            "It may be in the channel all the same -> Slack is at fault",
        ],
    );
    assert_eq!(world.slack.seen(), 1, "posted again");
    let found = Found::read(&world.run_with(
        &["doctor", "--post", "--json"],
        &[("SLACK_BOT_TOKEN", "xoxb-wrong")],
    ));
    found.assert_all("skipped", &["slack channel", "slack test message"]);
    assert_eq!(world.slack.posts(), Vec::<Value>::new());
}

#[test]
fn a_clock_that_goes_wrong_is_a_warning() {
    let http_date = |ahead: i64| {
        let now = chrono::Utc::now() + chrono::TimeDelta::seconds(ahead);
        now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let found = look(|look| look.date = Some(http_date(600)));
    assert_eq!(found.code, 0);
    found
        .assert_all("warning", &["clock Slack"])
        .assert(
            "clock",
            "Slack",
            &["this machine is 9 min behind -> Set this machine's clock"],
        )
        .assert("clock", "Smartlead", &["ok: agrees"]);

    let world = healthy();
    let date = http_date(-7_200);
    world.smartlead.set_fault(move |_| {
        let mut response = json_response(200, &json!([{"id": 1}]));
        response.headers_mut().insert("date", date.parse().unwrap());
        Some(response)
    });
    doctor(&world, &[]).assert(
        "clock",
        "Smartlead",
        &["warning: this machine is 2 h 0 min ahead"],
    );
}

#[test]
fn answers_of_strangers_stay_on_their_line() {
    let found = look(|look| {
        look.identity["team"] = json!("Ac\u{1b}[31mme\nok       database   \u{202e}x");
        look.channel["channel"]["name"] = json!(format!("{KEY} {}", "x".repeat(500)));
    });
    found
        .assert(
            "slack",
            "token",
            &["of workspace \"Ac [31mme ok database x\""],
        )
        .assert("slack", "channel", &["#[redacted] xxx", "…"]);
    let ran: Ran = healthy().run(&["doctor"]);
    assert!(
        ran.stdout.ends_with("All needed parts are fine.\n"),
        "{ran:?}"
    );
}

#[test]
fn a_token_is_tried_though_the_channel_is_at_fault() {
    let world = healthy();
    let found = doctor(&world, &[("SLACK_CHANNEL_ID", "alerts")]);
    assert_eq!(found.code, 1);
    found
        .assert("slack", "token", &["ok: bot user"])
        .assert("slack", "scopes", &["ok: granted"])
        .assert(
            "slack",
            "channel",
            &["skipped: to be corrected first: SLACK_CHANNEL_ID"],
        )
        .assert_all("failed", &["settings SLACK_CHANNEL_ID"]);
}
