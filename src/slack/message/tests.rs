use super::*;
use chrono::TimeDelta;

use crate::domain::{Mailbox, Recovery};
use crate::slack::preview;

fn at() -> DateTime<Utc> {
    "2024-01-20T14:05:00Z".parse().unwrap()
}

fn down(id: i64, kind: Kind) -> Disconnection {
    Disconnection {
        mailbox: Mailbox {
            id,
            name: Some("Dana Ops".into()),
            address: Some(format!("dana{id}@outreach-one.example").into()),
            account_type: Some("OUTLOOK".into()),
            tags: "pool-a, warm".into(),
            daily_cap: Some(40),
            sent_today: Some(17),
            campaigns: Some(3),
            client_id: Some(77),
        },
        kind,
        smtp_error: kind.smtp_failed().then(|| "535 login rejected".into()),
        imap_error: kind
            .imap_failed()
            .then(|| "NO [AUTHENTICATIONFAILED]".into()),
        detected_at: at(),
        missed_listings: 0,
        told: Told::No,
    }
}

fn render(disconnections: &[Disconnection]) -> Vec<Part> {
    let run_id = RunId::new(at(), 0xabc123);
    alert(&Alert {
        run_id: &run_id,
        checked_at: at(),
        disconnections: &disconnections.iter().collect::<Vec<_>>(),
        unannounced: Unannounced::default(),
        csv: "disconnections_202401.csv",
    })
}

/// Every string of a value under a key named `text` that is shown.
fn shown(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "text" => found.push(text.clone()),
                    _ => shown(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| shown(value, found)),
        _ => {}
    }
}

/// Holds a message against the limits of `reference/slack-api.md`.
fn assert_within_limits(message: &Message) {
    for text in [&message.text, &message.plain] {
        assert!(
            !text.is_empty() && length(text) <= 4_000,
            "{}",
            length(text)
        );
    }
    assert!(!message.blocks.is_empty() && message.blocks.len() <= 50);
    let mut texts = Vec::new();
    message
        .blocks
        .iter()
        .for_each(|block| shown(block, &mut texts));
    assert!(texts.iter().all(|text| !text.is_empty()), "an empty text");
    let visible: usize = texts.iter().map(|text| length(text)).sum();
    assert!(visible <= 8_000, "{visible} visible characters");
    let mut tables = 0;
    for block in &message.blocks {
        match block["type"].as_str().unwrap() {
            "header" => {
                assert_eq!(block["text"]["type"], "plain_text");
                assert!(length(block["text"]["text"].as_str().unwrap()) <= 150);
            }
            "section" => assert!(length(block["text"]["text"].as_str().unwrap()) <= 3_000),
            "table" => {
                tables += 1;
                let rows = block["rows"].as_array().unwrap();
                assert!(rows.len() <= 100 && rows.len() >= 2);
                assert!(rows.iter().all(|row| row.as_array().unwrap().len() == 7));
                assert!(block["column_settings"].as_array().unwrap().len() <= 20);
            }
            other => panic!("{other}"),
        }
    }
    assert!(tables <= 1);
}

#[test]
fn five_disconnections() {
    let mut all = vec![
        down(3, Kind::Smtp),
        down(1, Kind::Both),
        down(4, Kind::Imap),
        down(2, Kind::Both),
        down(5, Kind::Smtp),
    ];
    all[4].mailbox.daily_cap = Some(90);
    all[2].mailbox.name = None;
    all[2].mailbox.tags = "".into();
    all[2].imap_error = Some("".into());
    let parts = render(&all);
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].telling.accounts, [1, 2, 5, 3, 4]);
    assert_within_limits(&parts[0].message);
    insta::assert_snapshot!(
        "five_preview",
        preview::lines(&parts[0].message.blocks).join("\n")
    );
    insta::assert_snapshot!("five_fallback", parts[0].message.text);
    insta::assert_snapshot!(
        "five_blocks",
        serde_json::to_string_pretty(&parts[0].message.blocks).unwrap()
    );
}

#[test]
fn a_failed_check() {
    let run_id = RunId::new(at(), 0xabc123);
    let message = failure(&Failure {
        run_id: &run_id,
        checked_at: at(),
        reason: "page 3 could not be read: HTTP 502 (an HTML page) after 3 attempts",
        next: "Nothing was resolved.",
        failed_checks: 1,
        failing_since: at(),
        last_applied: Some(at() - TimeDelta::hours(1)),
    });
    assert_within_limits(&message);
    insta::assert_snapshot!(
        "failure_preview",
        preview::lines(&message.blocks).join("\n")
    );
    let long = "x\n<!channel> ".repeat(10_000);
    let message = failure(&Failure {
        run_id: &run_id,
        checked_at: at(),
        reason: &long,
        next: "",
        failed_checks: 7,
        failing_since: at() - TimeDelta::hours(6),
        last_applied: Some(at() - TimeDelta::hours(7)),
    });
    assert!(!message.text.contains("<!") && !message.plain.contains("<!"));
    for words in [
        "Failed checks in a row: 7, since 2024-01-20 08:05:00 UTC",
        "The accounts were last read at 2024-01-20 07:05:00 UTC",
    ] {
        assert!(message.text.contains(words), "{}", message.text);
    }
}

#[test]
fn checks_that_work_again() {
    let run_id = RunId::new(at(), 0xabc123);
    let since = at() - TimeDelta::hours(6);
    let blind = Recovery {
        checks: 6,
        since,
        blind: Some((since - TimeDelta::hours(1), None)),
    };
    let message = recovery(&blind, &run_id, at());
    assert_within_limits(&message);
    insta::assert_snapshot!(
        "recovery_preview",
        preview::lines(&message.blocks).join("\n")
    );
    for (from, to, words) in [
        (
            since,
            Some(at() - TimeDelta::hours(1)),
            "Blind for 5 h 0 min",
        ),
        (
            since,
            Some(since + TimeDelta::minutes(59)),
            "Blind for 59 min",
        ),
        (since - TimeDelta::hours(48), None, "Blind for 2 d 6 h"),
        (at() + TimeDelta::days(2), None, "Blind: no check"),
    ] {
        let blind = Recovery {
            blind: Some((from, to)),
            ..blind.clone()
        };
        let text = recovery(&blind, &run_id, at()).text;
        assert!(text.contains(words), "{text}");
    }
    let sighted = Recovery {
        checks: 1,
        since,
        blind: None,
    };
    let text = recovery(&sighted, &run_id, at()).text;
    assert!(
        text.contains("1 check had failed") && !text.contains("Blind"),
        "{text}"
    );
}

#[test]
fn what_is_told_late_or_perhaps_again_says_so() {
    let earlier = at() - TimeDelta::hours(25);
    let mut all = [1, 2, 3].map(|id| down(id, Kind::Smtp));
    all[1].detected_at = earlier;
    all[2].detected_at = earlier;
    all[2].told = Told::Perhaps;
    let run_id = RunId::new(at(), 0xabc123);
    let unannounced = Unannounced {
        reconnected: 3,
        removed: 1,
        perhaps_told: 2,
    };
    let told = Alert {
        run_id: &run_id,
        checked_at: at(),
        disconnections: &all.each_ref(),
        unannounced,
        csv: "disconnections_202401.csv",
    };
    let parts = alert(&told);
    assert_eq!(parts.len(), 1);
    assert!(parts[0].telling.unannounced);
    assert_within_limits(&parts[0].message);
    insta::assert_snapshot!(
        "late_preview",
        preview::lines(&parts[0].message.blocks).join("\n")
    );
    insta::assert_snapshot!("late_plain", parts[0].message.plain);

    let parts = alert(&Alert {
        disconnections: &[],
        ..told
    });
    assert_eq!(parts.len(), 1);
    assert!(parts[0].telling.unannounced && parts[0].telling.accounts.is_empty());
    assert_within_limits(&parts[0].message);
    insta::assert_snapshot!(
        "unannounced_preview",
        preview::lines(&parts[0].message.blocks).join("\n")
    );

    let many: Vec<_> = (0..300).map(|id| down(id, Kind::Both)).collect();
    let parts = alert(&Alert {
        disconnections: &many.iter().collect::<Vec<_>>(),
        ..told
    });
    let unannounced: Vec<bool> = parts.iter().map(|part| part.telling.unannounced).collect();
    assert_eq!(unannounced, [true, false, false]);
}

#[test]
fn counts_that_are_zero_are_left_out_and_one_is_singular() {
    let text = &render(&[down(1, Kind::Imap)])[0].message.text;
    assert!(text.ends_with("IMAP Only: 1 account"), "{text}");
    assert!(!text.contains("SMTP Only") && !text.contains("Both"));
}

#[test]
fn nothing_new_is_no_message() {
    assert_eq!(render(&[]), Vec::new());
}

#[test]
fn every_account_is_in_exactly_one_part_whatever_their_number() {
    for count in [1, 2, 60, 98, 99, 100, 101, 250, 3_000] {
        let all: Vec<_> = (0..count).map(|id| down(id, Kind::Both)).collect();
        let parts = render(&all);
        let listed = parts.iter().flat_map(|part| &part.telling.accounts);
        let listed: Vec<i64> = listed.copied().collect();
        assert_eq!(listed, (0..listed.len() as i64).collect::<Vec<_>>());
        let (last, before) = parts.split_last().unwrap();
        assert_eq!(listed.len() + last.telling.others, all.len());
        assert!(before.iter().all(|part| part.telling.others == 0));
        assert!(parts.len() <= 3, "{count}");
        parts
            .iter()
            .for_each(|part| assert_within_limits(&part.message));
    }
    let bare = |id| Disconnection {
        mailbox: Mailbox::bare(id),
        smtp_error: None,
        ..down(id, Kind::Smtp)
    };
    let short: Vec<_> = (0..250).map(bare).collect();
    let parts = render(&short);
    assert_eq!(
        parts.len(),
        3,
        "99 accounts a table, however short their rows"
    );
    parts
        .iter()
        .for_each(|part| assert_within_limits(&part.message));
}

#[test]
fn what_does_not_fit_goes_into_the_thread_and_the_rest_is_counted() {
    let all: Vec<_> = (0..3_000).map(|id| down(id, Kind::Both)).collect();
    let parts = render(&all);
    let rows = |part: &Part| {
        part.message
            .blocks
            .iter()
            .find_map(|b| b["rows"].as_array())
            .unwrap()
            .len()
            - 1
    };
    let listed: Vec<usize> = parts.iter().map(rows).collect();
    let left_out = 3_000 - listed.iter().sum::<usize>();
    let first = preview::lines(&parts[0].message.blocks).join("\n");
    let expected = format!(
        "Listed here: {} of 3000. In the thread: {}. Not listed: {left_out} accounts; see the CSV file disconnections_202401.csv",
        listed[0],
        listed[1] + listed[2],
    );
    assert!(first.contains(&expected), "{first}");
    let last = preview::lines(&parts[2].message.blocks).join("\n");
    assert!(
        last.contains(&format!(
            "Not listed: {left_out} accounts; see the CSV file"
        )),
        "{last}"
    );
    let last = &parts[2].telling;
    assert_eq!((last.accounts.len(), last.others), (listed[2], left_out));
}

#[test]
fn untrusted_text_cannot_mention_link_or_break_out() {
    let hostile = "<!channel> <@U123> <https://evil.example|ok> *b* _i_ ~s~ `c` ```x``` >q :rotating_light:\n\u{202e}\u{0}end";
    let mut one = down(1, Kind::Both);
    one.mailbox.name = Some(hostile.into());
    one.mailbox.address = Some(hostile.into());
    one.mailbox.account_type = Some(hostile.into());
    one.mailbox.tags = hostile.into();
    one.smtp_error = Some(hostile.into());
    one.imap_error = Some("& <!here>".repeat(999).into());
    let message = render(&[one]).remove(0).message;
    assert_within_limits(&message);
    for block in &message.blocks {
        if block["text"]["type"] == "mrkdwn" {
            assert!(
                !block.to_string().contains("channel>"),
                "untrusted text in markup"
            );
        }
    }
    let cells = message
        .blocks
        .iter()
        .find_map(|b| b["rows"].as_array())
        .unwrap()[1]
        .as_array()
        .unwrap();
    for cell in &cells[1..] {
        assert_eq!(cell["type"], "raw_text");
        let text = cell["text"].as_str().unwrap();
        assert!(!text.contains(['\n', '\u{202e}', '\u{0}']));
    }
    let link = &cells[0]["elements"][0]["elements"][0];
    assert_eq!(
        link["url"],
        "https://app.smartlead.ai/app/email-account/1/error-state"
    );
    assert!(!message.text.contains("<!") && !message.text.contains("<@"));
}

#[test]
fn the_fallback_is_escaped() {
    assert_eq!(
        escape("a & <!channel> http://x"),
        "a &amp; &lt;!channel&gt; http:/\u{200b}/x"
    );
}

#[test]
fn wide_characters_count_as_slack_counts_them() {
    let mut all: Vec<_> = (0..100).map(|id| down(id, Kind::Both)).collect();
    for one in &mut all {
        one.mailbox.name = Some("👩‍💻".repeat(50).into());
    }
    render(&all)
        .iter()
        .for_each(|part| assert_within_limits(&part.message));
}

#[test]
fn a_message_that_tries_the_channel_out() {
    let message = trial(&RunId::new(at(), 0xabc123), at());
    assert_within_limits(&message);
    insta::assert_snapshot!("trial_preview", preview::lines(&message.blocks).join("\n"));
}
