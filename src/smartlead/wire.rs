//! The forms in which Smartlead sends accounts, and nothing but the fields that are used.
//!
//! The API returns mailbox passwords with every account. No type here has a field for them: serde
//! skips what it does not know, and no raw body is kept.
//!
//! Reading is liberal: every field but the id may be missing, null or of an unexpected type, and
//! counts as absent then. Concluding is strict: an absent connection flag is unknown.

use std::borrow::Cow;
use std::fmt;

use arcstr::ArcStr;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::domain::cause::{Link, classify};
use crate::domain::{Account, LinkState, Mailbox, text};
use crate::http::Answer;
use crate::redact::Redactor;

/// Names, types and tags are cut to this many characters.
const LONGEST_NAME: usize = 200;

/// Addresses are cut to this many characters; RFC 5321 allows 254.
const LONGEST_ADDRESS: usize = 320;

/// All tags of an account together are cut to this many characters: a spreadsheet takes 32,767 in a
/// cell and breaks what is longer into rows.
const LONGEST_TAGS: usize = 2_000;

/// A provider's error text is cut to this many characters.
const LONGEST_REASON: usize = 500;

/// Reads one page of either listing: a bare array, or an envelope around it.
pub fn page(body: &[u8], redactor: &Redactor) -> Answer<Vec<Account>> {
    match rows(&mend(body), redactor) {
        Ok(rows) => Answer::Good(rows.into_iter().map(|row| row.account(redactor)).collect()),
        Err(why) => Answer::Malformed(why),
    }
}

fn rows<'a>(body: &'a str, redactor: &Redactor) -> Result<Vec<Row<'a>>, String> {
    match body.trim_ascii_start().as_bytes().first() {
        Some(b'[') => json(body),
        Some(b'{') => json::<Envelope<'_>>(body)?.rows(redactor),
        _ => Err(format!(
            "{} instead of a list of accounts",
            crate::http::body_kind(body.as_bytes())
        )),
    }
}

/// A body that a strict parser takes: bytes that are not UTF-8, and escapes of half a surrogate
/// pair, become the replacement character. Both come of names that were cut in the middle of an
/// emoji, and one such name is no reason to leave a fleet unread.
fn mend(body: &[u8]) -> Cow<'_, str> {
    // The lossy reading of a whole body takes four times as long as this look at it.
    let body = match std::str::from_utf8(body) {
        Ok(body) => Cow::Borrowed(body),
        Err(_) => String::from_utf8_lossy(body),
    };
    let escape = |at: usize| -> Option<u32> {
        let digits = body.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut mended: Option<String> = None;
    let mut at = 0;
    while let Some(next) = body.get(at..).and_then(|rest| rest.find('\\')) {
        at += next;
        at += match (escape(at), escape(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                let copy = mended.get_or_insert_with(|| body.to_string());
                copy.replace_range(at + 2..at + 6, "fffd");
                6
            }
            _ => 2,
        };
    }
    mended.map_or(body, Cow::Owned)
}

/// What is read of a client or a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: i64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The status of a campaign.
    pub status: Option<String>,
}

/// Reads the names of clients or campaigns: a bare array, or an envelope around it; an entry without
/// an id is left out. Sources: the help centre's article 125 for clients; for campaigns the
/// documentation shows an envelope where clients of the API read an array.
pub fn names(body: &[u8]) -> Answer<Vec<Entry>> {
    #[derive(Deserialize)]
    struct Raw<'a> {
        #[serde(default)]
        id: Number,
        #[serde(default, borrow)]
        name: Text<'a>,
        #[serde(default, borrow)]
        status: Text<'a>,
    }
    #[derive(Deserialize)]
    struct NamedEnvelope<'a> {
        #[serde(default, borrow, alias = "campaigns", alias = "clients")]
        data: Option<Vec<&'a RawValue>>,
    }
    let body = mend(body);
    let entries = match body.trim_ascii_start().as_bytes().first() {
        Some(b'[') => json::<Vec<&RawValue>>(&body),
        Some(b'{') => json::<NamedEnvelope<'_>>(&body).and_then(|envelope| {
            let missing = || "an object without a list".to_owned();
            envelope.data.ok_or_else(missing)
        }),
        _ => {
            let kind = crate::http::body_kind(body.as_bytes());
            Err(format!("{kind} instead of a list"))
        }
    };
    let entries = match entries {
        Ok(entries) => entries,
        Err(why) => return Answer::Malformed(why),
    };
    let named = entries.into_iter().filter_map(|entry| {
        let Raw { id, name, status } = serde_json::from_str(entry.get()).ok()?;
        let name = text::clean(&name.0.unwrap_or_default(), LONGEST_NAME);
        Some(Entry {
            id: id.0?,
            name: Some(name).filter(|name| !name.is_empty()),
            status: status.0.map(Cow::into_owned),
        })
    });
    Answer::Good(named.collect())
}

/// Parse errors name the place only: their full text may quote the body.
fn json<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| {
        let fault = match error.classify() {
            serde_json::error::Category::Eof => "JSON that ends too early",
            serde_json::error::Category::Data => "JSON that is not a list of accounts with ids",
            _ => "broken JSON",
        };
        format!(
            "{fault}, at line {} column {}",
            error.line(),
            error.column()
        )
    })
}

/// `{"ok":true,"data":{"email_accounts":[…]}}` and its kin.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    ok: Option<bool>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default, borrow)]
    message: Text<'a>,
    #[serde(default, borrow)]
    error: Text<'a>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
    #[serde(default, borrow)]
    email_accounts: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn rows(self, redactor: &Redactor) -> Result<Vec<Row<'a>>, String> {
        if self.ok == Some(false) || self.success == Some(false) {
            let said = self.message.0.or(self.error.0).unwrap_or_default();
            let said = redactor.excerpt(&said, LONGEST_NAME);
            return Err(match said.is_empty() {
                true => "refused without a reason".to_owned(),
                false => format!("refused: {said}"),
            });
        }
        let missing = || "an object without a list of accounts".to_owned();
        if let Some(rows) = self.email_accounts {
            return json(rows.get());
        }
        let data = self.data.ok_or_else(missing)?.get();
        if data.starts_with('[') {
            return json(data);
        }
        let inner: Envelope<'_> = json(data)?;
        json(inner.email_accounts.ok_or_else(missing)?.get())
    }
}

#[derive(Deserialize)]
struct Row<'a> {
    id: Id,
    #[serde(default, borrow)]
    from_name: Text<'a>,
    #[serde(default, borrow)]
    from_email: Text<'a>,
    #[serde(default, borrow, rename = "type")]
    account_type: Text<'a>,
    #[serde(default)]
    is_smtp_success: Flag,
    #[serde(default)]
    is_imap_success: Flag,
    #[serde(default, borrow)]
    smtp_failure_error: Text<'a>,
    #[serde(default, borrow)]
    imap_failure_error: Text<'a>,
    #[serde(default)]
    message_per_day: Number,
    #[serde(default)]
    daily_sent_count: Number,
    #[serde(default)]
    campaign_count: Number,
    #[serde(default)]
    client_id: Number,
    #[serde(default)]
    campaign_ids: Numbers,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    email_account_tag_mappings: Tags,
}

impl Row<'_> {
    fn account(self, redactor: &Redactor) -> Account {
        let clean = |text: Text<'_>, longest| {
            text.0
                .map(|text| ArcStr::from(text::cleaned(&text, longest)))
                .filter(|text| !text.is_empty())
        };
        let account_type = clean(self.account_type, LONGEST_NAME);
        let provider = account_type.clone();
        let link = |flag: Flag, error: Text<'_>, which| match flag.0 {
            Some(true) => LinkState::Ok,
            Some(false) => {
                let said = error.0.unwrap_or_default();
                LinkState::Failed {
                    reason: redactor.excerpt(&said, LONGEST_REASON).into(),
                    cause: classify(&said, Some(which), provider.as_deref()).class,
                }
            }
            None => LinkState::Unknown,
        };
        let tags = match self.tags.0.is_empty() {
            true => self.email_account_tag_mappings.0,
            false => self.tags.0,
        };
        Account {
            mailbox: Mailbox {
                id: self.id.0,
                name: clean(self.from_name, LONGEST_NAME),
                address: clean(self.from_email, LONGEST_ADDRESS),
                account_type,
                tags: text::cleaned(&tags.join(", "), LONGEST_TAGS).into(),
                daily_cap: self.message_per_day.count(),
                sent_today: self.daily_sent_count.count(),
                campaigns: self.campaign_count.count(),
                client_id: self.client_id.0,
            },
            smtp: link(self.is_smtp_success, self.smtp_failure_error, Link::Smtp),
            imap: link(self.is_imap_success, self.imap_failure_error, Link::Imap),
            campaign_ids: self.campaign_ids.0,
        }
    }
}

/// The id: a whole number, also when it is sent as text.
struct Id(i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Number::deserialize(deserializer)?.0 {
            Some(id) => Ok(Self(id)),
            None => Err(de::Error::custom("no usable id")),
        }
    }
}

/// A whole number, also when it is sent as text; anything else is absent.
#[derive(Default)]
struct Number(Option<i64>);

impl Number {
    /// The number as a count, absent where it can be none.
    fn count(self) -> Option<u32> {
        self.0.and_then(|number| u32::try_from(number).ok())
    }
}

/// Whole numbers; what else is in the list, or in its place, is absent.
#[derive(Default)]
struct Numbers(Vec<i64>);

/// A truth value, also when it is sent as text or as 0 and 1; anything else is absent.
#[derive(Default)]
struct Flag(Option<bool>);

/// A text, or a number as text; anything else is absent.
#[derive(Default)]
struct Text<'a>(Option<Cow<'a, str>>);

/// Names of tags, from `[{"tag_name":…}]`, `[{"tag":{"name":…}}]` and their relatives.
#[derive(Default)]
struct Tags(Vec<String>);

/// Any JSON value, reduced to what the lenient types above can use.
enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Other, Scalar::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Int(value) => Some(value),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Float(_) | Scalar::Bool(_) | Scalar::Other => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <&RawValue>::deserialize(deserializer)?;
        let numbers = serde_json::from_str::<Vec<Number>>(value.get());
        let numbers = numbers.into_iter().flatten();
        Ok(Self(numbers.filter_map(|number| number.0).collect()))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Bool(value) => Some(value),
            Scalar::Int(0) => Some(false),
            Scalar::Int(1) => Some(true),
            Scalar::Text(text) => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Scalar::Int(_) | Scalar::Float(_) | Scalar::Other => None,
        }))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Some(text),
            Scalar::Int(value) => Some(Cow::Owned(value.to_string())),
            Scalar::Float(value) => Some(Cow::Owned(value.to_string())),
            Scalar::Bool(_) | Scalar::Other => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <&RawValue>::deserialize(deserializer)?;
        let tags = serde_json::from_str::<Vec<&RawValue>>(value.get()).unwrap_or_default();
        let names = tags.into_iter().filter_map(|tag| tag_name(tag.get()));
        let names = names.map(|name| text::clean(&name, LONGEST_NAME));
        Ok(Self(names.filter(|name| !name.is_empty()).collect()))
    }
}

/// The name of one tag, in the shapes seen in public code: flat, nested once, or a plain text.
fn tag_name(json: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Tag<'a> {
        #[serde(default, borrow)]
        tag_name: Text<'a>,
        #[serde(default, borrow)]
        name: Text<'a>,
        #[serde(
            default,
            borrow,
            alias = "email_account_tag",
            alias = "emailAccountTag"
        )]
        tag: Option<Named<'a>>,
    }
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(default, borrow, alias = "tag_name")]
        name: Text<'a>,
    }
    if !json.starts_with('{') {
        return serde_json::from_str::<Text<'_>>(json).ok()?.0;
    }
    let tag = serde_json::from_str::<Tag<'_>>(json).ok()?;
    let nested = tag.tag.and_then(|tag| tag.name.0);
    tag.tag_name.0.or(tag.name.0).or(nested)
}

#[cfg(test)]
mod tests;
