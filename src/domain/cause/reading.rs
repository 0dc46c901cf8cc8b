//! Takes an error text apart into the words and codes that the rules look at.
//!
//! The words come out in lower case, without accents, punctuation and markup, one space between two,
//! whatever wrapped them: HTML, JSON, line breaks, a language. What says nothing of a cause stands as
//! one sign each, so that no rule can take a word in a host name for a reason: [`NAME`] for host
//! names, addresses, URLs, paths and ids, [`NUMBER`] for numbers. Reply codes and enhanced status
//! codes come after the words, because a reply of several lines repeats them in mid-sentence.

use std::borrow::Cow;

use super::Class;
use super::aadsts;

/// Stands for a host name, an address, a URL, a path or an id.
const NAME: &str = "@";

/// Stands for a number that is no code.
const NUMBER: &str = "0";

/// Stands before a word that follows an opening bracket, as response codes of IMAP do.
const BRACKET: &str = "[";

/// Stands between the words and the codes.
const CODES: &str = "|";

/// So much of the beginning and so much of the end of a text is read, in bytes.
const WINDOW: usize = 8 * 1024;

/// What a text says, as the rules look at it.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Words, then codes, with a space before and after each.
    pub words: String,
    /// What the last number of Microsoft Entra says, of those that are known.
    pub entra: Option<Class>,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Reading {
    let mut reader = Reader::new(text.len().min(2 * WINDOW));
    let (beginning, end) = window(text);
    reader.read(beginning);
    reader.read(end);
    reader.done()
}

/// The beginning and the end of a text, which between them are all of it unless it is very long.
fn window(text: &str) -> (&str, &str) {
    if text.len() <= 2 * WINDOW {
        return (text, "");
    }
    let beginning = text.get(..text.floor_char_boundary(WINDOW));
    let end = text.get(text.ceil_char_boundary(text.len() - WINDOW)..);
    (beginning.unwrap_or_default(), end.unwrap_or_default())
}

/// Properties of a run of characters, a bit each.
mod has {
    pub const LETTER: u8 = 1;
    pub const DIGIT: u8 = 2;
    pub const DOT: u8 = 4;
    pub const SLASH: u8 = 8;
    pub const AT: u8 = 16;
    pub const HYPHEN: u8 = 32;
    pub const COLON: u8 = 64;
    /// Anything else.
    pub const OTHER: u8 = 128;

    /// The bits of every character of `run`.
    pub fn what(run: &str) -> u8 {
        run.bytes().fold(0, |bits, byte| {
            bits | match byte {
                b'a'..=b'z' | b'A'..=b'Z' => LETTER,
                b'0'..=b'9' => DIGIT,
                b'.' => DOT,
                b'/' => SLASH,
                b'@' => AT,
                b'-' => HYPHEN,
                b':' => COLON,
                _ => OTHER,
            }
        })
    }
}

/// What stands between the pieces of a run, of one byte each.
const DELIMITERS: [char; 14] = [
    '(', ')', '{', '}', ',', ';', ':', '|', '*', '=', '!', '[', ']', '`',
];

/// What is read so far.
struct Reader {
    words: String,
    codes: String,
    /// The class of the last number of Entra, and of the last of those that say little.
    entra: Option<Class>,
    entra_general: Option<Class>,
    /// Whether the numbers that follow are Entra's.
    in_error_codes: bool,
}

impl Reader {
    fn new(capacity: usize) -> Self {
        let mut words = String::with_capacity(capacity + 64);
        words.push(' ');
        Self {
            words,
            codes: String::new(),
            entra: None,
            entra_general: None,
            in_error_codes: false,
        }
    }

    fn done(mut self) -> Reading {
        self.sign(CODES);
        self.words.push_str(&self.codes);
        Reading {
            words: self.words,
            entra: self.entra.or(self.entra_general),
        }
    }

    fn read(&mut self, text: &str) {
        let text = without_markup(text);
        for run in text.split(|c: char| match c {
            '!'..='~' => matches!(c, '"' | '<' | '>'),
            _ => c.is_whitespace() || c.is_control() || matches!(c, '“' | '”' | '„' | '«' | '»'),
        }) {
            self.run(run);
        }
    }

    /// Reads what stands between two spaces.
    fn run(&mut self, mut run: &str) {
        let mut bits = has::what(run);
        if bits & !has::LETTER == 0 {
            return self.word(run);
        }
        while bits & has::SLASH != 0
            && let Some((before, url, rest)) = split_url(run)
        {
            self.pieces(before);
            self.url(url);
            run = rest;
            bits = has::what(run);
        }
        if bits & has::COLON != 0 && is_time_or_address(run) {
            return self.sign(NAME);
        }
        self.pieces(run);
    }

    fn pieces(&mut self, run: &str) {
        let mut rest = run;
        // Whether a name goes on: with a port, or with the line and column of a file.
        let mut in_name = false;
        while let Some(at) = rest.find(DELIMITERS) {
            let (piece, tail) = rest.split_at(at);
            in_name = self.part(piece, in_name) && tail.starts_with(':');
            if tail.starts_with('[') {
                self.sign(BRACKET);
            } else if tail.starts_with(']') {
                self.in_error_codes = false;
            }
            // The delimiters are one byte each.
            rest = tail.get(1..).unwrap_or_default();
        }
        self.part(rest, in_name);
    }

    /// Reads a piece; gives whether it is a name or part of one.
    fn part(&mut self, piece: &str, in_name: bool) -> bool {
        if in_name && piece.bytes().all(|byte| byte.is_ascii_digit()) {
            self.sign(NUMBER);
            return true;
        }
        self.piece(piece)
    }

    /// Reads what stands between two delimiters; gives whether it is a name.
    fn piece(&mut self, piece: &str) -> bool {
        let piece =
            piece.trim_matches(|c: char| c.is_ascii_punctuation() && !matches!(c, '/' | '@'));
        let bits = has::what(piece);
        if bits & !has::LETTER == 0 {
            self.word(piece);
            return false;
        }
        if bits & has::DIGIT != 0
            && let Some(rest) = self.code(piece)
        {
            return self.piece(rest);
        }
        let is_name =
            says_nothing(piece, bits) || bits & has::DIGIT != 0 && self.words.ends_with(" id ");
        if is_name {
            self.sign(NAME);
        } else {
            self.words(piece);
        }
        is_name
    }

    /// Takes a code from the beginning of a piece, and gives what is left of it.
    fn code<'p>(&mut self, piece: &'p str) -> Option<&'p str> {
        if let Some(rest) = after(piece, "aadsts") {
            let (number, rest) = number(rest)?;
            self.entra(number);
            return Some(rest);
        }
        let (first, rest) = number(piece)?;
        if self.in_error_codes && rest.is_empty() {
            self.entra(first);
            return Some(rest);
        }
        if (400..600).contains(&first)
            && (rest.is_empty() || rest.starts_with(['-', '_', '#', '/']))
        {
            let reply = piece.get(..3)?;
            self.code_word(&[reply]);
            return Some(rest);
        }
        if !matches!(first, 4 | 5) {
            return None;
        }
        let (subject, rest) = number(rest.strip_prefix('.')?)?;
        let (detail, rest) = number(rest.strip_prefix('.')?)?;
        let is_version = VERSIONED.iter().any(|word| {
            self.words
                .strip_suffix(' ')
                .is_some_and(|w| w.ends_with(word))
        });
        let ends = match rest.as_bytes() {
            [] => true,
            [b'.', next, ..] => !next.is_ascii_digit(),
            [next, ..] => !next.is_ascii_alphanumeric(),
        };
        // RFC 3463 has the subjects 0 to 7; what is more is a version or an address.
        if subject > 7 || detail > 999 || is_version || !ends {
            return None;
        }
        if detail >= 100 {
            let family = (detail / 100).to_string();
            self.code_word(&[
                &first.to_string(),
                ".",
                &subject.to_string(),
                ".",
                &family,
                "xx",
            ]);
        }
        self.code_word(&[
            &first.to_string(),
            ".",
            &subject.to_string(),
            ".",
            &detail.to_string(),
        ]);
        Some(rest)
    }

    fn code_word(&mut self, parts: &[&str]) {
        for part in parts {
            self.codes.push_str(part);
        }
        self.codes.push(' ');
    }

    fn entra(&mut self, number: u32) {
        self.codes.push_str("aadsts ");
        if let Some(class) = aadsts::class(number) {
            if aadsts::is_general(number) {
                self.entra_general = Some(class);
            } else {
                self.entra = Some(class);
            }
        }
    }

    /// A URL says nothing, but for a page of Google's help that is named after the reason.
    fn url(&mut self, url: &str) {
        self.sign(NAME);
        if let Some((_, query)) = url.split_once("?p=").or_else(|| url.split_once("?P=")) {
            let end = query.find(|c: char| !c.is_ascii_alphanumeric());
            let reason = end.and_then(|end| query.get(..end)).unwrap_or(query);
            self.codes.push_str("p=");
            self.codes
                .extend(reason.chars().map(|c| c.to_ascii_lowercase()));
            self.codes.push(' ');
        }
    }

    fn sign(&mut self, sign: &str) {
        self.words.push_str(sign);
        self.words.push(' ');
    }

    /// A word of ASCII letters, or nothing.
    fn word(&mut self, word: &str) {
        if !word.is_empty() {
            self.words
                .extend(word.chars().map(|c| c.to_ascii_lowercase()));
            self.words.push(' ');
        }
    }

    /// Whatever words stand in a piece.
    fn words(&mut self, piece: &str) {
        let mut start = self.words.len();
        for c in piece.chars() {
            match c {
                'a'..='z' | '0'..='9' | '_' => self.words.push(c),
                'A'..='Z' => self.words.push(c.to_ascii_lowercase()),
                // As in b'…', a text that Python quotes.
                '\'' if self
                    .words
                    .get(start..)
                    .is_some_and(|word| word == "b" || word == "u") =>
                {
                    start = self.end_word(start);
                }
                // As in "doesn't": one word, however the apostrophe is written.
                '\'' | '’' | '´' => {}
                _ if c.is_ascii() => start = self.end_word(start),
                _ => {
                    if !fold(c, &mut self.words) {
                        start = self.end_word(start);
                    }
                }
            }
        }
        self.end_word(start);
        if piece.eq_ignore_ascii_case("error_codes") {
            self.in_error_codes = true;
        }
    }

    /// Ends the word that began at `start`; gives where the next begins.
    fn end_word(&mut self, start: usize) -> usize {
        match self.words.get(start..) {
            Some("") | None => return start,
            Some(word) if WINSOCK.contains(&word) => {}
            Some(word) if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.words.truncate(start);
                self.words.push_str(NUMBER);
            }
            Some(_) => {}
        }
        self.words.push(' ');
        self.words.len()
    }
}

/// Errors of Windows' sockets, which name themselves by number.
const WINSOCK: [&str; 8] = [
    "10051", "10053", "10054", "10060", "10061", "10065", "11001", "11004",
];

/// Programs whose versions look like enhanced status codes.
const VERSIONED: [&str; 5] = [" version", " phpmailer", " exim", " postfix", " nodemailer"];

/// The number at the beginning of a text, of at most nine digits, and the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    let number = (digits.len() <= 9).then(|| digits.parse().ok())??;
    Some((number, rest))
}

/// What follows a prefix, which may be in any case.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// A run before, in and after its first URL.
fn split_url(run: &str) -> Option<(&str, &str, &str)> {
    let (head, _) = run.split_once("://")?;
    let scheme = head.rfind(|c: char| !c.is_ascii_alphanumeric());
    // What comes before a scheme is ASCII or the last byte of a wider character, which is no
    // boundary; then the whole run is the URL.
    let (before, url) = run
        .split_at_checked(scheme.map_or(0, |at| at + 1))
        .unwrap_or(("", run));
    let end = url
        .find([')', '}', '\'', '`', '|', '\\'])
        .unwrap_or(url.len());
    let (url, rest) = url.split_at(end);
    Some((before, url, rest))
}

/// Whether a run is a time of day, an IPv6 address, or a line and a column: hexadecimal digits and
/// colons.
fn is_time_or_address(run: &str) -> bool {
    let run = run.trim_start_matches(['[', '(']);
    let run = run.trim_end_matches([']', ')', ',', ';', ':', '.']);
    run.matches(':').count() >= 2
        && run
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%'))
}

/// Whether a piece is a host name, an address, a path or an id, whose words mean nothing.
fn says_nothing(piece: &str, bits: u8) -> bool {
    if bits & has::AT != 0 {
        return piece
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    }
    if bits & has::SLASH != 0 {
        let mut parts = piece.split('/');
        return piece.starts_with(['/', '.', '~'])
            || parts.clone().next_back().is_some_and(is_file)
            || parts.next().is_some_and(is_host);
    }
    if bits & has::DOT != 0 {
        return is_file(piece) || is_host(piece);
    }
    is_id(piece, bits)
}

/// Extensions of the files that stand in stack traces and logs.
const EXTENSIONS: [&str; 22] = [
    "c", "cc", "cjs", "conf", "cpp", "cs", "dll", "exe", "go", "h", "html", "java", "js", "json",
    "log", "mjs", "pem", "php", "py", "rb", "so", "ts",
];

fn is_file(piece: &str) -> bool {
    piece.rsplit_once('.').is_some_and(|(name, extension)| {
        !name.is_empty()
            && EXTENSIONS
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Top-level domains of more than two letters that mail hosts have. With one dot alone, a name ends
/// in one of these or in a country's; else it is two sentences without a space between.
const TOP_LEVEL: [&str; 36] = [
    "agency",
    "app",
    "arpa",
    "biz",
    "cloud",
    "club",
    "com",
    "consulting",
    "corp",
    "dev",
    "digital",
    "edu",
    "email",
    "example",
    "gov",
    "group",
    "host",
    "info",
    "internal",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "mail",
    "media",
    "mobi",
    "net",
    "online",
    "org",
    "pro",
    "shop",
    "site",
    "store",
    "tech",
    "test",
    "tld",
];

/// Whether a piece is a host name; names of exceptions look the same, but say something.
fn is_host(piece: &str) -> bool {
    let is_exception = |label: &str| {
        let label = label.as_bytes();
        label
            .windows(9)
            .any(|part| part.eq_ignore_ascii_case(b"exception"))
            || label.len() >= 5
                && label
                    .iter()
                    .rev()
                    .take(5)
                    .rev()
                    .copied()
                    .map(|b| b.to_ascii_lowercase())
                    .eq(*b"error")
    };
    let mut labels = 0;
    let mut last = "";
    for label in piece.split('.') {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        if label.is_empty() || !label.chars().all(is_name) || is_exception(label) {
            return false;
        }
        labels += 1;
        last = label;
    }
    let is_known = || {
        last.len() == 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic())
            || TOP_LEVEL
                .iter()
                .any(|known| last.eq_ignore_ascii_case(known))
    };
    let is_number = piece
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    match labels {
        0 | 1 => false,
        // An id with a number at its end, but no version of TLS.
        2 => is_known() || !is_number && last.bytes().all(|byte| byte.is_ascii_digit()),
        3 => !is_number,
        _ => true,
    }
}

/// The shortest run of letters and digits that is taken for an id.
const ID: usize = 20;

/// Whether a piece without dots is an id: letters and digits mixed, in parts or at length.
fn is_id(piece: &str, bits: u8) -> bool {
    if bits & has::DIGIT == 0 || bits & has::OTHER != 0 {
        return false;
    }
    if bits & has::HYPHEN == 0 {
        return piece.len() >= ID;
    }
    piece.split('-').any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        digits >= 5 || digits > 0 && digits < part.len() && part.len() >= 4
    })
}

/// Adds the letter or digit that `c` is, in lower case and without its accent; gives whether it is
/// one, or a sign that does not end a word.
fn fold(c: char, words: &mut String) -> bool {
    let plain = match c {
        'À'..='Å' | 'à'..='å' => "a",
        'Ç' | 'ç' => "c",
        'È'..='Ë' | 'è'..='ë' => "e",
        'Ì'..='Ï' | 'ì'..='ï' => "i",
        'Ñ' | 'ñ' => "n",
        'Ò'..='Ö' | 'ò'..='ö' => "o",
        'Ù'..='Ü' | 'ù'..='ü' => "u",
        'ß' => "ss",
        // Accents of their own, and signs without width.
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => "",
        _ if c.is_alphanumeric() => {
            words.extend(c.to_lowercase());
            return true;
        }
        _ => return false,
    };
    words.push_str(plain);
    true
}

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
fn without_markup(text: &str) -> Cow<'_, str> {
    let is_markup = |c: char| matches!(c, '<' | '&' | '\\');
    let Some(first) = text.find(is_markup) else {
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
        let next = rest.find(is_markup).unwrap_or(rest.len());
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
