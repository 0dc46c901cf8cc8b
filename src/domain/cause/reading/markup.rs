//! Takes HTML tags, entities and the escapes of JSON out of a text.

use std::borrow::Cow;

/// Tags that stand in what servers answer; other angle brackets hold addresses and names.
const TAGS: [&str; 42] = [
    "a",
    "article",
    "b",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "i",
    "img",
    "li",
    "meta",
    "ol",
    "p",
    "pre",
    "script",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "table",
    "tbody",
    "td",
    "th",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
];

/// The text without tags, entities and escapes.
pub(super) fn without_markup(text: &str) -> Cow<'_, str> {
    let markup = |text: &str| {
        text.bytes()
            .position(|byte| matches!(byte, b'<' | b'&' | b'\\'))
    };
    let Some(first) = markup(text) else {
        return Cow::Borrowed(text);
    };
    let (plain, mut rest) = text.split_at(first);
    let mut clean = String::with_capacity(text.len());
    clean.push_str(plain);
    while let Some(sign) = rest.chars().next() {
        let (c, length) = match sign {
            '<' => (' ', tag(rest).unwrap_or(1)),
            '&' => entity(rest).unwrap_or(('&', 1)),
            _ => escape(rest),
        };
        clean.push(c);
        rest = rest.get(length..).unwrap_or_default();
        let next = markup(rest).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(next);
        clean.push_str(plain);
        rest = tail;
    }
    Cow::Owned(clean)
}

/// The length of the tag at the beginning of a text.
fn tag(text: &str) -> Option<usize> {
    let inside = text.get(1..)?;
    let name = inside.strip_prefix('/').unwrap_or(inside);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    let name = name.get(..end?)?;
    let is_tag = inside.starts_with('!') || TAGS.iter().any(|tag| name.eq_ignore_ascii_case(tag));
    // A tag ends before another begins, so no text is looked through twice.
    let end = inside.find(['<', '>'])?;
    (is_tag && inside.as_bytes().get(end) == Some(&b'>')).then_some(end + 2)
}

/// The character that the entity at the beginning of a text stands for, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    /// The longest that is looked for, with both its signs.
    const LONGEST: usize = 8;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let c = match name.strip_prefix('#') {
        Some(code) => {
            let hex = code.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(
                || code.parse().ok(),
                |hex| u32::from_str_radix(hex, 16).ok(),
            );
            char::from_u32(code?)?
        }
        None => match name.to_ascii_lowercase().as_str() {
            "amp" => '&',
            "apos" => '\'',
            "lt" | "gt" | "quot" | "nbsp" => ' ',
            _ => return None,
        },
    };
    Some((c, end + 1))
}

/// The character that a backslash at the beginning of a text stands for with what follows, and the
/// length. In any case, because whole texts are found in upper case.
fn escape(text: &str) -> (char, usize) {
    match text.as_bytes() {
        [_, b'n' | b'N' | b'r' | b'R' | b't' | b'T', ..] => (' ', 2),
        [_, b'"', ..] => ('"', 2),
        [_, b'/', ..] => ('/', 2),
        [_, b'\'', ..] => ('\'', 2),
        [_, b'u' | b'U', ..] => {
            let code = text
                .get(2..6)
                .and_then(|hex| u32::from_str_radix(hex, 16).ok());
            code.map_or((' ', 1), |code| (char::from_u32(code).unwrap_or(' '), 6))
        }
        _ => (' ', 1),
    }
}
