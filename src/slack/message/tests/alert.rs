use std::collections::BTreeMap;

use super::*;

/// Five that are down for two causes.
fn five() -> Vec<Disconnection> {
    let mut all = vec![
        down(3, Kind::Smtp),
        down(1, Kind::Both),
        down(4, Kind::Imap),
        down(2, Kind::Both),
        down(5, Kind::Smtp),
    ];
    all[4].mailbox.daily_cap = Some(90);
    all[4].mailbox.client_id = Some(78);
    all[2].mailbox.name = None;
    all[2].mailbox.tags = "".into();
    all[2].imap_error = Some("".into());
    all[2].cause = Class::Unknown;
    all[1].cause = Class::SmtpAuthDisabledTenant;
    all
}

#[test]
fn one_account() {
    let all = [down(1, Kind::Smtp)];
    let alert = AlertNews {
        disconnections: all.iter().collect(),
        ..AlertNews::default()
    };
    let mut known = Known::some();
    known.fleet.campaigns.clear();
    insta::assert_snapshot!("one", shown(&tell(alert, &known)));
}

#[test]
fn five_mixed_disconnections() {
    let all = five();
    let alert = AlertNews {
        disconnections: all.iter().collect(),
        ..AlertNews::default()
    };
    let parts = tell(alert, &Known::some());
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].telling.accounts, [2, 5, 3, 1, 4]);
    insta::assert_snapshot!("five", shown(&parts));
    insta::assert_snapshot!("five_fallback", parts[0].message.text);
    insta::assert_snapshot!("five_plain", parts[0].message.plain);
    insta::assert_snapshot!(
        "five_blocks",
        serde_json::to_string_pretty(&parts[0].message.blocks).unwrap()
    );
}

#[test]
fn what_is_told_late_or_perhaps_again_says_so() {
    let earlier = at() - TimeDelta::hours(25);
    let mut all = [1, 2, 3].map(|id| down(id, Kind::Smtp));
    all[1].detected_at = earlier;
    all[2].detected_at = earlier;
    all[2].told = Told::Perhaps;
    let unannounced = Unannounced {
        reconnected: 3,
        removed: 1,
        perhaps_told: 2,
    };
    let news = AlertNews {
        disconnections: all.iter().collect(),
        unannounced,
        ..AlertNews::default()
    };
    let parts = tell(news.clone(), &Known::default());
    assert_eq!(parts.len(), 1);
    assert!(parts[0].telling.unannounced);
    insta::assert_snapshot!("late", shown(&parts));

    let many: Vec<_> = (0..300).map(|id| down(id, Kind::Both)).collect();
    let news = AlertNews {
        disconnections: many.iter().collect(),
        ..news
    };
    let parts = tell(news, &Known::default());
    let unannounced: Vec<bool> = parts.iter().map(|part| part.telling.unannounced).collect();
    assert_eq!(unannounced, [true, false, false]);
}

#[test]
fn what_passed_while_slack_was_away_is_a_message_of_its_own() {
    let news = AlertNews {
        unannounced: Unannounced {
            reconnected: 3,
            removed: 1,
            perhaps_told: 2,
        },
        waiting: 1,
        ..AlertNews::default()
    };
    let parts = tell(news, &Known::default());
    assert_eq!(parts.len(), 1);
    assert!(parts[0].telling.unannounced && parts[0].telling.accounts.is_empty());
    insta::assert_snapshot!("passed", shown(&parts));
}

#[test]
fn what_is_chronic_is_said_and_what_is_folded_or_waits_is_counted() {
    let all = [
        down(1, Kind::Smtp),
        down(2, Kind::Both),
        down(3, Kind::Both),
    ];
    let alert = AlertNews {
        disconnections: all.iter().collect(),
        chronic: BTreeMap::from([(2, 4)]),
        folded: 3,
        waiting: 2,
        ..AlertNews::default()
    };
    insta::assert_snapshot!("chronic", shown(&tell(alert, &Known::default())));
}

#[test]
fn more_causes_than_remedies_are_counted() {
    let mut all: Vec<_> = (0..20).map(|id| down(id, Kind::Both)).collect();
    for (one, class) in all.iter_mut().zip(Class::ALL) {
        one.cause = *class;
    }
    let parts = render(&all);
    assert_within_limits(&parts[0].message);
    let shown = shown(&parts);
    assert!(shown.contains("\n6. "), "{shown}");
    assert!(!shown.contains("\n7. "), "{shown}");
    assert!(
        shown.contains("\nAnd 14 more causes: see the Reason column."),
        "{shown}"
    );
    assert!(
        shown.contains("and 17 more causes. Daily cap lost: 800 e-mails"),
        "{shown}"
    );
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
fn the_cause_of_most_accounts_comes_first_then_the_kind_and_the_daily_cap() {
    let mut all: Vec<_> = (0..6).map(|id| down(id, Kind::Smtp)).collect();
    all[0].kind = Kind::Both;
    for index in [1, 3, 5] {
        all[index].cause = Class::OauthRevoked;
    }
    all[2].cause = Class::Dns;
    all[3].kind = Kind::Both;
    all[5].mailbox.daily_cap = Some(50);
    assert_eq!(render(&all)[0].telling.accounts, [3, 5, 1, 0, 4, 2]);
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
}

#[test]
fn what_does_not_fit_goes_into_the_thread_and_the_rest_is_counted() {
    let all: Vec<_> = (0..3_000).map(|id| down(id, Kind::Both)).collect();
    let parts = render(&all);
    let listed: Vec<usize> = parts
        .iter()
        .map(|part| rows(&part.message).len() - 1)
        .collect();
    let left_out = 3_000 - listed.iter().sum::<usize>();
    let first = preview::lines(&parts[0].message.blocks).join("\n");
    let not_listed = format!(
        "Not listed: {} accounts; see the CSV file disconnections_202401.csv",
        text::grouped(left_out as u64)
    );
    let expected = format!(
        "Listed here: {} of 3,000. In the thread: {}. {not_listed}",
        listed[0],
        listed[1] + listed[2],
    );
    assert!(first.contains(&expected), "{first}");
    let last = preview::lines(&parts[2].message.blocks).join("\n");
    assert!(last.contains(&not_listed), "{last}");
    let last = &parts[2].telling;
    assert_eq!((last.accounts.len(), last.others), (listed[2], left_out));
}

#[test]
fn untrusted_text_cannot_mention_link_or_break_out() {
    let hostile = "<!channel> <@U123> <https://evil.example|ok> *b* _i_ ~s~ `c` ```x``` >q :rotating_light:\n\u{202e}\u{0}end";
    let mut one = down(1, Kind::Both);
    one.cause = Class::Unknown;
    one.mailbox.name = Some(hostile.into());
    one.mailbox.address = Some(hostile.into());
    one.mailbox.account_type = Some(hostile.into());
    one.mailbox.tags = hostile.into();
    one.smtp_error = Some(hostile.into());
    one.imap_error = Some("& <!here>".repeat(999).into());
    let mut known = Known::some();
    known.names.clients.insert(77, hostile.to_owned());
    known.names.campaigns = Some([(1, hostile.to_owned())].into());
    let all = [one];
    let alert = AlertNews {
        disconnections: all.iter().collect(),
        ..AlertNews::default()
    };
    let message = tell(alert, &known).remove(0).message;
    assert_within_limits(&message);
    for block in &message.blocks {
        if block["text"]["type"] == "mrkdwn" {
            assert!(
                !block.to_string().contains("channel>"),
                "untrusted text in markup"
            );
        }
    }
    let cells = rows(&message)[1].as_array().unwrap();
    for cell in &cells[1..] {
        let text = cell["text"].as_str().unwrap();
        assert!(!text.contains(['\n', '\u{202e}', '\u{0}']));
    }
    let link = &cells[0]["elements"][0]["elements"][0];
    assert_eq!(
        link["url"],
        "https://app.smartlead.ai/app/email-account/1/error-state"
    );
    let lines = message.text.lines().count();
    assert_eq!(
        lines, 5,
        "a name brings no line of its own: {}",
        message.text
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
fn what_is_not_known_of_the_cost_is_left_out() {
    let mut one = down(1, Kind::Smtp);
    let second_line = |one: &Disconnection, known: &Known| {
        let all = [one.clone()];
        let alert = AlertNews {
            disconnections: all.iter().collect(),
            ..AlertNews::default()
        };
        let text = tell(alert, known).remove(0).message.text;
        text.lines().nth(1).unwrap().to_owned()
    };
    let why = "Password refused: the mailbox owner has to act.";
    let mut known = Known::default();
    assert_eq!(
        second_line(&one, &known),
        format!("{why} Daily cap lost: 40 e-mails a day. Client hit: client 77.")
    );
    one.mailbox.client_id = None;
    for (fleet, share) in [
        (39, "40 e-mails a day."),
        (40, "40 of 40 e-mails a day (100 %)."),
        (1_000, "40 of 1,000 e-mails a day (4.0 %)."),
        (90_000, "40 of 90,000 e-mails a day (less than 0.1 %)."),
    ] {
        known.fleet.daily_cap = fleet;
        let expected = format!("{why} Daily cap lost: {share}");
        assert_eq!(second_line(&one, &known), expected);
    }
    one.mailbox.daily_cap = None;
    assert_eq!(second_line(&one, &known), why);
}
