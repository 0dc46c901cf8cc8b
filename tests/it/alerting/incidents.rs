//! Mass outages, which are told as one.

use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::*;

on_every_engine! {
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

    fn a_change_that_slack_refuses_costs_nothing_and_the_next_says_it_all(world) {
        check(&world);
        outage(&world, 1..=50);
        check(&world);
        world.slack.refuse_updates(Some("cant_update_message"));
        outage(&world, 11..=50);
        let ran = world.run(&[]).assert(0);
        assert!(ran.stderr.contains("cant_update_message"), "{}", ran.stderr);
        assert_eq!(posts(&world), []);
        let last = world.database.query("select outcome from check_runs order by id desc limit 1");
        assert_eq!(last, ["complete"]);
        assert_eq!(ways(&world), ["incident 1 told 50"]);
        world.slack.refuse_updates(None);
        outage(&world, 21..=50);
        assert_eq!(check(&world), []);
        let updates = world.slack.updates();
        assert_eq!(updates.len(), 1);
        assert!(title(&updates[0]).starts_with("🔴 Incident 1: 30 accounts down"), "{updates:?}");
    }

    fn a_check_that_has_lost_its_lease_changes_no_message(world) {
        check(&world);
        outage(&world, 1..=50);
        check(&world);
        outage(&world, 11..=50);
        // While it asks for names, which it does once all is on record, another takes the lease.
        let (asked, has_asked) = mpsc::channel();
        let (taken, is_taken) = mpsc::channel::<()>();
        world.smartlead.set_fault_of_names(move |_| {
            asked.send(()).ok();
            is_taken.recv().ok();
            None
        });
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| world.run(&[]));
            has_asked.recv_timeout(Duration::from_secs(60)).unwrap();
            world.database.execute("update run_lease set holder = 'other'");
            drop(taken);
            run.join().unwrap()
        });
        assert!(ran.stderr.contains("could not be brought up to date"), "{}", ran.stderr);
        assert_eq!(world.slack.updates(), Vec::<Value>::new());
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
            for update in world.slack.updates() {
                let text = update.to_string();
                assert!(!text.contains("so far") || text.contains("so far: 20 accounts"), "{text}");
            }
            let status = world.run(&["status", "--incident", "1"]).stdout;
            assert!(status.contains("of its 20 accounts"), "{status}");
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
