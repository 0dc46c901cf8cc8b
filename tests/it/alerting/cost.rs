//! What an outage costs, and the names that this is told by.

use super::*;
use crate::support::smartlead::CLIENTS;

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
fn a_message_that_is_brought_up_to_date_says_which_campaigns_are_short_by_now() {
    let world = World::any();
    let campaigns = json!([campaign(10, "Q4 outreach", "ACTIVE")]);
    world.smartlead.set_names(campaigns, json!([]));
    let down = |first: i64| (first..=50).map(|id| sends_for(throttled(id), &[10]));
    world.smartlead.set_fleet(fleet(400, down(1)));
    world.run(&[]).assert(0);
    let post = world.slack.posts().remove(0).to_string();
    assert!(
        post.contains("without a healthy sender: Q4 outreach"),
        "{post}"
    );
    let back = (1..=10).map(|id| sends_for(healthy(id), &[10]));
    world.smartlead.set_fleet(fleet(400, back.chain(down(11))));
    world.run(&[]).assert(0);
    let edit = world.slack.updates().remove(0).to_string();
    assert!(edit.contains("Q4 outreach (10 of 50)"), "{edit}");
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
fn a_page_that_fails_with_campaigns_has_all_read_without_them() {
    let world = World::any();
    // Of campaign 10 the first pages know a sender that is down, the last one that is not.
    let senders = [smtp_down(1), healthy(1_000)].map(|account| sends_for(account, &[10]));
    world.smartlead.set_fleet(fleet(1_000, senders));
    let campaigns = json!([campaign(10, "Q4 outreach", "ACTIVE")]);
    world.smartlead.set_names(campaigns, json!([]));
    world.smartlead.set_fault(|asked| {
        let is_heavy = asked.offset() >= 300 && asked.query.contains_key("fetch_campaigns");
        is_heavy.then(|| json_response(504, &json!({"message": "took too long"})))
    });
    let ran = world.run_with(&[], &[("MAX_ATTEMPTS", "2")]).assert(0);
    assert!(
        ran.stderr
            .contains("v1 page 4 failed, so all are read without campaigns: HTTP 504"),
        "{}",
        ran.stderr
    );
    let asked = world.smartlead.asked();
    let names_campaigns = |page: usize| {
        let of_page = asked.iter().filter(|asked| asked.offset() == page * 100);
        let names = of_page.map(|asked| asked.query.contains_key("fetch_campaigns"));
        names.collect::<Vec<_>>()
    };
    assert_eq!(names_campaigns(0), [true, false]);
    assert_eq!(names_campaigns(3), [true, true, false]);
    assert_eq!(names_campaigns(9), [false]);
    let post = world.slack.posts().remove(0).to_string();
    assert!(!post.contains("ampaign"), "{post}");
    let names = world.smartlead.asked_for_names();
    assert!(names.iter().all(|asked| asked.path == CLIENTS), "{names:?}");
    assert_eq!(world.open(), ["1 SMTP told"]);
}
