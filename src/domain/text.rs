//! Text to show: what comes from outside, made fit for it, and times.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use arcstr::ArcStr;
use chrono::{DateTime, TimeDelta, Utc};

/// Texts that many values have in common, each kept once.
#[derive(Debug, Default)]
pub struct Pool(HashSet<ArcStr>);

impl Pool {
    /// This text, as it is kept.
    pub fn get(&mut self, text: &str) -> ArcStr {
        match self.0.get(text) {
            Some(kept) => ArcStr::clone(kept),
            None => {
                let text = ArcStr::from(text);
                self.0.insert(ArcStr::clone(&text));
                text
            }
        }
    }

    /// Has each of these texts be the one that is kept already, where there is one.
    pub fn share<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut ArcStr>) {
        for text in texts {
            match self.0.get(text) {
                Some(kept) => *text = ArcStr::clone(kept),
                None => drop(self.0.insert(ArcStr::clone(text))),
            }
        }
    }
}

/// Makes untrusted text safe to print on one line: control characters and line breaks become
/// spaces, invisible characters that reorder or hide text are dropped, runs of white space shrink
/// to one space, and what is longer than `max_chars` characters ends in `…`.
pub fn clean(raw: &str, max_chars: usize) -> String {
    cleaned(raw, max_chars).into_owned()
}

/// As [`clean`] makes it, and no copy of what is clean already, as nearly every text is.
pub fn cleaned(raw: &str, max_chars: usize) -> Cow<'_, str> {
    if raw.len() <= max_chars && is_clean(raw) {
        return raw.into();
    }
    let mut text = String::with_capacity(raw.len().min(max_chars.saturating_mul(4)));
    let mut chars = 0;
    let mut gap = false;
    for c in raw.chars().filter(|c| !is_deceptive(*c)) {
        if c.is_whitespace() || c.is_control() {
            gap = !text.is_empty();
            continue;
        }
        let needed = 1 + usize::from(gap);
        if chars + needed > max_chars {
            return cut(text, max_chars).into();
        }
        if gap {
            text.push(' ');
        }
        text.push(c);
        chars += needed;
        gap = false;
    }
    text.into()
}

/// Whether a text is certainly clean, which is quickly seen.
fn is_clean(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !matches!(byte, b' '..=b'~') || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || text.is_empty()
}

/// A length of time in its two largest units, such as `2 d 7 h`.
pub fn duration(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A time that is needed, rounded up to the second, such as `3 min 25 s`.
pub fn time_needed(time: Duration) -> String {
    let begun = u64::from(time.subsec_nanos() > 0);
    seconds(time.as_secs().saturating_add(begun))
}

/// A time that is there, rounded to the second, such as `1 min 48 s`.
pub fn time_left(time: Duration) -> String {
    seconds(time.saturating_add(Duration::from_millis(500)).as_secs())
}

fn seconds(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A moment, such as `2024-01-20 14:05:00 UTC`.
pub fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A number with its thousands set apart, such as `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (left, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if left > 0 && left % 3 == 0 {
            text.push(',');
        }
    }
    text
}

/// Words with a capital at their beginning.
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next();
    first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(chars)
        .collect()
}

/// Ends a text that is too long in an ellipsis, within `max_chars`.
fn cut(mut text: String, max_chars: usize) -> String {
    while text.chars().count() >= max_chars && text.pop().is_some() {}
    if max_chars > 0 {
        text.push('…');
    }
    text
}

/// Characters that have no look of their own but change how their neighbours appear: bidirectional
/// marks, overrides and isolates (Unicode Standard Annex 9), zero-width space and no-break space,
/// and the tag characters that can carry hidden text. The zero-width joiner stays: emoji need it.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_without_control_characters_is_left() {
        assert_eq!(clean("  a\r\n\tb\u{0}c\u{7f}  d ", 99), "a b c d");
        assert_eq!(clean("line\u{2028}break", 99), "line break");
    }

    #[test]
    fn characters_that_reorder_or_hide_are_dropped() {
        assert_eq!(
            clean("abc\u{202e}fed\u{2066}x\u{200b}\u{feff}\u{e0041}", 99),
            "abcfedx"
        );
    }

    #[test]
    fn what_is_needed_is_rounded_up_and_what_is_there_to_the_nearest() {
        for (time, needed, left) in [
            (0.0, "0 s", "0 s"),
            (59.4, "1 min 0 s", "59 s"),
            (59.5, "1 min 0 s", "1 min 0 s"),
            (204.408, "3 min 25 s", "3 min 24 s"),
            (3_600.0, "1 h 0 min", "1 h 0 min"),
            (90_061.0, "25 h 1 min", "25 h 1 min"),
        ] {
            let time = Duration::from_secs_f64(time);
            assert_eq!((&*time_needed(time), &*time_left(time)), (needed, left));
        }
        assert!(time_needed(Duration::MAX).ends_with(" min"));
    }

    #[test]
    fn emoji_and_letters_of_all_scripts_stay() {
        let text = "👩‍💻 Ünï çødé 日本語";
        assert_eq!(clean(text, 99), text);
    }

    #[test]
    fn space_at_the_ends_and_runs_of_it_go() {
        for (text, cleaned) in [
            ("", ""),
            (" ", ""),
            (" a", "a"),
            ("a ", "a"),
            ("a  b", "a b"),
        ] {
            assert_eq!(clean(text, 99), cleaned, "{text:?}");
        }
    }

    #[test]
    fn long_text_ends_in_an_ellipsis_within_the_limit() {
        assert_eq!(clean("abcdef", 6), "abcdef");
        assert_eq!(clean("abcdefg", 6), "abcde…");
        assert_eq!(clean("ab cdefg", 3), "ab…");
        assert_eq!(clean("日本語日本語", 3), "日本…");
        assert_eq!(clean("abc", 0), "");
        assert_eq!(clean(&"x".repeat(10_000), 50).chars().count(), 50);
    }
}
