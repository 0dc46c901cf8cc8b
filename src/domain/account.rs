//! Accounts as a source lists them.

use std::collections::BTreeMap;

/// What a source says of one link (SMTP or IMAP) of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Seen connected.
    Ok,
    /// Seen failing, with the provider's words, empty where it gave none.
    Failed(String),
    /// The source did not say. Neither opens nor resolves anything.
    Unknown,
}

/// Who a mailbox is and what it is for: the part that stays with its history.
///
/// Text has been through [`super::text::clean`]; every field but the id may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The source's stable key.
    pub id: i64,
    /// Sender name.
    pub name: Option<String>,
    /// E-mail address.
    pub address: Option<String>,
    /// Provider type as the source spells it, such as `GMAIL`; an open set.
    pub account_type: Option<String>,
    /// Tag names, joined with `", "`.
    pub tags: String,
    /// E-mails a day the mailbox may send.
    pub daily_cap: Option<i64>,
    /// E-mails sent today, as of the listing.
    pub sent_today: Option<i64>,
    /// Campaigns that use the mailbox.
    pub campaigns: Option<i64>,
    /// The agency's client the mailbox belongs to.
    pub client_id: Option<i64>,
}

impl Mailbox {
    /// A mailbox of which nothing but the id is known.
    pub fn bare(id: i64) -> Self {
        Self {
            id,
            name: None,
            address: None,
            account_type: None,
            tags: String::new(),
            daily_cap: None,
            sent_today: None,
            campaigns: None,
            client_id: None,
        }
    }

    /// The names of its tags.
    pub fn tag_names(&self) -> impl Iterator<Item = &str> {
        self.tags.split(", ").filter(|tag| !tag.is_empty())
    }
}

/// One mailbox as a source lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity and use.
    pub mailbox: Mailbox,
    /// State of the sending link.
    pub smtp: LinkState,
    /// State of the receiving link.
    pub imap: LinkState,
}

/// A complete listing: every account of the source, once.
///
/// A listing that failed half-way never becomes one of these, so whatever takes a `Listing` may
/// conclude from an account's absence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<i64, Account>);

impl Listing {
    /// Keeps one account for each id; where a source lists an id again, the later reading.
    pub fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        Self(accounts.into_iter().map(|a| (a.mailbox.id, a)).collect())
    }

    /// How many accounts the source holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the source holds no account at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The account with this id.
    pub fn get(&self, id: i64) -> Option<&Account> {
        self.0.get(&id)
    }

    /// All accounts in the order of their ids.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.0.values()
    }
}
