//! Standard output, where data goes.

pub mod cells;
pub mod screen;
pub mod table;

use std::io::{self, Write as _};

use crate::config::Environment;

/// Prints text and ends its last line. A reader that has gone away is no error: it has what it
/// wanted.
///
/// # Errors
/// When the output takes no more, such as a file on a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    let printed = output
        .write_all(text.as_bytes())
        .and_then(|()| output.write_all(end))
        .and_then(|()| output.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Prints a value as JSON, indented.
///
/// # Errors
/// As [`print()`].
pub fn print_json(value: &impl serde::Serialize) -> io::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Whether colours are wanted on a stream: it is a terminal that knows them, and `NO_COLOR` is not
/// set (<https://no-color.org>). On Windows to ask turns them on.
pub fn has_colour(stream: &console::Term, environment: &Environment) -> bool {
    let no_colour = environment.get("NO_COLOR").is_some_and(|no| !no.is_empty());
    !no_colour && stream.is_term() && stream.features().colors_supported()
}
