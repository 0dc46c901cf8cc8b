//! What waits for another check, and what is told once a day: flappers, reminders.

use super::*;

on_every_engine! {
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
