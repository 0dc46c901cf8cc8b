//! Tables that fit the screen: with columns where there is room for them, as a list where not.

use std::borrow::Cow;

use textwrap::core::display_width;

use super::screen::{Paint, Screen, options, untied, wrap};
use crate::domain::text;

/// What stands between two columns.
const GAP: usize = 2;

/// What stands for nothing.
const EMPTY: &str = "-";

/// In a pipe, values that are wider do not widen their column, but shift the rest of their line.
const WIDEST_IN_PIPE: usize = 40;

/// So many columns lead each entry of a list.
const LEADING: usize = 2;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    label: &'static str,
    least: usize,
    longest: usize,
    beneath: bool,
}

impl Column {
    /// A column of values that are shown whole and on one line, under `title` or, in a list,
    /// behind `label`.
    pub const fn whole(title: &'static str, label: &'static str) -> Self {
        Self {
            title,
            label,
            least: usize::MAX,
            longest: usize::MAX,
            beneath: false,
        }
    }

    /// For want of room its values are wrapped, down to so many columns of the terminal.
    pub const fn or_wrapped(self, least: usize) -> Self {
        Self { least, ..self }
    }

    /// For want of room its values stand beneath the rest of their rows.
    pub const fn or_beneath(self) -> Self {
        Self {
            beneath: true,
            ..self
        }
    }

    /// On a terminal its values end after so many characters.
    pub const fn or_cut(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    fn with_title(&self, width: usize) -> usize {
        width_of(self.title).max(width)
    }
}

/// A value, which may be empty.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// A value that stands out.
    pub fn painted(text: impl Into<String>, paint: Paint) -> Self {
        let text = text.into();
        Self { text, paint }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::painted(text, Paint::Plain)
    }
}

/// Rows of values under their columns. The first two columns say what a row is about.
#[derive(Debug)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    rows: Vec<[Cell; N]>,
}

/// The width of each column; none for one that is not drawn.
type Widths<const N: usize> = [Option<usize>; N];

/// A value as the screen shows it, and how wide it is.
struct Shown<'a> {
    text: Cow<'a, str>,
    width: usize,
    paint: Paint,
}

/// A value, broken into as many lines as it takes.
enum Lines<'a> {
    One(&'a str),
    Wrapped(Vec<Cow<'a, str>>),
}

impl Lines<'_> {
    fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Wrapped(lines) => lines.len(),
        }
    }

    fn get(&self, number: usize) -> &str {
        match self {
            Self::One(line) if number == 0 => line,
            Self::One(_) => "",
            Self::Wrapped(lines) => lines.get(number).map_or("", |line| line),
        }
    }
}

impl<const N: usize> Table<N> {
    /// A table of these columns.
    pub fn new(columns: [Column; N], rows: Vec<[Cell; N]>) -> Self {
        Self { columns, rows }
    }

    /// The table for a screen, each line ended. On a terminal columns without any value are left
    /// out, and a table that cannot fit becomes a list.
    pub fn render(&self, screen: &Screen) -> String {
        let rows: Vec<Vec<Shown<'_>>> = self
            .rows
            .iter()
            .map(|row| self.shown(row, screen))
            .collect();
        let mut widths = self.columns.map(|column| (column, 0));
        for row in &rows {
            for ((_, widest), cell) in widths.iter_mut().zip(row) {
                *widest = cell.width.max(*widest);
            }
        }
        let Some(room) = screen.fit() else {
            let capped = |width: usize| width.min(WIDEST_IN_PIPE);
            let widths = widths.map(|(column, width)| Some(column.with_title(capped(width))));
            return self.table(screen, &widths, &rows);
        };
        let widths = widths.map(|(column, width)| (width > 0).then(|| column.with_title(width)));
        match self.fitting(widths, room) {
            Some(widths) => self.table(screen, &widths, &rows),
            None => rows.iter().map(|row| self.entry(screen, row)).collect(),
        }
    }

    fn shown<'a>(&self, row: &'a [Cell; N], screen: &Screen) -> Vec<Shown<'a>> {
        let cells = row.iter().zip(&self.columns);
        let shown = cells.map(|(cell, column)| {
            let is_long = screen.width.is_some()
                // Bytes first, which are quick to count.
                && cell.text.len() > column.longest
                && cell.text.chars().count() > column.longest;
            let text = if is_long {
                let cut = text::clean(&cell.text, column.longest);
                Cow::Owned(screen.shown(&cut).into_owned())
            } else {
                screen.shown(&cell.text)
            };
            Shown {
                width: width_of(&text),
                text,
                paint: cell.paint,
            }
        });
        shown.collect()
    }

    /// The widths with which the table fits, if there are any, where these are wanted. Who lacks
    /// the least is satisfied first, so that as few columns as possible have to wrap their values.
    fn fitting(&self, wanted: Widths<N>, room: usize) -> Option<Widths<N>> {
        if total(&wanted) <= room {
            return Some(wanted);
        }
        let mut widths = wanted;
        for (width, column) in widths.iter_mut().zip(&self.columns) {
            *width = width.filter(|_| !column.beneath);
            *width = width.map(|width| width.min(column.with_title(column.least)));
        }
        let mut spare = room.checked_sub(total(&widths))?;
        let mut lacking: Vec<(usize, &mut usize)> = widths
            .iter_mut()
            .zip(wanted)
            .filter_map(|(width, wanted)| {
                let width = width.as_mut()?;
                Some((wanted?.saturating_sub(*width), width))
            })
            .collect();
        lacking.sort_unstable_by_key(|(lack, _)| *lack);
        let mut left = lacking.len();
        for (lack, width) in lacking {
            let share = lack.min(spare / left.max(1));
            *width += share;
            spare -= share;
            left -= 1;
        }
        Some(widths)
    }

    fn table(&self, screen: &Screen, widths: &Widths<N>, rows: &[Vec<Shown<'_>>]) -> String {
        let mut text = String::new();
        let rule = if screen.utf8 { "─" } else { "-" };
        let titles = self.columns.iter().map(|column| column.title.to_owned());
        let rules = widths
            .iter()
            .map(|width| rule.repeat(width.unwrap_or_default()));
        let heading: [(Vec<String>, Paint); 2] = [
            (titles.collect(), Paint::Bold),
            (rules.collect(), Paint::Dim),
        ];
        for (cells, paint) in heading {
            let mut line = Line::new(screen, &mut text);
            for (cell, width) in cells.iter().zip(widths) {
                line.put(cell, paint, *width);
            }
            line.end();
        }
        for row in rows {
            let cells: Vec<Lines<'_>> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| match width {
                    _ if cell.text.is_empty() => Lines::One(EMPTY),
                    Some(width) if screen.width.is_some() && cell.width > *width => {
                        Lines::Wrapped(wrap(&cell.text, options(*width)))
                    }
                    _ => Lines::One(&cell.text),
                })
                .collect();
            let height = cells.iter().map(Lines::count).max().unwrap_or_default();
            for part in 0..height {
                let mut line = Line::new(screen, &mut text);
                for ((lines, cell), width) in cells.iter().zip(row).zip(widths) {
                    line.put(lines.get(part), cell.paint, *width);
                }
                line.end();
            }
            let indent = widths.iter().flatten().next();
            let indent = indent.map_or(0, |width| width + GAP);
            for ((cell, width), column) in row.iter().zip(widths).zip(&self.columns) {
                if width.is_none() && column.beneath && !cell.text.is_empty() {
                    text.push_str(&indented(screen, &cell.text, indent, cell.paint));
                }
            }
        }
        text
    }

    /// A row as an entry of a list.
    fn entry(&self, screen: &Screen, row: &[Shown<'_>]) -> String {
        let hanging = " ".repeat(GAP);
        let leading: Vec<&str> = row
            .iter()
            .take(LEADING)
            .map(|cell| &*cell.text)
            .filter(|text| !text.is_empty())
            .collect();
        let paint = row.first().map_or(Paint::Plain, |cell| cell.paint);
        let text = screen.paragraph(&leading.join(&hanging), GAP, paint);
        let labelled: Vec<String> = row
            .iter()
            .zip(&self.columns)
            .skip(LEADING)
            .filter(|(cell, _)| !cell.text.is_empty())
            .map(|(cell, column)| format!("{}{}", column.label, cell.text))
            .collect();
        text + &indented(screen, &labelled.join("; "), GAP, Paint::Plain)
    }
}

/// How wide text is that holds no control characters.
fn width_of(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        display_width(text)
    }
}

fn total<const N: usize>(widths: &Widths<N>) -> usize {
    let drawn = widths.iter().flatten();
    drawn.clone().sum::<usize>() + GAP * drawn.count().saturating_sub(1)
}

/// Lines that begin with so many spaces.
fn indented(screen: &Screen, text: &str, indent: usize, paint: Paint) -> String {
    let indent = " ".repeat(indent);
    screen.paragraph(&format!("{indent}{text}"), indent.len(), paint)
}

/// A line of a table under construction, which ends in no space.
struct Line<'a> {
    screen: &'a Screen,
    text: &'a mut String,
    /// To come before the next piece.
    spaces: usize,
    is_first: bool,
}

impl<'a> Line<'a> {
    /// A new line at the end of `text`.
    fn new(screen: &'a Screen, text: &'a mut String) -> Self {
        Self {
            screen,
            text,
            spaces: 0,
            is_first: true,
        }
    }

    /// Puts a piece into the next column, if that is drawn.
    fn put(&mut self, piece: &str, paint: Paint, width: Option<usize>) {
        let Some(width) = width else { return };
        if !std::mem::take(&mut self.is_first) {
            self.spaces += GAP;
        }
        if !piece.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', self.spaces));
            self.text
                .push_str(&self.screen.painted(untied(piece), paint));
            self.spaces = 0;
        }
        self.spaces += width.saturating_sub(width_of(piece));
    }

    fn end(self) {
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests;
