//! The pure parts of a check, on sizes that occur: a page, a fleet, a large outage. What takes
//! their time and what counts their instructions share them.

use std::hint::black_box;

use chrono::{DateTime, Utc};
use monitor::audit;
use monitor::domain::{Account, Disconnection, Listing, RunId, Unannounced, apply, diff};
use monitor::http::Answer;
use monitor::redact::Redactor;
use monitor::slack::message::{Alert, alert};
use monitor::smartlead::wire;
use serde_json::{Value, json};

/// Does a part once.
pub type Work = Box<dyn Fn()>;

/// Makes the input of a part.
type Prepare = fn() -> Work;

/// The parts by name.
pub const PARTS: [(&str, Prepare); 4] = [
    ("decode a page of 100 accounts", decoding),
    ("diff 10,000 accounts with 3,334 open", comparing),
    ("render an alert of 3,334 disconnections", rendering),
    ("build 3,334 lines of CSV", auditing),
];

fn decoding() -> Work {
    let body = page(0, 100);
    let redactor = Redactor::new([]);
    Box::new(move || drop(black_box(wire::page(black_box(&body), &redactor))))
}

fn comparing() -> Work {
    let fleet = fleet();
    let known = known(&fleet);
    Box::new(move || drop(black_box(diff(black_box(&known), &fleet, now()))))
}

fn rendering() -> Work {
    let known = known(&fleet());
    let run_id = RunId::new(now(), 1);
    Box::new(move || {
        drop(black_box(alert(&Alert {
            run_id: &run_id,
            checked_at: now(),
            disconnections: black_box(&known),
            unannounced: Unannounced::default(),
            csv: "disconnections_202611.csv",
        })));
    })
}

fn auditing() -> Work {
    let found = diff(&[], &fleet(), now());
    let run_id = RunId::new(now(), 1);
    Box::new(move || {
        let transitions = black_box(&found.transitions);
        drop(black_box(audit::lines(transitions, &run_id, now())));
    })
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_795_269_900)
}

/// 10,000 accounts.
fn fleet() -> Listing {
    Listing::new((0..100).flat_map(|n| decode(&page(n * 100, 100))))
}

/// Those of them that are down.
fn known(fleet: &Listing) -> Vec<Disconnection> {
    apply(Vec::new(), &diff(&[], fleet, now()))
}

fn decode(body: &[u8]) -> Vec<Account> {
    match wire::page(body, &Redactor::new([])) {
        Answer::Good(accounts) => accounts,
        Answer::Malformed(why) | Answer::RateLimited(why) | Answer::NotTaken(why) => {
            panic!("{why}")
        }
    }
}

/// A page as the documented listing has it; every third account is down.
fn page(from: usize, size: usize) -> Vec<u8> {
    let account = |id: usize| {
        json!({
            "id": id, "created_at": "2026-02-03T09:12:44.120Z", "updated_at": "2026-11-20T22:05:01.000Z",
            "user_id": 9001, "from_name": format!("Dana {id}"),
            "from_email": format!("dana{id}@outreach-one.example"),
            "username": format!("dana{id}@outreach-one.example"), "password": "c210cC1wYXNzd29yZA==",
            "smtp_host": "smtp.office365.com", "smtp_port": 587, "smtp_port_type": "TLS",
            "imap_username": "dana", "imap_password": "aW1hcC1wYXNzd29yZA==",
            "imap_host": "outlook.office365.com", "imap_port": 993, "imap_port_type": "SSL",
            "is_different_imap_account": false, "message_per_day": 40, "daily_sent_count": 17,
            "minTimeToWaitInMins": 12, "signature": "<p>Best regards,<br>Dana</p>".repeat(10),
            "custom_tracking_domain": "", "bcc_email": null, "different_reply_to_address": null,
            "is_smtp_success": !id.is_multiple_of(3), "is_imap_success": true,
            "smtp_failure_error": id.is_multiple_of(3).then_some("535 5.7.139 Authentication unsuccessful"),
            "imap_failure_error": null, "type": "OUTLOOK", "client_id": 77, "campaign_count": 3,
            "tags": [{"tag_id": 10, "tag_name": "pool-a", "tag_color": "#B1FCCF"}],
            "warmup_details": {"status": "ACTIVE", "total_sent_count": 450, "total_spam_count": 2,
                "warmup_reputation": "95%", "warmup_key_id": 789, "reply_rate": 15, "blocked_reason": null},
        })
    };
    Value::Array((from..from + size).map(account).collect())
        .to_string()
        .into_bytes()
}
