use super::*;

/// Texts with their class, and others of the same grammar: `class<TAB>link<TAB>provider<TAB>text`.
const KNOWN: &str = include_str!("../../../tests/data/provider-errors.tsv");
const MORE: &str = include_str!("../../../tests/data/provider-errors-more.tsv");

/// One line of a file.
struct Known {
    class: Class,
    link: Option<Link>,
    provider: &'static str,
    text: String,
}

impl Known {
    fn read(tsv: &'static str) -> impl Iterator<Item = Self> {
        tsv.lines().skip(1).map(|line| {
            let mut cells = line.splitn(4, '\t');
            let mut cell = || cells.next().unwrap();
            Self {
                class: cell().parse().unwrap(),
                link: cell().parse().ok(),
                provider: cell(),
                text: cell().replace("\\n", "\n"),
            }
        })
    }

    fn all() -> impl Iterator<Item = Self> {
        Self::read(KNOWN).chain(Self::read(MORE))
    }

    fn found(&self, text: &str) -> Class {
        classify(text, self.link, Some(self.provider)).class
    }
}

/// Holds that what a change makes of each text has the class of the text.
fn holds(texts: impl Iterator<Item = Known>, change: impl Fn(&str) -> String) {
    let mut misses = Vec::new();
    let mut total = 0;
    for known in texts {
        total += 1;
        let found = known.found(&change(&known.text));
        if found != known.class {
            misses.push(format!("{} but {found}: {}", known.class, known.text));
        }
    }
    let missed = misses.len();
    assert!(
        misses.is_empty(),
        "{missed} of {total} missed:\n{}",
        misses.join("\n")
    );
}

#[test]
fn known_texts_have_their_class() {
    holds(Known::read(KNOWN), str::to_owned);
}

#[test]
fn other_texts_of_the_same_grammar_have_their_class() {
    holds(Known::read(MORE), str::to_owned);
}

#[test]
fn case_changes_nothing() {
    holds(Known::all(), str::to_ascii_uppercase);
    holds(Known::all(), str::to_ascii_lowercase);
}

#[test]
fn line_breaks_change_nothing() {
    holds(Known::all(), |text| text.replace(' ', "\r\n"));
    holds(Known::all(), |text| text.replace(' ', " \t\u{a0} "));
}

#[test]
fn wrapping_changes_nothing() {
    holds(Known::all(), |text| {
        serde_json::json!({ "error": text }).to_string()
    });
    holds(Known::all(), |text| {
        let inner = serde_json::json!({ "message": text }).to_string();
        serde_json::json!({ "code": 1, "body": inner }).to_string()
    });
    holds(Known::all(), |text| {
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('\'', "&#39;");
        let text = text.replace('\n', "<br/>\n");
        format!(
            "<html><head><title>Report</title></head><body><p class=\"x\">{text}</p></body></html>"
        )
    });
    holds(Known::all(), |text| {
        format!("Das Konto: „{text}“ (Grund des Servers)")
    });
}

#[test]
fn names_addresses_paths_and_ids_change_nothing() {
    for noise in [
        "quota-full@timeout.example",
        "<spam.blocked@certificate-expired.example>",
        "daily-limit.too-many-connections.example.com",
        "https://getaddrinfo.example/econnrefused/password?reason=account-locked&x=suspended",
        "/var/log/suspended/timeout/535/starttls.log",
        "at TLSSocket.timeout (/srv/certificate/node_modules/spam/quota-full.js:535:421)",
        "id=spam-1a2b3c4d-535-suspended-77aa88bb",
        "[2a01:535:421::5.7.9]",
        "5.7.9.14",
        "version 5.2.2",
        "2026-04-06 13:26:21Z",
    ] {
        holds(Known::all(), |text| format!("{noise} {text}"));
        holds(Known::all(), |text| format!("{text} {noise}"));
        holds(Known::all(), |text| format!("{text}\n{noise}"));
    }
}

#[test]
fn much_that_says_nothing_changes_nothing() {
    let little = "Dear customer, we have tried to reach you about your mail. ".repeat(100);
    let much = little.repeat(20);
    holds(Known::all(), |text| format!("{little} {text} {little}"));
    holds(Known::all(), |text| format!("{much} {text}"));
    holds(Known::all(), |text| format!("{text} {much}"));
    assert_eq!(classify(&much, None, None).class, Class::Unknown);
}
