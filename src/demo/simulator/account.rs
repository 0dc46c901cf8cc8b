//! An account as the documented listing shows it with its campaigns, written without a detour:
//! benchmarks ask for millions. And what names its client and its campaigns.

use std::fmt;
use std::ops::Range;

use serde_json::{Value, json};

use crate::domain::Kind;

/// About so many bytes has one.
pub(super) const USUAL_SIZE: usize = 1_180;

/// An account and what of it fails. It shows as JSON.
pub(super) struct Account {
    pub(super) index: u32,
    pub(super) kind: Option<Kind>,
}

/// Provider types with their hosts and the words they have for a failing link.
const PROVIDERS: [[&str; 5]; 3] = [
    [
        "OUTLOOK",
        "smtp.office365.com",
        "outlook.office365.com",
        "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        "AADSTS50173: The provided grant has expired due to it being revoked.",
    ],
    [
        "GMAIL",
        "smtp.gmail.com",
        "imap.gmail.com",
        "535-5.7.8 Username and Password not accepted.",
        "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
    ],
    [
        "SMTP",
        "mail.outreach.example",
        "mail.outreach.example",
        "connect ETIMEDOUT",
        "Timed out while authenticating with server",
    ],
];

const NAMES: [(&str, &str); 7] = [
    ("Dana", "dana"),
    ("Amir", "amir"),
    ("Lena", "lena"),
    ("Kofi", "kofi"),
    ("Mei", "mei"),
    ("Ana", "ana"),
    ("Jonas", "jonas"),
];

/// The client with the lowest id, which has the first of [`CLIENTS`].
const FIRST_CLIENT: usize = 70;

const CLIENTS: [&str; 6] = [
    "Acme",
    "Birch & Co",
    "Cobalt",
    "Dune Labs",
    "Elm Street",
    "Fjord",
];

/// The campaign with the lowest id.
const FIRST_CAMPAIGN: u32 = 1_001;

/// Accounts of a domain.
const MAILBOXES: u32 = 5;

/// Accounts that have the same first campaign.
const SENDERS: u32 = 50;

/// Each account sends for fewer campaigns than this.
const CAMPAIGNS: u32 = 4;

/// The ids of the campaigns that an account sends for.
fn campaigns_of(index: u32) -> Range<u32> {
    let first = FIRST_CAMPAIGN + index / SENDERS;
    first..first + index % CAMPAIGNS
}

/// The clients, as their listing shows them.
pub(super) fn clients() -> impl Iterator<Item = Value> {
    let client = |(id, name)| json!({"id": id, "name": name, "email": null});
    (FIRST_CLIENT..).zip(CLIENTS).map(client)
}

/// The campaigns of the first so many accounts, as their listing shows them.
pub(super) fn campaigns(accounts: u32) -> impl Iterator<Item = Value> {
    let end = FIRST_CAMPAIGN + accounts.div_ceil(SENDERS) + CAMPAIGNS - 2;
    let campaign = |id| json!({"id": id, "name": format!("Campaign {id}"), "status": "ACTIVE"});
    (FIRST_CAMPAIGN..end).map(campaign)
}

/// Numbers in a list, as JSON.
struct List(Range<u32>);

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for number in self.0.clone() {
            let comma = if number == self.0.start { "" } else { "," };
            write!(f, "{comma}{number}")?;
        }
        f.write_str("]")
    }
}

/// One after the other, over and over.
fn pick<T: Copy + Default>(values: &[T], index: u32) -> T {
    let place = index as usize % values.len().max(1);
    values.get(place).copied().unwrap_or_default()
}

/// Whether an account is with the provider that has outages in the demo's story.
pub fn is_of_first_provider(index: u32) -> bool {
    pick(&PROVIDERS, index) == PROVIDERS[0]
}

/// A text in quotes, or null. None of the texts here needs an escape.
struct Text(Option<&'static str>);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => write!(f, "\"{text}\""),
            None => f.write_str("null"),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = self.index;
        let id = 48_120_000 + u64::from(index);
        let [provider, smtp_host, imap_host, smtp_error, imap_error] = pick(&PROVIDERS, index);
        let (name, user) = pick(&NAMES, index);
        let domain = index / MAILBOXES + 1;
        let smtp_failed = self.kind.is_some_and(Kind::smtp_failed);
        let imap_failed = self.kind.is_some_and(Kind::imap_failed);
        let (smtp_ok, imap_ok) = (!smtp_failed, !imap_failed);
        let smtp_error = Text(smtp_failed.then_some(smtp_error));
        let imap_error = Text(imap_failed.then_some(imap_error));
        let (daily_cap, sent) = (30 + index % 3 * 10, index % 30);
        let (client, pool) = (FIRST_CLIENT + index as usize % CLIENTS.len(), index % 3 + 1);
        let campaigns = List(campaigns_of(index));
        let campaign_count = campaigns.0.len();
        write!(
            f,
            "{{\"id\":{id},\"created_at\":\"2026-02-03T09:12:44.120Z\",\
             \"updated_at\":\"2026-11-20T22:05:01.000Z\",\"user_id\":9001,\"from_name\":\"{name}\",\
             \"from_email\":\"{user}{index}@outreach-{domain}.example\",\
             \"username\":\"{user}{index}@outreach-{domain}.example\",\
             \"password\":\"c2ltdWxhdGVkLXNtdHAtcGFzc3dvcmQ=\",\
             \"smtp_host\":\"{smtp_host}\",\"smtp_port\":587,\"smtp_port_type\":\"TLS\",\
             \"imap_username\":\"{user}{index}@outreach-{domain}.example\",\
             \"imap_password\":\"c2ltdWxhdGVkLWltYXAtcGFzc3dvcmQ=\",\
             \"imap_host\":\"{imap_host}\",\"imap_port\":993,\"imap_port_type\":\"SSL\",\
             \"is_different_imap_account\":false,\"message_per_day\":{daily_cap},\
             \"daily_sent_count\":{sent},\"minTimeToWaitInMins\":12,\"signature\":null,\
             \"custom_tracking_domain\":\"\",\"bcc_email\":null,\"different_reply_to_address\":null,\
             \"is_smtp_success\":{smtp_ok},\"is_imap_success\":{imap_ok},\
             \"smtp_failure_error\":{smtp_error},\"imap_failure_error\":{imap_error},\
             \"type\":\"{provider}\",\"client_id\":{client},\
             \"campaign_count\":{campaign_count},\"campaign_ids\":{campaigns},\
             \"tags\":[{{\"tag_id\":1,\"tag_name\":\"pool-{pool}\",\"tag_color\":\"#B1FCCF\"}}],\
             \"warmup_details\":{{\"status\":\"ACTIVE\",\"total_sent_count\":450,\
             \"total_spam_count\":2,\"warmup_reputation\":\"95%\",\"warmup_key_id\":789,\
             \"warmup_created_at\":\"2026-02-03T09:12:44.120Z\",\"reply_rate\":15,\
             \"blocked_reason\":null}}}}"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{Down, page};
    use super::*;

    #[test]
    fn a_page_is_json_of_the_usual_size_and_says_who_is_down() {
        let down = Down::from([(7, Kind::Both), (8, Kind::Imap)]);
        let body = page(0..100, &down);
        assert!((100_000..=120_000).contains(&body.len()), "{}", body.len());
        let accounts: Vec<Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(accounts.len(), 100);
        for (index, account) in (0..).zip(&accounts) {
            let kind = down.get(&index).copied();
            let smtp = account["is_smtp_success"] == false;
            let imap = account["is_imap_success"] == false;
            assert_eq!(Kind::of(smtp, imap), kind);
            assert_eq!(account["smtp_failure_error"].is_string(), smtp);
            assert_eq!(account["imap_failure_error"].is_string(), imap);
            assert_eq!(account["id"], 48_120_000 + index);
        }
        assert_eq!(page(0..0, &down), "[]");
    }

    #[test]
    fn each_account_has_a_client_and_campaigns_that_are_listed() {
        let ids = |listed: Vec<Value>| -> Vec<Value> {
            listed
                .into_iter()
                .map(|entry| entry["id"].clone())
                .collect()
        };
        for fleet in [1, 49, 50, 51, 100] {
            let (clients, campaigns) = (ids(clients().collect()), ids(campaigns(fleet).collect()));
            let body = page(0..fleet, &Down::new());
            let accounts: Vec<Value> = serde_json::from_str(&body).unwrap();
            for account in &accounts {
                assert!(clients.contains(&account["client_id"]), "{account}");
                let of_account = account["campaign_ids"].as_array().unwrap();
                assert_eq!(account["campaign_count"], of_account.len());
                assert!(
                    of_account.iter().all(|id| campaigns.contains(id)),
                    "{account}"
                );
            }
        }
    }
}
