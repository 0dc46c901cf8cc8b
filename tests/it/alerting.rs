//! What is told, and how: causes, their cost, incidents, who is back, reminders, flappers.

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

    fn a_mass_outage_is_one_incident_from_its_beginning_to_its_end(world) {
        check(&world);
        world.smartlead.set_fleet(fleet(400, (1..=50).map(throttled).chain([down_somehow(100), down_somehow(101)])));
        let told = check(&world);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].0.starts_with("🔴 Incident 1: 50 accounts down"), "{told:?}");
        assert_eq!(told[1].1.as_deref(), Some("1503435956.000001"), "all of them fit into a reply");
        assert_eq!((&*told[2].0, &told[2].1), ("🔴 2 New Account Disconnection(s) Detected", &None));
        assert_eq!(ways(&world), ["alert - told 2", "incident 1 told 50"]);
        assert_eq!(incidents(&world), ["1 throttled domain=outreach-one.example open told untold"]);
        assert_eq!(check(&world), []);

        outage(&world, 1..=70);
        let told = check(&world);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].1.as_deref(), Some("1503435956.000001"));
        let updates = world.slack.updates();
        assert_eq!(updates.len(), 1);
        assert!(title(&updates[0]).starts_with("🔴 Incident 1: 70 accounts down"), "{updates:?}");
        assert_eq!(updates[0]["ts"], "1503435956.000001");
        assert_eq!(ways(&world)[1..], ["incident 1 told 70"]);
        assert_eq!(check(&world), []);

        outage(&world, 1..=100);
        let told = check(&world);
        assert!(told[0].0.starts_with("🔴 Incident 1 has doubled: 100 accounts down"), "{told:?}");
        assert_eq!(told[0].1, None);
        let head = "1503435956.000005";
        assert!(told[1..].iter().all(|(_, thread)| thread.as_deref() == Some(head)), "{told:?}");
        world.slack.updates();

        outage(&world, 91..=100);
        assert_eq!(check(&world), [], "a tenth is still down");
        let updates = world.slack.updates();
        assert_eq!(updates.len(), 1);
        assert!(title(&updates[0]).starts_with("🔴 Incident 1: 10 accounts down"), "{updates:?}");
        assert!(updates[0].to_string().contains("100 accounts, 10 of them down now"), "{updates:?}");
        assert_eq!(updates[0]["ts"], head);
        assert_eq!(check(&world), []);
        assert_eq!(world.slack.updates(), Vec::<Value>::new(), "nothing has changed");
        outage(&world, 92..=100);
        let told = check(&world);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].1.as_deref(), Some(head));
        let updates = world.slack.updates();
        assert!(title(&updates[0]).starts_with("✅ Incident 1 is over: 100 accounts were down"), "{updates:?}");
        assert_eq!(incidents(&world), ["1 throttled domain=outreach-one.example over told told"]);
        assert_eq!(check(&world), []);

        // The same again is another incident.
        outage(&world, 200..=240);
        let told = check(&world);
        assert!(told[0].0.starts_with("🔴 Incident 2: 41 accounts down"), "{told:?}");
    }

    fn an_incident_that_slack_refuses_is_told_by_the_next_check(world) {
        check(&world);
        outage(&world, 1..=50);
        world.slack.refuse("channel_not_found");
        world.run(&[]).assert_error(3, &["channel_not_found"]);
        assert_eq!(ways(&world), ["incident 1 untold 50"]);
        assert_eq!(incidents(&world), ["1 throttled domain=outreach-one.example open untold untold"]);
        // Some come back meanwhile, and more go down.
        outage(&world, 11..=60);
        world.run(&[]).assert_error(3, &["channel_not_found"]);
        world.slack.heal();
        outage(&world, 21..=60);
        let told = check(&world);
        assert!(told[0].0.starts_with("🔴 Incident 1: 40 accounts down"), "{told:?}");
        assert!(told.iter().all(|(title, _)| !title.contains("repeat")), "{told:?}");
        assert_eq!(ways(&world), ["incident 1 told 60"]);
        assert_eq!(check(&world), []);
    }

    fn an_incident_whose_answer_was_lost_is_told_again_as_a_possible_repeat(world) {
        check(&world);
        outage(&world, 1..=50);
        world.slack.set_lost(|_, _| Some(error_code("fatal_error")));
        world.run(&[]).assert_error(3, &["fatal_error"]);
        world.slack.posts();
        world.slack.heal();
        let told = check(&world);
        assert!(told[0].0.contains("Incident 1: 50 accounts down"), "{told:?}");
        assert!(told[0].0.ends_with("(possible repeat)"), "{told:?}");
        assert_eq!(check(&world), []);
        // The same of its growth and of its end.
        for (down, words) in [(1..=60, "possible repeat"), (1..=1, "possible repeat")] {
            outage(&world, down);
            world.slack.set_lost(|_, _| Some(error_code("fatal_error")));
            world.run(&[]).assert_error(3, &["fatal_error"]);
            world.slack.posts();
            world.slack.heal();
            world.run(&[]).assert(0);
            let told = json!(world.slack.posts()).to_string();
            assert!(told.contains(words), "{told}");
            assert_eq!(check(&world), []);
        }
        assert_eq!(incidents(&world), ["1 throttled domain=outreach-one.example over told told"]);
    }

    fn what_is_over_of_an_incident_and_may_have_been_told_is_a_possible_repeat(world) {
        check(&world);
        outage(&world, 1..=50);
        check(&world);
        outage(&world, 1..=60);
        world.slack.set_lost(|_, _| Some(error_code("fatal_error")));
        world.run(&[]).assert_error(3, &["fatal_error"]);
        // They are back, as the check that finds it knows, and the one after it from the database.
        outage(&world, 1..=50);
        world.slack.heal();
        world.slack.refuse("is_archived");
        world.run(&[]).assert(3);
        world.slack.heal();
        world.slack.posts();
        world.run(&[]).assert(0);
        let told = json!(world.slack.posts()).to_string();
        assert!(told.contains("10 more accounts went down unannounced"), "{told}");
        assert!(told.contains("an earlier message: 10 accounts"), "{told}");
        assert_eq!(check(&world), []);
    }

    fn an_incident_that_passes_while_slack_is_away_is_told_with_its_end(world) {
        check(&world);
        outage(&world, 1..=50);
        world.slack.refuse("is_archived");
        world.run(&[]).assert(3);
        outage(&world, []);
        world.run(&[]).assert(3);
        world.slack.heal();
        let told = check(&world);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].0.starts_with("🟡 Incident 1 is over already: 50 accounts were down"), "{told:?}");
        assert!(told[1].1.is_some(), "its end goes into the thread");
        assert_eq!(ways(&world), ["incident 1 told 50"]);
        assert_eq!(incidents(&world), ["1 throttled domain=outreach-one.example over told told"]);
        assert_eq!(check(&world), []);
    }

    fn what_flaps_inside_an_incident_neither_doubles_nor_ends_it(world) {
        check(&world);
        outage(&world, 1..=20);
        check(&world);
        let mut told = Vec::new();
        for _ in 0..6 {
            outage(&world, 1..=8);
            told.extend(check(&world));
            outage(&world, 1..=20);
            told.extend(check(&world));
        }
        let titles = titles(&told);
        assert!(!titles.iter().any(|title| title.contains("doubled") || title.contains("over")), "{titles:?}");
        assert_eq!(incidents(&world), ["1 throttled domain=outreach-one.example open told untold"]);
        // Those that flap are told as chronic once, and folded from then on.
        let chronic = titles.iter().filter(|title| title.contains("12 New Account")).count();
        assert_eq!(chronic, 1, "{titles:?}");
        assert_eq!(titles.len(), 3, "{titles:?}");
    }

    fn a_first_run_loses_nothing_of_an_incident_that_nobody_heard_of(world) {
        check(&world);
        outage(&world, 1..=50);
        world.slack.refuse("is_archived");
        world.run(&[]).assert(3);
        outage(&world, 1..=40);
        world.run(&[]).assert(3);
        world.slack.heal();
        outage(&world, 1..=35);
        world.run(&["--first-run"]).assert(0);
        let told = json!(world.slack.posts()).to_string();
        assert!(told.contains("Incident 2: 35 accounts down"), "{told}");
        assert!(told.contains("unseen: 15 accounts"), "{told}");
        assert_eq!(ways(&world), ["alert - told 15", "incident 2 told 35"]);
        assert_eq!(check(&world), []);
    }

    fn a_thread_in_a_channel_that_is_gone_blocks_nothing(world) {
        check(&world);
        outage(&world, 1..=50);
        check(&world);
        world.smartlead.set_fleet(fleet(400, (1..=60).map(throttled).chain([down_somehow(100)])));
        world.slack.set_fault(|_, post| {
            let is_reply = post.get("thread_ts").is_some();
            is_reply.then(|| error_code("is_archived"))
        });
        world.run_with(&[], &[("SLACK_CHANNEL_ID", "C0999999999")]).assert(0);
        let told = posts(&world);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|(_, thread)| thread.is_none()), "{told:?}");
        assert_eq!(ways(&world), ["alert - told 1", "incident 1 told 60"]);
    }

    fn a_baseline_and_a_first_run_go_before_incidents(world) {
        outage(&world, 1..=50);
        world.run(&["--baseline"]).assert(0);
        assert_eq!(posts(&world), []);
        assert_eq!(ways(&world), ["baseline - told 50"]);
        assert_eq!(check(&world), []);
        world.run(&["--first-run"]).assert(0);
        let told = posts(&world);
        assert!(told[0].0.starts_with("🔴 Incident 1: 50 accounts down"), "{told:?}");
        world.run(&["--first-run"]).assert(0);
        let told = posts(&world);
        assert!(told[0].0.starts_with("🔴 Incident 2: 50 accounts down"), "{told:?}");
        assert_eq!(ways(&world), ["incident 2 told 50"]);
        assert_eq!(incidents(&world)[0], "1 throttled domain=outreach-one.example over told told");
        assert_eq!(check(&world), []);
    }

    fn with_confirmation_what_is_down_once_is_recorded_and_what_is_down_twice_is_told(world) {
        let twice = |world: &World| {
            world.run_with(&[], &[("CONFIRM_CHECKS", "2")]).assert(0);
            posts(world)
        };
        assert_eq!(twice(&world), []);
        world.smartlead.set_fleet(fleet(400, [smtp_down(1), smtp_down(2)]));
        assert_eq!(twice(&world), []);
        assert_eq!(world.audit(), ["1 disconnected SMTP", "2 disconnected SMTP"]);
        assert_eq!(world.outcomes(), ["complete", "complete"]);
        // One is back, of the other nothing is known.
        let silent = with(healthy(2), json!({"is_smtp_success": null}));
        world.smartlead.set_fleet(fleet(400, [silent]));
        assert_eq!(twice(&world), []);
        world.smartlead.set_fleet(fleet(400, [smtp_down(2)]));
        world.run_with(&[], &[("CONFIRM_CHECKS", "2")]).assert(0);
        let told = world.slack.posts();
        assert_eq!(told.iter().flat_map(listed).collect::<Vec<_>>(), [2]);
        assert_eq!(ways(&world), ["alert - told 1", "passed - untold 1"]);
        assert_eq!(twice(&world), []);
        // A mass outage is told an hour later, and as one.
        outage(&world, 1..=50);
        assert_eq!(twice(&world), []);
        let told = twice(&world);
        assert!(told[0].0.starts_with("🔴 Incident 1: 49 accounts down"), "{told:?}");
    }

    fn an_account_that_flaps_is_told_as_chronic_once_and_then_counted_daily(world) {
        check(&world);
        let flap = |world: &World| {
            world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
            let down = check(world);
            hours_pass(world, 1);
            world.smartlead.set_fleet(fleet(400, []));
            let up = check(world);
            hours_pass(world, 1);
            assert_eq!(up, [], "nothing is told of who is back");
            down
        };
        assert_eq!(titles(&flap(&world)), ["🔴 1 New Account Disconnection(s) Detected"]);
        assert_eq!(titles(&flap(&world)), ["🔴 1 New Account Disconnection(s) Detected"]);
        world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
        world.run(&[]).assert(0);
        let third = json!(world.slack.posts()).to_string();
        assert!(third.contains("3rd time in 7 days"), "{third}");
        world.smartlead.set_fleet(fleet(400, []));
        assert_eq!(check(&world), []);
        hours_pass(&world, 1);
        // From here on it is counted.
        world.smartlead.set_fleet(fleet(400, [smtp_down(7), smtp_down(8)]));
        world.run(&[]).assert(0);
        let told = world.slack.posts();
        assert_eq!(told.iter().flat_map(listed).collect::<Vec<_>>(), [8]);
        assert!(json!(told).to_string().contains("1 more disconnection of"), "{told:?}");
        assert_eq!(world.open(), ["7 SMTP untold", "8 SMTP told"]);
        assert_eq!(world.audit().len(), 8, "all of it is in the CSV");
        assert_eq!(check(&world), []);
        hours_pass(&world, 24);
        let told = check(&world);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(ways(&world), ["alert - told 4", "chronic - told 1"]);
        assert_eq!(check(&world), [], "once a day");
        hours_pass(&world, 23);
        assert_eq!(check(&world), []);
        // Until it has held for three days.
        world.smartlead.set_fleet(fleet(400, [smtp_down(8)]));
        assert_eq!(check(&world), []);
        hours_pass(&world, 73);
        assert_eq!(check(&world), []);
        assert_eq!(world.database.query("select account_id || '' from chronic_accounts"), Vec::<String>::new());
    }

    fn an_account_that_has_held_and_is_chronic_again_at_once_stays_so(world) {
        check(&world);
        for _ in 0..3 {
            world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
            check(&world);
            world.smartlead.set_fleet(fleet(400, []));
            check(&world);
        }
        hours_pass(&world, 72);
        world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
        world.run(&[]).assert(0);
        let told = json!(world.slack.posts()).to_string();
        assert!(told.contains("4th time in 7 days"), "{told}");
        world.smartlead.set_fleet(fleet(400, []));
        check(&world);
        world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
        assert_eq!(titles(&check(&world)), Vec::<&str>::new(), "it is told as chronic once");
        assert_eq!(ways(&world), ["alert - told 4", "chronic - untold 1"]);
    }

    fn a_daily_line_that_slack_refuses_is_not_lost(world) {
        check(&world);
        for _ in 0..3 {
            world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
            check(&world);
            world.smartlead.set_fleet(fleet(400, []));
            check(&world);
        }
        world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
        assert_eq!(check(&world), []);
        hours_pass(&world, 25);
        world.slack.refuse("is_archived");
        world.run(&[]).assert(0);
        assert_eq!(ways(&world), ["alert - told 3", "chronic - untold 1"]);
        world.slack.heal();
        assert_eq!(check(&world).len(), 1);
        assert_eq!(ways(&world), ["alert - told 3", "chronic - told 1"]);
    }

    fn a_daily_line_whose_answer_was_lost_is_told_a_day_later_as_a_possible_repeat(world) {
        check(&world);
        for _ in 0..3 {
            world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
            check(&world);
            world.smartlead.set_fleet(fleet(400, []));
            check(&world);
        }
        world.smartlead.set_fleet(fleet(400, [smtp_down(7)]));
        check(&world);
        hours_pass(&world, 25);
        world.slack.set_lost(|_, _| Some(error_code("fatal_error")));
        world.run(&[]).assert(0);
        world.slack.posts();
        world.slack.heal();
        hours_pass(&world, 23);
        assert_eq!(check(&world), [], "never more than once in 24 hours");
        hours_pass(&world, 1);
        world.run(&[]).assert(0);
        let told = json!(world.slack.posts()).to_string();
        assert!(told.contains("1 of them a possible repeat"), "{told}");
        assert_eq!(ways(&world), ["alert - told 3", "chronic - told 1"]);
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

    fn a_reminder_comes_once_a_day(world) {
        let settings = [("REMIND_AFTER_HOURS", "5")];
        let run = |world: &World| {
            world.run_with(&[], &settings).assert(0);
            posts(world).len()
        };
        run(&world);
        world.smartlead.set_fleet(fleet(400, [smtp_down(1), smtp_down(2)]));
        assert_eq!(run(&world), 1, "the alert");
        hours_pass(&world, 4);
        assert_eq!(run(&world), 0);
        hours_pass(&world, 1);
        world.run_with(&[], &settings).assert(0);
        let told = world.slack.posts();
        assert_eq!(told.len(), 1);
        assert!(told[0].to_string().contains("dana1@outreach-one.example"), "{told:?}");
        hours_pass(&world, 23);
        assert_eq!(run(&world), 0);
        hours_pass(&world, 1);
        // What Slack may have taken counts as taken.
        world.slack.set_lost(|_, _| Some(error_code("fatal_error")));
        assert_eq!(run(&world), 1);
        world.slack.heal();
        assert_eq!(run(&world), 0);
        hours_pass(&world, 24);
        world.slack.refuse("is_archived");
        assert_eq!(run(&world), 0);
        world.slack.heal();
        assert_eq!(run(&world), 1, "what it refused does not");
        check(&world);
        hours_pass(&world, 24);
        assert_eq!(check(&world), [], "it is a setting");
    }
}

/// A campaign as the API lists it.
fn campaign(id: i64, name: &str, status: &str) -> Value {
    json!({"id": id, "name": name, "status": status, "client_id": 77})
}

fn sends_for(account: Value, campaigns: &[i64]) -> Value {
    with(account, json!({"campaign_ids": campaigns}))
}

#[test]
fn the_cost_is_in_the_first_lines() {
    let world = World::any();
    let down = [
        sends_for(smtp_down(1), &[10, 20, 30]),
        sends_for(smtp_down(2), &[10, 20]),
    ];
    let up = (3..=5).map(|id| sends_for(healthy(id), &[20]));
    world
        .smartlead
        .set_fleet(fleet(100, down.into_iter().chain(up)));
    let campaigns = json!([
        campaign(10, "Q4 <outreach>", "ACTIVE"),
        campaign(20, "Healthy enough", "ACTIVE"),
        campaign(30, "Paused long ago", "PAUSED"),
    ]);
    let clients = json!({"ok": true, "data": [{"id": 77, "name": "Birch & Sons"}]});
    world.smartlead.set_names(campaigns, clients);
    world.run(&[]).assert(0);
    assert_eq!(world.smartlead.asked_for_names().len(), 2);
    let post = world.slack.posts().remove(0);
    let text = post["blocks"][1]["text"]["text"].as_str().unwrap();
    for words in ["80 of 4,000", "2.0 %", "Birch & Sons", "Q4 <outreach>"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    for words in ["Healthy enough", "Paused"] {
        assert!(!post.to_string().contains(words), "{words} is in {post}");
    }
    // Nothing is asked for where there is nothing to tell.
    world.run(&[]).assert(0);
    assert_eq!(world.smartlead.asked_for_names().len(), 0);
}

#[test]
fn names_that_cannot_be_had_cost_nothing_but_the_names() {
    let world = World::any();
    world
        .smartlead
        .set_fleet(fleet(100, [sends_for(smtp_down(1), &[10])]));
    world
        .smartlead
        .set_fault_of_names(|_| Some(json_response(500, &json!({}))));
    let ran = world.run(&[]).assert(0);
    assert!(
        ran.stderr.contains("does without the names"),
        "{}",
        ran.stderr
    );
    let post = world.slack.posts().remove(0).to_string();
    assert!(post.contains("40 of 4,000"), "{post}");
    assert!(post.contains("client 77"), "{post}");
    assert_eq!(world.open(), ["1 SMTP told"]);
}

#[test]
fn a_listing_that_knows_no_campaigns_is_read_without_them() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(100, [smtp_down(1)]));
    world.smartlead.set_fault(|asked| {
        let answer = || json_response(400, &json!({"message": "fetch_campaigns is not allowed"}));
        asked.query.contains_key("fetch_campaigns").then(answer)
    });
    world.run(&[]).assert(0);
    assert_eq!(world.open(), ["1 SMTP told"]);
}

#[test]
fn a_page_that_cannot_name_campaigns_is_read_without_them_and_so_is_the_rest() {
    let world = World::any();
    let last = sends_for(smtp_down(1_000), &[10]);
    world.smartlead.set_fleet(fleet(1_000, [last]));
    world.smartlead.set_fault(|asked| {
        let is_heavy = asked.offset() >= 300 && asked.query.contains_key("fetch_campaigns");
        is_heavy.then(|| json_response(504, &json!({"message": "took too long"})))
    });
    let ran = world.run_with(&[], &[("MAX_ATTEMPTS", "2")]).assert(0);
    assert!(
        ran.stderr.contains("v1 page 4 is read without campaigns"),
        "{}",
        ran.stderr
    );
    let asked = world.smartlead.asked();
    let names_campaigns = |page: usize| {
        let of_page = asked.iter().filter(|asked| asked.offset() == page * 100);
        let names = of_page.map(|asked| asked.query.contains_key("fetch_campaigns"));
        names.collect::<Vec<_>>()
    };
    assert_eq!(names_campaigns(2), [true]);
    assert_eq!(names_campaigns(3), [true, true, false]);
    assert_eq!(names_campaigns(9), [false]);
    // What only some pages say of campaigns is not told.
    let post = world.slack.posts().remove(0).to_string();
    assert!(!post.contains("ampaign"), "{post}");
    assert_eq!(world.open(), ["1000 SMTP told"]);
}

#[test]
fn a_reply_to_a_message_that_is_gone_goes_to_the_channel() {
    let world = World::any();
    check(&world);
    outage(&world, 1..=50);
    check(&world);
    outage(&world, 1..=60);
    world.slack.set_fault(|_, post| {
        let is_reply = post.get("thread_ts").is_some();
        is_reply.then(|| error_code("cannot_reply_to_message"))
    });
    let told = check(&world);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1, None);
    assert_eq!(ways(&world), ["incident 1 told 60"]);
}

#[test]
fn what_a_dry_run_shows_of_an_incident_is_what_would_be_posted() {
    let world = World::any();
    check(&world);
    outage(&world, 1..=50);
    let ran = world.run(&["--dry-run"]).assert(0);
    assert!(
        ran.stdout.contains("Incident 1: 50 accounts down"),
        "{}",
        ran.stdout
    );
    assert_eq!(posts(&world), []);
    assert_eq!(incidents(&world), Vec::<String>::new());
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
