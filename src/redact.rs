//! Keeps secrets out of everything that is written: the one place that knows how they look.

use std::borrow::Cow;
use std::sync::Arc;

use regex_lite::Regex;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::text;

/// What stands in place of a secret.
const MASK: &str = "[redacted]";

/// Shorter values are not searched for: they occur in ordinary words and would blot them out.
const SHORTEST_SECRET: usize = 4;

/// Secrets that are recognised by their form alone: Slack tokens, credentials in a query or an
/// assignment, bearer tokens, and the password part of a URL.
const FORMS: &str = concat!(
    r"(?i)xox[a-z](?:\.xox[a-z])?-[a-z0-9-]+",
    r#"|\b(?P<name>api_?key|password|passwd|pwd|token|secret)(?P<is>["']?\s*[=:]\s*["']?)[^\s&"',;}]+"#,
    r"|\b(?P<bearer>bearer\s+)[a-z0-9._~+/=-]{8,}",
    r"|(?P<user>://[^/\s:@]*:)[^/\s@]+@",
);

/// What the names of assigned credentials in [`FORMS`] end with.
const NAMES: [&str; 7] = [
    "apikey", "api_key", "password", "passwd", "pwd", "token", "secret",
];

/// Takes secrets out of text: the values it was given, as they are and percent-encoded, and
/// whatever has the form of a credential.
#[derive(Clone)]
pub struct Redactor(Arc<Inner>);

struct Inner {
    values: Vec<String>,
    forms: Option<Regex>,
}

impl Redactor {
    /// A redactor for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut values: Vec<String> = Vec::new();
        for secret in secrets {
            let plain = secret.expose_secret();
            if plain.len() < SHORTEST_SECRET {
                continue;
            }
            let encoded: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            values.push(plain.to_owned());
            if encoded != plain {
                values.push(encoded);
            }
        }
        // The longest first, so that a secret which holds another is masked whole.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(Arc::new(Inner {
            values,
            forms: Regex::new(FORMS).ok(),
        }))
    }

    /// The text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for value in &self.0.values {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), MASK));
            }
        }
        let Some(forms) = self.0.forms.as_ref().filter(|_| may_hold_a_form(&text)) else {
            return text;
        };
        if !forms.is_match(&text) {
            return text;
        }
        let masked = forms.replace_all(&text, |found: &regex_lite::Captures<'_>| {
            let kept = |name| found.name(name).map_or("", |part| part.as_str());
            let at = if found.name("user").is_some() {
                "@"
            } else {
                ""
            };
            let before = [kept("name"), kept("is"), kept("bearer"), kept("user")].concat();
            format!("{before}{MASK}{at}")
        });
        Cow::Owned(masked.into_owned())
    }

    /// Untrusted text as one line of at most `max_chars` characters, without secrets. They go
    /// before the text is cut: half a token no longer looks like one. And they go again after it was
    /// cleaned: a character that is dropped may have stood inside of one.
    pub fn excerpt(&self, text: &str, max_chars: usize) -> String {
        let redacted = self.redact(text);
        match (&redacted, text::cleaned(&redacted, usize::MAX)) {
            (Cow::Borrowed(_), Cow::Borrowed(same)) => text::clean(same, max_chars),
            (_, whole) => text::clean(&self.redact(&whole), max_chars),
        }
    }
}

/// Whether a text may hold one of [`FORMS`]: whether a character that all of them have stands where
/// they have it. Few texts may, and the regular expression takes a hundred times as long to say so.
fn may_hold_a_form(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut has_scheme = false;
    bytes.iter().enumerate().any(|(at, byte)| {
        let (before, from) = bytes.split_at_checked(at).unwrap_or_default();
        match byte {
            b'-' => before
                .split_last()
                .is_some_and(|(_, before)| ends_with(before, "xox")),
            ..=b' ' => ends_with(before, "bearer"),
            b'=' => is_credential(before),
            b':' => {
                has_scheme |= from.starts_with(b"://");
                is_credential(before)
            }
            b'@' => has_scheme,
            _ => false,
        }
    })
}

/// Whether these bytes end with the name of a credential, and what may stand between it and a value.
fn is_credential(mut bytes: &[u8]) -> bool {
    while let [before @ .., ..=b' '] = bytes {
        bytes = before;
    }
    if let [before @ .., b'"' | b'\''] = bytes {
        bytes = before;
    }
    NAMES.iter().any(|name| ends_with(bytes, name))
}

/// Whether bytes end with this word, in any case.
fn ends_with(bytes: &[u8], word: &str) -> bool {
    let start = bytes.len().checked_sub(word.len());
    let end = start.and_then(|start| bytes.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_that_is_cut_in_two_is_still_redacted() {
        let redactor = redactor(&["key-5b1f3c"]);
        for before in 0..60 {
            let text = format!("{}key-5b1f3c", "x".repeat(before));
            assert!(!redactor.excerpt(&text, 40).contains("key-"), "{before}");
        }
    }

    #[test]
    fn a_secret_that_hides_behind_what_is_dropped_is_redacted() {
        for text in [
            "key-5b\u{200b}1f3c",
            "pass\u{2060}word=key-5b",
            "key-5b1f3c\0",
        ] {
            let shown = redactor(&["key-5b1f3c"]).excerpt(text, 40);
            assert!(!shown.contains("key-"), "{shown}");
        }
    }

    fn redactor(secrets: &[&str]) -> Redactor {
        let secrets: Vec<SecretString> = secrets.iter().map(|s| (*s).into()).collect();
        Redactor::new(&secrets)
    }

    #[test]
    fn known_values_go_plain_and_percent_encoded() {
        let redactor = redactor(&["k/ey+1", "k/ey+1-longer"]);
        assert_eq!(
            redactor.redact("a k/ey+1 b k%2Fey%2B1 c"),
            "a [redacted] b [redacted] c"
        );
        assert_eq!(redactor.redact("k/ey+1-longer"), "[redacted]");
    }

    #[test]
    fn credentials_go_by_their_form() {
        let redactor = redactor(&[]);
        for (text, expected) in [
            ("sent xoxb-12-ab-CD.", "sent [redacted]."),
            (
                "GET /x?api_key=abc&limit=1",
                "GET /x?api_key=[redacted]&limit=1",
            ),
            (
                "login failed: password=hunter2, sorry",
                "login failed: password=[redacted], sorry",
            ),
            (r#"{"password":"hunter2"}"#, r#"{"password":"[redacted]"}"#),
            (
                "Authorization: Bearer eyJhbGciOi.J9",
                "Authorization: Bearer [redacted]",
            ),
            (
                "postgres://bob:s3cr3t@db:5432/x",
                "postgres://bob:[redacted]@db:5432/x",
            ),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_form_is_missed_at_a_glance(before in "[ -~é]{0,2}", form in prop_oneof![
            r"(?i-u:xox[a-z](\.xox[a-z])?-[a-z0-9-]{1,3})",
            r#"(?i-u:(api_?key|password|passwd|pwd|token|secret)["']?[\t-\r ]{0,2}[=:][\t-\r ]?['"]?[a-z@])"#,
            r"(?i-u:bearer[\t-\r ]{1,2}[a-z0-9._~+/=-]{8,9})",
            r"://[a-z.-]{0,3}:[a-z:-]{1,3}@",
        ]) {
            let text = before + &form;
            let forms = Regex::new(FORMS).unwrap();
            prop_assert!(may_hold_a_form(&text) || !forms.is_match(&text), "{text:?}");
        }
    }

    #[test]
    fn ordinary_text_is_untouched() {
        let redactor = redactor(&["ab", "long-secret"]);
        for text in [
            "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
            "Username and Password not accepted. https://support.google.com/mail/?p=BadCredentials",
            "cab of https://host:8080/path and a bearer of news",
        ] {
            assert!(matches!(redactor.redact(text), Cow::Borrowed(same) if same == text));
        }
    }
}
