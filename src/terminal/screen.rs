//! What standard output can show, and text that fits it.

use std::borrow::Cow;

use console::{Style, Term};
use textwrap::{Options, WordSplitter};

use super::has_colour;
use crate::config::Environment;

/// The width of a terminal that does not tell it.
const USUAL_WIDTH: usize = 80;

/// On what is narrower, the terminal has to break lines by itself.
const LEAST_WIDTH: usize = 20;

/// A space at which no line is broken. What comes from outside holds none: [`clean`] makes it a
/// space.
///
/// [`clean`]: crate::domain::text::clean
pub const TIED: char = '\u{a0}';

/// What standard output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the terminal. None for a pipe or a file: there nothing is wrapped or shortened,
    /// so that a line is a record whoever looks.
    pub width: Option<usize>,
    /// Whether colours are wanted.
    pub colour: bool,
    /// Whether more than ASCII can be shown.
    pub utf8: bool,
}

/// How a piece of text stands out, where there are colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Paint {
    /// It does not.
    #[default]
    Plain,
    /// A title.
    Bold,
    /// Less weighty than the rest.
    Dim,
    /// Well.
    Good,
    /// To be looked at.
    Warn,
    /// Down.
    Bad,
}

impl Screen {
    /// The screen that standard output is.
    pub fn of_stdout(environment: &Environment) -> Self {
        let stdout = Term::stdout();
        let columns = || stdout.size_checked().map(|(_, width)| width.into());
        Self {
            width: stdout.is_term().then(|| columns().unwrap_or(USUAL_WIDTH)),
            colour: has_colour(&stdout, environment),
            utf8: cfg!(windows) || is_utf8(|name| environment.get(name)),
        }
    }

    /// The width that text has to fit.
    pub(super) fn fit(&self) -> Option<usize> {
        self.width.map(|width| width.max(LEAST_WIDTH))
    }

    /// Text as this screen can show it. A terminal without UTF-8 would take parts of other
    /// characters for commands.
    pub(super) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_fit = self.utf8 || self.width.is_none() || text.is_ascii();
        if is_fit {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '…' => shown.push_str("..."),
                c if c.is_ascii() || c == TIED => shown.push(c),
                _ => shown.push('?'),
            }
        }
        Cow::Owned(shown)
    }

    /// Lines of text, which no line of the screen breaks: those after the first begin with
    /// `indent` spaces.
    pub fn paragraph(&self, text: &str, indent: usize, paint: Paint) -> String {
        let text = self.shown(text);
        let lines = match self.fit() {
            Some(width) => {
                let hanging = " ".repeat(indent);
                wrap(&text, options(width).subsequent_indent(&hanging))
            }
            None => vec![text],
        };
        let painted = lines
            .iter()
            .map(|line| self.painted(untied(line), paint) + "\n");
        painted.collect()
    }

    /// Text that stands out, where there are colours.
    pub fn painted<'a>(&self, text: Cow<'a, str>, paint: Paint) -> Cow<'a, str> {
        if !self.colour || text.is_empty() || paint == Paint::Plain {
            return text;
        }
        let style = Style::new().force_styling(true);
        let style = match paint {
            Paint::Plain => style,
            Paint::Bold => style.bold(),
            Paint::Dim => style.dim(),
            Paint::Good => style.green(),
            Paint::Warn => style.yellow(),
            Paint::Bad => style.red(),
        };
        Cow::Owned(style.apply_to(text).to_string())
    }
}

/// How text is broken into lines of `width` columns: at spaces, and inside of words that are
/// longer than a line.
pub(super) fn options<'a>(width: usize) -> Options<'a> {
    Options::new(width).word_splitter(WordSplitter::NoHyphenation)
}

pub(super) fn wrap<'a>(text: &'a str, options: Options<'_>) -> Vec<Cow<'a, str>> {
    textwrap::wrap(text, options)
}

/// Text with ordinary spaces, to be printed.
pub(super) fn untied(text: &str) -> Cow<'_, str> {
    if text.contains(TIED) {
        Cow::Owned(text.replace(TIED, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether the locale is one of UTF-8, by the first of its variables that is set
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>).
fn is_utf8(get: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| get(name).filter(|value| !value.is_empty()));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_says_whether_the_locale_is_one_of_utf8() {
        for (set, expected) in [
            (&[][..], false),
            (&[("LANG", "C.UTF-8")], true),
            (&[("LANG", "de_DE.utf8@euro")], true),
            (&[("LANG", "C")], false),
            (&[("LANG", "ja_JP.eucJP")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")], false),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], true),
        ] {
            let get = |name: &str| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_utf8(get), expected, "{set:?}");
        }
    }

    #[test]
    fn a_paragraph_hangs_and_keeps_together_what_is_tied() {
        let screen = Screen {
            width: Some(24),
            colour: false,
            utf8: true,
        };
        let text = format!("tags pool-a and pool-b, 2{TIED}h{TIED}5{TIED}min");
        let shown = screen.paragraph(&text, 2, Paint::Warn);
        assert_eq!(shown, "tags pool-a and pool-b,\n  2 h 5 min\n");
        let pipe = Screen {
            width: None,
            ..screen
        };
        let shown = pipe.paragraph(&text, 2, Paint::Warn);
        assert_eq!(shown, "tags pool-a and pool-b, 2 h 5 min\n");
    }
}
