//! What is told, and how: causes, their cost, incidents, who is back, reminders, flappers.

mod cost;
mod daily;
mod incidents;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::slack::{error_code, listed, title};
use crate::support::smartlead::{
    both_down, down_somehow, fleet, healthy, json_response, smtp_down, with,
};
use crate::support::{Ran, World, on_every_engine};

const THROTTLED: &str = "454 4.7.0 Too many login attempts, please try again later";

/// An account that is down for the cause that many share.
fn throttled(id: i64) -> Value {
    with(smtp_down(id), json!({"smtp_failure_error": THROTTLED}))
}

/// A fleet of 400 in which these are down for the cause that many share.
fn outage(world: &World, down: impl IntoIterator<Item = i64>) {
    let down = down.into_iter().map(throttled);
    world.smartlead.set_fleet(fleet(400, down));
}

/// A check that ends well, and what it posted: the title, and the thread it went to.
fn check(world: &World) -> Vec<(String, Option<String>)> {
    world.run(&[]).assert(0);
    posts(world)
}

fn posts(world: &World) -> Vec<(String, Option<String>)> {
    let posts = world.slack.posts();
    let post = |post: &Value| {
        let thread = post
            .get("thread_ts")
            .map(|ts| ts.as_str().unwrap().to_owned());
        (title(post).to_owned(), thread)
    };
    posts.iter().map(post).collect()
}

fn titles(posts: &[(String, Option<String>)]) -> Vec<&str> {
    posts.iter().map(|(title, _)| title.as_str()).collect()
}

/// How the disconnections on record are told, with how many there are.
fn ways(world: &World) -> Vec<String> {
    world.database.query(
        "select coalesce(told_as, '-') || ' ' || coalesce(cast(incident_id as text), '-') || ' ' \
                || case when announced_at is null then 'untold' else 'told' end || ' ' || count(*) \
           from disconnected_accounts group by told_as, incident_id, announced_at is null \
          order by 1",
    )
}

/// Incidents as number, cause, scope, whether they are over, and what is told of that.
fn incidents(world: &World) -> Vec<String> {
    world.database.query(
        "select id || ' ' || cause || ' ' || coalesce(scope || '=' || scope_value, 'fleet') || ' ' \
                || case when closed_at is null then 'open' else 'over' end || ' ' \
                || case when announced_at is null then 'untold' else 'told' end || ' ' \
                || case when close_told_at is null then 'untold' else 'told' end \
           from incidents order by id",
    )
}

/// Everything on record happened so many hours earlier.
fn hours_pass(world: &World, hours: i64) {
    let sets = |table: &str, columns: &[&str]| {
        let set = |column: &&str| match world.database.engine() {
            crate::support::Engine::Sqlite => format!(
                "{column} = strftime('%Y-%m-%dT%H:%M:%f', {column}, '-{hours} hours') || '+00:00'"
            ),
            _ => format!("{column} = {column} - interval '{hours} hours'"),
        };
        let sets: Vec<String> = columns.iter().map(set).collect();
        world
            .database
            .execute(&format!("update {table} set {}", sets.join(", ")));
    };
    sets(
        "disconnected_accounts",
        &["detected_at", "resolved_at", "announced_at"],
    );
    sets("check_runs", &["started_at", "finished_at"]);
    sets("incidents", &["opened_at", "closed_at", "announced_at"]);
    sets("chronic_accounts", &["since", "told_at"]);
    sets("notices", &["attempted_at", "told_at"]);
}

on_every_engine! {
    fn causes_are_in_the_message_on_record_and_in_the_csv(world) {
        world.smartlead.set_fleet(fleet(20, [down_somehow(1), down_somehow(2), down_somehow(4), both_down(5)]));
        world.run(&[]).assert(0);
        let post = world.slack.posts().remove(0).to_string();
        for words in ["Host name not found", "Mailbox full", "Password refused", "Free space or buy storage."] {
            assert!(post.contains(words), "{words} is not in {post}");
        }
        assert!(post.contains("/app/email-account/4/error-state"), "{post}");
        let causes = world.database.query("select account_id || ' ' || cause from disconnected_accounts order by account_id");
        assert_eq!(causes, ["1 dns", "2 quota_full", "4 dns", "5 bad_password"]);
        let last: Vec<String> = world.audit_records().iter().map(|r| r[r.len() - 1].to_owned()).collect();
        assert_eq!(last, ["dns", "quota_full", "dns", "bad_password"]);
    }

    fn who_is_back_is_told_in_the_thread_of_the_alert_or_in_the_channel(world) {
        for (mode, threads) in [
            ("off", vec![]),
            ("thread", vec![Some("1503435956.000003"), Some("1503435956.000004")]),
            ("channel", vec![None]),
        ] {
            let settings = [("SLACK_NOTIFY_RECONNECTED", mode)];
            let run = |world: &World| { world.run_with(&[], &settings).assert(0); };
            world.smartlead.set_fleet(fleet(400, []));
            run(&world);
            world.slack.posts();
            world.smartlead.set_fleet(fleet(400, [smtp_down(1), smtp_down(2)]));
            run(&world);
            world.smartlead.set_fleet(fleet(400, [smtp_down(1), smtp_down(2), smtp_down(3)]));
            run(&world);
            world.slack.posts();
            world.smartlead.set_fleet(fleet(400, [smtp_down(2)]));
            world.slack.refuse("is_archived");
            run(&world);
            world.slack.heal();
            run(&world);
            let told = posts(&world);
            let expected: Vec<Option<String>> = threads.into_iter().map(|ts| ts.map(str::to_owned)).collect();
            let threads: Vec<Option<String>> = told.iter().map(|(_, thread)| thread.clone()).collect();
            assert_eq!(threads, expected, "{mode}: {told:?}");
            run(&world);
            assert_eq!(posts(&world), [], "once");
            world.database.execute("delete from disconnected_accounts");
            world.database.execute("delete from chronic_accounts");
        }
    }

    fn who_was_never_told_as_down_is_not_told_as_back(world) {
        let settings = [("SLACK_NOTIFY_RECONNECTED", "channel")];
        let run = |code: i32| -> Ran { world.run_with(&[], &settings).assert(code) };
        run(0);
        world.smartlead.set_fleet(fleet(400, [smtp_down(1)]));
        world.slack.refuse("is_archived");
        run(3);
        world.slack.heal();
        world.smartlead.set_fleet(fleet(400, []));
        run(0);
        assert_eq!(titles(&posts(&world)), ["🟡 1 Account Disconnection(s) Passed Unannounced"]);
    }
}

#[test]
fn settings_out_of_range_are_named_with_their_bounds() {
    for (name, value, words) in [
        ("INCIDENT_MIN", "1", "from 2 to 1000000"),
        ("INCIDENT_SHARE", "0", "from 1 to 100"),
        ("INCIDENT_SHARE", "101", "from 1 to 100"),
        ("CONFIRM_CHECKS", "0", "from 1 to 24"),
        ("CONFIRM_CHECKS", "25", "from 1 to 24"),
        ("REMIND_AFTER_HOURS", "0", "from 1 to 8760"),
        ("REMIND_AFTER_HOURS", "soon", "from 1 to 8760"),
        (
            "SLACK_NOTIFY_RECONNECTED",
            "yes",
            "none of off, thread and channel",
        ),
    ] {
        let ran = World::any().run_with(&[], &[(name, value)]).assert(2);
        assert!(
            ran.stderr.contains(name) && ran.stderr.contains(words),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn an_error_text_of_a_megabyte_is_read_and_cut() {
    let world = World::any();
    let text = format!(
        "535 5.7.8 Username and Password not accepted {}",
        "x ".repeat(500_000)
    );
    let down = with(smtp_down(1), json!({"smtp_failure_error": text}));
    world.smartlead.set_fleet(fleet(20, [down]));
    world.run(&[]).assert(0);
    let causes = world
        .database
        .query("select cause || ' ' || length(smtp_error) from disconnected_accounts");
    assert_eq!(causes, ["bad_password 500"]);
}

/// A row of an earlier version has no cause; it is told by its words.
#[test]
fn the_cause_of_a_row_without_one_is_read_from_its_words() {
    let world = World::any();
    outage(&world, 1..=1);
    world.run(&["--baseline"]).assert(0);
    world
        .database
        .execute("update disconnected_accounts set cause = null");
    let at: DateTime<Utc> = Utc::now() - TimeDelta::hours(30);
    world.database.execute(&format!(
        "update disconnected_accounts set detected_at = '{}'",
        at.to_rfc3339()
    ));
    world
        .run_with(&[], &[("REMIND_AFTER_HOURS", "24")])
        .assert(0);
    let post = world.slack.posts().remove(0).to_string();
    assert!(post.to_lowercase().contains("too many requests"), "{post}");
}
