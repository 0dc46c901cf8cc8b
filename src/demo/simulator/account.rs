//! An account as the documented listing shows it, written without a detour: benchmarks ask for
//! millions.

use std::fmt;

use crate::domain::Kind;

/// About so many bytes has one.
pub(super) const USUAL_SIZE: usize = 1_150;

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

/// One after the other, over and over.
fn pick<T: Copy + Default>(values: &[T], index: u32) -> T {
    let place = index as usize % values.len().max(1);
    values.get(place).copied().unwrap_or_default()
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
        let domain = index / 5 % 40 + 1;
        let smtp_failed = self.kind.is_some_and(Kind::smtp_failed);
        let imap_failed = self.kind.is_some_and(Kind::imap_failed);
        let (smtp_ok, imap_ok) = (!smtp_failed, !imap_failed);
        let smtp_error = Text(smtp_failed.then_some(smtp_error));
        let imap_error = Text(imap_failed.then_some(imap_error));
        let (daily_cap, sent, campaigns) = (30 + index % 3 * 10, index % 30, index % 4);
        let (client, pool) = (70 + index % 6, index % 3 + 1);
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
             \"type\":\"{provider}\",\"client_id\":{client},\"campaign_count\":{campaigns},\
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
}
