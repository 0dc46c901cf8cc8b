//! Why a mailbox fails: the provider's words, sorted into classes, each with who mends it and how.
//!
//! A [`Class`] is decided by codes and phrases of the providers' grammar, never by whole texts. The
//! `reading` takes a text apart into words and codes, and leaves out host names, addresses, paths
//! and ids, which say nothing of the cause. The `rules` are a list in an order of precedence, of
//! which the first that holds decides; `aadsts` is the list of Microsoft Entra's numbers. What no
//! rule knows is [`Class::Unknown`].

mod aadsts;
mod class;
mod judge;
mod reading;
mod rules;

use std::fmt;
use std::str::FromStr;

pub use class::{Class, Owner, Transience, UnknownClass};

/// The part of a mailbox's connection that a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// Sending.
    Smtp,
    /// Receiving.
    Imap,
    /// The grant that both sign in with.
    Oauth,
}

impl Link {
    /// Every link.
    pub const ALL: [Self; 3] = [Self::Smtp, Self::Imap, Self::Oauth];

    /// The spelling in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Oauth => "oauth",
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is none of `smtp`, `imap` and `oauth`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link is not one of smtp, imap and oauth")]
pub struct UnknownLink;

impl FromStr for Link {
    type Err = UnknownLink;

    /// Reads a link in any case.
    fn from_str(text: &str) -> Result<Self, UnknownLink> {
        Self::ALL
            .into_iter()
            .find(|link| link.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or(UnknownLink)
    }
}

/// Why a mailbox fails, who mends it, how, and whether waiting helps. All follows from the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The sort of failure.
    pub class: Class,
    /// Who mends it.
    pub owner: Owner,
    /// What to do, one sentence.
    pub remedy: &'static str,
    /// Whether waiting helps.
    pub transience: Transience,
}

/// The cause that an error text tells of.
///
/// `text` is what a provider, a server or a mail library said, in any wrapping: JSON, HTML, several
/// lines, another language. Of a very long text the beginning and the end are read, so the time is
/// bounded. `link` and `provider` (a word such as `gmail` or `m365`) are where the text came from, as
/// far as that is known; they decide only where the text leaves it open.
pub fn classify(text: &str, link: Option<Link>, provider: Option<&str>) -> Cause {
    judge::class(text, link, provider).cause()
}

#[cfg(test)]
mod tests;
