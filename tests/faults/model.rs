//! Random stories: a fleet that changes, and checks that meet faults, crashes and each other. What
//! must have been told in the end is judged by `story`.
//!
//! A seed gives the same story each time, but for what depends on the order in which threads and
//! processes run. `MONITOR_MODEL_SEED=N` plays the stories from N on in place of those from 0, and
//! `MONITOR_MODEL_STORIES=N` so many.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::story::{Health, Story};
use crate::support::World;
use crate::support::shim::Fault;
use crate::support::slack::error_code;
use crate::support::smartlead::{json_response, raw_response};

const STORIES: u64 = 500;

const WORKERS: usize = 6;

/// Changes some accounts. At least two thirds stay listed, so that no listing is too short.
fn change_fleet(story: &mut Story, random: &mut fastrand::Rng) -> String {
    let mut told = String::new();
    for _ in 0..random.u8(0..8) {
        let id = random.i64(1..=12);
        let health = random.choice([
            Some(Health::Up),
            Some(Health::Up),
            Some(Health::Smtp),
            Some(Health::Imap),
            Some(Health::Both),
            Some(Health::Both),
            Some(Health::Silent),
            None,
        ]);
        match health.flatten() {
            Some(health) => {
                story.fleet.insert(id, health);
                told.push_str(&format!("{id} {health:?}, "));
            }
            None => {
                story.fleet.remove(&id);
                told.push_str(&format!("{id} gone, "));
            }
        }
    }
    told
}

/// Lets the servers fail, or not; what they do.
fn spoil_servers(world: &World, random: &mut fastrand::Rng) -> &'static str {
    match random.u8(0..16) {
        0 => {
            world
                .smartlead
                .set_fault(|asked| (asked.offset() >= 10).then(|| json_response(502, &json!({}))));
            "the source fails on the second page"
        }
        1 => {
            world
                .smartlead
                .set_fault(|_| Some(json_response(200, &json!([]))));
            "the source lists nothing"
        }
        2 => {
            world
                .smartlead
                .set_fault(|_| Some(raw_response(200, "text/html", "<html>")));
            "the source sends HTML"
        }
        3 => {
            world.slack.refuse("is_archived");
            "Slack refuses"
        }
        4 => {
            world
                .slack
                .set_lost(move |_, _| Some(error_code("internal_error")));
            "Slack takes all and says it fails"
        }
        5 => {
            world
                .slack
                .set_fault(|_, _| Some(json_response(500, &json!({}))));
            "Slack fails"
        }
        6 => {
            world
                .slack
                .set_lost(|_, _| Some(raw_response(200, "text/html", "<html>")));
            "Slack takes all and sends HTML"
        }
        7 => {
            world.slack.set_fault(move |_, post| {
                post.get("blocks")
                    .is_some()
                    .then(|| error_code("invalid_blocks"))
            });
            "Slack wants plain text"
        }
        8 => {
            world
                .slack
                .set_fault(move |n, _| (n == 0).then(|| error_code("ratelimited")));
            "Slack limits the rate once"
        }
        _ => "the servers are well",
    }
}

/// Runs a check, or two, and lets the program meet a fault of its own, or not; what it does.
fn run(story: &mut Story, random: &mut fastrand::Rng) -> String {
    let settings = [("PAGE_SIZE", "10"), ("MAX_ATTEMPTS", "2")];
    // A check has about 130 effects where everything changes, and some 30 more at its first time.
    let effect = random.u64(1..=150);
    let fault = match random.u8(0..10) {
        0 => Some(Fault::KillBefore(effect)),
        1 => Some(Fault::KillAfter(effect)),
        2 => Some(Fault::Torn(effect)),
        3 => Some(Fault::Full(effect)),
        4 => {
            let ran = story.two_at_once(&settings);
            return format!("two checks at once: {} {}", ran[0].code, ran[1].code);
        }
        5 => {
            let shift = [-3_600, 3_600][random.usize(0..2)];
            let ran = story.check_at(shift, &settings);
            return format!("the clock is {shift} s off: {}", ran.code);
        }
        _ => None,
    };
    let ran = match fault {
        Some(fault) => story.check_with_fault(&settings, fault),
        None => story.check(&settings),
    };
    let ending = match ran.signal {
        Some(signal) => format!("signal {signal}"),
        None => {
            assert!(matches!(ran.code, 0 | 1 | 3), "{ran:?}");
            format!("code {}", ran.code)
        }
    };
    assert!(!ran.stderr.contains("internal error"), "{ran:?}");
    format!("a check with {fault:?}: {ending}")
}

/// One story from its beginning to its end; what happened is added to `log`.
fn play(seed: u64, mut story: Story, log: &mut Vec<String>) {
    let random = &mut fastrand::Rng::with_seed(seed);
    for _ in 0..random.u8(2..8) {
        let changes = change_fleet(&mut story, random);
        let servers = spoil_servers(&story.world, random);
        log.push(format!("{changes}{servers}"));
        log.push(run(&mut story, random));
        story.world.smartlead.heal();
        story.world.slack.heal();
        story.wait_an_hour();
    }
    log.push(change_fleet(&mut story, random));
    story.healthy();
    story.assert_promises();
    story.healthy();
    assert_eq!(story.titles(), Vec::<&str>::new(), "nothing was new");
    story.assert_promises();
}

#[test]
fn whatever_happens_is_told_in_the_end() {
    let number = |name: &str, otherwise: u64| {
        let text = std::env::var(name).ok();
        text.map_or(otherwise, |text| text.parse().unwrap())
    };
    let first = number("MONITOR_MODEL_SEED", 0);
    let stories = number("MONITOR_MODEL_STORIES", STORIES);
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let endings = Mutex::new(std::collections::BTreeMap::<String, u64>::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mut model = Story::new(World::any());
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + stories {
                        break;
                    }
                    let mut log = Vec::new();
                    let story = model.anew();
                    let played = AssertUnwindSafe(|| play(seed, story, &mut log));
                    if std::panic::catch_unwind(played).is_err() {
                        let log = log.join("\n  ");
                        failed
                            .lock()
                            .unwrap()
                            .push(format!("seed {seed}:\n  {log}"));
                        // Its servers may still be busy with what went wrong.
                        model = Story::new(World::any());
                    }
                    let mut endings = endings.lock().unwrap();
                    for line in log {
                        if let Some((_, ending)) = line.rsplit_once(": ") {
                            *endings.entry(ending.to_owned()).or_default() += 1;
                        }
                    }
                }
            });
        }
    });
    println!(
        "{stories} stories from seed {first}; their checks ended so: {:?}",
        endings.into_inner().unwrap()
    );
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {stories} stories broke a promise; play one with MONITOR_MODEL_SEED=N MONITOR_MODEL_STORIES=1\n{}",
        failed.len(),
        failed.join("\n")
    );
}
