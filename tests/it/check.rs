//! One check after the other, told as stories.

use serde_json::{Value, json};

use crate::support::slack::{listed, title};
use crate::support::smartlead::{
    both_down, fleet, healthy, imap_down, json_response, raw_response, smtp_down, with,
};
use crate::support::{CHANNEL, World, on_every_engine};

on_every_engine! {
    fn the_first_check_announces_what_is_down(world) {
        world.smartlead.set_fleet(fleet(250, [smtp_down(7), imap_down(120), both_down(249)]));
        let ran = world.run(&[]).assert(0);
        assert!(ran.stderr.contains("check complete"), "{}", ran.stderr);
        let posts = world.slack.posts();
        assert_eq!(posts.len(), 1);
        assert_eq!(title(&posts[0]), "🔴 3 New Account Disconnection(s) Detected");
        assert_eq!(posts[0]["channel"], CHANNEL);
        assert_eq!(listed(&posts[0]), [249, 7, 120]);
        assert_eq!(world.open(), ["7 SMTP told", "120 IMAP told", "249 BOTH told"]);
        assert_eq!(world.audit(), ["7 disconnected SMTP", "120 disconnected IMAP", "249 disconnected BOTH"]);
        assert_eq!(world.state()["outcome"], "complete");
        assert_eq!(world.state()["accounts_seen"], 250);
        assert_eq!(world.state()["newly_disconnected"], 3);
    }

    fn a_second_check_says_nothing_new(world) {
        world.smartlead.set_fleet(fleet(30, [smtp_down(7)]));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [7]);
        world.run(&["check"]).assert(0);
        assert_eq!(world.slack.posts(), Vec::<Value>::new());
        assert_eq!(world.open(), ["7 SMTP told"]);
        assert_eq!(world.audit(), ["7 disconnected SMTP"]);
        assert_eq!(world.outcomes(), ["complete", "complete"]);
    }

    fn smtp_only_and_imap_only_are_both_found(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3), imap_down(4)]));
        world.run(&[]).assert(0);
        assert_eq!(world.open(), ["3 SMTP told", "4 IMAP told"]);
        for asked in world.smartlead.asked() {
            let mut parameters: Vec<_> = asked.query.keys().map(String::as_str).collect();
            parameters.sort_unstable();
            assert_eq!(parameters, ["api_key", "fetch_campaigns", "limit", "offset"], "a filter of the server's was used");
        }
    }

    fn a_mailbox_that_comes_back_and_goes_down_again_is_a_new_cycle(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(20, []));
        world.run(&[]).assert(0);
        assert_eq!(world.resolved(), ["3 SMTP reconnected"]);
        world.smartlead.set_fleet(fleet(20, [imap_down(3)]));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [3, 3]);
        assert_eq!(world.open(), ["3 IMAP told"]);
        assert_eq!(world.resolved(), ["3 SMTP reconnected"]);
        assert_eq!(world.audit(), ["3 disconnected SMTP", "3 reconnected SMTP", "3 disconnected IMAP"]);
    }

    fn a_change_of_kind_is_recorded_and_not_announced_again(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(20, [both_down(3)]));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [3]);
        assert_eq!(world.open(), ["3 BOTH told"]);
        assert_eq!(world.audit(), ["3 disconnected SMTP", "3 changed BOTH"]);
        let reasons = world.database.query(
            "select smtp_error || '; ' || imap_error from disconnected_accounts");
        assert_eq!(reasons, ["535 login rejected; NO [AUTHENTICATIONFAILED]"]);
    }

    fn an_unknown_flag_neither_opens_nor_resolves(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        let silent = json!({"is_smtp_success": null, "is_imap_success": null});
        world.smartlead.set_fleet(fleet(20, [with(healthy(3), silent.clone()), with(healthy(4), silent)]));
        world.run(&[]).assert(0);
        assert_eq!(world.open(), ["3 SMTP told"]);
        assert_eq!(world.slack.announced(), [3]);
    }

    fn a_failed_page_resolves_nothing(world) {
        world.smartlead.set_fleet(fleet(250, [smtp_down(7), smtp_down(170)]));
        world.run(&[]).assert(0);
        world.slack.posts();
        world.smartlead.set_fleet(fleet(250, []));
        world.smartlead.set_fault(|asked| (asked.offset() == 100).then(|| raw_response(502, "text/html", "<html>")));
        let ran = world.run(&[]);
        ran.assert_error(1, &["page 2 could not be read", "HTTP 502 (an HTML page)", "after 3 attempts"]);
        assert_eq!(world.open(), ["7 SMTP told", "170 SMTP told"]);
        assert_eq!(world.audit().len(), 2);
        assert_eq!(world.outcomes(), ["complete", "failed"]);
        let posts = world.slack.posts();
        assert_eq!(posts.len(), 1);
        assert_eq!(title(&posts[0]), "⚠️ Smartlead Monitor Error");
        let words = posts[0]["blocks"].to_string();
        assert!(words.contains("HTTP 502") && words.contains("Run ID: ") && words.contains("What happens next"));
        assert_eq!(world.state()["outcome"], "failed");

        world.smartlead.heal();
        world.run(&[]).assert(0);
        assert_eq!(world.open(), Vec::<String>::new());
    }

    fn slack_down_this_hour_is_told_next_hour(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.slack.refuse("channel_not_found");
        let ran = world.run(&[]);
        ran.assert_error(3, &["kept for the next run", "channel_not_found", "SLACK_CHANNEL_ID", "/invite"]);
        assert_eq!(world.open(), ["3 SMTP untold"]);
        assert_eq!(world.outcomes(), ["untold"]);
        assert_eq!(world.state()["outcome"], "untold");
        assert!(world.state()["error"].as_str().unwrap().contains("channel_not_found"));
        assert!(world.database.query("select error from check_runs")[0].contains("channel_not_found"));
        assert_eq!(world.audit(), ["3 disconnected SMTP"]);

        world.slack.heal();
        world.smartlead.set_fleet(fleet(20, [smtp_down(3), imap_down(9)]));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [3, 9]);
        assert_eq!(world.open(), ["3 SMTP told", "9 IMAP told"]);
        assert_eq!(world.audit(), ["3 disconnected SMTP", "9 disconnected IMAP"]);
    }

    fn an_absent_account_is_removed_after_two_complete_listings(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(20)]));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(19, []));
        world.run(&[]).assert(0);
        assert_eq!(world.open(), ["20 SMTP told"]);
        world.smartlead.set_fault(|_| Some(json_response(500, &json!({}))));
        world.run(&[]).assert(1);
        world.smartlead.heal();
        assert_eq!(world.open(), ["20 SMTP told"], "a failed listing is no absence");
        world.run(&[]).assert(0);
        assert_eq!(world.resolved(), ["20 SMTP removed"]);
        assert_eq!(world.audit(), ["20 disconnected SMTP", "20 removed SMTP"]);
    }

    fn an_account_that_reappears_starts_its_absences_anew(world) {
        let (with_it, without) = (fleet(20, [smtp_down(20)]), fleet(19, []));
        for fleet in [&with_it, &without, &with_it, &without] {
            world.smartlead.set_fleet(fleet.clone());
            world.run(&[]).assert(0);
        }
        assert_eq!(world.open(), ["20 SMTP told"]);
    }

    fn a_listing_of_less_than_half_is_refused_and_told_once(world) {
        world.smartlead.set_fleet(fleet(40, [smtp_down(3), smtp_down(33)]));
        world.run(&[]).assert(0);
        world.slack.posts();
        world.smartlead.set_fleet(fleet(19, []));
        for posts in [1, 0] {
            world.run(&[]).assert_error(1, &["holds 19 accounts", "half of the 40", "--accept-shrink"]);
            let told = world.slack.posts();
            assert_eq!(told.len(), posts);
            assert!(told.iter().all(|post| post["blocks"].to_string().contains("--accept-shrink")));
        }
        assert_eq!(world.open(), ["3 SMTP told", "33 SMTP told"]);
        assert_eq!(world.outcomes(), ["complete", "short", "short"]);

        world.run(&["--accept-shrink"]).assert(0);
        assert_eq!(world.open(), ["33 SMTP told"]);
        world.run(&[]).assert(0);
        assert_eq!(world.resolved(), ["3 SMTP reconnected", "33 SMTP removed"]);
    }

    fn a_refusal_that_slack_did_not_take_is_told_the_next_time(world) {
        world.smartlead.set_fleet(fleet(40, []));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet([]);
        world.slack.refuse("is_archived");
        world.run(&[]).assert(1);
        world.slack.heal();
        world.run(&[]).assert(1);
        assert_eq!(world.slack.posts().len(), 1);
    }

    fn half_of_the_fleet_and_a_small_fleet_are_applied(world) {
        world.smartlead.set_fleet(fleet(40, []));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(20, []));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(19, []));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet([]);
        world.run(&[]).assert(0);
    }

    fn an_adopted_fleet_is_not_closed_by_an_empty_workspace(world) {
        world.smartlead.set_fleet(fleet(40, (1..=30).map(smtp_down)));
        world.run(&[]).assert(0);
        world.database.execute("delete from check_runs");
        world.smartlead.set_fleet([]);
        world.run(&[]).assert_error(1, &["holds 0 accounts", "half of the 30 that are on record"]);
        assert_eq!(world.open().len(), 30);
    }

    fn a_shrink_that_was_accepted_counts_however_the_run_ended(world) {
        world.smartlead.set_fleet(fleet(40, []));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(19, [smtp_down(3)]));
        world.slack.refuse("is_archived");
        let full = world.path("audit_logs").join(chrono::Utc::now().format("disconnections_%Y%m.csv").to_string());
        std::os::unix::fs::symlink("/dev/full", &full).unwrap();
        world.run(&["--accept-shrink"]).assert(1);
        std::fs::remove_file(&full).unwrap();
        world.slack.heal();
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [3]);
    }

    fn first_run_announces_everything_without_doubling_rows(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3), imap_down(4)]));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [3, 4]);
        world.smartlead.set_fleet(fleet(20, [smtp_down(3), imap_down(4), both_down(5)]));
        world.run(&["--first-run"]).assert(0);
        assert_eq!(world.slack.announced(), [5, 3, 4]);
        assert_eq!(world.open(), ["3 SMTP told", "4 IMAP told", "5 BOTH told"]);
        assert_eq!(world.audit(), ["3 disconnected SMTP", "4 disconnected IMAP", "5 disconnected BOTH"]);
    }

    fn a_first_run_that_slack_missed_is_told_next_hour(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        world.slack.posts();
        world.slack.refuse("not_in_channel");
        world.run(&["--first-run"]).assert(3);
        world.slack.heal();
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [3]);
    }

    fn baseline_records_everything_as_told_without_posting(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.slack.refuse("is_archived");
        world.run(&[]).assert(3);
        world.slack.heal();
        world.smartlead.set_fleet(fleet(20, [smtp_down(3), imap_down(4)]));
        world.run(&["--baseline"]).assert(0);
        assert_eq!(world.open(), ["3 SMTP told", "4 IMAP told"]);
        world.smartlead.set_fleet(fleet(20, [smtp_down(3), imap_down(4), both_down(5)]));
        world.run(&[]).assert(0);
        assert_eq!(world.slack.announced(), [5]);
    }

    fn a_dry_run_writes_and_posts_nothing(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        let ran = world.run(&["--dry-run"]).assert(0);
        assert!(ran.stdout.contains("🔴 1 New Account Disconnection(s) Detected"), "{}", ran.stdout);
        assert!(ran.stdout.contains("disconnected SMTP 3 dana3@outreach-one.example"), "{}", ran.stdout);
        assert_eq!(std::fs::read_dir(world.folder()).unwrap().count(), 0, "a file was written");

        world.run(&[]).assert(0);
        world.slack.posts();
        let files = || {
            let mut files: Vec<_> = ["audit_logs", "state", "."].iter()
                .flat_map(|folder| std::fs::read_dir(world.path(folder)).unwrap())
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_file())
                .map(|path| (std::fs::read(&path).unwrap(), path))
                .collect();
            files.sort();
            files
        };
        let before = files();
        world.smartlead.set_fleet(fleet(20, [imap_down(4)]));
        let ran = world.run(&["--dry-run"]).assert(0);
        assert!(ran.stdout.contains("1 new, 0 changed, 1 reconnected, 0 removed"), "{}", ran.stdout);
        assert_eq!(files(), before);
        assert_eq!(world.slack.posts(), Vec::<Value>::new());
        assert_eq!(world.open(), ["3 SMTP told"]);
        assert_eq!(world.outcomes(), ["complete"]);
    }

    fn a_dry_run_that_fails_tells_nobody(world) {
        world.smartlead.set_fault(|_| Some(json_response(500, &json!({}))));
        world.run(&["--dry-run"]).assert(1);
        assert_eq!(world.slack.posts(), Vec::<Value>::new());
    }

    fn another_run_that_holds_the_lease_is_left_alone(world) {
        world.smartlead.set_fleet(fleet(20, []));
        world.run(&[]).assert(0);
        world.smartlead.asked();
        world.database.execute(
            "insert into run_lease (name, holder, expires_at) values ('check', 'other', '2999-01-01T00:00:00+00:00')");
        world.run(&[]).assert_error(4, &["run other is under way", "2999-01-01 00:00:00 UTC"]);
        assert_eq!(world.smartlead.asked().len(), 0);
        assert_eq!(world.slack.posts(), Vec::<Value>::new());
        assert_eq!(world.outcomes(), ["complete"]);

        world.database.execute("update run_lease set expires_at = '2020-01-01T00:00:00+00:00'");
        world.run(&[]).assert(0);
        assert_eq!(world.database.query("select holder from run_lease"), Vec::<String>::new());
    }

    fn the_lease_is_released_after_a_failure(world) {
        world.smartlead.set_fault(|_| Some(json_response(500, &json!({}))));
        world.run(&[]).assert(1);
        world.smartlead.heal();
        world.run(&[]).assert(0);
    }

    fn what_was_resolved_long_ago_is_deleted_and_nothing_else(world) {
        world.smartlead.set_fleet(fleet(30, [smtp_down(1), smtp_down(2), smtp_down(3), smtp_down(4)]));
        world.run(&[]).assert(0);
        world.smartlead.set_fleet(fleet(30, [smtp_down(4)]));
        world.run(&[]).assert(0);
        let day = |days: i64| (chrono::Utc::now() - chrono::TimeDelta::days(days)).to_rfc3339();
        for (id, resolved) in [(1, day(31)), (2, day(29)), (3, day(31))] {
            world.database.execute(&format!(
                "update disconnected_accounts set resolved_at = '{resolved}', detected_at = '{}' \
                 where account_id = {id}", day(90)));
        }
        world.database.execute(&format!(
            "update disconnected_accounts set detected_at = '{}' where account_id = 4", day(90)));
        world.database.execute("update disconnected_accounts set announced_at = null where account_id = 3");
        world.slack.refuse("is_archived");
        world.run(&[]).assert(3);
        assert_eq!(world.resolved(), ["2 SMTP reconnected", "3 SMTP reconnected"], "3 was never told");
        assert_eq!(world.open(), ["4 SMTP told"]);
        world.slack.heal();
        world.run_with(&[], &[("RETENTION_DAYS", "28")]).assert(0);
        assert_eq!(world.resolved(), Vec::<String>::new());
    }

    fn the_state_file_decides_nothing(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        world.slack.posts();
        std::fs::remove_dir_all(world.path("state")).unwrap();
        world.run(&[]).assert(0);
        assert_eq!(world.slack.posts(), Vec::<Value>::new());
        assert_eq!(world.state()["disconnected"], 1);
    }

    fn an_unreadable_row_stops_the_check_and_loses_nothing(world) {
        world.smartlead.set_fleet(fleet(20, [smtp_down(3)]));
        world.run(&[]).assert(0);
        world.database.execute("update disconnected_accounts set disconnection_type = 'POP3'");
        world.smartlead.set_fleet(fleet(20, []));
        world.run(&[]).assert_error(1, &["disconnection_type is not one of", "changed by hand"]);
        assert_eq!(world.outcomes(), ["complete", "failed"]);
        world.database.execute("update disconnected_accounts set disconnection_type = 'smtp'");
        world.run(&[]).assert(0);
        assert_eq!(world.resolved(), ["3 SMTP reconnected"]);
    }
}

#[test]
fn the_log_goes_to_stderr_and_is_appended_to_its_file() {
    let world = World::any();
    let mut before = String::new();
    for runs in 1..=2 {
        let ran = world.run(&[]).assert(0);
        assert_eq!(ran.stdout, "");
        assert!(
            ran.stderr.contains("INFO check complete run_id="),
            "{}",
            ran.stderr
        );
        let file = std::fs::read_to_string(world.path("smartlead_monitor.log")).unwrap();
        assert!(file.starts_with(&before), "not appended");
        assert_eq!(file.matches("check complete").count(), runs);
        before = file;
    }
    let json = world.run(&["--log-format", "json"]).assert(0);
    for line in json.stderr.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["message"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
    let runs = || {
        let file = std::fs::read_to_string(world.path("smartlead_monitor.log")).unwrap();
        file.matches("check complete").count()
    };
    let before = runs();
    assert_eq!(world.run(&["-q"]).assert(0).stderr, "");
    assert_eq!(runs(), before + 1, "the file is not quiet");
    let verbose = world.run(&["-v"]).assert(0).stderr;
    assert!(
        verbose.contains("DEBUG answer request=\"v1 page 1\" status=200"),
        "{verbose}"
    );
}

#[test]
fn the_log_file_can_be_turned_off_and_a_bad_one_is_only_a_warning() {
    let world = World::any();
    world.run_with(&[], &[("LOG_FILE", "")]).assert(0);
    assert!(!world.path("smartlead_monitor.log").exists());
    std::fs::write(world.path("taken"), "").unwrap();
    let ran = world
        .run_with(&[], &[("LOG_FILE", "taken/monitor.log")])
        .assert(0);
    assert!(
        ran.stderr
            .contains("WARN the log file taken/monitor.log cannot be opened"),
        "{}",
        ran.stderr
    );
}

#[test]
fn settings_may_stand_in_an_env_file_and_the_environment_wins() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(5, [smtp_down(3)]));
    std::fs::write(
        world.path(".env"),
        "SLACK_CHANNEL_ID='#from-file'\nCSV_DIR=from_file\nPAGE_SIZE=2\n",
    )
    .unwrap();
    let mut command = world.command(&[], &[]);
    command
        .env_remove("SLACK_CHANNEL_ID")
        .env("CSV_DIR", "from_environment");
    crate::support::Ran::from(command.output().unwrap()).assert(0);
    assert_eq!(world.slack.posts()[0]["channel"], "#from-file");
    assert!(world.path("from_environment").is_dir() && !world.path("from_file").exists());
    assert_eq!(world.smartlead.asked()[0].query["limit"], "2");
}

const FOR_EVER: std::time::Duration = std::time::Duration::from_secs(600);

#[test]
fn a_check_that_is_stopped_while_listing_leaves_the_lease_to_the_next() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(250, [smtp_down(3)]));
    world.smartlead.set_latency(FOR_EVER);
    let code = world.signal_when("TERM", || !world.smartlead.asked().is_empty());
    assert_eq!(code, Some(1));
    assert_eq!(world.outcomes(), ["failed"]);
    assert_eq!(world.slack.posts(), Vec::<Value>::new());
    world.smartlead.set_latency(std::time::Duration::ZERO);
    world.run(&[]).assert(0);
    assert_eq!(world.slack.announced(), [3]);
}

#[test]
fn a_check_that_is_stopped_while_telling_is_recorded_and_told_by_the_next() {
    let world = World::any();
    world.smartlead.set_fleet(fleet(250, [smtp_down(3)]));
    world.slack.refuse("is_archived");
    world.slack.set_latency(FOR_EVER);
    let code = world.signal_when("TERM", || world.slack.seen() > 0);
    assert_eq!(code, Some(3));
    assert_eq!(world.outcomes(), ["untold"]);
    assert_eq!(world.open(), ["3 SMTP untold"]);
    world.slack.set_latency(std::time::Duration::ZERO);
    world.slack.heal();
    world.run(&[]).assert(0);
    assert_eq!(world.slack.announced(), [3]);
    assert_eq!(world.audit(), ["3 disconnected SMTP"]);
}
