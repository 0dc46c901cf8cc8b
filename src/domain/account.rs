//! Accounts as a source lists them.

use std::borrow::Cow;

use arcstr::ArcStr;

use super::cause::Class;

/// What a source says of one link (SMTP or IMAP) of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Seen connected.
    Ok,
    /// Seen failing.
    Failed {
        /// The provider's words, empty where it gave none.
        reason: ArcStr,
        /// What they mean.
        cause: Class,
    },
    /// The source did not say. Neither opens nor resolves anything.
    Unknown,
}

/// Who a mailbox is and what it is for: the part that stays with its history.
///
/// Text has been through [`super::text::clean`]; every field but the id may be absent. An outage can
/// put every account of a large fleet on record at once, so a value is small: text stands behind one
/// word, and is shared where accounts have it in common, as they do provider types and tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The source's stable key.
    pub id: i64,
    /// Sender name.
    pub name: Option<ArcStr>,
    /// E-mail address.
    pub address: Option<ArcStr>,
    /// Provider type as the source spells it, such as `GMAIL`; an open set.
    pub account_type: Option<ArcStr>,
    /// Tag names, joined with `", "`.
    pub tags: ArcStr,
    /// E-mails a day the mailbox may send.
    pub daily_cap: Option<u32>,
    /// E-mails sent today, as of the listing.
    pub sent_today: Option<u32>,
    /// Campaigns that use the mailbox.
    pub campaigns: Option<u32>,
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
            tags: ArcStr::default(),
            daily_cap: None,
            sent_today: None,
            campaigns: None,
            client_id: None,
        }
    }

    /// The domain it sends from, in lower case.
    pub fn domain(&self) -> Option<Cow<'_, str>> {
        let (_, domain) = self.address.as_deref()?.rsplit_once('@')?;
        let is_lower = domain
            .bytes()
            .all(|b| b.is_ascii() && !b.is_ascii_uppercase());
        let domain = if is_lower {
            Cow::Borrowed(domain)
        } else {
            Cow::Owned(domain.to_lowercase())
        };
        Some(domain).filter(|domain| !domain.is_empty())
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
    /// Campaigns that it sends for, as far as the source names them.
    pub campaign_ids: Vec<i64>,
}
