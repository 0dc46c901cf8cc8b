//! What `status` and `history` say in the same way.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

use super::screen::{Paint, TIED};
use super::table::{Cell, Column};
use crate::domain::{Disconnection, Kind};

/// Which links fail.
pub const KIND: Column = Column::whole("KIND", "");

/// The address of an account, or its name where it has none.
pub const WHO: Column = Column::whole("ADDRESS", "").or_wrapped(30).or_cut(100);

/// The id of an account.
pub const ID: Column = Column::whole("ID", "account ");

/// The cells for [`KIND`], [`WHO`] and [`ID`].
pub fn identity(disconnection: &Disconnection) -> [Cell; 3] {
    let mailbox = &disconnection.mailbox;
    let who = [&mailbox.address, &mailbox.name]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty());
    let paint = match disconnection.kind {
        Kind::Both => Paint::Bad,
        Kind::Smtp | Kind::Imap => Paint::Warn,
    };
    [
        Cell::painted(disconnection.kind.as_str(), paint),
        who.map(|who| &**who).unwrap_or_default().into(),
        mailbox.id.to_string().into(),
    ]
}

/// A moment in UTC, to the minute.
pub fn minute(at: DateTime<Utc>) -> String {
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute) = (at.hour(), at.minute());
    format!("{year:04}-{month:02}-{day:02}{TIED}{hour:02}:{minute:02}")
}

/// Text that stays on one line.
pub fn tied(text: &str) -> String {
    text.replace(' ', TIED.encode_utf8(&mut [0; 2]))
}

/// What there is to say about a database in which nothing is on record.
pub fn no_check(place: &str) -> String {
    format!(
        "No check has run yet on {place}. To see what one would find, run monitor --dry-run. If \
         checks run elsewhere, set DATABASE_URL, or start this in their folder."
    )
}
