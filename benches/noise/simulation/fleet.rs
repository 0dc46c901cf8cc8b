//! The accounts of an agency: whose they are and who they are.

use std::collections::BTreeMap;

use fastrand::Rng;
use monitor::domain::{Account, LinkState, Mailbox, Names, text};

/// Provider types, the frequent ones more than once.
const TYPES: [&str; 10] = [
    "GMAIL", "GMAIL", "GMAIL", "GMAIL", "OUTLOOK", "OUTLOOK", "OUTLOOK", "OUTLOOK", "SMTP", "SMTP",
];

const FIRST_NAMES: [&str; 8] = ["amir", "ana", "dana", "jo", "lena", "mei", "omar", "tom"];

/// Names that are out to break a message; one account in so many has one.
const ODD_NAMES: [&str; 7] = [
    "<!channel> & Söhne",
    "*bold* _italic_ ~struck~ `code`\n> quoted",
    "<https://evil.example|click me> <@U012AB3CD>",
    "abc\u{202e}fed",
    "日本語 営業部 👩‍💻",
    "=HYPERLINK(\"http://evil.example\")",
    "a name that goes on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on",
];
const ODD: usize = 40;

/// One large domain has this name, whatever wrote it there.
const ODD_DOMAIN: &str = "<!here>&mail.example";

const TAGS: [&str; 5] = [
    "",
    "pool-1",
    "pool-2",
    "warm-up, pool-3",
    "vip, q1, <!everyone>",
];

/// Every account that is ever listed, by id.
pub fn accounts(count: usize, rng: &mut Rng) -> Vec<Account> {
    let mut accounts = Vec::with_capacity(count);
    let mut client = 0;
    while accounts.len() < count {
        client += 1;
        let size = rng.usize(count / 40..=count / 12).max(1);
        let usual_type = TYPES[rng.usize(..TYPES.len())];
        // Most domains hold a handful of accounts, some half a client.
        let mut left_in_domain = 0;
        let mut domains = 0;
        let mut domain = String::new();
        for _ in 0..size.min(count - accounts.len()) {
            if left_in_domain == 0 {
                domains += 1;
                let is_large = domains == 1 && client % 3 == 1;
                left_in_domain = if is_large {
                    size.div_ceil(2)
                } else {
                    rng.usize(3..=8)
                };
                domain = match (client, domains) {
                    (1, 1) => ODD_DOMAIN.to_owned(),
                    _ => format!("outreach-{client}-{domains}.example"),
                };
            }
            left_in_domain -= 1;
            let account_type = match rng.u8(..5) {
                0 => TYPES[rng.usize(..TYPES.len())],
                _ => usual_type,
            };
            accounts.push(account(accounts.len(), client, &domain, account_type, rng));
        }
    }
    accounts
}

fn account(index: usize, client: i64, domain: &str, account_type: &str, rng: &mut Rng) -> Account {
    let first_name = FIRST_NAMES[rng.usize(..FIRST_NAMES.len())];
    let name = match index % ODD {
        0 => ODD_NAMES[index / ODD % ODD_NAMES.len()],
        _ => first_name,
    };
    // A client has a campaign for some twenty accounts.
    let campaign = client * 1_000 + i64::try_from(index / 20).unwrap();
    Account {
        mailbox: Mailbox {
            id: 48_000_000 + 3 * i64::try_from(index).unwrap(),
            name: Some(text::clean(name, 200).into()),
            address: Some(format!("{first_name}{index}@{domain}").into()),
            account_type: Some(account_type.into()),
            tags: TAGS[rng.usize(..TAGS.len())].into(),
            daily_cap: (index % 50 != 7).then(|| rng.u32(20..60)),
            sent_today: Some(rng.u32(..20)),
            campaigns: Some(1),
            client_id: (index % 30 != 11).then_some(client),
        },
        smtp: LinkState::Ok,
        imap: LinkState::Ok,
        campaign_ids: vec![campaign],
    }
}

/// What their clients and campaigns are called; some names are not known, and one is out to break a
/// message.
pub fn names(accounts: &[Account]) -> Names {
    let clients = accounts
        .iter()
        .filter_map(|account| account.mailbox.client_id);
    let clients = clients.filter(|client| client % 7 != 6);
    let name = |client: i64| match client {
        1 => (client, "<!everyone> Ltd & *Co*".to_owned()),
        _ => (client, format!("Client {client} GmbH")),
    };
    let campaigns = accounts.iter().flat_map(|account| &account.campaign_ids);
    let campaigns = campaigns.map(|campaign| (*campaign, format!("Q1 <@U{campaign}> & more")));
    Names {
        clients: clients.map(name).collect(),
        campaigns: Some(campaigns.collect::<BTreeMap<_, _>>()),
    }
}
