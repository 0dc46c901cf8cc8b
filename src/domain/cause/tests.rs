mod precedence;

use std::collections::HashSet;

use proptest::prelude::*;

use super::reading::read;
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

/// The ids, owners, remedies and transiences of the classes, as they were agreed.
const AGREED: &str = include_str!("../../../tests/data/causes.tsv");

#[test]
fn classes_are_as_agreed() {
    let table: Vec<String> = Class::ALL
        .iter()
        .map(|class| {
            let cause = class.cause();
            assert_eq!(cause.class, *class);
            let helps = cause.transience == Transience::Transient;
            let transient = if helps { "yes" } else { "no" };
            format!("{class}\t{}\t{}\t{transient}", cause.owner, cause.remedy)
        })
        .collect();
    let agreed: Vec<&str> = AGREED.lines().collect();
    assert_eq!(table, agreed);
}

#[test]
fn ids_are_read_back_and_words_fit_a_cell() {
    assert_eq!(size_of::<Class>(), 1);
    let mut words = HashSet::new();
    for class in Class::ALL {
        assert_eq!(class.as_str().parse(), Ok(*class));
        assert!((4..=32).contains(&class.words().len()), "{class}");
        assert!(words.insert(class.words()), "{class}");
    }
    assert_eq!("quota full".parse::<Class>(), Err(UnknownClass));
    for link in Link::ALL {
        assert_eq!(link.as_str().to_ascii_uppercase().parse(), Ok(link));
    }
    assert_eq!("pop3".parse::<Link>(), Err(UnknownLink));
}

#[test]
fn every_class_but_the_last_has_texts() {
    let seen: HashSet<Class> = Known::all().map(|known| known.class).collect();
    for class in Class::ALL {
        assert!(seen.contains(class), "{class}");
    }
}

/// A rule in another form than a reading would never hold.
#[test]
fn rules_are_written_as_texts_are_read() {
    let mut seen = HashSet::new();
    for (class, rule) in rules::all() {
        assert!(seen.insert(rule), "{rule} stands twice");
        for phrase in rule.split(" + ").flat_map(|part| part.split(" ~ ")) {
            let bare = phrase.trim_start_matches("[ ").trim_end_matches(" |");
            let is_sign = bare.contains(':') || bare.starts_with("p=") || bare.ends_with("xx");
            let is_code = bare
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
            if is_sign || is_code && bare.len() > 2 {
                continue;
            }
            // At an open end something stands.
            let bare = bare.replace('*', "x");
            assert_eq!(
                read(&bare).words,
                format!(" {bare} | "),
                "{rule} of {class}"
            );
        }
    }
}

/// Of a rule that an earlier one hides nobody would know whether it is right.
#[test]
fn every_rule_decides_its_own_text() {
    // At an open end of a rule anything may stand, but not where an earlier one ends.
    let within = |phrase: &str, open: &str| {
        let start = if phrase.starts_with('*') { open } else { " " };
        let end = if phrase.ends_with('*') { open } else { " " };
        format!("{start}{}{end}", phrase.trim_matches('*'))
    };
    let alone = || rules::all().filter(|(_, rule)| !rule.contains(" + "));
    for (class, rule) in alone() {
        let text = match rule.split_once(" ~ ") {
            Some((first, second)) => within(first, "x") + " and " + &within(second, "x"),
            None => within(rule, "x"),
        };
        let earlier = alone().take_while(|(_, other)| *other != rule);
        for (other_class, other) in earlier.filter(|(_, other)| !other.contains(" ~ ")) {
            let hides = text.contains(&within(other, ""));
            assert!(
                !hides,
                "{rule} of {class} never gets past {other} of {other_class}"
            );
        }
    }
}

#[test]
fn a_pair_is_two_phrases_in_their_order_and_not_far_apart() {
    for (class, text) in [
        (Class::AccountSuspended, "account disabled"),
        (
            Class::AccountSuspended,
            "Your account, alas, is now disabled.",
        ),
        (Class::Unknown, "locked: account"),
        (
            Class::Unknown,
            "account of somebody else whose telephone is disabled",
        ),
        (Class::Unknown, "accounting disabled"),
        (
            Class::AccountSuspended,
            "an account here, an account there, an account disabled",
        ),
    ] {
        assert_eq!(classify(text, None, None).class, class, "{text}");
    }
}

#[test]
fn a_text_of_a_megabyte_is_read_at_both_ends_alone() {
    let filling = "x ".repeat(1 << 19);
    let class = |text: &str| classify(text, None, None).class;
    assert_eq!(
        class(&format!("quota exceeded {filling}")),
        Class::QuotaFull
    );
    assert_eq!(
        class(&format!("{filling} quota exceeded")),
        Class::QuotaFull
    );
    assert_eq!(
        class(&format!("{filling} quota exceeded {filling}")),
        Class::Unknown
    );
    let longest = read(&filling).words.len();
    assert!(longest < 40_000, "{longest}");
    // Wide characters at both cuts.
    for shift in 0..4 {
        let text = format!("{}{}", "a".repeat(shift), "界".repeat(1 << 18));
        assert_eq!(class(&text), Class::Unknown);
    }
}

proptest! {
    #[test]
    fn any_text_has_a_class(text in any::<String>(), provider in any::<String>()) {
        for link in Link::ALL {
            classify(&text, Some(link), Some(&provider));
        }
    }

    /// Pieces of the grammar in any order, with what is special to the reader between them.
    #[test]
    fn any_grammar_has_a_class(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "535", "-", "5.7.", "5.7.9", ".", ":", "//", "https://", "@", "<", ">", "<a ",
                "&", "&#", "&#x41;", "\\", "\\u", "\\u00", "[", "]", "aadsts", "AADSTS50053",
                "error_codes", "'", "b'", "|", "é", "\u{300}", "授权码", "?p=", " ", "\r\n", "id",
            ]),
            0..40,
        )
    ) {
        classify(&pieces.concat(), None, None);
    }

    /// What is around a text that has a class changes it only by what it says itself.
    #[test]
    fn noise_around_a_text_changes_nothing(
        known in prop::sample::select(Known::all().map(|known| known.text).collect::<Vec<_>>()),
        before in "[a-z]{1,12}(-[a-z]{1,8})?@[a-z]{1,12}\\.example",
        after in "/[a-z]{1,8}/[a-z0-9-]{1,12}\\.log",
    ) {
        let alone = classify(&known, None, None);
        let text = format!("{before} {known} {after}");
        prop_assert_eq!(classify(&text, None, None), alone);
    }
}
