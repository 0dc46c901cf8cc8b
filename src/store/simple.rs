//! Statements that need no parameters.
//!
//! A statement with parameters takes two round trips, because the driver has the server describe
//! it first, and a transaction around it takes two more. One without goes out as a simple query,
//! in one, and is whole behind any pooler. So what cannot hold anything but digits and harmless
//! words is written into the statement itself; text from outside is always a parameter.

use chrono::{DateTime, Utc};

/// Longest word that is written into a statement.
const LONGEST_WORD: usize = 64;

/// A value that is fit to stand in a statement as it is.
#[derive(Clone, Copy)]
pub(super) enum Literal<'a> {
    /// A whole number.
    Number(i64),
    /// The numbers between the parentheses of an `in ()`.
    Numbers(&'a [i64]),
    /// A moment, spelled as the SQLite driver spells it.
    Time(DateTime<Utc>),
    /// An id. Whatever is not a letter, digit, dot, dash or underscore is left out.
    Word(&'a str),
}

impl Literal<'_> {
    fn sql(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Numbers([]) => "null".to_owned(),
            Self::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
                numbers.join(",")
            }
            Self::Time(time) => format!("'{}'", time.to_rfc3339()),
            Self::Word(word) => {
                let harmless = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                let word: String = word.chars().filter(harmless).take(LONGEST_WORD).collect();
                format!("'{word}'")
            }
        }
    }
}

/// The statement with its `$1`, `$2`, … replaced by the values, ended by a semicolon.
pub(super) fn filled(sql: &'static str, values: &[Literal<'_>]) -> String {
    let mut text = sql.to_owned();
    // From the last to the first, so that $1 is not found in $10.
    for (index, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("${}", index + 1), &value.sql());
    }
    text.push(';');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_their_places() {
        let time = "2026-11-21T14:05:00.25Z".parse().unwrap();
        let values = [
            Literal::Number(i64::MIN),
            Literal::Time(time),
            Literal::Numbers(&[1, -2]),
        ];
        assert_eq!(
            filled("f($1, $2) in ($3)", &values),
            "f(-9223372036854775808, '2026-11-21T14:05:00.250+00:00') in (1,-2);"
        );
        assert_eq!(filled("in ($1)", &[Literal::Numbers(&[])]), "in (null);");
    }

    #[test]
    fn a_word_cannot_end_its_quotes() {
        for (word, sql) in [
            ("20261121140500_abc123", "'20261121140500_abc123';"),
            ("C1'; drop table x; --", "'C1droptablex--';"),
            ("\\'\u{0}\n$2", "'2';"),
            (
                &"x".repeat(999),
                &format!("'{}';", "x".repeat(LONGEST_WORD)),
            ),
        ] {
            assert_eq!(filled("$1", &[Literal::Word(word)]), sql);
        }
    }
}
