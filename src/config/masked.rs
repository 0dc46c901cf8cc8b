//! Secrets as they may be shown: by their form and their length, and nothing else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The forms of Slack's credentials, the longer beginnings first.
const SLACK: [(&str, &str); 6] = [
    ("xoxb-", "bot token"),
    ("xoxp-", "user token"),
    ("xapp-", "app-level token"),
    ("xoxe.", "rotating token"),
    ("xoxe-", "refresh token"),
    ("https://hooks.slack.com/", "webhook"),
];

/// A secret that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// Its setting.
    pub setting: &'static str,
    /// What it looks like.
    pub form: Form,
    /// Its characters.
    pub length: usize,
}

/// What a secret looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A credential of Slack's.
    Slack {
        /// How all of its kind begin.
        prefix: &'static str,
        /// Its kind.
        kind: &'static str,
    },
    /// A UUID (RFC 9562), perhaps with something behind it.
    Uuid {
        /// Whether there is something behind it.
        is_longer: bool,
    },
    /// A JSON web token (RFC 7519).
    Jwt {
        /// When it ends, if it says so. Nobody has verified it.
        expires_at: Option<DateTime<Utc>>,
    },
    /// None of these.
    Other,
}

impl Masked {
    pub(super) fn new(setting: &'static str, secret: &str) -> Self {
        Self {
            setting,
            form: Form::of(secret),
            length: secret.chars().count(),
        }
    }
}

impl fmt::Display for Masked {
    /// The form and the length, such as `bot token (xoxb-), 57 characters`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Slack { prefix, kind } => write!(f, "{kind} ({prefix}), ")?,
            Form::Uuid { is_longer: false } => f.write_str("a UUID, ")?,
            Form::Uuid { is_longer: true } => f.write_str("a UUID and more, ")?,
            Form::Jwt { .. } => f.write_str("a JSON web token, ")?,
            Form::Other => {}
        }
        let s = if self.length == 1 { "" } else { "s" };
        write!(f, "{} character{s}", self.length)
    }
}

impl Form {
    fn of(secret: &str) -> Self {
        if let Some((prefix, kind)) = SLACK.iter().find(|(prefix, _)| secret.starts_with(prefix)) {
            return Self::Slack { prefix, kind };
        }
        if let Some(is_longer) = uuid(secret) {
            return Self::Uuid { is_longer };
        }
        match jwt(secret) {
            Some(expires_at) => Self::Jwt { expires_at },
            None => Self::Other,
        }
    }
}

/// Whether there is more than the UUID that a text begins with.
fn uuid(text: &str) -> Option<bool> {
    let (uuid, rest) = text.split_at_checked(36)?;
    let is_uuid = uuid.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let is_ended = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    (is_uuid && is_ended).then_some(!rest.is_empty())
}

/// When a JSON web token ends, if it says so; nothing if it is none.
fn jwt(text: &str) -> Option<Option<DateTime<Utc>>> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        exp: Option<f64>,
    }
    let mut parts = text.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    // A cast of what is out of range gives the nearest number, which is no time then.
    let ends = claims.exp.map(|seconds| seconds as i64);
    Some(ends.and_then(|seconds| DateTime::from_timestamp(seconds, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secret: &str) -> String {
        Masked::new("X", secret).to_string()
    }

    #[test]
    fn nothing_but_form_and_length_is_shown() {
        for (secret, expected) in [
            ("xoxb-12-34-abcdef", "bot token (xoxb-), 17 characters"),
            ("xoxp-12-34-abcdef", "user token (xoxp-), 17 characters"),
            (
                "xapp-1-A1-2-abcdef",
                "app-level token (xapp-), 18 characters",
            ),
            (
                "xoxe.xoxb-1-abcdef",
                "rotating token (xoxe.), 18 characters",
            ),
            (
                "https://hooks.slack.com/services/T0/B0/x",
                "webhook (https://hooks.slack.com/), 40 characters",
            ),
            (
                "01234567-89ab-cdef-0123-456789ABCDEF",
                "a UUID, 36 characters",
            ),
            (
                "01234567-89ab-cdef-0123-456789abcdef_x1y2z3w",
                "a UUID and more, 44 characters",
            ),
            ("01234567-89ab-cdef-0123-456789abcdef0", "37 characters"),
            ("01234567+89ab-cdef-0123-456789abcdef", "36 characters"),
            ("e30.e30.c2ln", "a JSON web token, 12 characters"),
            ("e30.e30", "7 characters"),
            ("e30.e30.c2ln.x", "14 characters"),
            ("e30.bm90LWpzb24.c2ln", "20 characters"),
            ("ünïcødé", "7 characters"),
            ("x", "1 character"),
        ] {
            assert_eq!(shown(secret), expected);
        }
    }

    #[test]
    fn the_end_of_a_token_is_read_if_it_has_one() {
        for (claims, expected) in [
            (r#"{"exp":1795269900}"#, Some(1_795_269_900)),
            (r#"{"exp":1795269900.75,"sub":"x"}"#, Some(1_795_269_900)),
            (r#"{"sub":"x"}"#, None),
            (r#"{"exp":null}"#, None),
            (r#"{"exp":1e300}"#, None),
        ] {
            let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
            let ends = expected.map(|at| DateTime::from_timestamp(at, 0).unwrap());
            assert_eq!(Form::of(&token), Form::Jwt { expires_at: ends }, "{claims}");
        }
    }
}
