//! Values for tests.

use chrono::{DateTime, Utc};

use super::cause::Class;
use super::{Cycle, Disconnection, End, Event, Kind, Mailbox, Told, Way};

/// A time that an account could not send, and its end if it is over.
pub(crate) fn cycle(id: i64, from: DateTime<Utc>, end: Option<(DateTime<Utc>, Event)>) -> Cycle {
    Cycle {
        disconnection: Disconnection {
            mailbox: Mailbox::bare(id),
            kind: Kind::Smtp,
            smtp_error: None,
            imap_error: None,
            detected_at: from,
            missed_listings: 0,
            cause: Class::Unknown,
            way: Way::Alert,
            told: Told::Yes,
        },
        end: end.map(|(at, event)| End {
            at,
            event: Some(event),
        }),
    }
}
