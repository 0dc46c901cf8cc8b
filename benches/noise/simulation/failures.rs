//! What providers say when a mailbox fails: the real texts of tests/data/provider-errors.tsv.

use std::collections::BTreeMap;

use fastrand::Rng;
use monitor::domain::{Class, Link, LinkState, classify};
use monitor::redact::Redactor;

const PUBLIC: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/provider-errors.tsv"
));

/// Characters of an error text that the source keeps.
const LONGEST: usize = 500;

/// Provider types as the source spells them, with the words of the file for those who run them.
/// Whoever is with none of these has a server of his own.
const PROVIDERS: [(&str, &[&str]); 2] = [
    ("GMAIL", &["gmail", "workspace"]),
    ("OUTLOOK", &["m365", "outlook", "exchange"]),
];

/// Of how many single failures what is the cause: the ordinary ones far before the odd ones.
pub const SINGLE: [(Class, u32); 22] = [
    (Class::BadPassword, 18),
    (Class::OauthRevoked, 14),
    (Class::Throttled, 12),
    (Class::ConnectTimeout, 12),
    (Class::OauthExpired, 6),
    (Class::AppPasswordRequired, 5),
    (Class::WebLoginRequired, 5),
    (Class::MfaOrPolicy, 4),
    (Class::AccountSuspended, 4),
    (Class::DailyLimit, 4),
    (Class::BlockedReputation, 4),
    (Class::ProviderOutage, 4),
    (Class::Unknown, 3),
    (Class::AccountLocked, 2),
    (Class::MailboxMissing, 2),
    (Class::SmtpAuthDisabledMailbox, 2),
    (Class::ImapDisabled, 2),
    (Class::Dns, 2),
    (Class::TlsCertificate, 2),
    (Class::BasicAuthDisabled, 1),
    (Class::QuotaFull, 1),
    (Class::WrongHostOrPort, 1),
];

/// One thing that a provider may say.
struct Said {
    link: Link,
    provider: &'static str,
    text: String,
}

/// What is said, by what it means.
pub struct Failures(BTreeMap<Class, Vec<Said>>);

impl Failures {
    pub fn read() -> Self {
        let redactor = Redactor::new([]);
        let mut failures: BTreeMap<Class, Vec<Said>> = BTreeMap::new();
        for line in PUBLIC.lines().skip(1) {
            let fields: Vec<&str> = line.splitn(4, '\t').collect();
            let [class, link, provider, text] = fields[..] else {
                panic!("not four fields: {line}");
            };
            let said = Said {
                link: link.parse().unwrap(),
                provider,
                text: redactor.excerpt(&text.replace("\\n", "\n"), LONGEST),
            };
            failures
                .entry(class.parse().unwrap())
                .or_default()
                .push(said);
        }
        Self(failures)
    }

    /// The links of an account of this type that fails for this cause. What the cause is taken for
    /// is what the program takes it for.
    pub fn of(&self, class: Class, account_type: &str, rng: &mut Rng) -> [LinkState; 2] {
        let known = PROVIDERS.iter().find(|(name, _)| *name == account_type);
        let is_theirs = |said: &&Said| match known {
            Some((_, words)) => words.contains(&said.provider),
            None => PROVIDERS
                .iter()
                .all(|(_, words)| !words.contains(&said.provider)),
        };
        let all = &self.0[&class];
        let theirs: Vec<&Said> = all.iter().filter(is_theirs).collect();
        let said = match rng.choice(&theirs) {
            Some(said) => said,
            None => &all[rng.usize(..all.len())],
        };
        let failed = |link: Link| LinkState::Failed {
            reason: said.text.as_str().into(),
            cause: classify(&said.text, Some(link), Some(account_type)).class,
        };
        match said.link {
            Link::Oauth => [failed(Link::Smtp), failed(Link::Imap)],
            Link::Smtp if rng.u8(..10) < 3 => [failed(Link::Smtp), failed(Link::Imap)],
            Link::Smtp => [failed(Link::Smtp), LinkState::Ok],
            Link::Imap => [LinkState::Ok, failed(Link::Imap)],
        }
    }
}
