//! Whether the clock of this machine goes right.

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{Finding, Part};
use crate::domain::text;

/// From here on it is worth a warning. Below it, the time that an answer takes plays a part.
const TOO_MUCH: TimeDelta = TimeDelta::seconds(60);

/// What this machine's clock shows at `now` beside that of a server, if the server told its own.
pub(super) fn finding(
    server: &'static str,
    told: Option<impl Into<DateTime<Utc>>>,
    now: DateTime<Utc>,
) -> Option<Finding> {
    let ahead = now - told?.into();
    let size = ahead.abs();
    let side = match ahead < TimeDelta::zero() {
        true => "behind",
        false => "ahead",
    };
    if size < TimeDelta::seconds(2) {
        return Some(Part::Clock.ok(server, "agrees"));
    }
    let size_in_words = match size < TimeDelta::minutes(2) {
        true => format!("{} s", size.num_seconds()),
        false => text::duration(size),
    };
    let detail = format!("this machine is {size_in_words} {side}");
    if size < TOO_MUCH {
        return Some(Part::Clock.ok(server, detail));
    }
    let remedy = "Set this machine's clock, or turn its time service on: times in messages, CSV \
        and history are wrong by as much, and TLS may fail";
    Some(Part::Clock.warning(server, detail).remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn a_minute_is_too_much() {
        for (ahead, status, detail) in [
            (0, Status::Ok, "agrees"),
            (1_999, Status::Ok, "agrees"),
            (-1_999, Status::Ok, "agrees"),
            (2_000, Status::Ok, "this machine is 2 s ahead"),
            (59_999, Status::Ok, "this machine is 59 s ahead"),
            (-59_999, Status::Ok, "this machine is 59 s behind"),
            (60_000, Status::Warning, "this machine is 60 s ahead"),
            (-60_000, Status::Warning, "this machine is 60 s behind"),
            (
                -7_500_000,
                Status::Warning,
                "this machine is 2 h 5 min behind",
            ),
        ] {
            let now = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ahead);
            let finding = finding("Slack", Some(DateTime::UNIX_EPOCH), now).unwrap();
            assert_eq!((finding.status, finding.detail.as_str()), (status, detail));
            assert_eq!(finding.remedy.is_some(), status == Status::Warning);
        }
        assert_eq!(finding("Slack", None::<DateTime<Utc>>, Utc::now()), None);
    }
}
