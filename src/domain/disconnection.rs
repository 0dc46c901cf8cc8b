//! Disconnections: accounts with a failed link, from detection to resolution.

use std::fmt;
use std::str::FromStr;

use arcstr::ArcStr;
use chrono::{DateTime, Utc};

use super::account::Mailbox;
use super::cause::{Class, Transience};
use super::incident::IncidentId;

/// Which links of a disconnected account fail. Ordered by weight, the heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Neither sends nor receives.
    Both,
    /// Cannot send.
    Smtp,
    /// Cannot receive.
    Imap,
}

impl Kind {
    /// Every kind, the heaviest first.
    pub const ALL: [Self; 3] = [Self::Both, Self::Smtp, Self::Imap];

    /// The kind for these failing links, or `None` if neither fails.
    pub fn of(smtp_failed: bool, imap_failed: bool) -> Option<Self> {
        match (smtp_failed, imap_failed) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Smtp),
            (false, true) => Some(Self::Imap),
            (false, false) => None,
        }
    }

    /// Whether the sending link fails.
    pub fn smtp_failed(self) -> bool {
        self != Self::Imap
    }

    /// Whether the receiving link fails.
    pub fn imap_failed(self) -> bool {
        self != Self::Smtp
    }

    /// The spelling used in the database and the CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Both => "BOTH",
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is none of `SMTP`, `IMAP` and `BOTH`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("disconnection_type is not one of SMTP, IMAP and BOTH")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    /// Reads the database's spelling, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or(UnknownKind)
    }
}

/// Whether the sink has the alert of a disconnection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Certainly not.
    No,
    /// A post was begun and its end is not known: the answer was lost, or the program was killed.
    Perhaps,
    /// The sink confirmed it.
    Yes,
}

impl Told {
    /// The spelling in data for other programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Perhaps => "perhaps",
            Self::Yes => "yes",
        }
    }
}

impl Class {
    /// The cause of a disconnection with these causes of its failing links: what somebody has to
    /// mend before what passes, what is known before what is not, and that of sending before that
    /// of receiving.
    pub fn decisive(smtp: Option<Self>, imap: Option<Self>) -> Self {
        let weight = |class: &Self| match (class, class.cause().transience) {
            (Self::Unknown, _) => 2,
            (_, Transience::Transient) => 1,
            (_, Transience::Permanent) => 0,
        };
        let causes = smtp.into_iter().chain(imap);
        causes.min_by_key(weight).unwrap_or(Self::Unknown)
    }
}

/// How a disconnection is told, or was. Each is told in one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// Not decided: it has not been down for enough checks.
    #[default]
    Undecided,
    /// In an ordinary alert.
    Alert,
    /// As part of this incident.
    Incident(IncidentId),
    /// In the daily line of the chronic accounts.
    Chronic,
    /// Not at all: it was on record as a known outage.
    Baseline,
    /// Not at all: it was over before it had been down for enough checks.
    Passed,
}

impl Way {
    /// The spelling used in the database; none while it is not decided.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Undecided => None,
            Self::Alert => Some("alert"),
            Self::Incident(_) => Some("incident"),
            Self::Chronic => Some("chronic"),
            Self::Baseline => Some("baseline"),
            Self::Passed => Some("passed"),
        }
    }

    /// Reads what the database holds, with the number of the incident.
    pub fn read(word: Option<&str>, incident: Option<i64>) -> Self {
        let incident = incident.and_then(|id| IncidentId::new(u32::try_from(id).ok()?));
        match (word, incident) {
            (Some("alert"), _) => Self::Alert,
            (Some("incident"), Some(id)) => Self::Incident(id),
            (Some("chronic"), _) => Self::Chronic,
            (Some("baseline"), _) => Self::Baseline,
            (Some("passed"), _) => Self::Passed,
            _ => Self::Undecided,
        }
    }

    /// The incident that it is part of.
    pub fn incident(self) -> Option<IncidentId> {
        match self {
            Self::Incident(id) => Some(id),
            _ => None,
        }
    }
}

/// An open disconnection: one cycle of an account that has not been seen connected since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnection {
    /// The account, as last recorded.
    pub mailbox: Mailbox,
    /// Which links fail.
    pub kind: Kind,
    /// The provider's words for the failing SMTP link.
    pub smtp_error: Option<ArcStr>,
    /// The provider's words for the failing IMAP link.
    pub imap_error: Option<ArcStr>,
    /// What that means.
    pub cause: Class,
    /// When a check first saw it.
    pub detected_at: DateTime<Utc>,
    /// Complete listings in a row that did not hold the account.
    pub missed_listings: u32,
    /// Whether the sink has its alert.
    pub told: Told,
    /// How it is told.
    pub way: Way,
}

impl Disconnection {
    /// The texts that many disconnections are likely to have in common.
    pub fn texts_in_common(&mut self) -> impl Iterator<Item = &mut ArcStr> {
        let mailbox = &mut self.mailbox;
        let sometimes = [
            &mut mailbox.name,
            &mut mailbox.account_type,
            &mut self.smtp_error,
            &mut self.imap_error,
        ];
        std::iter::once(&mut mailbox.tags).chain(sometimes.into_iter().flatten())
    }

    /// The provider's words for the failing links, one text.
    pub fn reason(&self) -> Option<String> {
        let smtp = self.smtp_error.as_deref().filter(|text| !text.is_empty());
        let imap = self.imap_error.as_deref().filter(|text| !text.is_empty());
        match (smtp, imap) {
            (Some(smtp), Some(imap)) if smtp != imap => Some(format!("SMTP: {smtp}; IMAP: {imap}")),
            (Some(one), _) | (None, Some(one)) => Some(one.to_owned()),
            (None, None) => None,
        }
    }

    /// The cause in words, if it is known.
    pub fn known_cause(&self) -> Option<&'static str> {
        match self.cause {
            Class::Unknown => None,
            known => Some(known.words()),
        }
    }

    /// The cause in words, with the provider's own behind it; those alone where it is not known.
    pub fn explanation(&self) -> Option<String> {
        match (self.known_cause(), self.reason()) {
            (Some(cause), Some(reason)) => Some(format!("{cause}: {reason}")),
            (cause, reason) => reason.or(cause.map(str::to_owned)),
        }
    }

    /// Whether the next check tells it: it is untold, and waits neither for the daily message nor
    /// for more checks that see the account down.
    pub fn is_due(&self) -> bool {
        self.told != Told::Yes && matches!(self.way, Way::Alert | Way::Incident(_))
    }

    /// What became of its alert, or what that waits for, in a word or two.
    pub fn alert(&self) -> &'static str {
        match (self.told, self.way) {
            (Told::Yes, _) => "told",
            (_, Way::Chronic) => "daily",
            (_, Way::Undecided) => "unconfirmed",
            (Told::No, _) => "untold",
            (Told::Perhaps, _) => "perhaps told",
        }
    }
}
