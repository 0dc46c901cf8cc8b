//! Checks that fail for hours: the channel hears of it at once, then every six hours, and of the end.

use crate::story::{Health, Story};
use crate::support::smartlead::json_response;
use crate::support::{Engine, World};

const ERROR: &str = "⚠️ Smartlead Monitor Error";
const WORKS: &str = "✅ Smartlead Monitor Works Again";

/// A check `hours` after now, and the titles of what it posted.
fn check_after(story: &mut Story, hours: i64, settings: &[(&str, &str)]) -> (i32, Vec<String>) {
    let ran = story.check_at(hours * 3_600, settings);
    let titles = story.titles().into_iter().map(str::to_owned).collect();
    (ran.code, titles)
}

fn source_is_down(story: &Story) {
    let answer = |_: &_| Some(json_response(502, &serde_json::json!({})));
    story.world.smartlead.set_fault(answer);
}

fn a_source_that_fails_for_hours(engine: Engine) {
    let mut story = Story::new(World::new(engine));
    story.set([(1, Health::Smtp)]);
    assert_eq!(check_after(&mut story, 0, &[]).0, 0);
    source_is_down(&story);
    story.set([(2, Health::Both)]);
    let mut told = Vec::new();
    for hour in 1..=14 {
        let (code, titles) = check_after(&mut story, hour, &[]);
        assert_eq!(code, 1);
        if !titles.is_empty() {
            assert_eq!(titles, [ERROR]);
            told.push((hour, story.texts()));
        }
    }
    let hours: Vec<i64> = told.iter().map(|(hour, _)| *hour).collect();
    assert_eq!(hours, [1, 7, 13]);
    assert!(
        !told[0].1.contains("Failed checks in a row"),
        "{}",
        told[0].1
    );
    let words = format!("Failed checks in a row: {}, since ", hours[1]);
    assert!(told[1].1.contains(&words), "{}", told[1].1);
    assert!(told[1].1.contains("The accounts were last read at "));

    story.world.smartlead.heal();
    let (code, mut titles) = check_after(&mut story, 15, &[]);
    titles.sort();
    assert_eq!(code, 0);
    assert_eq!(
        titles,
        [WORKS, "🔴 1 New Account Disconnection(s) Detected"]
    );
    let texts = story.texts();
    assert!(texts.contains("14 checks had failed"), "{texts}");
    assert!(texts.contains("Blind for 15 h "), "{texts}");
    assert_eq!(check_after(&mut story, 16, &[]), (0, Vec::new()));
    // A new outage is told at once.
    source_is_down(&story);
    assert_eq!(check_after(&mut story, 17, &[]).1, [ERROR]);
}

#[test]
fn a_source_that_fails_for_hours_on_postgres() {
    a_source_that_fails_for_hours(Engine::Postgres);
}

#[test]
fn a_source_that_fails_for_hours_on_sqlite() {
    a_source_that_fails_for_hours(Engine::Sqlite);
}

#[test]
fn the_reminder_is_a_setting() {
    let mut story = Story::new(World::any());
    source_is_down(&story);
    let settings = [("ERROR_REMINDER_HOURS", "1")];
    for hour in [0, 2, 4] {
        assert_eq!(check_after(&mut story, hour, &settings).1, [ERROR]);
    }
    story.check(&[("ERROR_REMINDER_HOURS", "0")]).assert(2);
}

#[test]
fn a_recovery_that_slack_did_not_take_is_told_later_and_once() {
    let mut story = Story::new(World::any());
    assert_eq!(check_after(&mut story, 0, &[]).0, 0);
    source_is_down(&story);
    assert_eq!(check_after(&mut story, 1, &[]).1, [ERROR]);
    story.world.smartlead.heal();
    story.world.slack.refuse("is_archived");
    assert_eq!(check_after(&mut story, 2, &[]), (0, Vec::new()));
    assert_eq!(check_after(&mut story, 3, &[]), (0, Vec::new()));
    story.world.slack.heal();
    assert_eq!(check_after(&mut story, 4, &[]).1, [WORKS]);
    let texts = story.texts();
    assert!(texts.contains("Blind for 2 h "), "{texts}");
    assert_eq!(check_after(&mut story, 5, &[]), (0, Vec::new()));
}

#[test]
fn an_error_that_slack_did_not_take_is_told_by_the_next_check() {
    let mut story = Story::new(World::any());
    source_is_down(&story);
    story.world.slack.refuse("is_archived");
    assert_eq!(check_after(&mut story, 0, &[]).0, 1);
    story.world.slack.heal();
    assert_eq!(check_after(&mut story, 1, &[]).1, [ERROR]);
    assert!(story.texts().contains("Failed checks in a row: 2"));
}

#[test]
fn an_error_message_whose_answer_was_lost_is_sent_again() {
    let mut story = Story::new(World::any());
    source_is_down(&story);
    story.world.slack.refuse("internal_error");
    assert_eq!(check_after(&mut story, 0, &[]).1, Vec::<String>::new());
    story.world.slack.heal();
    assert_eq!(check_after(&mut story, 1, &[]).1, [ERROR]);
}

#[test]
fn a_recovery_is_told_by_the_next_check_if_this_one_is_stopped() {
    let mut story = Story::new(World::any());
    source_is_down(&story);
    assert_eq!(check_after(&mut story, 0, &[]).1, [ERROR]);
    story.world.smartlead.heal();
    let dry = story.world.run(&["--dry-run"]).assert(0);
    assert!(dry.stdout.contains(WORKS), "{}", dry.stdout);
    story.world.slack.refuse("is_archived");
    story
        .world
        .slack
        .set_latency(std::time::Duration::from_secs(600));
    let code = story.play(|world| {
        let code = world.signal_when("TERM", || world.slack.seen() > 0);
        world.slack.set_latency(std::time::Duration::ZERO);
        code
    });
    assert_eq!(code, Some(1));
    assert_eq!(story.world.outcomes(), ["failed", "failed"]);
    story.world.slack.heal();
    assert_eq!(check_after(&mut story, 2, &[]), (0, vec![WORKS.to_owned()]));
}

#[test]
fn another_kind_of_failure_is_told_at_once() {
    let mut story = Story::new(World::any());
    assert_eq!(check_after(&mut story, 0, &[]).0, 0);
    source_is_down(&story);
    assert_eq!(check_after(&mut story, 1, &[]).1, [ERROR]);
    story.world.smartlead.heal();
    story.fleet.retain(|id, _| *id < 5);
    assert_eq!(check_after(&mut story, 2, &[]).1, [ERROR]);
    assert!(story.texts().contains("--accept-shrink"));
    assert_eq!(check_after(&mut story, 3, &[]).1, Vec::<String>::new());
    source_is_down(&story);
    assert_eq!(check_after(&mut story, 4, &[]).1, Vec::<String>::new());
}

#[test]
fn a_database_that_fails_is_told_each_time() {
    let mut story = Story::new(World::any());
    for _ in 0..3 {
        let settings = [("DATABASE_URL", "postgres://u:p@127.0.0.1:9/d")];
        assert_eq!(check_after(&mut story, 0, &settings).1, [ERROR]);
    }
}
