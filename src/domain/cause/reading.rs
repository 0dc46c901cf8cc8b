//! Takes an error text apart into the words and codes that the rules look at.
//!
//! The words come out in lower case, without accents, punctuation and markup, one space between two,
//! whatever wrapped them: HTML, JSON, line breaks, a language. What says nothing of a cause stands as
//! one sign each, so that no rule can take a word in a host name for a reason: [`NAME`] for host
//! names, addresses, URLs, paths and ids, [`NUMBER`] for numbers. Reply codes and enhanced status
//! codes come after the words, because a reply of several lines repeats them in mid-sentence.

mod markup;
mod names;

use super::Class;
use super::aadsts;
use markup::without_markup;
use names::{is_time_or_address, says_nothing, split_url};

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
    if !end.is_empty() {
        reader.sign(NAME);
        reader.read(end);
    }
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
    /// What stands between two pieces of a run.
    pub const DELIMITER: u8 = 64;
    /// Anything else.
    pub const OTHER: u8 = 128;

    /// The bit of each byte; none for what stands between two runs.
    #[expect(
        clippy::indexing_slicing,
        reason = "a byte is within 256, and the compiler looks at it"
    )]
    const BITS: [u8; 256] = {
        let mut bits = [OTHER; 256];
        let mut byte: u8 = 0;
        loop {
            bits[byte as usize] = match byte {
                b'\0'..=b' ' | b'"' | b'<' | b'>' | 0x7f => 0,
                b'a'..=b'z' | b'A'..=b'Z' => LETTER,
                b'0'..=b'9' => DIGIT,
                b'.' => DOT,
                b'/' => SLASH,
                b'@' => AT,
                b'-' => HYPHEN,
                b'(' | b')' | b'{' | b'}' | b'[' | b']' | b',' | b';' | b':' | b'|' | b'*'
                | b'=' | b'!' | b'`' => DELIMITER,
                _ => OTHER,
            };
            if byte == u8::MAX {
                break bits;
            }
            byte += 1;
        }
    };

    /// The bit of a byte.
    pub fn bit(byte: u8) -> u8 {
        BITS.get(usize::from(byte)).copied().unwrap_or(OTHER)
    }

    /// The bits of every byte of `run`.
    pub fn what(run: &str) -> u8 {
        run.bytes().fold(0, |bits, byte| bits | bit(byte))
    }
}

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
        let mut words = String::with_capacity(capacity + capacity / 4 + 64);
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
        if text.is_ascii() {
            self.runs(&text);
        } else {
            for part in text.split(is_wide_gap) {
                self.runs(part);
            }
        }
    }

    /// Reads a text run by run, which are what stands between two spaces, quotes or angle brackets.
    fn runs(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let mut bits = 0;
            let end = rest.bytes().position(|byte| {
                let bit = has::bit(byte);
                bits |= bit;
                bit == 0
            });
            let (run, tail) = rest.split_at(end.unwrap_or(rest.len()));
            if bits == has::LETTER {
                self.word(run);
            } else if bits != 0 {
                self.run(run, bits);
            }
            // What ends a run is one byte; at the end there is none.
            match tail.get(1..) {
                Some(tail) => rest = tail,
                None => break,
            }
        }
    }

    fn run(&mut self, mut run: &str, bits: u8) {
        if bits & has::SLASH != 0 {
            while let Some((before, url, rest)) = split_url(run) {
                self.pieces(before);
                self.url(url);
                run = rest;
            }
        }
        if bits & has::DELIMITER != 0 && is_time_or_address(run) {
            return self.sign(NAME);
        }
        self.pieces(run);
    }

    /// Reads a run piece by piece, which are what stands between its delimiters.
    fn pieces(&mut self, run: &str) {
        let mut rest = run;
        // Whether a name goes on: with a port, or with the line and column of a file.
        let mut in_name = false;
        while let Some(at) = rest
            .bytes()
            .position(|byte| has::bit(byte) == has::DELIMITER)
        {
            let (piece, tail) = rest.split_at(at);
            in_name = self.part(piece, in_name) && tail.starts_with(':');
            if tail.starts_with('[') {
                self.sign(BRACKET);
            } else if tail.starts_with(']') {
                self.in_error_codes = false;
            }
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
        let mut piece = bare(piece);
        while let Some(rest) = self.code(piece) {
            piece = bare(rest);
        }
        let bits = has::what(piece);
        if bits & !has::LETTER == 0 {
            self.word(piece);
            return false;
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
        if !piece.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'a' | 'A')) {
            return None;
        }
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

    /// A URL says nothing, but for a page of Google's help that is named after the reason, and for a
    /// number of Entra's in an address that the sign-in came back to.
    fn url(&mut self, url: &str) {
        self.sign(NAME);
        if let Some(at) = url.find("AADSTS").or_else(|| url.find("aadsts")) {
            self.code(url.get(at..).unwrap_or_default());
        }
        if let Some((_, query)) = url.split_once("?p=").or_else(|| url.split_once("?P=")) {
            let end = query.find(|c: char| !c.is_ascii_alphanumeric());
            let reason = end.and_then(|end| query.get(..end)).unwrap_or(query);
            self.codes.push_str("p=");
            push_lower(&mut self.codes, reason);
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
            push_lower(&mut self.words, word);
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

/// Adds ASCII text in lower case.
fn push_lower(to: &mut String, text: &str) {
    let start = to.len();
    to.push_str(text);
    if let Some(added) = to.get_mut(start..) {
        added.make_ascii_lowercase();
    }
}

/// What ends a run, beyond ASCII.
fn is_wide_gap(c: char) -> bool {
    !c.is_ascii()
        && (c.is_whitespace() || c.is_control() || matches!(c, '“' | '”' | '„' | '«' | '»'))
}

/// A piece without the punctuation around it, and without the letter before what Python quotes.
fn bare(piece: &str) -> &str {
    let trim = |piece| {
        str::trim_matches(piece, |c: char| {
            c.is_ascii_punctuation() && !matches!(c, '/' | '@')
        })
    };
    let piece = trim(piece);
    match piece.as_bytes() {
        [b'b' | b'B' | b'u' | b'U', b'\'', ..] => trim(piece.get(2..).unwrap_or_default()),
        _ => piece,
    }
}

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
