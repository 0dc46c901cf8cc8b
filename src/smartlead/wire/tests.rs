use super::*;
use crate::domain::cause::Class;

fn read(body: &str) -> Result<Vec<Account>, String> {
    match page(body.as_bytes(), &Redactor::new([])) {
        Answer::Good(accounts) => Ok(accounts),
        Answer::Malformed(why) => Err(why),
        Answer::RateLimited(_) | Answer::NotTaken(_) => unreachable!("no listing answers so"),
    }
}

fn one(row: &str) -> Account {
    let accounts = read(&format!("[{row}]")).unwrap();
    assert_eq!(accounts.len(), 1);
    accounts.into_iter().next().unwrap()
}

fn failed(reason: &str) -> LinkState {
    let reason = reason.into();
    LinkState::Failed {
        reason,
        cause: Class::Unknown,
    }
}

/// The documented sample of the public listing, secrets included.
const V1: &str = r##"{"id":48120031,"created_at":"2026-02-03T09:12:44.120Z","user_id":9001,
"from_name":"Dana <Ops> & Co","from_email":"dana@outreach-one.example","password":"aHVudGVyMg==",
"smtp_host":"smtp.office365.com","smtp_port":587,"imap_password":"aHVudGVyMw==",
"message_per_day":40,"daily_sent_count":17,"minTimeToWaitInMins":12,"signature":null,
"is_smtp_success":false,"is_imap_success":true,"smtp_failure_error":"SMTP Failure - login\nrejected",
"imap_failure_error":null,"type":"OUTLOOK","client_id":77,"campaign_count":3,
"tags":[{"tag_id":10,"tag_name":"pool-a","tag_color":"#B1FCCF"},{"tag_id":11,"tag_name":"warm"}],
"warmup_details":{"status":"ACTIVE","warmup_reputation":"95%"}}"##;

#[test]
fn the_documented_listing_is_read() {
    let account = one(V1);
    assert_eq!(
        account,
        Account {
            mailbox: Mailbox {
                id: 48_120_031,
                name: Some("Dana <Ops> & Co".into()),
                address: Some("dana@outreach-one.example".into()),
                account_type: Some("OUTLOOK".into()),
                tags: "pool-a, warm".into(),
                daily_cap: Some(40),
                sent_today: Some(17),
                campaigns: Some(3),
                client_id: Some(77),
            },
            smtp: LinkState::Failed {
                reason: "SMTP Failure - login rejected".into(),
                cause: Class::BadPassword,
            },
            imap: LinkState::Ok,
            campaign_ids: Vec::new(),
        }
    );
    assert!(!format!("{account:?}").contains("aHVudGVy"));
}

#[test]
fn the_dashboard_listing_is_read() {
    let body = r#"{"ok":true,"message":"","data":{"email_accounts":[{"id":5,"type":"ZOHO",
        "is_smtp_success":false,"is_imap_success":false,"client_id":null,"is_in_use":true,
        "email_account_tag_mappings":[{"tag":{"id":10,"name":"pool-a"}},
            {"email_account_tag":{"name":"b"}},{"emailAccountTag":{"name":"c"}}]}]}}"#;
    let account = read(body).unwrap().remove(0);
    assert_eq!(account.mailbox.account_type.as_deref(), Some("ZOHO"));
    assert_eq!(&*account.mailbox.tags, "pool-a, b, c");
    assert_eq!(account.smtp, failed(""));
    assert_eq!(account.mailbox.client_id, None);
}

#[test]
fn every_known_envelope_holds_the_list() {
    for body in [
        r#"[{"id":1}]"#,
        r#"  {"data":[{"id":1}]}"#,
        r#"{"email_accounts":[{"id":1}]}"#,
        r#"{"success":true,"data":{"email_accounts":[{"id":1}]}}"#,
    ] {
        assert_eq!(read(body).map(|accounts| accounts.len()), Ok(1), "{body}");
    }
    assert_eq!(read("[]"), Ok(Vec::new()));
    assert_eq!(
        read(r#"{"ok":true,"data":{"email_accounts":[]}}"#),
        Ok(Vec::new())
    );
}

#[test]
fn everything_but_the_id_may_be_absent_null_or_odd() {
    let nothing = one(r#"{"id":1}"#);
    assert_eq!(
        (&nothing.smtp, &nothing.imap),
        (&LinkState::Unknown, &LinkState::Unknown)
    );
    let nulls = one(
        r#"{"id":1,"from_name":null,"from_email":null,"type":null,"is_smtp_success":null,
        "is_imap_success":null,"smtp_failure_error":null,"imap_failure_error":null,
        "message_per_day":null,"daily_sent_count":null,"campaign_count":null,"client_id":null,
        "tags":null,"email_account_tag_mappings":null}"#,
    );
    assert_eq!(nulls, nothing);
    let odd = one(
        r#"{"id":1,"from_name":{},"from_email":[1],"type":false,"is_smtp_success":"maybe",
        "is_imap_success":{},"message_per_day":-1,"daily_sent_count":1.5,"campaign_count":4294967296,
        "client_id":"x","tags":{"a":1},"email_account_tag_mappings":[{"tag":null},null,7.5e0]}"#,
    );
    assert_eq!(&*odd.mailbox.tags, "7.5");
    assert_eq!(
        Account {
            mailbox: Mailbox {
                tags: "".into(),
                ..odd.mailbox
            },
            ..odd
        },
        nothing
    );
}

#[test]
fn numbers_and_flags_are_taken_as_text_too() {
    let account = one(
        r#"{"id":"9007199254740993","is_smtp_success":"false","is_imap_success":1,
        "message_per_day":"40","from_name":12,"tags":["plain"]}"#,
    );
    assert_eq!(account.mailbox.id, 9_007_199_254_740_993);
    assert_eq!(account.mailbox.daily_cap, Some(40));
    assert_eq!(account.mailbox.name.as_deref(), Some("12"));
    assert_eq!(&*account.mailbox.tags, "plain");
    assert_eq!((account.smtp, account.imap), (failed(""), LinkState::Ok));
}

#[test]
fn what_is_not_a_list_of_accounts_is_an_error_of_the_page() {
    for (body, why) in [
        (
            r#"{"ok":false,"message":"Plan expired"}"#,
            "refused: Plan expired",
        ),
        (r#"{"success":false,"error":"no"}"#, "refused: no"),
        (
            r#"{"success":false,"email_accounts":[]}"#,
            "refused without a reason",
        ),
        (
            "<!doctype html><p>Bad gateway",
            "an HTML page instead of a list of accounts",
        ),
        ("", "an empty body instead of a list of accounts"),
        (
            "\"text\"",
            "an unexpected body instead of a list of accounts",
        ),
        (
            r#"[{"id":1},{"id":"#,
            "JSON that ends too early, at line 1 column 16",
        ),
        (r#"[{"id":1}]x"#, "broken JSON, at line 1 column 11"),
        (r#"{"ok":true}"#, "an object without a list of accounts"),
        (
            r#"{"data":{"rows":[]}}"#,
            "an object without a list of accounts",
        ),
        (
            r#"[{"from_name":"no id"}]"#,
            "JSON that is not a list of accounts with ids, at line 1",
        ),
        (
            r#"[{"id":null}]"#,
            "JSON that is not a list of accounts with ids, at line 1",
        ),
        (
            r#"[{"id":18446744073709551615}]"#,
            "JSON that is not a list of accounts with ids, at line 1",
        ),
        (
            r#"[7]"#,
            "JSON that is not a list of accounts with ids, at line 1",
        ),
        (
            r#"{"data":"secret"}"#,
            "JSON that is not a list of accounts with ids, at line 1",
        ),
    ] {
        let found = read(body).unwrap_err();
        assert!(found.starts_with(why), "{body}: {found}");
    }
}

#[test]
fn a_name_that_was_cut_inside_an_emoji_does_not_stop_the_page() {
    for (name, expected) in [
        (r"Dana \ud83d", "Dana \u{fffd}"),
        (r"\udc69 Dana \ud83d\u0041", "\u{fffd} Dana \u{fffd}A"),
        (r"\ud83d\ude00 \\ud83d \n", "\u{1f600} \\ud83d"),
    ] {
        let account = one(&format!(r#"{{"id":1,"from_name":"{name}"}}"#));
        assert_eq!(account.mailbox.name.as_deref(), Some(expected));
    }
    let body = b"[{\"id\":1,\"from_name\":\"Dana \xf0\x9f\"}]";
    let Answer::Good(accounts) = page(body, &Redactor::new([])) else {
        panic!("not read")
    };
    assert_eq!(accounts[0].mailbox.name.as_deref(), Some("Dana \u{fffd}"));
}

#[test]
fn untrusted_text_is_cut_cleaned_and_redacted() {
    let long = "x".repeat(10_000);
    let account = one(&format!(
        r#"{{"id":1,"from_name":"{long}","is_smtp_success":false,
        "smtp_failure_error":"login\u0000 with password=hunter2 \u202efailed {long}"}}"#
    ));
    assert_eq!(
        account.mailbox.name.map(|n| n.chars().count()),
        Some(LONGEST_NAME)
    );
    let LinkState::Failed { reason, .. } = account.smtp else {
        panic!("not failed")
    };
    assert!(
        reason.starts_with("login with password=[redacted] failed xxx"),
        "{reason}"
    );
    assert_eq!(reason.chars().count(), LONGEST_REASON);
}
